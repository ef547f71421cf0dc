# SPDX-License-Identifier: BSD-2-Clause
"""A raw SMTP client: sends what it is told, keeps the exact lines it reads."""

import base64
import re
import socket
import subprocess

MESSAGE = ("From: a@example.org\r\nTo: b@box.test\r\nSubject: hello\r\n"
           "Message-Id: <1@example.org>\r\nDate: Sun, 1 Jan 2023 00:00:00"
           " +0000\r\n\r\nA line of text.\r\n")


class Closed(Exception):
    pass


class Reply:
    """All lines of one reply, without CRLF."""

    def __init__(self, lines):
        self.lines = lines
        self.code = int(lines[-1][:3])
        self.last = lines[-1]

    @property
    def text(self):
        return "\n".join(self.lines)

    def __repr__(self):
        return repr(self.text)


class Session:
    """Connects from source (an address of world.NETWORKS, or None)."""

    def __init__(self, server, source=None, timeout=45):
        self.transcript = []
        self.buffer = b""
        family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
        self.sock = socket.socket(family)
        self.sock.settimeout(timeout)
        if source is not None:
            self.sock.bind((source, 0))
        self.sock.connect(server)
        self.banner = self.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def read_line(self):
        while b"\n" not in self.buffer:
            more = self._receive()
            if not more:
                raise Closed("\n".join(self.transcript))
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        if not line.endswith(b"\r"):
            raise AssertionError(f"line without CR: {line!r}")
        text = line[:-1].decode("latin-1")
        self.transcript.append("S: " + text)
        return text

    def _receive(self):
        try:
            return self.sock.recv(65536)
        except ConnectionResetError:
            return b""

    def read(self):
        lines = []
        while True:
            line = self.read_line()
            if not re.match(r"[2-5][0-9][0-9][ -]", line):
                raise AssertionError(f"not a reply: {line!r}")
            lines.append(line)
            if line[3] == " ":
                return Reply(lines)

    def send(self, data):
        self.transcript.append("C: " + repr(data[:200]))
        if isinstance(data, str):
            data = data.encode("latin-1")
        self.sock.sendall(data)

    def cmd(self, line):
        self.send(line + "\r\n")
        return self.read()

    # ---- whole steps ----

    def ehlo(self, name="client.example.org"):
        return self.cmd("EHLO " + name)

    def mail(self, sender="a@example.org", more=""):
        return self.cmd(f"MAIL FROM:<{sender}>{more}")

    def rcpt(self, recipient="b@box.test", more=""):
        return self.cmd(f"RCPT TO:<{recipient}>{more}")

    def message(self, text=MESSAGE):
        """After 354: the text, dot-stuffed, and the final dot."""
        stuffed = re.sub(r"(?m)^\.", "..", text)
        self.send(stuffed + ".\r\n")
        return self.read()

    def data(self, text=MESSAGE):
        reply = self.cmd("DATA")
        return self.message(text) if reply.code == 354 else reply

    def auth_plain(self, user, password):
        token = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        return self.cmd("AUTH PLAIN " + token)

    def deliver(self, text=MESSAGE, sender="a@example.org",
                recipients=("b@box.test",)):
        """One transaction to its end; the reply that decided."""
        reply = self.mail(sender)
        if reply.code != 250:
            return reply
        taken = [self.rcpt(r) for r in recipients]
        if not any(r.code == 250 for r in taken):
            return taken[-1]
        return self.data(text)

    def quit(self):
        try:
            return self.cmd("QUIT")
        finally:
            self.close()

    def close(self):
        self.sock.close()


class PipeSession(Session):
    """The same over standard input and output of a program (-bs)."""

    def __init__(self, argv, **options):
        self.transcript = []
        self.buffer = b""
        self.program = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, **options)
        self.sock = _Pipes(self.program)
        self.banner = self.read()

    def close(self):
        self.program.stdin.close()
        self.program.stdout.close()
        self.program.wait(20)


class _Pipes:
    def __init__(self, program):
        self.program = program

    def recv(self, size):
        return self.program.stdout.read1(size)

    def sendall(self, data):
        self.program.stdin.write(data)
        self.program.stdin.flush()
