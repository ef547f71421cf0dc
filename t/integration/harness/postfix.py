# SPDX-License-Identifier: BSD-2-Clause
"""A private Postfix: its own configuration, queue, data and mailboxes.

Domains in DOMAINS are delivered to one maildir (mail(), which waits); all
else is discarded. listener() gives an smtpd on a port of its own with its own
milter settings.
"""

import os
import pwd
import shutil
import signal

from . import wait
from .world import HOST, run, wait_listening

LONG_DOMAIN = ".".join(["d" * 60] * 3 + ["xxx.test"])
DOMAINS = ("box.test", "strict.test", "soft.test", LONG_DOMAIN)
TEMPLATES = "/usr/share/postfix"

MAIN = """\
compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
shlib_directory = /usr/lib/postfix
maillog_file = {dir}/log
maillog_file_prefixes = {dir}
mail_owner = postfix
setgid_group = postdrop
myhostname = {host}
mydestination =
mynetworks = 127.0.0.0/8 [::1]/128
inet_protocols = all
alias_maps =
local_recipient_maps =
default_transport = discard:
relay_transport = discard:
virtual_mailbox_domains = {domains}
virtual_mailbox_base = {dir}/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated,
  reject_unauth_destination
smtpd_timeout = 60s
in_flow_delay = 0
smtpd_milters =
milter_default_action = tempfail
"""


def owner(name):
    entry = pwd.getpwnam(name)
    return entry.pw_uid, entry.pw_gid


class Postfix:
    def __init__(self, world, in_memory=False):
        self.world = world
        self.dir = world.path(world.unique("postfix"))
        if in_memory:
            world.in_memory(self.dir)
        self.listeners = []
        self.extra = []
        self.running = False
        user = owner("postfix")
        for name in ("", "queue", "data", "mail"):
            os.makedirs(os.path.join(self.dir, name), exist_ok=True)
        os.chown(f"{self.dir}/data", *user)
        os.chown(f"{self.dir}/mail", *user)
        for name in ("/etc/postfix/dynamicmaps.cf",
                     "/etc/postfix/postfix-files"):
            shutil.copy(name, self.dir)
        self.main = MAIN.format(dir=self.dir, host=HOST, uid=user[0],
                                gid=user[1], domains=" ".join(DOMAINS))

    def listener(self, milter, *options):
        """A port whose smtpd uses that milter. options: "name=value"."""
        port = self.world.port()
        while port in [p for p, _, _ in self.listeners]:
            port = self.world.port()
        self.listeners.append((port, milter, options))
        return port

    def set(self, *lines):
        self.extra.extend(lines)

    def start(self):
        self.world.write(f"{self.dir}/main.cf",
                         self.main + "\n".join(self.extra) + "\n")
        self.world.write(f"{self.dir}/master.cf", self._master())
        run("postfix", "-c", self.dir, "start")
        self.running = True
        for port, _, _ in self.listeners:
            wait_listening(("127.0.0.1", port))

    def _master(self):
        with open(f"{TEMPLATES}/master.cf.dist", encoding="ascii") as file:
            rows = [line for line in file
                    if line[:1] not in "#\n" and not line.startswith("smtp ")
                    or line.startswith("smtp      unix")]
        out = []
        for row in rows:
            columns = row.split(None, 7)
            if not row[0].isspace() and len(columns) == 8:
                columns[4] = "n"
                row = " ".join(columns)
            out.append(row)
        for port, milter, options in self.listeners:
            out.append(f"{port} inet n - n - - smtpd\n"
                       f"  -o {{ smtpd_milters = {milter} }}\n")
            out.extend(f"  -o {{ {o.replace('=', ' = ', 1)} }}\n"
                       for o in options)
        return "".join(out)

    def stop(self):
        if self.running:
            # As "postfix abort", which first logs and may wait for that.
            with open(f"{self.dir}/queue/pid/master.pid",
                      encoding="ascii") as file:
                os.kill(int(file.read()), signal.SIGTERM)
            self.running = False

    # ---- what came of a mail ----

    def log(self):
        with open(f"{self.dir}/log", encoding="latin-1") as file:
            return file.read()

    def mails(self):
        """Every delivered message, oldest first, as text."""
        folder = f"{self.dir}/mail/box/new"
        try:
            names = sorted(os.listdir(folder),
                           key=lambda n: os.stat(f"{folder}/{n}").st_mtime_ns)
        except FileNotFoundError:
            return []
        out = []
        for name in names:
            with open(f"{folder}/{name}", encoding="latin-1",
                      newline="") as file:
                out.append(file.read())
        return out

    def find(self, token, seconds=10):
        """The delivered message that holds token."""
        return wait.until(
            lambda: next((m for m in self.mails() if token in m), None),
            lambda: f"delivery of {token}; log: {self.log()[-2000:]}",
            seconds)

    def queue(self):
        return run("postqueue", "-c", self.dir, "-p")
