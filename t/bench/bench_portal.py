#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Pages a second of the site, directly and behind nginx, and its memory.

The start page asks nobody; the page of a reference asks Redis. Each request
is a connection of its own to the portal, as behind a proxy."""

import re
import subprocess
import time

import table
from harness import wire
from harness import world as worlds
from harness.front import NAME, Nginx
from harness.milter import Reprieve
from harness.redis import Redis
from harness.wait import until
from harness.world import wait_listening

LISTED = "203.0.113.7"
LIMIT = "limit_req zone=reprieve burst=60 nodelay;"
UNITS = {"us": 1e-3, "ms": 1, "s": 1000, "m": 60000}


class Unlimited(Nginx):
    """The snippet, but for its limit, which is what it would measure."""

    def site(self):
        text = super().site()
        if LIMIT not in text:
            raise SystemExit("etc/nginx.conf: the limit is another one")
        return text.replace(LIMIT, "")


def reference(milter):
    """Of a refusal, as its sender would see it."""
    until(lambda: wire.verdict(milter.where, LISTED)[:3] == "554",
          "the list is served")
    return re.search(r"/r/(\S+)", wire.verdict(milter.where, LISTED))[1]


def wrk(url, pid, connections, seconds):
    """One run of wrk; the portal's greatest memory and threads meanwhile."""
    run = subprocess.Popen(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
         "-H", f"Host: {NAME}", url], stdout=subprocess.PIPE, text=True)
    rss = threads = 0
    while run.poll() is None:
        rss = max(rss, table.rss_kb(pid))
        threads = max(threads, table.threads(pid))
        time.sleep(0.05)
    text = run.stdout.read()
    found = {"rss": rss / 1024, "threads": threads,
             "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])}
    for percent in (50, 99):
        number, unit = re.search(rf"\s{percent}%\s+([\d.]+)(us|ms|s|m)\b",
                                 text).groups()
        found[f"p{percent}"] = float(number) * UNITS[unit]
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    if bad:
        print(f"# {bad[1]} answers at {url} were no pages", flush=True)
    return found


def main():
    choice = table.options(__doc__, seconds=10, connections=16, rounds=3)
    world = worlds.enter()
    redis = Redis(world).start()
    redis.cli("SET", f"rp:block:{LISTED}", "spam run")
    port = world.port()
    milter = Reprieve(world, redis, log="warning",
                      more=f'portal {{ listen = "inet:{port}@127.0.0.1"'
                      ' user = "nobody" }').start()
    case = f"/r/{reference(milter)}"
    portal = world.start(world.program("reprieve-portal"), "-c", milter.conf)
    wait_listening(("127.0.0.1", port), portal)
    until(lambda: redis.keys("rp:case:*"), "the case is kept")
    nginx = Unlimited(world, port).start()
    rest = table.rss_kb(portal.pid) / 1024
    ways = {"direct": f"http://127.0.0.1:{port}",
            "nginx": f"https://127.0.0.1:{nginx.port}"}
    rounds = table.Rounds(
        {f"{page} {way}": lambda url=base + path: wrk(
            url, portal.pid, choice.connections, choice.seconds)
         for page, path in (("start", "/"), ("case", case))
         for way, base in ways.items()}, choice.rounds)
    rounds.table(
        f"pages of the portal, {choice.connections} visitors at once, "
        f"{rest:.1f} MiB at rest",
        [("rate", "pages/s", "{:.0f}"), ("p50", "p50 ms", "{:.2f}"),
         ("p99", "p99 ms", "{:.2f}"), ("rss", "RSS MiB", "{:.1f}"),
         ("threads", "threads", "{:.0f}")], "rate")
    print(f"after it: {table.rss_kb(portal.pid) / 1024:.1f} MiB,"
          f" {table.threads(portal.pid)} threads", flush=True)
    world.close()


if __name__ == "__main__":
    main()
