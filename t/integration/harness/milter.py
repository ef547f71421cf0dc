# SPDX-License-Identifier: BSD-2-Clause
"""The milters: the scripted one of the tests, and ours.

Answer   t/integration/answer_milter under our control
Reprieve the real one, with a generated configuration
"""

import os
import re
import signal
import socket
import subprocess
import threading
import urllib.request

from . import wait
from .postfix import owner
from .world import Process, die_with_parent, run, wait_listening

REFERENCE = r"[0-9A-HJKMNP-TV-Z]{16}[0-9A-HJKMNP-TV-Z*~$=U]"
URL = "https://postmaster.example.net"
REFUSAL = (r"554 5\.7\.1 Access denied, sending IP \[{ip}\] is on our block"
           r" list; to request removal visit " + URL + "/r/" + REFERENCE)
REVIEW = (r"554 5\.7\.1 Access denied, sending IP \[{ip}\] needs a review by"
          r" a person; see " + URL + "/r/" + REFERENCE)


def refusal(address, form=REFUSAL):
    return form.replace("{ip}", re.escape(address))


class Answer:
    """One scripted milter on a unix socket. rules() is what it does next."""

    def __init__(self, world):
        self.world = world
        stem = world.unique("answer")
        self.path = world.path(stem + ".sock")
        self.rules_path = world.write(stem + ".rules", "")
        self.events_path = world.write(stem + ".events", "")
        self.process = None

    def start(self):
        self.process = self.world.start(
            self.world.program("t/integration/answer_milter"),
            "unix:" + self.path, self.rules_path, self.events_path)
        wait_listening(self.path, self.process)
        return self

    def ensure(self):
        """Starts it again when a rule told it to die."""
        if self.process is None or not self.process.alive():
            self.start()

    def rules(self, *rows):
        """rows: "stage verb argument ..." parted by " | ", or tuples."""
        lines = []
        for row in rows:
            fields = row if isinstance(row, tuple) else row.split(" | ")
            lines.append("\t".join(fields))
        self.world.write(self.rules_path, "\n".join(lines) + "\n")
        self.world.write(self.events_path, "")

    def events(self, stage=None):
        with open(self.events_path, encoding="latin-1") as file:
            rows = [line.rstrip("\n").split("\t") for line in file]
        return [r for r in rows if stage is None or r[0] == stage]


CONF = """\
host = "mx.example.net"
portal_url = "%(url)s"
mode = "%(mode)s"
milter {
  socket = "%(socket)s"
  user = "%(user)s"
  trusted = {%(trusted)s}
  secret_file = "%(folder)s/secret"
  %(milter)s
}
redis {
  %(redis)s
  timeout_ms = 100
  %(redis_more)s
}
lists {
  snapshot = "%(snapshot)s"
  exempt = {"postmaster", "abuse", "delist", "ticket", "bounce"}
  %(lists)s
}
auth { %(auth)s }
log { target = "stderr" level = "%(log)s" }
metrics { listen = "inet:%(metrics)d@127.0.0.1" }
%(more)s
"""


