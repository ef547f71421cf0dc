#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What parts of the milter cost a message: the mail of bench_auth, 20 sessions
at once, with a part and without it, in turn.

  without  no trace, no numbers of senders, no rows for reports about DMARC
  trace    the trace only
  all      all three, as shipped
Nothing that refuses is on: each contestant does the same work.
"""

import sys

import bench_auth
import table
from auth_contestants import Ours
from harness.milter import Reprieve

QUIET = """
rate { address_hour = 0 network_hour = 0 domain_hour = 0 recipient_hour = 0
       ramp_first = 0 }
greylist { enabled = no }
reputation { enabled = no }
policy { mark_at = 900 greylist_at = 901 quarantine_at = 902 reject_at = 903 }
"""
NO_NUMBERS = "traffic { enabled = no }\ndmarc { rows = no }\n"
PARTS = (("without", NO_NUMBERS + "trace { enabled = no }\n"),
         ("trace", NO_NUMBERS), ("all", ""))


class Choice:
    messages = 400
    domains = 200
    cold = 1
    delay = 20
    seconds = 4
    rounds = 5
    workers = 2


class With(Ours):
    def __init__(self, world, redis, name, more):
        super().__init__(world, redis)
        self.name = name
        self.more = more

    def start(self, dns):
        self.dns = dns
        self.milter = Reprieve(
            self.world, self.redis, trusted="", auth="enabled = yes",
            milter='socket_mode = "0666"', log="warning",
            more=f'dns {{ forward = {{"{dns}@53"}} }}\n{QUIET}{self.more}')
        path = f"{self.milter.folder}/milter.sock"
        self.milter.write(socket="unix:" + path)
        self.milter.start()
        self.processes = [self.milter.process]
        self.sockets = [path]


def main():
    bench = bench_auth.Bench(Choice)
    bench.milters = {name: With(bench.world, bench.redis, name, more)
                     for name, more in PARTS}
    bench.start(bench.milters, bench_auth.FAST)
    for name in bench.milters:
        bench.load(name, "warm", 20, 60, "-n", str(2 * Choice.messages))
    rounds = table.Rounds(
        {n: lambda n=n: bench.load(n, "warm", 20, Choice.seconds)
         for n in bench.milters}, Choice.rounds)
    rounds.table("20 sessions at once", [
        ("rate", "messages/s", "{:.0f}"), ("cpu", "CPU s/1000", "{:.3f}"),
        ("p50", "p50 ms", "{:.2f}"), ("p99", "p99 ms", "{:.2f}")], "rate")
    bench.world.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
