#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a milter costs behind a real Postfix, by smtp-source.

Clean messages and refused sessions with no milter, with one that does nothing
(answering every command, or only where a verdict can be given) and with ours.
The queue is on a tmpfs, so that the disk is not what is measured; the milters
are on unix sockets, as shipped.
"""

import table
from harness import wire
from harness import world as worlds
from harness.dns import Dns
from harness.milter import Reprieve
from harness.postfix import Postfix
from harness.redis import Redis
from harness.wait import Stopwatch, until
from harness.world import run, wait_listening

CLEAN = [("rate", "messages/s", "{:.0f}"), ("cpu", "CPU s/1000", "{:.3f}")]
REFUSED = [("rate", "sessions/s", "{:.0f}"), ("cpu", "CPU s/1000", "{:.3f}")]
REFUSES = "nothing, needed, refuse"


class Contest:
    def __init__(self, choice):
        self.choice = choice
        self.world = worlds.enter()
        Dns()
        self.redis = Redis(self.world).start()
        table.fill(self.redis, choice.entries)
        self.pids = {"no milter": None}
        self.milter = Reprieve(self.world, self.redis, trusted="",
                               milter='socket_mode = "0666"')
        where = f"{self.milter.folder}/milter.sock"
        self.milter.write(socket="unix:" + where, log="info")
        self.milter.start()
        self.postfix = Postfix(self.world, in_memory=True)
        self.ports = {"no milter": self.postfix.listener("")}
        for mode in ("all", "needed"):
            self.nothing(mode)
        self.nothing("needed", "refuse")
        self.pids["reprieve"] = self.milter.process.pid
        self.ports["reprieve"] = self.postfix.listener("unix:" + where)
        self.postfix.set("default_process_limit = 50")
        self.postfix.start()

    def nothing(self, mode, *more):
        name = ", ".join(("nothing", mode, *more))
        path = self.world.path("-".join(("nothing", mode, *more)))
        process = self.world.start(
            self.world.program("t/bench/nothing_milter"), "unix:" + path,
            mode, *more)
        wait_listening(path, process)
        self.pids[name] = process.pid
        self.ports[name] = self.postfix.listener("unix:" + path)

    def run(self, name, count):
        """count sessions of one message each, 20 at a time."""
        def once():
            pid = self.pids[name]
            before = table.cpu_s(pid) if pid else 0.0
            watch = Stopwatch()
            run("smtp-source", "-4", "-A", "-s", "20", "-m", str(count),
                "-l", "2000", "-f", "a@example.org", "-t", "b@example.com",
                f"inet:127.0.0.1:{self.ports[name]}", timeout=600)
            took = watch()
            used = (table.cpu_s(pid) if pid else 0.0) - before
            return {"rate": count / took, "cpu": used / count * 1000}
        return once

    def wait_empty(self):
        until(lambda: "empty" in self.postfix.queue(), "an empty queue", 300)


def main():
    choice = table.options(__doc__, entries=1_000_000, messages=2_000,
                           rounds=5)
    contest = Contest(choice)
    print(f"{choice.entries} listings, {choice.messages} messages a round,"
          f" 20 at once, median of {choice.rounds}")
    table.Rounds({n: contest.run(n, choice.messages)
                  for n in contest.ports if n != REFUSES}, choice.rounds).table(
        "clean messages through Postfix", CLEAN, "rate")
    contest.wait_empty()
    contest.redis.cli("SET", "rp:block:127.0.0.1", "bench")
    until(lambda: wire.verdict(contest.milter.where, "127.0.0.1")[:3]
          == "554", "127.0.0.1 is listed")
    names = (REFUSES, "reprieve")
    table.Rounds({n: contest.run(n, choice.messages) for n in names},
                 choice.rounds).table(
        "sessions refused at RCPT through Postfix", REFUSED, "rate")
    contest.postfix.stop()
    contest.world.close()


if __name__ == "__main__":
    main()
