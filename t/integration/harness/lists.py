# SPDX-License-Identifier: BSD-2-Clause
"""Edits of the lists as an admin makes them, and waiting until they count."""

import ipaddress

from . import wait, wire

PROBE = "233.252.0."
PICK_UP_S = 1.0  # what an edit may take until every milter follows it


class Addresses:
    """A fresh client address per case, so that no case sees another's."""

    def __init__(self):
        self.v4 = iter(ipaddress.ip_network("203.0.113.0/24").hosts())
        self.v6 = iter(range(0x100, 0x10000))

    def next4(self):
        return str(next(self.v4))

    def next6(self):
        return f"2001:db8:{next(self.v6):x}::1"


class Lists:
    def __init__(self, redis, *milters):
        self.redis = redis
        self.milters = milters
        self.count = 0

    def cli(self, *args):
        return self.redis.cli(*args)

    def settle(self, seconds=5):
        """Until all milters have applied every edit made before now: a
        listing made after them is seen. Pushes come in order."""
        self.count += 1
        probe = f"{PROBE}{self.count % 250 + 1}"
        self.cli("SET", f"rp:block:{probe}", "probe")
        for milter in self.milters:
            wait.until(
                lambda m=milter: wire.verdict(m.where, probe)[:1] == "5",
                lambda m=milter: f"probe is refused; log {m.log()[-1500:]}",
                seconds)
        self.cli("DEL", f"rp:block:{probe}")
        for milter in self.milters:
            wait.until(
                lambda m=milter: wire.verdict(m.where, probe) == "continue",
                "probe is accepted again", seconds)

    def block(self, subject, *fields, scope=""):
        """HSET rp:block:SUBJECT field value ..., or SET with a reason."""
        key = f"rp:block{scope}:{subject}"
        if len(fields) > 1:
            self.cli("HSET", key, *fields)
        else:
            self.cli("SET", key, *(fields or ("spam run",)))
        return key
