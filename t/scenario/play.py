#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Plays t/scenario/*.scn: an MTA's side of the milter protocol as text.

One TAP case for each file. A private redis-server on a unix socket and the
milter of this build serve all of them; a milter is started for each
configuration that a file asks for. What a file may say:

  # text                a comment; the first one is the name of the case
  conf LINE             a line for the configuration file; {geo} in it is a
                        copy of t/data/geo that the milter may read
  without redis         the milter finds no Redis at all
  redis WORDS           a command; the milter's lists are awaited after it;
                        {account:NAME} is the hash of a local account
  session IP            negotiate, connect, helo and mail in one, port 4321
  negotiate [actions=N] [steps=N] [version=N]
  macro STAGE {name}=value ...     STAGE: connect helo mail rcpt data eom
  connect NAME IP PORT | connect NAME unix PATH | connect NAME unknown
  helo NAME, mail ARG..., rcpt ARG..., data, header NAME:VALUE, eoh,
  body TEXT, eom, abort, quit, quit-nc
  until rcpt ARG...     the same event again until the answer is as said
  repeat N EVENT        %d in it counts; each must get the answer
  raw HEX               octets as they stand
  open                  a further connection (the last one is used)
  signal NAME           to the milter, e.g. USR1; reconf LINE changes its file
  log REGEX, nolog REGEX           a line of this case's log, or none
  dns COMMAND           to the DNS server that the milter asks where the file
                        has a "conf auth {...}" (t/support/dns_server.py)
  case FIELD REGEX      a field of the case in Redis by the last reference

An expected answer stands on the lines below its event:
  = continue, accept, reject, tempfail, none, eof
  = reply 554 5.7.1 text with {ref}
  = insert NAME:VALUE, delete NAME INDEX, quarantine TEXT
  = steps=N actions=N, macros STAGE NAMES     (of negotiate)
  = ~ REGEX, of the whole answer, in which a dot is any octet
Without one: none where no answer was agreed on, else continue.
{a*65000} in an argument is that many letters; \\r \\n \\e \\0 are octets.
"""

import hmac
import os
import pwd
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "t", "support"))

import dns_server

DEADLINE = 15.0
REF = r"[0-9A-HJKMNP-TV-Z]{16}[0-9A-HJKMNP-TV-Z*~$=U]"
STAGES = {"connect": b"C", "helo": b"H", "mail": b"M", "rcpt": b"R",
          "data": b"T", "eoh": b"N", "eom": b"E"}
NO_REPLY = {"connect": 0x1000, "helo": 0x2000, "mail": 0x4000,
            "header": 0x80, "eoh": 0x40000, "data": 0x10000,
            "body": 0x80000}
SILENT = {"abort", "quit", "quit-nc"}


class Failure(Exception):
    """What was seen is not what the scenario says."""


def poll(condition, what, deadline=DEADLINE):
    end = time.monotonic() + deadline
    while True:
        try:
            got = condition()
        except OSError:  # Its socket is not there yet.
            got = None
        if got:
            return got
        if time.monotonic() > end:
            raise Failure("waited in vain for " + what)
        time.sleep(0.01)


def octets(text):
    """An argument's escapes and repetitions."""
    text = re.sub(r"\{(.)\*(\d+)\}", lambda m: m[1] * int(m[2]), text)
    for name, value in (("\\r", "\r"), ("\\n", "\n"), ("\\e", "\x1b"),
                        ("\\0", "\0")):
        text = text.replace(name, value)
    return text.encode("latin-1")


