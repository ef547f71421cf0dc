# SPDX-License-Identifier: BSD-2-Clause
"""A real name server, nsd, with the zones of t/data/zones, and a bad one.

Nsd listens on 127.0.0.1 and a port of its own (where our milter asks) and on
127.0.0.53 port 53 (for programs that know no other port). What is below
BROKEN is answered by t/support/dns_server.py: BadServers.conf sends us there.
"""

import glob
import os
import re
import shutil
import signal
import socket
import struct
import sys

from . import wait
from .world import run

CONF = """\
server:
  ip-address: 127.0.0.1@{port}
  ip-address: 127.0.0.53@53
  username: root
  chroot: ""
  database: ""
  zonesdir: "{dir}"
  pidfile: "{dir}/nsd.pid"
  xfrdfile: "{dir}/xfrd.state"
  zonelistfile: "{dir}/zone.list"
  cookie-secret-file: ""
  server-count: 1
  ipv4-edns-size: 1232
  rrl-ratelimit: 0
remote-control:
  control-enable: no
"""
ORIGINS = {"root": ".", "reverse": "arpa", "example": "example",
           "signed": "signed.example"}
SIGNED = "signed.example"
BROKEN = ("servfail.example", "odd.example", "silent.example", "late.example")
ALLOWS = "v=spf1 ip4:192.0.2.10 -all"


class Nsd:
    """add: what a zone holds beyond its file, {"example": text}."""

    def __init__(self, world, add=None):
        self.world = world
        self.port = world.port()
        self.dir = world.path(world.unique("nsd"))
        os.mkdir(self.dir)
        self.process = None
        folder = os.path.join(world.srcdir, "t", "data", "zones")
        for path in glob.glob(f"{folder}/*.zone"):
            shutil.copy(path, self.dir)
        for name, text in (add or {}).items():
            with open(f"{self.dir}/{name}.zone", "a", encoding="ascii") as f:
                f.write(text)
        self.anchor = f"{self.dir}/anchor.key"
        self._sign()
        rows = [f'zone:\n  name: "{origin}"\n  zonefile: "{name}.zone"\n'
                for name, origin in ORIGINS.items()]
        world.write(f"{self.dir}/nsd.conf",
                    CONF.format(dir=self.dir, port=self.port) + "".join(rows))

    @property
    def forward(self):
        """As dns.forward of our configuration wants it."""
        return f"127.0.0.1@{self.port}"

    def _sign(self):
        """Signs the one zone, keeps its anchor, then breaks one record."""
        key = run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", SIGNED,
                  cwd=self.dir).strip().splitlines()[-1]
        run("ldns-signzone", "signed.zone", key, cwd=self.dir)
        shutil.copy(f"{self.dir}/{key}.key", self.anchor)
        with open(f"{self.dir}/signed.zone.signed", encoding="ascii") as f:
            text = f.read()
        broken, count = re.subn(
            r'(?m)^((?:_dmarc\.dm-)?bogus\.signed\.example\.\s.*TXT\s.*)'
            r'(192\.0\.2\.10|p=reject)',
            lambda m: m[1] + {"192.0.2.10": "192.0.2.66",
                              "p=reject": "p=none  "}[m[2]], text)
        if count != 2:
            raise AssertionError(f"{count} records broken in {text}")
        self.world.write(f"{self.dir}/signed.zone", broken)

    def start(self):
        self.process = self.world.start(
            "nsd", "-d", "-c", f"{self.dir}/nsd.conf", name="nsd")
        wait.until(lambda: self._answers(), lambda: self.process.log())
        return self

    def _answers(self):
        if not self.process.alive():
            raise AssertionError(f"nsd ended: {self.process.log()}")
        name = b"".join(bytes([len(x)]) + x for x in (b"ns", b"example"))
        query = struct.pack("!6H", 7, 0, 1, 0, 0, 0) + name + b"\0\0\1\0\1"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.1)
            sock.sendto(query, ("127.0.0.1", self.port))
            try:
                answer = sock.recv(512)
            except OSError:
                return False
        return answer[3] & 15 == 0 and answer[7] == 1

    def pids(self):
        """nsd serves from children."""
        out = [self.process.pid]
        for pid in out:
            with open(f"/proc/{pid}/task/{pid}/children",
                      encoding="ascii") as file:
                out += [int(word) for word in file.read().split()]
        return out

    def freeze(self):
        """A server that takes questions and says nothing."""
        for pid in self.pids():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in reversed(self.pids()):
            os.kill(pid, signal.SIGCONT)


class BadServers:
    """Those of what is below BROKEN. Silence and delay come from addresses of
    their own: a resolver remembers how quick an address is."""

    def __init__(self, world):
        sys.path.insert(0, os.path.join(world.srcdir, "t", "support"))
        import dns_server  # pylint: disable=import-outside-toplevel

        servers = {name: dns_server.Server() for name in BROKEN}
        failing, odd = servers["servfail.example"], servers["odd.example"]
        for name in ("", "a.", "ptr.", "_dmarc.", "s1._domainkey."):
            failing.command(f"rcode {name}servfail.example SERVFAIL")
            odd.command(f"rcode {name}refused.odd.example REFUSED")
        odd.command("garbage garbage.odd.example")
        odd.command("truncate cut.odd.example")
        odd.command(f"add cut.odd.example TXT {ALLOWS}")
        servers["late.example"].command("delay 300")
        servers["late.example"].command(f"add late.example TXT {ALLOWS}")
        servers["silent.example"].command("silent *")
        # A file for dns.unbound_conf that sends those names there.
        self.conf = world.write(
            world.unique("unbound") + ".conf", "".join(
                f'forward-zone:\n  name: "{name}"\n'
                f"  forward-addr: 127.0.0.1@{server.port}\n"
                for name, server in servers.items()))