class Reprieve:
    """The real milter. Settings are keywords of CONF; change() rewrites."""

    def __init__(self, world, redis=None, **settings):
        self.world = world
        self.folder = world.path(world.unique("reprieve"))
        os.mkdir(self.folder)
        os.chown(self.folder, *owner("nobody"))
        self.port = world.port()
        self.metrics_port = world.port()
        while self.metrics_port == self.port:
            self.metrics_port = world.port()
        self.settings = {
            "url": URL, "folder": self.folder, "mode": "enforce",
            # Tests of lists have no names; those of names say so.
            "auth": "enabled = no",
            "user": "nobody",
            "socket": f"inet:{self.port}@127.0.0.1",
            "trusted": '"127.0.0.0/8", "::1"', "milter": "",
            "redis": f'servers = {{"inet:{redis.port}@127.0.0.1"}}'
            if redis else "", "redis_more": "",
            "snapshot": f"{self.folder}/lists.snap", "lists": "",
            "metrics": self.metrics_port, "more": "", "log": "debug",
        }
        self.settings.update(settings)
        self.conf = f"{self.folder}/reprieve.conf"
        self.users = redis.users if redis else ()
        self.process = None
        self.old_logs = ""
        self.write()

    def write(self, **settings):
        self.settings.update(settings)
        text = CONF % self.settings
        self.world.write(self.conf, text)
        for user in self.users:
            self.world.write(self.conf_as(user), text.replace(
                "redis {\n", f'redis {{\n  user = "reprieve-{user}"'
                ' password = "secret"\n', 1))

    def conf_as(self, user):
        """What a program reads, with its user of a Redis that has users."""
        return f"{self.folder}/{user}.conf" if self.users else self.conf

    @property
    def where(self):
        """For connecting: a unix path or (host, port)."""
        text = self.settings["socket"]
        if text.startswith("unix:"):
            return text[5:]
        return ("127.0.0.1", self.port)

    @property
    def postfix(self):
        """The same as Postfix writes it."""
        if isinstance(self.where, str):
            return "unix:" + self.where
        return f"inet:127.0.0.1:{self.port}"

    def start(self, ready=True, env=None, **options):
        if self.process is not None:
            self.old_logs += self.process.log()
        self.process = self.world.start(
            self.world.program("reprieve-milter"), "-c",
            self.conf_as("milter"),
            name="reprieve", env={**os.environ, **(env or {})}, **options)
        if ready:
            wait_listening(self.where, self.process)
        return self

    def log(self):
        return self.old_logs + (self.process.log() if self.process else "")

    def kill(self):
        self.process.kill()

    def retire(self):
        """SIGTERM without waiting: libmilter takes up to 5 s to stop.
        retired() looks at how it ended."""
        if not self.process.alive():
            raise AssertionError(f"the milter died: {self.log()[-3000:]}")
        self.process.signal(signal.SIGTERM)
        self.world.retired.append(self.process)

    def reload(self):
        self.process.signal(signal.SIGUSR1)

    def wait_log(self, pattern, seconds=10, after=0):
        return wait.until(
            lambda: re.search(pattern, self.log()[after:]),
            lambda: f"/{pattern}/ in the log: {self.log()[-3000:]}", seconds)

    def metrics(self):
        with urllib.request.urlopen(
                f"http://127.0.0.1:{self.metrics_port}/metrics",
                timeout=5) as answer:
            return answer.read().decode()

    def metric(self, name):
        """The sum over all labels of a series, None when there is none."""
        values = re.findall(
            rf"(?m)^{name}(?:\{{[^}}]*\}})? ([-+0-9.eE]+|NaN)$",
            self.metrics())
        return sum(float(v) for v in values) if values else None

    def ctl(self, *args, check=True):
        return run(self.world.program("ctl/reprievectl"), "-c",
                   self.conf_as("admin"), *args, check=check)


def retired(world):
    """Every milter that was told to stop did so with 0. For the end."""
    bad = [f"{p.name}: exit {p.popen.wait(15)}: {p.log()[-2000:]}"
           for p in world.retired if p.popen.wait(15) != 0]
    if bad or not world.retired:
        raise AssertionError("\n".join(bad) or "none was told to stop")


class Activated(Reprieve):
    """Socket activation as systemd does it: we own the socket and hand it
    over as descriptor 3. keep() starts the milter again when it ends."""

    def __init__(self, world, redis=None, **settings):
        super().__init__(world, redis, **settings)
        self.write(socket="fd:3")
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen(1024)
        self.starts = 0
        self.ending = threading.Event()
        self.keeper = None

    @property
    def where(self):
        return ("127.0.0.1", self.port)

    def start(self, ready=False, env=None, **options):
        """Clients queue in the socket: nobody has to wait for us."""
        fd = self.listener.fileno()

        def hand_over():
            die_with_parent()
            os.dup2(fd, 3)
            os.set_inheritable(3, True)

        with open(f"{self.folder}/log", "ab") as log:
            popen = subprocess.Popen(
                ["sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "sh",
                 self.world.program("reprieve-milter"), "-c", self.conf],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=hand_over, close_fds=False,
                env={**os.environ, **(env or {})})
        self.process = Process(popen, "reprieve", f"{self.folder}/log")
        self.world.processes.append(self.process)
        self.starts += 1
        return self

    def keep(self):
        def watch():
            while not self.ending.wait(0.01):
                if not self.process.alive():
                    self.start()

        self.keeper = threading.Thread(target=watch, daemon=True)
        self.keeper.start()

    def let_go(self):
        self.ending.set()
        self.keeper.join()