class Redis:
    def __init__(self, folder):
        self.socket = os.path.join(folder, "redis.sock")
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.socket,
             "--unixsocketperm", "777", "--save", "", "--appendonly", "no",
             "--dir", folder], stdout=subprocess.DEVNULL)
        poll(self.answers, "redis-server")

    def answers(self):
        try:
            return self.do("PING") == b"+PONG"
        except OSError:
            return False

    def do(self, *words):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(DEADLINE)
            s.connect(self.socket)
            parts = [w.encode() if isinstance(w, str) else w for w in words]
            s.sendall(b"*%d\r\n" % len(parts) + b"".join(
                b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
            return self.read(s.makefile("rb"))

    def read(self, f):
        line = f.readline().rstrip(b"\r\n")
        if line[:1] == b"$":
            n = int(line[1:])
            return None if n < 0 else f.read(n + 2)[:-2]
        if line[:1] == b"*":
            return [self.read(f) for _ in range(max(0, int(line[1:])))]
        return line

    def lists(self):
        return (self.do("KEYS", "rp:block*") + self.do("KEYS", "rp:allow*"))

    def stop(self):
        self.process.kill()
        self.process.wait()


class Milter:
    """reprieve-milter with one configuration, its log in a file."""

    def __init__(self, folder, redis, dns, lines):
        self.dns = dns
        self.redis = redis
        self.folder = tempfile.mkdtemp(prefix="m", dir=folder)
        self.lines = lines
        self.user = ""
        if os.getuid() == 0:
            self.user = "nobody"
            entry = pwd.getpwnam(self.user)
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        self.socket = os.path.join(self.folder, "s")
        self.metrics = os.path.join(self.folder, "m")
        self.conf = os.path.join(self.folder, "reprieve.conf")
        self.log_path = os.path.join(self.folder, "log")
        self.write(lines)
        program = os.path.join(os.environ["top_builddir"], "reprieve-milter")
        known = os.path.join(os.environ["top_srcdir"], "t", "support",
                             "tsan.supp")
        env = {"TSAN_OPTIONS": "suppressions=" + os.path.abspath(known),
               **os.environ}
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([program, "-c", self.conf],
                                            stdout=log, stderr=log, env=env)
        poll(self.listens, "the milter: " + self.log())
        if redis is not None:
            poll(lambda: self.number("reprieve_lists_state") == 2,
                 "the lists")
            if any(line.startswith("trace {") for line in lines):
                poll(lambda: self.number("reprieve_trace_key") == 1,
                     "the keys")

    def write(self, lines):
        sections = {"milter": [
            'socket = "unix:%s"' % self.socket, 'user = "%s"' % self.user,
            'trusted = {"127.0.0.0/8", "198.51.100.0/24"}',
            'secret_file = "%s/secret"' % self.folder],
            "redis": ['servers = {"unix:%s"}' % (
                self.redis.socket if self.redis else "/nonexistent/redis")],
            "lists": ['snapshot = "%s/lists"' % self.folder],
            "metrics": ['listen = "unix:%s"' % self.metrics],
            "dns": ['forward = {"127.0.0.1@%d"}' % self.dns.port],
            "auth": [],
            "log": ['target = "stderr"']}
        if not any(line.startswith("auth {") for line in lines):
            sections["auth"] = ["enabled = no"]
        free = []
        for line in lines:
            m = re.match(r"(milter|redis|lists|log|dns|auth) \{(.*)\}$", line)
            if m:
                sections[m[1]].append(m[2])
            else:
                free.append(line)
        with open(self.conf, "w") as f:
            f.write('host = "mx.example.net"\n'
                    'portal_url = "https://postmaster.example.net"\n')
            f.write("\n".join(free + self.leniency(free)) + "\n")
            for name, options in sections.items():
                f.write("%s {\n  %s\n}\n" % (name, "\n  ".join(options)))

    @staticmethod
    def leniency(lines):
        """Clients and letters of the scenarios are what matters there; what
        else they lack must not add to every sum, nor what came before."""
        lenient = {
            "trace": "enabled = no",
            'check "headers"': 'missing_date = "ignore"\n'
                'missing_id = "ignore"\nno_recipient_field = "ignore"',
            'check "helo"': 'unresolvable = "ignore"',
            "greylist": "enabled = no",
            "reputation": "enabled = no"}
        return ["%s {\n%s\n}" % (name, options)
                for name, options in lenient.items()
                if not any(name in line for line in lines)]

    def listens(self):
        if self.process.poll() is not None:
            raise Failure("the milter ended: " + self.log())
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(self.socket)
            return True
        except OSError:
            return False

    def log(self, start=0):
        with open(self.log_path, encoding="latin-1", newline="\n") as f:
            f.seek(start)
            return f.read()

    def scrape(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(DEADLINE)
            s.connect(self.metrics)
            s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n"
                      b"Connection: close\r\n\r\n")
            data = b""
            while True:
                part = s.recv(65536)
                if not part:
                    return data.partition(b"\r\n\r\n")[2].decode()
                data += part

    def number(self, name):
        for line in self.scrape().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        raise Failure("no metric " + name)

    def is_in_step(self):
        return (self.number("reprieve_lists_pending") == 0 and
                self.number("reprieve_lists_entries") +
                self.number("reprieve_lists_ignored") ==
                len(self.redis.lists()))

    def stop(self):
        """Its exit status; a sanitizer that found something shows here."""
        self.process.terminate()
        try:
            status = self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return "did not stop"
        return status


class Mta:
    """One connection to the milter."""

    def __init__(self, milter):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(DEADLINE)
        self.s.connect(milter.socket)
        self.steps = 0

    def send(self, command, data=b""):
        self.s.sendall(struct.pack(">I", len(data) + 1) + command + data)

    def take(self, n):
        data = b""
        while len(data) < n:
            try:
                part = self.s.recv(n - len(data))
            except ConnectionResetError:
                part = b""
            except socket.timeout:
                raise Failure("no answer in %d s" % DEADLINE)
            if not part:
                return None
            data += part
        return data

    def answer(self):
        """One packet as a line of text."""
        head = self.take(4)
        if head is None:
            return "eof"
        data = self.take(struct.unpack(">I", head)[0])
        if data is None:
            return "eof"
        return self.name(data[:1], data[1:])

    def name(self, kind, data):
        words = {b"c": "continue", b"a": "accept", b"r": "reject",
                 b"t": "tempfail", b"d": "discard", b"p": "progress"}
        if kind in words:
            return words[kind]
        text = data.decode("latin-1").rstrip("\0")
        if kind == b"y":
            return "reply " + text
        if kind == b"q":
            return "quarantine " + text
        if kind == b"i" or kind == b"m":
            index = struct.unpack(">I", data[:4])[0]
            name, value = data[4:].decode("latin-1").split("\0")[:2]
            if kind == b"m" and value == "":
                return "delete %s %d" % (name, index)
            if kind == b"i" and index == 0:
                return "insert %s:%s" % (name, value)
            return "header %s at %d:%s" % (name, index, value)
        if kind == b"O":
            return self.agreed(data)
        return "packet %r %r" % (kind, data)

    def agreed(self, data):
        version, actions, steps = struct.unpack(">III", data[:12])
        self.steps = steps
        lines = ["version=%d actions=%#x steps=%#x" % (
            version, actions, steps)]
        rest = data[12:]
        names = ["connect", "helo", "mail", "rcpt", "data", "eom", "eoh"]
        while len(rest) >= 4:
            stage = struct.unpack(">I", rest[:4])[0]
            text, _, rest = rest[4:].partition(b"\0")
            lines.append("macros %s %s" % (names[stage], text.decode()))
        return "\n".join(lines)


class Player:
    def __init__(self, path, table):
        self.path = path
        self.table = table
        self.conf = []
        self.has_redis = True
        self.milter = None
        self.mta = None
        self.refs = {}
        self.last_ref = None
        self.log_start = 0
        self.steps = self.read()

    def read(self):
        """(line number, event, expected lines)"""
        steps = []
        self.title = None
        with open(self.path, encoding="latin-1") as f:
            for number, line in enumerate(f, 1):
                line = line.strip()
                if line.startswith("#"):
                    if self.title is None and "SPDX" not in line:
                        self.title = line[1:].strip()
                elif line.startswith("="):
                    steps[-1][2].append(line[1:].strip())
                elif line.startswith("conf "):
                    self.conf.append(line[5:].replace(
                        "{geo}", self.table.geo))
                elif line == "without redis":
                    self.has_redis = False
                elif line:
                    steps.append((number, line, []))
        return steps

    def play(self):
        self.table.dns.clear()
        self.milter = self.table.milter(tuple(self.conf), self.has_redis)
        self.log_start = len(self.milter.log().encode("latin-1"))
        self.mta = Mta(self.milter)
        for number, line, expected in self.steps:
            try:
                self.step(line, expected)
            except Failure as e:
                raise Failure("line %d, %s: %s" % (number, line, e)) from e
        self.end()

    def end(self):
        """No answer may be left over, and the milter must serve on."""
        try:
            self.mta.send(b"Q")
        except OSError:
            pass
        left = self.mta.answer()
        if left != "eof":
            raise Failure("an answer that nobody waits for: " + left)
        fresh = Mta(self.milter)
        fresh.send(b"O", struct.pack(">III", 6, 0x1ff, 0x1fffff))
        if not fresh.answer().startswith("version="):
            raise Failure("the milter does not serve any more")
        fresh.send(b"Q")
        fresh.s.close()

    def step(self, line, expected):
        word, _, rest = line.partition(" ")
        if word == "repeat":
            count, _, event = rest.partition(" ")
            for i in range(int(count)):
                self.event(event.replace("%d", str(i)), expected)
        elif word == "until":
            self.until(rest, expected)
        elif word == "redis":
            self.edit(rest)
        elif word == "session":
            self.event("negotiate", [])
            self.event("connect mail.example.com %s 4321" % rest, [])
            self.event("helo helo.example.com", [])
            self.event("mail <joe@sender.example>", [])
        elif word == "log":
            pattern = re.compile(self.fill(rest), re.MULTILINE)
            poll(lambda: pattern.search(self.milter.log(self.log_start)),
                 "the log line\n" + self.milter.log(self.log_start))
        elif word == "nolog":
            if re.search(rest, self.milter.log(self.log_start)):
                raise Failure(self.milter.log(self.log_start))
        elif word == "dns":
            answer = self.table.dns.command(rest)
            if answer != "ok":
                raise Failure(answer)
        elif word == "case":
            self.case(rest)
        elif word == "open":
            self.mta = Mta(self.milter)
        elif word == "signal":
            self.milter.process.send_signal(getattr(signal, "SIG" + rest))
        elif word == "reconf":
            self.milter.write(list(self.conf) + [rest])
            self.table.forget(self.milter)
        elif word == "raw":
            self.mta.s.sendall(bytes.fromhex(rest))
            self.expect(expected)
        else:
            self.event(line, expected)

    def account(self, name):
        with open(os.path.join(self.milter.folder, "secret"), "rb") as f:
            key = f.read()
        return hmac.new(key, name.encode(), "sha256").hexdigest()[:16]

    def edit(self, rest):
        rest = re.sub(r"\{account:([^}]*)\}",
                      lambda m: self.account(m[1]), rest)
        words = [w.strip('"').replace("_", " ") if w.startswith('"') else w
                 for w in rest.split()]
        answer = self.milter.redis.do(*words)
        if isinstance(answer, bytes) and answer.startswith(b"-"):
            raise Failure(answer.decode())
        poll(self.milter.is_in_step, "the lists to be in step")

    def fill(self, pattern):
        """{ref} is the last reference."""
        return pattern.replace("{ref}", re.escape(self.last_ref or "?"))

    def case(self, rest):
        field, _, pattern = rest.partition(" ")
        value = b""
        end = time.monotonic() + DEADLINE
        # Repeats are written once a second.
        while not re.fullmatch(self.fill(pattern), value.decode("latin-1")):
            if time.monotonic() > end:
                raise Failure("is " + value.decode("latin-1"))
            time.sleep(0.01)
            value = self.milter.redis.do(
                "HGET", "rp:case:" + self.last_ref, field) or b""

    def until(self, event, expected):
        end = time.monotonic() + DEADLINE
        while True:
            try:
                return self.event(event, expected)
            except Failure:
                if time.monotonic() > end:
                    raise

    def event(self, line, expected):
        word, _, rest = line.partition(" ")
        self.send(word, rest)
        if word == "macro":
            return
        if not expected:
            if word in SILENT or self.mta.steps & NO_REPLY.get(word, 0):
                return
            expected = ["continue"]
        if word == "negotiate":
            self.expect_agreed(expected)
        elif expected != ["none"]:
            self.expect(expected)

    def send(self, word, rest):
        arguments = b"".join(octets(a) + b"\0" for a in rest.split())
        plain = {"helo": b"H", "mail": b"M", "rcpt": b"R", "data": b"T",
                 "eoh": b"N", "eom": b"E", "abort": b"A", "quit": b"Q",
                 "quit-nc": b"K"}
        if word in plain:
            # A greeting is one argument, blanks and all.
            data = octets(rest) + b"\0" if word == "helo" else arguments
            self.mta.send(plain[word], data)
        elif word == "negotiate":
            self.negotiate(rest)
        elif word == "macro":
            stage, *pairs = rest.split()
            data = b"".join(octets(p).replace(b"=", b"\0", 1) + b"\0"
                            for p in pairs)
            self.mta.send(b"D", STAGES[stage] + data)
        elif word == "connect":
            self.connect(rest.split())
        elif word == "header":
            name, _, value = rest.partition(":")
            self.mta.send(b"L", octets(name) + b"\0" + octets(value) + b"\0")
        elif word == "body":
            self.mta.send(b"B", octets(rest))
        else:
            raise Failure("no such event")

    def negotiate(self, rest):
        offer = {"version": 6, "actions": 0x1ff, "steps": 0x1fffff}
        for pair in rest.split():
            name, _, value = pair.partition("=")
            offer[name] = int(value, 0)
        self.mta.send(b"O", struct.pack(">III", *offer.values()))

    def connect(self, words):
        data = octets(words[0]) + b"\0"
        if words[1] == "unknown":
            data += b"U"
        elif words[1] == "unix":
            data += b"L" + struct.pack(">H", 0) + words[2].encode() + b"\0"
        else:
            family = b"6" if ":" in words[1] else b"4"
            data += family + struct.pack(">H", int(words[2]))
            data += words[1].encode() + b"\0"
        self.mta.send(b"C", data)

    def expect(self, expected):
        for want in expected:
            self.compare(want, self.mta.answer())

    def expect_agreed(self, expected):
        got = self.mta.answer()
        if not got.startswith("version="):
            raise Failure("got " + got)
        for want in expected:
            if want == "continue":
                continue
            if want not in got.split("\n") and not all(
                    w in got.split() for w in want.split()):
                raise Failure("agreed on\n" + got)

    def compare(self, want, got):
        if want.startswith("~"):
            if not re.fullmatch(want[1:].strip(), got, re.S):
                raise Failure("wanted %s\n got %s" % (want, got))
            return
        # Answers of our own making: all text but {ref} is literal.
        parts = re.split(r"(\{ref\d*\})", want)
        pattern = "".join(
            "(?P<r%d>%s)" % (i, REF) if p.startswith("{ref") else re.escape(p)
            for i, p in enumerate(parts))
        m = re.fullmatch(pattern, got)
        if not m and "\\" in want:  # As in events: \n and \t.
            m = re.fullmatch(re.escape(want.encode().decode(
                "unicode_escape")), got)
        if not m:
            raise Failure("wanted %s\n got %s" % (want, got))
        if got.startswith("reply ") and len(got) - len("reply ") + 2 > 512:
            raise Failure("the line is longer than 512 octets")
        for i, p in enumerate(parts):
            if p.startswith("{ref"):
                self.last_ref = m["r%d" % i]
                if self.refs.setdefault(p, self.last_ref) != self.last_ref:
                    raise Failure("another reference than before")


class Table:
    """The milters that run, by their configuration."""

    def __init__(self, folder):
        self.folder = folder
        self.redis = Redis(folder)
        self.dns = dns_server.Server()
        self.running = {}
        self.ended = []
        self.geo = os.path.join(folder, "geo")
        shutil.copytree(os.path.join(
            os.environ["top_srcdir"], "t", "data", "geo"), self.geo)

    def milter(self, conf, has_redis):
        for key in self.redis.lists():
            self.redis.do("DEL", key)
        key = (conf, has_redis)
        if key not in self.running:
            self.running[key] = Milter(
                self.folder, self.redis if has_redis else None, self.dns,
                list(conf))
        milter = self.running[key]
        if has_redis:
            poll(milter.is_in_step, "the lists to be empty")
        return milter

    def forget(self, milter):
        """Its configuration was changed: no other case may have it."""
        for key, value in list(self.running.items()):
            if value is milter:
                del self.running[key]
                self.ended.append(milter)

    def stop(self):
        faults = []
        milters = list(self.running.values()) + self.ended
        for milter in milters:  # libmilter takes seconds: all at once
            milter.process.terminate()
        for milter in milters:
            status = milter.stop()
            log = milter.log()
            if status != 0 or "Sanitizer" in log or "runtime error" in log:
                faults.append("exit %s: %s" % (status, log[-3000:]))
        self.redis.stop()
        return faults


def diag(text):
    for line in str(text).splitlines():
        print("# " + line.encode("ascii", "backslashreplace").decode())


def main():
    here = os.path.join(os.environ["top_srcdir"], "t", "scenario")
    files = sys.argv[1:] or sorted(
        os.path.join(here, f) for f in os.listdir(here)
        if f.endswith(".scn"))
    print("1..%d" % (len(files) + 1))
    folder = tempfile.mkdtemp(prefix="reprieve.")
    os.chmod(folder, 0o755)
    table = Table(folder)
    try:
        for number, path in enumerate(files, 1):
            title = os.path.basename(path)
            try:
                player = Player(path, table)
                title = player.title or title
                player.play()
                print("ok %d - %s" % (number, title))
            except (Failure, OSError, struct.error) as e:
                print("not ok %d - %s" % (number, title))
                diag(path)
                diag(e)
            sys.stdout.flush()
        faults = table.stop()
        print("%s %d - every milter stops at SIGTERM with nothing to report"
              % ("not ok" if faults else "ok", len(files) + 1))
        for fault in faults:
            diag(fault)
    finally:
        for milter in list(table.running.values()) + table.ended:
            milter.process.kill()
        table.redis.process.kill()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
