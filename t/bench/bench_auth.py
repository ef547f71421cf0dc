#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Authentication of whole messages, beside what Debian has for it.

One run, the same mail and the same name server (nsd, on loopback) for
reprieve, rspamd, opendkim and opendmarc in a chain, and two milters that do
nothing. A generator speaks the milter protocol as Postfix does, one message a
session; contestants take turns, the table shows the median of the rounds.

  warm     200 domains that come again and again, after all were seen
  cold     just started; each message from a domain never seen, each DNS
           answer 20 ms late
  memory   after load at 20 and 1,000 sessions, and with 1,000 held
  postfix  the same mail by SMTP through a real Postfix, queue on a tmpfs
"""

import os
import shutil
import subprocess
import threading
import time

import table
from auth_contestants import Chain, Nothing, Ours, Rspamd
from harness import world as worlds
from harness.postfix import Postfix
from harness.redis import Redis
from harness.wait import until
from harness.world import run, wait_listening

FAST, SLOW = "127.0.0.1", "127.0.0.2"
OURS, RSPAMD, CHAIN = "reprieve", "rspamd", "opendkim+opendmarc"
NOTHING, BODY = "nothing", "nothing+body"
FIELDS = ("messages", "seconds", "rate", "p50", "p99", "max", "broken",
          "refused", "signed", "dkim", "spf", "dmarc", "own_cpu")
NSD = """\
server:
  ip-address: {address}
  port: 53
  server-count: 1
  username: ""
  database: ""
  pidfile: "{dir}/nsd.pid"
  xfrdfile: "{dir}/xfrd.state"
  xfrdir: "{dir}"
  zonelistfile: "{dir}/zone.list"
  zonesdir: "{dir}"
  minimal-responses: yes
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: "."
  zonefile: "zone"
