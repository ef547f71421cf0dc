# SPDX-License-Identifier: BSD-2-Clause
"""The milter protocol spoken as an MTA does, without the MTA.

For what must be quick, timed or wrong on purpose. A packet is a length of
four octets, a command letter and data; both MTAs offer version 6, actions
0x1ff and steps 0x1fffff.
"""

import ipaddress
import re
import socket
import struct
import time

OFFER = struct.pack("!III", 6, 0x1FF, 0x1FFFFF)
# command: (bit "do not send", bit "sent, but not answered")
STEPS = {b"C": (0x1, 0x1000), b"H": (0x2, 0x2000), b"M": (0x4, 0x4000),
         b"R": (0x8, 0x8000), b"T": (0x200, 0x10000), b"L": (0x20, 0x80),
         b"N": (0x40, 0x40000), b"B": (0x10, 0x80000), b"E": (0, 0)}
HDR_LEADSPC = 0x100000


class Broken(Exception):
    """The milter closed the connection."""


class Wire:
    def __init__(self, where, timeout=10):
        family = socket.AF_UNIX if isinstance(where, str) else socket.AF_INET
        self.sock = socket.socket(family)
        self.sock.settimeout(timeout)
        self.sock.connect(where)
        if family == socket.AF_INET:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.steps = 0
        self.changes = []
        self.took = 0.0  # seconds the last answer needed

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, command, data=b""):
        try:
            self.sock.sendall(struct.pack("!I", len(data) + 1) + command
                              + data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Broken from error

    def read(self):
        """(letter, data) of the next packet."""
        size = struct.unpack("!I", self._exactly(4))[0]
        packet = self._exactly(size)
        return packet[:1], packet[1:]

    def _exactly(self, count):
        while len(self.buffer) < count:
            try:
                more = self.sock.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                raise Broken
            self.buffer += more
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def ask(self, command, data=b""):
        """Sends an event unless it was negotiated away. "continue" when no
        answer is due; otherwise what the MTA would make of it."""
        never, silent = STEPS[command]
        if self.steps & never:
            return "continue"
        start = time.monotonic()
        self.send(command, data)
        if self.steps & silent:
            return "continue"
        answer = self._answer()
        self.took = time.monotonic() - start
        return answer

    def _answer(self):
        while True:
            letter, data = self.read()
            if letter == b"y":
                return data.rstrip(b"\0").decode("latin-1")
            if letter in (b"c", b"a", b"r", b"t", b"d", b"s"):
                return {b"c": "continue", b"a": "accept", b"r": "reject",
                        b"t": "tempfail", b"d": "discard",
                        b"s": "skip"}[letter]
            self.changes.append((letter, data))

    # ---- the events ----

    def negotiate(self):
        self.send(b"O", OFFER)
        letter, data = self.read()
        if letter != b"O":
            raise AssertionError(f"negotiation answered {letter!r}")
        self.steps = struct.unpack_from("!III", data)[2]
        return self

    def macro(self, stage, *pairs):
        self.send(b"D", stage + b"".join(p.encode() + b"\0" for p in pairs))

    def connect(self, address="192.0.2.1", port=25000, host=None):
        text = address.encode()
        if address == "none":
            data = b"localhost\0U"
        elif ":" in address:
            text = b"IPv6:" + text
            data = b"6" + struct.pack("!H", port) + text + b"\0"
        else:
            data = b"4" + struct.pack("!H", port) + text + b"\0"
        if address != "none":
            ipaddress.ip_address(address)
            data = (host or f"[{address}]").encode("latin-1") + b"\0" + data
        return self.ask(b"C", data)

    def helo(self, name="client.example.org"):
        return self.ask(b"H", name.encode("latin-1") + b"\0")

    def mail(self, sender="a@example.org"):
        return self.ask(b"M", f"<{sender}>".encode("latin-1") + b"\0")

    def rcpt(self, recipient="b@box.test"):
        return self.ask(b"R", f"<{recipient}>".encode("latin-1") + b"\0")

    def header(self, name, value):
        return self.ask(b"L", f"{name}\0{value}\0".encode("latin-1"))

    def end(self):
        self.ask(b"N")
        self.ask(b"B", b"text\r\n")
        self.changes = []
        return self.ask(b"E")

    def message(self, text):
        """A whole message as octets, as both MTAs hand it over: folds are a
        bare LF, the blank after the colon is kept if that was agreed on. The
        answer that decided."""
        head, _, body = text.partition(b"\r\n\r\n")
        events = [(b"L", self._field(line))
                  for line in re.split(rb"\r\n(?![ \t])", head)]
        events.append((b"N", b""))
        self.changes = []
        for command, data in events:
            answer = self.ask(command, data)
            if answer != "continue":
                return answer
        for at in range(0, len(body), 65535):
            answer = self.ask(b"B", body[at:at + 65535])
            if answer == "skip":
                break
            if answer != "continue":
                return answer
        return self.ask(b"E")

    def _field(self, line):
        name, _, value = line.partition(b":")
        if not self.steps & HDR_LEADSPC and value[:1] == b" ":
            value = value[1:]
        return name + b"\0" + value.replace(b"\r\n", b"\n") + b"\0"

    def added(self, name):
        """Values of the fields of that name that the milter put in, the top
        one first."""
        out = []
        for letter, data in self.changes:
            if letter == b"i":
                data = data[4:]
            elif letter != b"h":
                continue
            field, value = data.decode("latin-1").split("\0")[:2]
            if field.lower() == name.lower():
                out.insert(0 if letter == b"i" else len(out), value)
        return out

    def close(self):
        try:
            self.send(b"Q")
        except (OSError, Broken):
            pass
        self.sock.close()


def open_session(where, address, timeout=10):
    """Up to and including MAIL."""
    wire = Wire(where, timeout).negotiate()
    wire.connect(address)
    wire.helo()
    wire.mail()
    return wire


def judge(where, text, address="192.0.2.10", sender="joe@good.example",
          helo="mx.good.example", timeout=30):
    """(answer at the end, the session) of one whole message."""
    with Wire(where, timeout).negotiate() as wire:
        wire.connect(address)
        wire.helo(helo)
        wire.mail(sender)
        wire.rcpt()
        return wire.message(text), wire


def verdict(where, address, recipient="b@box.test", timeout=10):
    """What a new client from address is told at RCPT."""
    with open_session(where, address, timeout) as wire:
        return wire.rcpt(recipient)


def timed(where, address, timeout=10):
    """(answer at RCPT, seconds it took)."""
    with open_session(where, address, timeout) as wire:
        return wire.rcpt(), wire.took
