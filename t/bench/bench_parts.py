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


def main():
    bench = bench_auth.Bench(Choice)
    bench.milters = {name: Ours(bench.world, bench.redis, QUIET + more)
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
