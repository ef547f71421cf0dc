#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Memory, threads and answer time with many open sessions."""

import resource

import table
from harness import wire
from harness import world as worlds
from harness.milter import Reprieve
from harness.redis import Redis
from harness.wait import until
from harness.world import wait_listening


def row(name, count, entries, pid, where, address):
    took = sorted(wire.timed(where, address, 60)[1] for _ in range(20))
    print(f"{name:<10}{entries:>10}{count:>10}{table.rss_kb(pid) / 1024:>12.1f}"
          f"{table.threads(pid):>10}{took[10] * 1000:>12.2f}"
          f"{took[-1] * 1000:>12.2f}", flush=True)


def grow(name, entries, pid, where, steps):
    sessions = []
    for count in steps:
        while len(sessions) < count:
            sessions.append(wire.open_session(where, "192.0.2.1", 60))
        row(name, count, entries, pid, where, "192.0.2.2")
    for session in sessions:
        session.close()


def main():
    choice = table.options(__doc__, entries=1_000_000, sessions=5_000)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    steps = (0, choice.sessions // 5, choice.sessions)
    world = worlds.enter()
    print("\nopen sessions\n"
          f"{'':<10}{'listings':>10}{'sessions':>10}{'RSS MiB':>12}"
          f"{'threads':>10}{'p50 ms':>12}{'max ms':>12}")
    path = world.path("nothing.sock")
    process = world.start(world.program("t/bench/nothing_milter"),
                          "unix:" + path, "needed")
    wait_listening(path, process)
    grow("nothing", 0, process.pid, path, steps)
    redis = Redis(world).start()
    for entries in (1, choice.entries):
        table.fill(redis, entries)
        milter = Reprieve(world, redis, log="warning").start()
        last = entries - 1
        until(lambda m=milter, i=last: wire.verdict(
            m.where, f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}")[:3] == "554",
            "the list is served", 120)
        grow("reprieve", entries, milter.process.pid, milter.where, steps)
        milter.process.stop()
    world.close()


if __name__ == "__main__":
    main()
