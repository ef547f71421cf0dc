# SPDX-License-Identifier: BSD-2-Clause
"""A private Sendmail, unpacked from Debian's packages and never installed.

REPRIEVE_SENDMAIL (default $top_builddir/sendmail) is the folder that holds
the unpacked tree, or the .deb files of sendmail-bin, sendmail-base and
sendmail-cf from apt-get download, which are then unpacked by us.
"""

import glob
import os
import re
import signal

from . import wait
from .postfix import DOMAINS
from .smtp import PipeSession
from .world import HOST, run, wait_listening

BINARY = "usr/libexec/sendmail/sendmail"
CF = "usr/share/sendmail/cf"

MC = """\
divert(-1)dnl
divert(0)dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `{host}')dnl
define(`QUEUE_DIR', `{dir}/queue')dnl
define(`confPID_FILE', `{dir}/pid')dnl
define(`STATUS_FILE', `')dnl
define(`HELP_FILE', `')dnl
define(`ALIAS_FILE', `')dnl
define(`confCW_FILE', `{dir}/cw')dnl
FEATURE(`use_cw_file')dnl
define(`confSERVICE_SWITCH_FILE', `{dir}/switch')dnl
define(`confQUEUE_LA', `1000')dnl
define(`confREFUSE_LA', `1000')dnl
define(`confLOG_LEVEL', `14')dnl
define(`confMILTER_LOG_LEVEL', `22')dnl
define(`confTO_IDENT', `0')dnl
define(`confTO_RESOLVER_RETRANS', `1s')dnl
define(`confTO_RESOLVER_RETRY', `1')dnl
define(`confDONT_BLAME_SENDMAIL', `GroupWritableDirPathSafe,TrustStickyBit,\
GroupReadableSASLDBFile,GroupReadableKeyFile')dnl
define(`LOCAL_MAILER_PATH', `{dir}/deliver')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`accept_unresolvable_domains')dnl
DAEMON_OPTIONS(`Family=inet, Name=MTA4, Addr=0.0.0.0, Port={port}')dnl
DAEMON_OPTIONS(`Family=inet6, Name=MTA6, Addr=::, Port={port6}')dnl
{mc}
INPUT_MAIL_FILTER(`test', `S={milter}{flag}, T={timeouts}')dnl
MAILER(`local')dnl
MAILER(`smtp')dnl
{mailers}"""

DELIVER = """\
#!/bin/sh
to=$(mktemp {dir}/mail/tmp.XXXXXX) && cat > "$to" &&
	mv "$to" "{dir}/mail/new.${{to##*.}}"
"""


def tree(world):
    """The folder of the unpacked packages."""
    folder = os.environ.get("REPRIEVE_SENDMAIL",
                            os.path.join(world.builddir, "sendmail"))
    for root in (folder, os.path.join(folder, "root")):
        if os.path.exists(os.path.join(root, BINARY)):
            return root
    debs = glob.glob(os.path.join(folder, "sendmail-*.deb"))
    if len(debs) < 3:
        raise AssertionError(
            f"no Sendmail in {folder}: apt-get download sendmail-bin"
            " sendmail-base sendmail-cf there, or set REPRIEVE_SENDMAIL")
    root = world.path("sendmail-tree")
    for deb in debs:
        run("dpkg", "-x", deb, root)
    return root


class Sendmail:
    """flag: "" (no F=), "T", "R" or "4". One daemon, one port a family. mc:
    lines before MAILER(), mailers: those behind."""

    def __init__(self, world, milter, flag="T", timeouts="S:5s;R:5s;E:5m",
                 mc="", cf="", mailers=""):
        self.world = world
        self.root = tree(world)
        self.dir = world.path(world.unique("sendmail"))
        self.port = world.port()
        self.port6 = world.port()
        self.process = None
        self.cf_extra = cf
        for name, mode in (("", 0o755), ("queue", 0o700), ("mail", 0o755)):
            os.makedirs(os.path.join(self.dir, name), exist_ok=True)
            os.chmod(os.path.join(self.dir, name), mode)
        world.write(f"{self.dir}/cw", "\n".join(DOMAINS) + "\n")
        world.write(f"{self.dir}/switch", "hosts files dns\naliases files\n")
        world.write(f"{self.dir}/deliver", DELIVER.format(dir=self.dir), 0o755)
        world.write(f"{self.dir}/test.mc", MC.format(
            host=HOST, dir=self.dir, port=self.port, port6=self.port6,
            milter=milter, flag=f", F={flag}" if flag else "",
            timeouts=timeouts, mc=mc, mailers=mailers))
        self.cf = self._compile()

    def _compile(self):
        base = os.path.join(self.root, CF)
        text = run("m4", f"-D_CF_DIR_={base}/", f"{base}/m4/cf.m4",
                   f"{self.dir}/test.mc", cwd=f"{base}/cf")
        # Flag A with no alias file queues every local mail.
        text = re.sub(r"(?m)^(Mlocal,.*F=)[^,]*", r"\1lsDFM9S", text)
        return self.world.write(f"{self.dir}/test.cf", text + self.cf_extra)

    def argv(self, *more):
        return [os.path.join(self.root, BINARY), "-C", self.cf, *more]

    def start(self):
        self.process = self.world.start(
            *self.argv("-L", os.path.basename(self.dir), "-bD", "-q1h"),
            name="sendmail")
        # It looks up names of its own before it listens.
        wait_listening(("127.0.0.1", self.port), self.process, 30)

    def stop(self):
        if self.process is not None and self.process.alive():
            self.process.signal(signal.SIGTERM)
            self.process.popen.wait(10)

    def pipe(self):
        """sendmail -bs: a client without an address."""
        return PipeSession(self.argv("-bs"))

    # ---- what came of a mail ----

    def log(self):
        tag = os.path.basename(self.dir)
        return "\n".join(line for line in self.world.syslog if tag in line)

    def mails(self):
        folder = f"{self.dir}/mail"
        names = [n for n in os.listdir(folder) if n.startswith("new.")]
        names.sort(key=lambda n: os.stat(f"{folder}/{n}").st_mtime_ns)
        out = []
        for name in names:
            with open(f"{folder}/{name}", encoding="latin-1",
                      newline="") as file:
                out.append(file.read())
        return out

    def find(self, token, seconds=10):
        return wait.until(
            lambda: next((m for m in self.mails() if token in m), None),
            lambda: f"delivery of {token}; log: {self.log()[-2000:]}",
            seconds)

    def queue(self):
        return run(*self.argv("-bp")) + run(*self.argv("-bp", "-qQ"))
