# SPDX-License-Identifier: BSD-2-Clause
"""What the end-to-end benches share: rounds, medians, tables, CPU time.

Contestants take turns (A B A B ...), because others use the machine too; a
table shows the median of the rounds and the ratio to its first row.
"""

import argparse
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "integration"))
TICKS = os.sysconf("SC_CLK_TCK")


def options(text, **defaults):
    """--quick divides every default by ten; each can be set alone."""
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("--quick", action="store_true")
    for name, value in defaults.items():
        parser.add_argument("--" + name, type=int, default=None,
                            help=f"default {value}")
    chosen = parser.parse_args()
    for name, value in defaults.items():
        if getattr(chosen, name) is None:
            small = max(1, value // 10) if name != "rounds" else 1
            setattr(chosen, name, small if chosen.quick else value)
    return chosen


def cpu_s(pid):
    """User and system time of a process and the children it waited for."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return sum(int(f) for f in fields[11:15]) / TICKS


def rss_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


class Rounds:
    """results[name] is a list of dicts, one a round."""

    def __init__(self, contestants, rounds):
        self.results = {name: [] for name in contestants}
        for _ in range(rounds):
            for name, run in contestants.items():
                self.results[name].append(run())

    def median(self, name, key):
        return statistics.median(r[key] for r in self.results[name])

    def table(self, title, columns, ratio_of):
        """columns: (key, heading, format)."""
        head = [h for _, h, _ in columns] + ["ratio"]
        width = max(len(n) for n in self.results) + 2
        print(f"\n{title}", flush=True)
        print(" " * width + "".join(f"{h:>16}" for h in head))
        first = None
        for name in self.results:
            cells = [form.format(self.median(name, key))
                     for key, _, form in columns]
            value = self.median(name, ratio_of)
            first = first or value
            cells.append(f"{value / first:.2f}")
            print(f"{name:<{width}}" + "".join(f"{c:>16}" for c in cells),
                  flush=True)


def load(program, where, at_once, sessions, percent, listed, *more):
    """Runs milter_load; its line as a dict."""
    done = subprocess.run(
        [program, where, str(at_once), str(sessions), str(percent),
         str(listed), *more], capture_output=True, text=True, check=False)
    names = ("sessions", "seconds", "rate", "p50", "p99", "max", "refused",
             "accepted", "broken")
    if not done.stdout:
        raise SystemExit(f"milter_load: {done.stderr}")
    row = dict(zip(names, (float(v) for v in done.stdout.split())))
    if row["broken"]:
        print(f"# {row['broken']:.0f} sessions were broken or answered"
              f" wrongly at {where}", flush=True)
    return row


def fill(redis, count):
    """count listings from 10.0.0.0 on."""
    connection = redis.connect()
    step = 10_000
    for start in range(0, count, step):
        names = []
        for i in range(start, min(start + step, count)):
            names += [f"rp:block:10.{i >> 16}.{i >> 8 & 255}.{i & 255}",
                      "spam run"]
        connection("MSET", *names)
    connection.close()
