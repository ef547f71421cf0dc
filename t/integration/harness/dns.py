# SPDX-License-Identifier: BSD-2-Clause
"""A small DNS responder on 127.0.0.1:53, so that PTR cases can be had.

zone maps (name, type) to a list of values, or to SERVFAIL or DROP. What is
not in it does not exist. Names are lower case, without a dot at the end.
"""

import ipaddress
import socket
import struct
import threading

SERVFAIL = "servfail"
DROP = "drop"
TYPES = {"A": 1, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}
NAMES = {number: name for name, number in TYPES.items()}


def reverse(address):
    return ipaddress.ip_address(address).reverse_pointer


class Dns:
    def __init__(self):
        self.zone = {}
        self.asked = []
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def host(self, address, name):
        """PTR and address record that agree."""
        kind = "AAAA" if ":" in address else "A"
        self.zone[(reverse(address), "PTR")] = [name]
        self.zone.setdefault((name, kind), []).append(address)

    def _serve(self):
        while True:
            query, peer = self.sock.recvfrom(4096)
            try:
                answer = self._answer(query)
            except (IndexError, struct.error, UnicodeDecodeError):
                continue
            if answer is not None:
                self.sock.sendto(answer, peer)

    def _answer(self, query):
        name, end = _read_name(query, 12)
        number, _ = struct.unpack_from("!HH", query, end)
        kind = NAMES.get(number, str(number))
        self.asked.append((name, kind))
        values = self.zone.get((name, kind), [])
        if values == DROP:
            return None
        known = any(n == name for n, _ in self.zone)
        code = 2 if values == SERVFAIL else 0 if known else 3
        if values == SERVFAIL:
            values = []
        head = struct.pack("!HHHHHH", struct.unpack_from("!H", query)[0],
                           0x8180 | code, 1, len(values), 0, 0)
        body = query[12:end + 4]
        for value in values:
            data = _data(kind, value)
            body += struct.pack("!HHHIH", 0xC00C, number, 1, 5, len(data))
            body += data
        return head + body


def _read_name(packet, at):
    labels = []
    while packet[at]:
        size = packet[at]
        labels.append(packet[at + 1:at + 1 + size].decode("ascii").lower())
        at += 1 + size
    return ".".join(labels), at + 1


def _write_name(name):
    out = b""
    for label in name.split("."):
        out += bytes([len(label)]) + label.encode("ascii")
    return out + b"\0"


def _data(kind, value):
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(value).packed
    if kind == "TXT":
        text = value.encode("latin-1")
        parts = [text[i:i + 255] for i in range(0, len(text), 255)] or [b""]
        return b"".join(bytes([len(part)]) + part for part in parts)
    if kind == "MX":
        return struct.pack("!H", 10) + _write_name(value)
    return _write_name(value)
