# SPDX-License-Identifier: BSD-2-Clause
"""redis-server and redis-sentinel, and the ways to break them.

cli() is the redis-cli that an admin uses; ask() is a connection of our own
for what must be quick or binary.
"""

import re
import signal
import socket

from . import wait
from .world import run, wait_listening

ERROR = re.compile(r"(\(error\) )?(ERR|WRONGTYPE|NOAUTH|NOPERM|OOM|READONLY"
                   r"|LOADING|BUSY|MASTERDOWN|MISCONF)\b")


class Failed(Exception):
    """An error reply."""


class Connection:
    """RESP2 over TCP. Answers are bytes, int, None or lists of them."""

    def __init__(self, port, timeout=10):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout)
        self.file = self.sock.makefile("rb")

    def send(self, *args):
        out = [b"*%d\r\n" % len(args)]
        for arg in args:
            data = arg if isinstance(arg, bytes) else str(arg).encode()
            out.append(b"$%d\r\n%s\r\n" % (len(data), data))
        self.sock.sendall(b"".join(out))

    def read(self):
        line = self.file.readline()
        if not line:
            raise ConnectionError("redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b"-":
            raise Failed(rest.decode("latin-1"))
        if kind == b":":
            return int(rest)
        size = int(rest)
        if size < 0:
            return None
        if kind == b"$":
            return self.file.read(size + 2)[:-2]
        return [self.read() for _ in range(size)]

    def __call__(self, *args):
        self.send(*args)
        return self.read()

    def close(self):
        self.file.close()
        self.sock.close()


class Redis:
    def __init__(self, world, *options, port=None):
        self.world = world
        self.port = port or world.port()
        self.options = options
        self.users = ()  # of reprieve.acl, without "reprieve-"
        self.process = None

    def start(self, *more, ready=True):
        self.process = self.world.start(
            "redis-server", "--port", str(self.port), "--bind", "127.0.0.1",
            "--save", "", "--appendonly", "no", "--dir", self.world.folder,
            "--dbfilename", f"dump-{self.port}.rdb",
            "--enable-debug-command", "yes", *self.options, *more,
            name="redis")
        if ready:
            wait_listening(("127.0.0.1", self.port), self.process)
        return self

    def cli(self, *args, check=True):
        """redis-cli ARGS; its output without the last line end."""
        text = run("redis-cli", "-p", str(self.port), *args, check=check)
        if check and ERROR.match(text):
            raise AssertionError(f"redis-cli {args}: {text}")
        return text.rstrip("\n")

    def connect(self):
        return Connection(self.port)

    def ask(self, *args):
        connection = Connection(self.port)
        try:
            return connection(*args)
        finally:
            connection.close()

    def hash(self, key):
        flat = self.ask("HGETALL", key)
        text = [item.decode("latin-1") for item in flat]
        return dict(zip(text[::2], text[1::2]))

    def keys(self, pattern):
        return sorted(k.decode("latin-1") for k in self.ask("KEYS", pattern))

    def kill(self):
        self.process.kill()

    def freeze(self):
        self.process.signal(signal.SIGSTOP)
        wait.until(lambda: _state(self.process.pid) == "T", "redis stopped")

    def thaw(self):
        self.process.signal(signal.SIGCONT)


class Sentinel:
    """Watches one primary under a name; quorum 1, quick to decide."""

    def __init__(self, world, primary, name="reprieve", down_ms=500):
        self.world = world
        self.port = world.port()
        self.name = name
        path = world.write(
            f"sentinel-{self.port}.conf",
            f"port {self.port}\nbind 127.0.0.1\ndir {world.folder}\n"
            f"sentinel monitor {name} 127.0.0.1 {primary.port} 1\n"
            f"sentinel down-after-milliseconds {name} {down_ms}\n"
            f"sentinel failover-timeout {name} 3000\n")
        self.process = world.start("redis-sentinel", path, name="sentinel")
        wait_listening(("127.0.0.1", self.port), self.process)

    def ask(self, *args):
        connection = Connection(self.port)
        try:
            return connection(*args)
        finally:
            connection.close()

    def primary(self):
        answer = self.ask("SENTINEL", "get-master-addr-by-name", self.name)
        return int(answer[1]) if answer else None


def _state(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rsplit(")", 1)[1].split()[0]
