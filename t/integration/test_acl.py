#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""All journeys of the site, and all heuristic checks, with a Redis that has
the users of reprieve.acl, each program as its own: nothing is ever refused,
and nothing stays for ever.
"""

import re
import sys

import test_fbl as feedback
import test_heur as heur
import test_intake as intake
import test_portal as site
import test_support as support
from harness import world as worlds
from harness.heur import Home
from harness.lists import Lists
from harness.milter import Reprieve, retired
from harness.redis import Redis
from harness.tap import Tap, equal, true
from harness.wait import until

REFUSED = re.compile(r"NOPERM|can't (run|access)|result=denied")
# Lists and their marks, queues, and indexes of what ends by itself or waits
# for a person; what the classifier was taught, until it is forgotten.
ENDLESS = re.compile(r"rp:(block|allow|trust)[:@].*|rp:audit|rp:mailq"
                     r"|rp:mailq:(slow|later)|rp:lists:generation"
                     r"|rp:ticket:(open|all)|rp:trace:keys"
                     r"|rp:fbl:(checks|all|of:.*)"
                     r"|rp:content:(examples|spam|ham|about|model)")


def guarded(world):
    """A Redis with our users; the test itself is its admin."""
    with open(f"{world.srcdir}/etc/reprieve.acl", encoding="ascii") as file:
        text = file.read().replace("CHANGE-ME", "secret")
    # What the file says of listing.enabled.
    more = re.search(r"(?m)^#   (\(resetkeys .*\))$", text)[1]
    text = re.sub(r"(?m)^(user reprieve-milter .*)$", rf"\1 {more}", text)
    redis = Redis(world, "--include", world.write("users.conf", text))
    redis.users = ("milter", "portal", "admin")
    return redis.start()


def commands(home):
    """What an admin does to a request and to an address."""
    ctl = home.milter.ctl
    address, mail = home.listed(), home.person()
    path = home.ask(address, mail)
    home.link(mail)
    rid = path[-17:]
    true(rid in ctl("requests"), "requests")
    ctl("lock", address, "--why", "phishing")
    ctl("deny", rid, "--why", "no")
    ctl("grant", address, "--why", "yes")
    home.accepted(address)
    ctl("forget", address)
    true("mx.example.net" in ctl("nodes"), "nodes")
    ctl("doctor", check=False)


def metrics(home):
    true(home.milter.metrics(), "metrics")


def endless(redis):
    """Open tickets wait for a person; who is told of reports stays so."""
    active = {k for k in redis.keys("rp:fbl:*")
              if re.fullmatch(r"rp:fbl:\w{17}", k)
              and redis.hash(k)["state"] == "active"}
    waiting = {f"rp:ticket:{i.decode()}{end}" for end in ("", ":log")
               for i in redis.ask("ZRANGE", "rp:ticket:open", 0, -1)}
    equal([k for k in redis.keys("rp:*") if not ENDLESS.fullmatch(k)
           and k not in waiting | active and redis.ask("TTL", k) == -1], [], "keys")


def unrefused(redis, programs):
    equal(redis.ask("ACL", "LOG"), [], "ACL LOG")
    for program in programs:
        line = next((line for line in program.log().splitlines()
                     if REFUSED.search(line)), None)
        equal(line, None, "a line of a log")


OF_CHECKS = (heur.honest, heur.first_contact, heur.listed,
             heur.correspondent)
OF_CHANGES = (heur.learnt, heur.limit_of_address, heur.limit_of_user,
              heur.listed_by_itself)
OF_SITE = (site.story, site.evidence, site.from_address, site.by_record,
           site.by_message, site.domain_fits, site.needs_name, site.review,
           site.cancelled)
OF_LOOP = (feedback.domain, feedback.look_alike, feedback.by_range,
           feedback.ended)
OF_REPORTS = (intake.local_user, intake.known_stranger, intake.as_text,
              intake.arf, intake.again, intake.about_dmarc, intake.stolen)
OF_DESK = (support.to_and_fro, support.bounced, support.sponsored)


def main():
    world = worlds.enter()
    world.serve_syslog()
    tap = Tap("the users of reprieve.acl")
    redis = guarded(world)
    home = site.Home(world, redis)
    for name, case in site.CASES:
        if case in OF_SITE:
            tap.case(name, case, home)
    tap.case("what an admin does", commands, home)
    tap.case("metrics", metrics, home)
    # The letters of one queue go out by one MTA.
    equal((home.portal.stop(), home.other.stop()), (0, 0), "exit codes")
    milter = Reprieve(world, redis).start()
    desk = support.postfix_desk(world, milter, Lists(redis, milter))
    web = world.port()
    milter.write(more=support.MORE.format(web=web, smtp=desk.port))
    desk.follow(support.Portal(world, milter, web), milter)
    for name, case in support.CASES:
        if case in OF_DESK:
            tap.case(name, case, desk)
    equal(desk.portal.process.stop(), 0, "exit code")
    loop = feedback.Home(world, redis, home.dns)
    for name, case in feedback.CASES:
        if case in OF_LOOP:
            tap.case(name, case, loop)
    equal(loop.portal.stop(), 0, "exit code")
    mill = Reprieve(world, redis, auth="enabled = yes", more=intake.MORE
                    + "listing { enabled = yes messages = 2 }\n")
    mill.start()
    until(lambda: intake.has_key(mill), "a key of traces", 20)
    counter = intake.postfix_desk(world, mill, Lists(redis, mill))
    counter.follow(home.dns, redis, home.addresses)
    for name, case in intake.CASES:
        if case in OF_REPORTS:
            tap.case(name, case, counter)
    house = Home(world, redis, both=False, dns=home.dns)
    house.learn()
    for name, case in heur.CASES:
        if case in OF_CHECKS:
            tap.case(name, case, house.mxs[0])
    for name, case, changes in heur.CHANGED:
        if case in OF_CHANGES:
            house.with_conf(changes, tap.case, name, case, house.mxs[0])
    tap.group = "at the end"
    tap.case("Redis has refused nothing", unrefused, redis,
             (home.milter, home.portal, home.other, milter, desk.portal,
              loop.milter, loop.portal, mill,
              house.portal, house.milters[0]))
    tap.case("no key stays for ever that should not", endless, redis)
    tap.case("the portal stops at SIGTERM with 0", lambda: equal(
        house.portal.stop(), 0, "exit code"))
    for one in (milter, home.milter, loop.milter, mill, house.milters[0]):
        one.retire()
    tap.case("so do the milters", retired, world)
    desk.server.stop()
    counter.server.stop()
    home.postfix.stop()
    loop.postfix.stop()
    house.postfix.stop()
    world.close()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