"""


class Bench:
    def __init__(self, choice):
        self.choice = choice
        self.world = worlds.enter()
        # The clients of the mail.
        run("ip", "route", "add", "local", "198.18.0.0/15", "dev", "lo")
        self.mail = self.world.path("mail")
        os.mkdir(self.mail)
        run(self.world.program("t/bench/auth_messages"), self.mail,
            str(choice.messages), str(choice.domains), str(choice.cold),
            timeout=1200)
        self.names()
        self.redis = Redis(self.world).start()
        table.fill(self.redis, 1000)
        self.redis.ask("HSET", "bench_block", "10.0.0.1", "1")
        self.milters = {m.name: m for m in (
            Nothing(self.world, NOTHING, "needed", "small"),
            Nothing(self.world, BODY, "needed", "small", "body"),
            Ours(self.world, self.redis),
            Rspamd(self.world, self.redis, choice.workers),
            Chain(self.world)) if is_installed(m)}
        self.goals = []

    def names(self):
        conf = self.world.write("nsd.conf", NSD.format(
            address=FAST, dir=self.mail))
        server = self.world.start("nsd", "-d", "-c", conf)
        wait_listening((FAST, 53), server, 60)
        self.world.start(self.world.program("t/bench/slow_dns"), SLOW, FAST,
                         str(self.choice.delay))

    # ---- one run ----

    def load(self, name, *args, **options):
        """One that dies is started again, three times at most."""
        for _ in range(3):
            row = self.load_once(name, *args, **options)
            milter = self.milters.get(name)
            if not milter or milter.alive():
                return row
            print(f"# {name}: died under this load, started again",
                  flush=True)
            milter.stop()
            milter.start(milter.dns)
            self.load_once(name, "warm", 5, 30, "-n",
                           str(self.choice.messages))
        raise SystemExit(f"{name} dies again and again")

    def load_once(self, name, pool, at_once, seconds, *more, program="auth_load",
             where=None):
        milter = self.milters.get(name)
        before = milter.cpu_s() if milter else 0.0
        with Watch(milter) as watch:
            done = subprocess.run(
                [self.world.program(f"t/bench/{program}"), "-c", str(at_once),
                 "-s", str(seconds), *more, self.mail, pool,
                 *(where or milter.sockets)],
                capture_output=True, text=True, check=False)
        if not done.stdout and (not milter or milter.alive()):
            raise SystemExit(f"{program}: {done.stderr}")
        if not done.stdout:
            return {}
        row = dict(zip(FIELDS, (float(v) for v in done.stdout.split())))
        used = (milter.cpu_s() if milter else 0.0) - before
        row["cpu"] = used / max(1.0, row["messages"]) * 1000
        row["own"] = row["own_cpu"] / max(1.0, row["messages"]) * 1000
        row["threads"] = watch.threads
        for key in ("p50", "p99", "max"):
            row[key] /= 1000
        self.look(name, row, done.stderr)
        return row

    def look(self, name, row, errors):
        """A figure of a milter that did not do the work is none."""
        if row["broken"] or row["refused"]:
            print(f"# {name}: {row['broken']:.0f} sessions broke,"
                  f" {row['refused']:.0f} of them by a refusal"
                  f" {errors.strip()}", flush=True)

    def share(self, row):
        """Of the signed messages found good, of all with SPF and DMARC."""
        signed, count = max(1, row["signed"]), max(1, row["messages"])
        return (f"dkim {100 * row['dkim'] / signed:.0f} %"
                f" spf {100 * row['spf'] / count:.0f} %"
                f" dmarc {100 * row['dmarc'] / count:.0f} %")

    def start(self, names, dns):
        for name in names:
            self.milters[name].start(dns)

    def stop(self, names):
        for name in names:
            self.milters[name].stop()

    # ---- warm ----

    def warm(self, names):
        self.start(names, FAST)
        seconds = self.choice.seconds
        print("\npassed in the warm-up (all messages twice):")
        for name in names:
            row = self.load(name, "warm", 20, 120, "-n",
                            str(2 * self.choice.messages))
            print(f"  {name:<22}{self.share(row)}", flush=True)
        many = table.Rounds({n: lambda n=n: self.load(n, "warm", 20, seconds)
                             for n in names}, self.choice.rounds)
        many.table("warm, 20 sessions at once", [
            ("rate", "messages/s", "{:.0f}"), ("cpu", "CPU s/1000", "{:.3f}"),
            ("own", "generator", "{:.3f}"), ("p50", "p50 ms", "{:.2f}"),
            ("p99", "p99 ms", "{:.2f}"), ("threads", "threads", "{:.0f}")],
            "rate")
        one = table.Rounds({n: lambda n=n: self.load(n, "warm", 1, seconds)
                            for n in names}, self.choice.rounds)
        one.table("warm, one session at a time", [
            ("rate", "messages/s", "{:.0f}"), ("cpu", "CPU s/1000", "{:.3f}"),
            ("p50", "p50 ms", "{:.2f}"), ("p99", "p99 ms", "{:.2f}")], "rate")
        self.warm_goals(many, one)
        self.memory(names)
        self.stop(names)

    def warm_goals(self, many, one):
        for other, rate, cpu in ((RSPAMD, 2.0, 0.45), (CHAIN, 6.0, 0.15)):
            self.least(f"warm, 20: messages/s to {other}", rate,
                       ratio(many, "rate", OURS, other), "x")
            self.most(f"warm, 20: CPU to {other}", cpu,
                      ratio(many, "cpu", OURS, other), "x")
        self.most("warm, 20: p99 to rspamd", 0.5,
                  ratio(many, "p99", OURS, RSPAMD), "x")
        self.least("(libmilter that takes the body: messages/s to rspamd)",
                   2.0, ratio(many, "rate", BODY, RSPAMD), "x")
        self.most("(libmilter that takes the body: CPU to rspamd)", 0.45,
                  ratio(many, "cpu", BODY, RSPAMD), "x")
        self.most("warm, 1: p50", 0.8, middle(one, OURS, "p50"), " ms")
        self.most("warm, 1: p99", 3.0, middle(one, OURS, "p99"), " ms")

    # ---- memory ----

    def memory(self, names):
        rows = {n: [self.sizes(n)] for n in names}
        for name in names:
            self.load(name, "warm", 1000, max(3, self.choice.seconds))
            rows[name].append(self.sizes(name))
        for name in names:
            rows[name].append(self.held(name, 1000))
        print("\nmemory, RSS (PSS) in MB, of all processes\n"
              f"{'':<22}{'after 20':>18}{'after 1,000':>18}{'held 1,000':>18}"
              f"{'for them':>12}")
        for name in names:
            cells = "".join(f"{r / 1024:>10.1f} ({p / 1024:5.1f})"
                            for r, p in rows[name])
            extra = (rows[name][2][0] - rows[name][1][0]) / 1024
            print(f"{name:<22}{cells}{extra:>12.1f}", flush=True)
        if OURS in rows:
            ours = [r / 1024 for r, _ in rows[OURS]]
            self.most("memory after load at 20", 20, ours[0], " MB")
            self.most("memory after load at 1,000", 60, ours[1], " MB")
            self.most("memory for 1,000 held", 2,
                      max(0.0, ours[2] - ours[1]), " MB")

    def sizes(self, name):
        milter = self.milters[name]
        return milter.memory("Rss"), milter.memory("Pss")

    def held(self, name, count):
        milter = self.milters[name]
        holder = subprocess.Popen(
            [self.world.program("t/bench/auth_load"), "-c", str(count), "-H",
             self.mail, "warm", *milter.sockets], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
            preexec_fn=worlds.die_with_parent)
        try:
            holder.stdout.readline()
            return self.sizes(name)
        finally:
            holder.communicate()

    # ---- cold ----

    def cold(self, names):
        few = table.Rounds({n: lambda n=n: self.cold_run(n, 20)
                            for n in names}, self.choice.rounds)
        columns = [("rate", "messages/s", "{:.0f}"),
                   ("p50", "p50 ms", "{:.2f}"), ("p99", "p99 ms", "{:.2f}"),
                   ("cpu", "CPU s/1000", "{:.3f}"),
                   ("threads", "threads", "{:.0f}")]
        title = f"cold, answers {self.choice.delay} ms late"
        few.table(f"{title}, 20 sessions at once", columns, "rate")
        many = table.Rounds({n: lambda n=n: self.cold_run(n, 200)
                             for n in names}, self.choice.rounds)
        many.table(f"{title}, 200 sessions at once", columns, "rate")
        self.most("cold, 20: p50", 2 * self.choice.delay + 5,
                  middle(few, OURS, "p50"), " ms")
        self.least("cold, 200: messages/s", 1500, middle(many, OURS, "rate"),
                   "")
        for other in (RSPAMD, CHAIN):
            if other in names:
                print(f"  cold, 200: {ratio(many, 'rate', OURS, other):.2f}x"
                      f" the messages of {other}")

    def cold_run(self, name, at_once):
        """A new process each time: all names are new to it."""
        milter = self.milters[name]
        milter.start(SLOW)
        self.load(name, "warm", 5, 5, "-n", "10")
        row = self.load(name, "cold", at_once, self.choice.seconds, "-n",
                        str(self.choice.cold))
        milter.stop()
        return row

    # ---- behind Postfix ----

    def postfix(self, names):
        self.start(names, FAST)
        self.world.write("/etc/resolv.conf", f"nameserver {FAST}\nsearch .\n")
        postfix = Postfix(self.world, in_memory=True)
        ports = {"no milter": postfix.listener("")}
        for name in names:
            ports[name] = postfix.listener(", ".join(
                "unix:" + s for s in self.milters[name].sockets))
        postfix.set("default_process_limit = 100", "message_size_limit = 0",
                    "virtual_transport = discard:",
                    "smtpd_client_connection_count_limit = 0")
        postfix.start()

        def run_one(name):
            row = self.load(name, "warm", 20, self.choice.seconds,
                            program="auth_smtp",
                            where=["127.0.0.1", str(ports[name])])
            until(lambda: "empty" in postfix.queue(), "an empty queue", 300)
            return row

        for name in ports:
            run_one(name)
        rounds = table.Rounds({n: lambda n=n: run_one(n) for n in ports},
                              self.choice.rounds)
        rounds.table("through Postfix, 20 sessions at once", [
            ("rate", "messages/s", "{:.0f}"), ("cpu", "CPU s/1000", "{:.3f}"),
            ("p50", "p50 ms", "{:.2f}"), ("p99", "p99 ms", "{:.2f}")], "rate")
        self.least("postfix: messages/s to no milter", 0.75,
                   ratio(rounds, "rate", OURS, "no milter"), "x")
        self.least("(libmilter that takes the body, to no milter)", 0.75,
                   ratio(rounds, "rate", BODY, "no milter"), "x")
        self.least("postfix: messages/s to rspamd", 1.6,
                   ratio(rounds, "rate", OURS, RSPAMD), "x")
        postfix.stop()
        self.stop(names)

    # ---- goals ----

    def least(self, what, goal, got, unit):
        self.goal(what, "at least", goal, got, got >= goal, unit)

    def most(self, what, goal, got, unit):
        self.goal(what, "at most", goal, got, got <= goal, unit)

    def goal(self, what, word, goal, got, reached, unit):
        if got != got:  # one of the two did not take part
            return
        self.goals.append(
            f"  {what:<52}{word} {goal:g}{unit}, got {got:.2f}{unit}:"
            f" {'reached' if reached else 'not reached'}")

    def report(self):
        print("\ngoals")
        print("\n".join(self.goals), flush=True)


def is_installed(milter):
    missing = [p for p in milter.needs if shutil.which(p) is None]
    if missing:
        print(f"{' '.join(missing)}: not installed, {milter.name} is left out"
              " (t/support/setup install bench)", flush=True)
    return not missing


class Watch:
    """The most threads that a milter had meanwhile."""

    def __init__(self, milter):
        self.milter = milter
        self.threads = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)

    def _look(self):
        pids = self.milter.pids() if self.milter else []
        while not self.ended.wait(0.1):
            try:
                self.threads = max(self.threads,
                                   sum(table.threads(p) for p in pids))
            except FileNotFoundError:
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def middle(rounds, name, key):
    return rounds.median(name, key) if name in rounds.results else float("nan")


def ratio(rounds, key, one, other):
    below = middle(rounds, other, key)
    return middle(rounds, one, key) / below if below else float("nan")


def main():
    seconds = float(os.environ.get("BENCH_SECONDS") or 5)
    choice = table.options(__doc__, messages=400, domains=200, cold=6000,
                           rounds=3)
    choice.seconds = seconds
    choice.delay = 20
    choice.workers = 2  # of rspamd: one a core of the machine of the figures
    bench = Bench(choice)
    print(f"{choice.messages} messages of {choice.domains} domains,"
          f" {choice.rounds} rounds of {seconds:g} s", flush=True)
    began = time.monotonic()
    only = (os.environ.get("BENCH_ONLY") or "warm cold postfix").split()
    every = list(bench.milters)
    if "warm" in only:
        bench.warm(every)
    if "cold" in only:
        bench.cold([n for n in every if n not in (NOTHING, BODY)])
    if "postfix" in only:
        bench.postfix(every)
    bench.report()
    print(f"took {time.monotonic() - began:.0f} s")
    bench.world.close()


if __name__ == "__main__":
    main()
