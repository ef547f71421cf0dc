#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Sessions a second of our milter against one that does nothing.

The load generator speaks the milter protocol over a unix socket, so that no
MTA is in the way. The do-nothing milter answers the same stages and refuses
the same clients with a text of the same length; "nothing+" is the same with
the small stacks for libmilter's threads that ours uses. Goal: 0.9 of the rate
of "nothing" with 1,000,000 listings. Where rspamd is installed it does the
same with its own map in Redis (it can refuse only at the end of a message).
"""

import os
import shutil

import table
from harness import wire
from harness import world as worlds
from harness.milter import Reprieve
from harness.redis import Redis
from harness.wait import until
from harness.world import run, wait_listening

COLUMNS = [("rate", "sessions/s", "{:.0f}"), ("p50", "p50 us", "{:.0f}"),
           ("p99", "p99 us", "{:.0f}"), ("cpu", "CPU s/1000", "{:.3f}")]

RSPAMD = """\
options {{ pidfile = "{dir}/pid"; url_tld = "{tld}"; filters = "";
  dns {{ nameserver = ["127.0.0.1"]; }} }}
lua = "/usr/share/rspamd/rules/rspamd.lua";
logging {{ type = "file"; filename = "{dir}/log"; level = "warning"; }}
worker "rspamd_proxy" {{ bind_socket = "127.0.0.1:{port}"; count = 2;
  milter = true; timeout = 60s;
  upstream "local" {{ default = true; self_scan = true; }} }}
modules {{ path = "/usr/share/rspamd/plugins"; }}
redis {{ servers = "127.0.0.1:{redis}"; }}
multimap {{ blocked {{ type = "ip"; map = "redis://bench_block";
  prefilter = true; action = "reject"; symbol = "BLOCKED"; }} }}
actions {{ reject = 15; add_header = 6; greylist = 40; }}
"""


class Contest:
    def __init__(self, choice):
        self.choice = choice
        self.world = worlds.enter()
        self.loader = self.world.program("t/bench/milter_load")
        self.redis = Redis(self.world).start()
        table.fill(self.redis, choice.entries)
        self.pids = {}
        self.where = {}
        self.nothing("nothing")
        self.nothing("nothing+", "small")
        self.ours()

    def nothing(self, name, *words):
        path = self.world.path(name + ".sock")
        process = self.world.start(
            self.world.program("t/bench/nothing_milter"), "unix:" + path,
            "needed", "refuse", *words)
        wait_listening(path, process)
        self.pids[name] = process.pid
        self.where[name] = "unix:" + path

    def ours(self):
        milter = Reprieve(self.world, self.redis, trusted="",
                          milter='socket_mode = "0666"')
        path = f"{milter.folder}/milter.sock"
        milter.write(socket="unix:" + path, log="info")
        milter.start()
        last = self.choice.entries - 1
        until(lambda: wire.verdict(
            path, f"10.{last >> 16}.{last >> 8 & 255}.{last & 255}")[:3]
            == "554", lambda: milter.log()[-2000:], 120)
        self.pids["reprieve"] = milter.process.pid
        self.where["reprieve"] = "unix:" + path

    def rspamd(self):
        """The pid of the proxy; its workers' time counts on their end, so
        no CPU is shown for it."""
        folder = self.world.path("rspamd")
        os.mkdir(folder)
        shutil.chown(folder, "_rspamd")
        connection = self.redis.connect()
        for start in range(0, self.choice.entries, 10_000):
            fields = []
            for i in range(start, min(start + 10_000, self.choice.entries)):
                fields += [f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}", "1"]
            connection("HSET", "bench_block", *fields)
        connection.close()
        port = self.world.port()
        path = self.world.write("rspamd.conf", RSPAMD.format(
            dir=folder, port=port, redis=self.redis.port,
            tld="/usr/share/rspamd/effective_tld_names.dat"))
        process = self.world.start("rspamd", "-f", "-c", path, "-u",
                                   "_rspamd", "-g", "_rspamd")
        wait_listening(("127.0.0.1", port), process, 60)
        self.pids["rspamd"] = process.pid
        self.where["rspamd"] = f"inet:127.0.0.1:{port}"

    def run(self, name, percent, *more, listed=None):
        """listed: how many of the listed addresses take part."""
        def once():
            before = tree_cpu(self.pids[name])
            row = table.load(self.loader, self.where[name],
                             self.choice.clients, self.choice.sessions,
                             percent, listed or self.choice.entries, *more)
            used = tree_cpu(self.pids[name]) - before
            row["cpu"] = used / row["sessions"] * 1000
            return row
        return once


def tree_cpu(pid):
    """Of a process and its living children."""
    children = run("pgrep", "-P", str(pid), check=False).split()
    return table.cpu_s(pid) + sum(table.cpu_s(int(c)) for c in children)


def main():
    choice = table.options(__doc__, entries=1_000_000, sessions=20_000,
                           clients=20, rounds=5)
    contest = Contest(choice)
    names = ("nothing", "nothing+", "reprieve")
    print(f"{choice.entries} listings, {choice.sessions} sessions a round,"
          f" {choice.clients} at once, median of {choice.rounds}")
    for percent, listed, title in (
            (100, 1000, "all listed, the same 1,000 come again"),
            (100, None, "all listed, each seen for the first time"),
            (30, 1000, "30 % listed, the same 1,000 come again"),
            (30, None, "30 % listed, each seen for the first time"),
            (0, None, "none listed")):
        table.Rounds({n: contest.run(n, percent, listed=listed)
                      for n in names}, choice.rounds).table(
            f"CONNECT to RCPT, {title}", COLUMNS, "rate")
    table.Rounds({n: contest.run(n, 0, "whole") for n in names},
                 choice.rounds).table("whole small messages, none listed",
                                      COLUMNS, "rate")
    if shutil.which("rspamd"):
        contest.rspamd()
        choice.sessions = max(100, choice.sessions // 10)
        table.Rounds({n: contest.run(n, 30, "whole")
                      for n in (*names, "rspamd")}, choice.rounds).table(
            f"whole small messages, 30 % listed, {choice.sessions} a round",
            COLUMNS, "rate")
    else:
        print("\nrspamd is not installed: left out")
    contest.world.close()


if __name__ == "__main__":
    main()
