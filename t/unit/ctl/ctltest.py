# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of reprievectl share: a redis-server of their own on a unix
socket in a temporary folder, the program, and TAP."""
import atexit
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

BUILD = os.environ.get("top_builddir", ".")
SOURCE = os.environ.get("top_srcdir", ".")
PROGRAM = os.environ.get("REPRIEVECTL", os.path.join(BUILD, "ctl/reprievectl"))
DEADLINE_S = 20

DONE, NO, USAGE, DOWN, REFUSED = 0, 1, 2, 3, 4

CONF = """host = "mx.example.net"
portal_url = "https://postmaster.example.net"
milter { socket = "%(milter)s" trusted = {"127.0.0.0/8", "203.0.113.0/24"} }
redis { servers = {"unix:%(redis)s"} %(login)s sync_timeout_ms = 5000 }
lists { snapshot = "%(folder)s/lists.snap" }
"""


def wait_for(condition, what):
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError("waited in vain for " + what)


ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def make_id(number):
    """An ID with its check character, as store/case has it."""
    symbols = [number >> 5 * (15 - i) & 31 for i in range(16)]
    total = 0
    for symbol in symbols:
        total = (total ^ symbol) << 1
        if total & 32:
            total ^= 0x25
    return "".join(ALPHABET[s] for s in symbols + [total])


class Redis:
    """A server, and one connection to it for the test's own questions."""

    def __init__(self, folder, *options):
        self.path = os.path.join(folder, "redis.sock")
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.path,
             "--save", "", "--appendonly", "no", "--dir", folder, *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        atexit.register(self.stop)
        self.link = wait_for(self.connect, "redis-server")

    def connect(self):
        link = socket.socket(socket.AF_UNIX)
        try:
            link.connect(self.path)
        except OSError:
            link.close()
            return None
        self.file = link.makefile("rwb")
        return link

    def stop(self):
        self.process.kill()
        self.process.wait()

    def answer(self):
        line = self.file.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            size = int(rest)
            return None if size < 0 else self.file.read(size + 2)[:-2]
        if kind == b"*":
            return [self.answer() for _ in range(int(rest))]
        return rest

    def __call__(self, *words):
        words = [w if isinstance(w, bytes) else str(w).encode("utf-8", "surrogateescape")
                 for w in words]
        self.file.write(b"*%d\r\n" % len(words))
        for word in words:
            self.file.write(b"$%d\r\n%s\r\n" % (len(word), word))
        self.file.flush()
        return self.answer()

    def hash(self, key):
        flat = self("HGETALL", key)
        return {k.decode(): v.decode() for k, v in zip(flat[::2], flat[1::2])}

    def audit(self):
        return [{k.decode(): v.decode() for k, v in zip(f[::2], f[1::2])}
                for _, f in self("XRANGE", "rp:audit", "-", "+")]


class Answer:
    def __init__(self, process, out, err):
        self.code = process.returncode
        self.out = out.decode("utf-8", "replace")
        self.err = err.decode("utf-8", "replace")
        self.raw = out + err

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return "code %d\n%s%s" % (self.code, self.out, self.err)


class Place:
    """A folder with a configuration and a running Redis."""

    def __init__(self, *redis_options, login="", milter=None):
        self.folder = tempfile.mkdtemp(prefix="reprieve.")
        atexit.register(shutil.rmtree, self.folder, True)
        self.redis = Redis(self.folder, *redis_options)
        self.conf = self.file("reprieve.conf", CONF % {
            "redis": self.redis.path, "folder": self.folder, "login": login,
            "milter": milter or "unix:%s/milter.sock" % self.folder})

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as out:
            out.write(text if isinstance(text, bytes) else text.encode())
        return path

    def start(self, *words, conf=None, stdin=subprocess.DEVNULL):
        return subprocess.Popen(
            [PROGRAM, "-c", conf or self.conf, *words], stdin=stdin,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C.UTF-8"})

    def __call__(self, *words, conf=None, stdin=b""):
        process = self.start(*words, conf=conf, stdin=subprocess.PIPE)
        return Answer(process, *process.communicate(stdin, timeout=120))


CASES = []


def case(name):
    def add(function):
        CASES.append((name, function))
        return function
    return add


def gives(answer, code):
    assert answer.code == code, "want code %d, got %r" % (code, answer)


def run():
    print("1..%d" % len(CASES), flush=True)
    bad = 0
    for number, (name, function) in enumerate(CASES, 1):
        try:
            function()
            print("ok %d - %s" % (number, name), flush=True)
        except Exception as error:  # every fault is a failed case, not an end
            bad += 1
            print("not ok %d - %s" % (number, name))
            for line in repr(error).replace("\\n", "\n").splitlines():
                print("# " + line)
            sys.stdout.flush()
    sys.exit(1 if bad else 0)
