#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A DNS server for tests: answers from a table, UDP and TCP, on loopback.

Prints "port N", then does what the lines of its standard input say and prints
"ok" (or the answer) after each:

  add NAME TYPE VALUE    a record; TXT values are split at 255 octets, "|"
                         separates strings, \\xHH is an octet
  rcode NAME RCODE       every question for NAME gets SERVFAIL, REFUSED ...
  silent NAME            no answer for NAME, "*" for all
  garbage NAME           octets that are no answer
  truncate NAME          over UDP only "ask by TCP", however short
  delay MS               before each answer
  late NAME MS           before each answer about NAME
  ttl SECONDS            of the records that follow
  clear                  forgets all of it
  count [NAME TYPE]      how many questions came

Names may begin with "*." as in a zone. A name without records is NXDOMAIN,
one above another or with other types is NODATA. Answers over 1,232 octets
come truncated over UDP. Ends at the end of its input. Importable: Server.
"""

import re
import socket
import struct
import sys
import threading
import time

sys.dont_write_bytecode = True

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

UDP_MAX = 1232
GARBAGE = b"\x84\x00" + b"\xff" * 8 + b"\xc0"


def octets(text):
    raw = text.encode("utf-8", "surrogateescape")
    return re.sub(rb"\\x([0-9a-fA-F]{2})",
                  lambda m: bytes([int(m[1], 16)]), raw)


def quoted(piece):
    return '"%s"' % "".join(
        chr(c) if 32 <= c < 127 and c not in b'"\\' else "\\%03d" % c
        for c in piece)


def txt(value):
    strings = []
    for part in octets(value).split(b"|"):
        strings += [part[i:i + 255] for i in range(0, len(part), 255)] or [b""]
    return " ".join(quoted(s) for s in strings)


def rdata_of(kind, value):
    if kind == "TXT":
        value = txt(value)
    elif kind in ("MX", "PTR", "CNAME", "NS") and not value.endswith("."):
        value += "."
    return dns.rdata.from_text("IN", kind, value)


class Server:
    def __init__(self):
        self.lock = threading.Lock()
        self.clear()
        self.udp, self.tcp = self.sockets()
        self.port = self.udp.getsockname()[1]
        for work in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=work, daemon=True).start()

    def sockets(self):
        while True:
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            udp.bind(("127.0.0.1", 0))
            tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tcp.bind(udp.getsockname())
            except OSError:
                udp.close()
                tcp.close()
                continue
            tcp.listen(64)
            return udp, tcp

    # ---- the table ----

    def clear(self):
        with self.lock:
            self.records = {}
            self.rcodes = {}
            self.silent = set()
            self.garbage = set()
            self.truncated = set()
            self.late = {}
            self.delay = 0.0
            self.ttl = 300
            self.asked = []

    def add(self, name, kind, value):
        with self.lock:
            key = (name.lower().rstrip("."), kind.upper())
            self.records.setdefault(key, []).append(
                (self.ttl, rdata_of(kind.upper(), value)))

    def command(self, line):
        words = line.rstrip("\n").split(" ", 3)
        name = words[1].lower().rstrip(".") if len(words) > 1 else ""
        if words[0] == "add":
            self.add(words[1], words[2], words[3] if len(words) > 3 else "")
        elif words[0] == "rcode":
            self.rcodes[name] = dns.rcode.from_text(words[2])
        elif words[0] == "silent":
            self.silent.add(name)
        elif words[0] == "garbage":
            self.garbage.add(name)
        elif words[0] == "truncate":
            self.truncated.add(name)
        elif words[0] == "late":
            self.late[name] = int(words[2]) / 1000
        elif words[0] == "delay":
            self.delay = int(words[1]) / 1000
        elif words[0] == "ttl":
            self.ttl = int(words[1])
        elif words[0] == "clear":
            self.clear()
        elif words[0] == "count":
            wanted = (name, words[2].upper()) if len(words) > 2 else None
            with self.lock:
                return str(sum(wanted in (None, q) for q in self.asked))
        else:
            return "no such command"
        return "ok"

    # ---- answers ----

    def find(self, name, kind):
        """The records, or None when the name does not exist."""
        exists = False
        for owner, owned in list(self.records):
            if owner == name:
                exists = True
                if owned == kind:
                    return self.records[owner, owned]
            if owner.endswith("." + name):
                exists = True
        if exists:
            return []
        parts = name.split(".")
        for i in range(1, len(parts)):
            star = "*." + ".".join(parts[i:])
            if (star, kind) in self.records:
                return self.records[star, kind]
            if any(owner == star for owner, _ in self.records):
                return []
        return None

    def fill(self, answer, name, kind):
        for _ in range(8):
            alias = self.find(name, "CNAME")
            found = self.find(name, kind)
            if found or not alias or kind == "CNAME":
                break
            target = alias[0][1]
            answer.answer.append(dns.rrset.from_rdata(
                dns.name.from_text(name), alias[0][0], target))
            name = target.target.to_text().lower().rstrip(".")
        if found is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif found:
            owner = dns.name.from_text(name)
            answer.answer.append(dns.rrset.from_rdata_list(
                owner, found[0][0], [r for _, r in found]))
        if not found:
            answer.authority.append(dns.rrset.from_text(
                ".", self.ttl, "IN", "SOA",
                ". . 1 3600 600 86400 %d" % self.ttl))

    def answer(self, packet, limit):
        """The octets, or None, and how late they are."""
        query = dns.message.from_wire(packet)
        question = query.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        # The octets of the labels; dots within a label do not occur.
        name = ".".join(
            label.decode("latin-1").lower()
            for label in question.name.labels if label)
        with self.lock:
            self.asked.append((name, kind))
        delay = self.late.get(name, self.delay)
        if {"*", name} & self.silent:
            return None, delay
        if name in self.garbage:
            return packet[:2] + GARBAGE, delay
        reply = dns.message.make_response(query, recursion_available=True)
        if name in self.rcodes:
            reply.set_rcode(self.rcodes[name])
        else:
            self.fill(reply, name, kind)
        wire = reply.to_wire(max_size=65535)
        if len(wire) > limit or limit == UDP_MAX and name in self.truncated:
            reply = dns.message.make_response(query, recursion_available=True)
            reply.flags |= dns.flags.TC
            wire = reply.to_wire()
        return wire, delay

    def serve_udp(self):
        while True:
            packet, peer = self.udp.recvfrom(4096)
            try:
                wire, delay = self.answer(packet, UDP_MAX)
            except Exception as e:  # A broken question gets no answer.
                print("dns_server:", e, file=sys.stderr)
                continue
            if wire is None:
                continue
            if delay > 0:
                threading.Timer(delay, self.udp.sendto,
                                (wire, peer)).start()
            else:
                self.udp.sendto(wire, peer)

    def serve_tcp(self):
        while True:
            conn, _ = self.tcp.accept()
            threading.Thread(target=self.serve_one, args=(conn,),
                             daemon=True).start()

    def serve_one(self, conn):
        with conn:
            stream = conn.makefile("rb")
            while True:
                head = stream.read(2)
                if len(head) < 2:
                    return
                packet = stream.read(struct.unpack("!H", head)[0])
                wire, delay = self.answer(packet, 65535)
                if wire is None:
                    continue
                time.sleep(delay)
                conn.sendall(struct.pack("!H", len(wire)) + wire)


def main():
    server = Server()
    print("port", server.port, flush=True)
    for line in sys.stdin:
        print(server.command(line), flush=True)


if __name__ == "__main__":
    main()
