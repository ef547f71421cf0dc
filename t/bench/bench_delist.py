#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""From the button "Confirm" to mail that is accepted, with three milters.

For each of ROUNDS addresses: listed by redis-cli, refused by all three; asked
for on the site, the letter caught by Postfix. Timed is from the first octet of
the POST until each milter takes a recipient of that address. Prints figures.
"""

import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "integration"))
sys.dont_write_bytecode = True

from harness import wire  # noqa: E402
from harness import world as worlds  # noqa: E402
from harness.dns import Dns  # noqa: E402
from harness.lists import Lists  # noqa: E402
from harness.milter import Reprieve  # noqa: E402
from harness.portal import Portal, letter  # noqa: E402
from harness.postfix import Postfix  # noqa: E402
from harness.redis import Redis  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "200"))
LINK = r"/c/[0-9a-z]{26}"


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def one(portal, postfix, milters, lists, number):
    """(seconds of the POST, seconds until all take it)"""
    address = f"198.51.{100}.{number % 250 + 1}"
    mail = f"a{number}@box.test"
    lists.block(address)
    lists.settle()
    for milter in milters:
        if wire.verdict(milter.where, address)[:1] != "5":
            raise SystemExit(f"{address} is not refused")
    portal.submit("/delist", {"mail": mail, "ip": address, "attest": "yes"})
    _, text = letter(postfix, mail, LINK)
    path = re.search(LINK, text).group(0)
    page = portal.get(path)
    fields = {"stamp": page.field("stamp"), "website": ""}
    start = time.perf_counter()
    answer = portal.post(path, fields)
    posted = time.perf_counter()
    if answer.status != 303:
        raise SystemExit(f"POST {path}: {answer.status} {answer.body[:2000]}")
    for milter in milters:
        while wire.verdict(milter.where, address) != "continue":
            if time.perf_counter() > start + 10:
                raise SystemExit(f"{address} is refused still")
    return posted - start, time.perf_counter() - start


def main():
    world = worlds.enter()
    Dns()
    redis = Redis(world).start()
    postfix = Postfix(world)
    portal = Portal(world, redis, smtp=postfix.listener(""))
    milters = [portal.milter] + [Reprieve(world, redis) for _ in range(2)]
    for milter in milters:
        milter.start()
    portal.start()
    postfix.start()
    lists = Lists(redis, *milters)
    taken = [one(portal, postfix, milters, lists, n) for n in range(ROUNDS)]
    print(f"From POST to accepted mail, {len(milters)} milters, "
          f"{ROUNDS} requests, ms:")
    for name, values in (("the answer to the POST", [t[0] for t in taken]),
                         ("accepted by all", [t[1] for t in taken])):
        print(f"  {name:24} p50 {percentile(values, .5) * 1000:6.1f}"
              f"   p99 {percentile(values, .99) * 1000:6.1f}"
              f"   greatest {max(values) * 1000:6.1f}")
    portal.stop()
    world.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
