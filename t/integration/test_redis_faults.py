#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Redis fails in every way we know; the verdicts stay right and quick.

Promises under test: a Redis that is away, frozen or slow changes no verdict
and delays none past its deadline; lost data is noticed; after its return an
edit counts within PICK_UP_S. Most cases speak the milter protocol themselves,
so that each answer can be timed; the last ones go through Postfix.
"""

import os
import sys
import time

from harness import wire
from harness import world as worlds
from harness.dns import Dns
from harness.lists import PICK_UP_S, Lists
from harness.milter import Reprieve, refusal, retired
from harness.postfix import Postfix
from harness.redis import Redis, Sentinel
from harness.smtp import MESSAGE, Session
from harness.tap import Tap, equal, match, true
from harness.traffic import Traffic
from harness.wait import holds, until

LISTED = "203.0.113.7"
CLEAN = "203.0.113.8"
LATER = "203.0.113.9"
REPLY_S = 1.0  # no answer at RCPT may need longer, whatever Redis does
PING = "ping_ms = 500"


class Site:
    """A Redis with one listing and a milter that follows it."""

    def __init__(self, world, redis=None, listed=True, start=True,
                 **settings):
        self.world = world
        self.redis = redis or Redis(world).start()
        settings.setdefault("redis_more", PING)
        self.milter = Reprieve(world, self.redis, **settings)
        self.lists = Lists(self.redis, self.milter)
        if listed:
            self.lists.block(LISTED)
        if start:
            self.milter.start()
        if listed and start:
            self.wait_refused(LISTED)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.milter.retire()
        elif self.milter.process:
            self.milter.process.kill()
        self.redis.thaw()
        self.redis.kill()

    def traffic(self):
        return Traffic(self.milter, LISTED, CLEAN)

    def says(self, address):
        return wire.verdict(self.milter.where, address)

    def wait_refused(self, address, seconds=5):
        until(lambda: self.says(address).startswith("554 5.7.1"),
              lambda: f"{address} refused; log {self.milter.log()[-2500:]}",
              seconds)

    def wait_accepted(self, address, seconds=5):
        until(lambda: self.says(address) == "continue",
              lambda: f"{address} accepted; log {self.milter.log()[-2500:]}",
              seconds)

    def follows_again(self, within=PICK_UP_S):
        """An edit made now counts within that time."""
        self.lists.block(LATER)
        self.wait_refused(LATER, within)

    def restart_redis(self, *options):
        """With the data that SAVE kept; returns when it answers PING."""
        self.redis.start(*options)
        until(lambda: self.redis.cli("PING", check=False) == "PONG",
              "PONG", 10)


def away_for(seconds):
    """Lets the fault last. What matters happens in Traffic meanwhile."""
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() > end, "time", seconds + 1)


# ---- at start ----

def start_with_snapshot(world):
    with Site(world) as site:
        equal(site.milter.process.stop(), 0, "exit code")
        true(os.path.getsize(site.milter.settings["snapshot"]) > 0,
             "no snapshot was written")
        site.redis.kill()
        begin = time.monotonic()
        site.milter.start()
        match(site.says(LISTED), refusal(LISTED), "listed")
        true(time.monotonic() - begin < 2, "more than 2 s to the verdict")
        equal(site.says(CLEAN), "continue", "clean")


def snapshot_then_redis_returns(world):
    with Site(world) as site:
        site.lists.cli("SAVE")
        site.milter.process.stop()
        site.redis.kill()
        site.milter.start()
        match(site.says(LISTED), refusal(LISTED), "from the snapshot")
        site.restart_redis()
        site.follows_again()
        site.redis.cli("DEL", f"rp:block:{LISTED}")
        site.wait_accepted(LISTED, PICK_UP_S)


def damaged_snapshot(world):
    """A snapshot that is cut or changed is not believed and not fatal."""
    with Site(world) as site:
        site.milter.process.stop()
        site.redis.kill()
        path = site.milter.settings["snapshot"]
        with open(path, "rb") as file:
            whole = file.read()
        damaged = [b"", whole[:len(whole) // 2], whole[:-1],
                   whole[:-9] + bytes(9), os.urandom(len(whole)),
                   whole[:20] + b"\xff" * 8 + whole[28:]]
        for number, data in enumerate(damaged):
            with open(path, "wb") as file:
                file.write(data)
            site.milter.start()
            equal(site.says(LISTED), "continue", f"damage {number}")
            site.milter.kill()
        site.milter.start()


def start_without(world, action, wanted):
    redis = Redis(world)
    site = Site(world, redis, listed=False, start=False,
                lists=f'on_redis_error = "{action}"')
    redis.start()
    redis.kill()
    with site:
        site.milter.start()
        match(site.says(LISTED), wanted, "RCPT without any list")
        if action == "accept":
            with wire.open_session(site.milter.where, CLEAN) as session:
                session.rcpt()
                equal(session.end(), "continue", "end of message")
                true(b"unchecked=lists" in str(session.changes).encode(),
                     f"the header does not say unchecked: {session.changes}")
        site.restart_redis()
        site.lists.block(LISTED)
        site.wait_refused(LISTED, PICK_UP_S + 0.5)
        equal(site.says(CLEAN), "continue", "clean once Redis is there")


# ---- while running ----

def killed(world):
    with Site(world) as site:
        site.lists.cli("SAVE")
        with site.traffic() as traffic:
            away_for(0.3)
            site.redis.kill()
            away_for(2)
            site.restart_redis()
            site.follows_again()
        traffic.assert_quick(REPLY_S)
        traffic.assert_right()


def frozen(world):
    with Site(world) as site:
        with site.traffic() as traffic:
            away_for(0.3)
            site.redis.freeze()
            away_for(4)
            site.redis.thaw()
            site.follows_again()
        traffic.assert_quick(REPLY_S)
        traffic.assert_right()
        # The deadline of one Redis command, and some for a busy machine.
        late = sum(1 for a in traffic.answers if a[1] > 0.25)
        true(late <= 5, f"{late} answers needed more than 0.25 s")


def sleeping(world):
    with Site(world) as site:
        with site.traffic() as traffic:
            away_for(0.2)
            connection = site.redis.connect()
            connection.send("DEBUG", "SLEEP", "3")
            equal(connection.read(), b"OK", "DEBUG SLEEP")
            connection.close()
            site.follows_again()
        traffic.assert_quick(REPLY_S)
        traffic.assert_right()


def edited_while_away(world):
    """What was taken off while we were not looking is off after return."""
    with Site(world) as site:
        site.lists.block(LATER)
        site.wait_refused(LATER)
        site.lists.cli("DEL", f"rp:block:{LATER}")
        site.lists.cli("SAVE")
        site.redis.kill()
        site.restart_redis()
        site.wait_accepted(LATER, PICK_UP_S)
        match(site.says(LISTED), refusal(LISTED), "the other")


def flapping(world):
    """Ten short outages in a row."""
    with Site(world) as site:
        site.lists.cli("SAVE")
        with site.traffic() as traffic:
            for _ in range(10):
                site.redis.kill()
                site.restart_redis()
            # back-off may have grown: that is what it is for
            site.follows_again(PICK_UP_S * 3)
        traffic.assert_quick(REPLY_S)
        traffic.assert_right()


# ---- data loss ----

def fill(site, count=200):
    """Enough entries for a loss to be one."""
    connection = site.redis.connect()
    for i in range(count):
        connection.send("SET", f"rp:block:198.51.100.{i}", "filler")
    for _ in range(count):
        connection.read()
    connection.close()
    site.lists.settle()


def lose_by_restart(site):
    site.redis.kill()
    site.redis.start()


def lose_by_flush(site):
    site.lists.cli("FLUSHALL")


def loss(world, lose):
    with Site(world, lists="loss_grace_s = 4") as site:
        fill(site)
        begin = time.monotonic()
        lose(site)
        site.milter.wait_log(r"(?i)grace|loss|lost", 5)
        holds(lambda: site.says(LISTED).startswith("554"),
              "the old list serves during the grace",
              max(0.1, begin + 3 - time.monotonic()))
        site.wait_accepted(LISTED, 4)
        late = time.monotonic() - begin
        true(3.5 < late < 7, f"followed after {late:.1f} s, grace is 4 s")
        site.follows_again()


def loss_ended(world, end):
    with Site(world, lists="loss_grace_s = 900") as site:
        fill(site)
        site.lists.cli("FLUSHALL")
        site.milter.wait_log(r"(?i)grace|loss|lost", 5)
        holds(lambda: site.says(LISTED).startswith("554"), "grace", 1)
        end(site)
        site.wait_accepted(LISTED, 3)
        site.follows_again()


def by_ctl(site):
    site.milter.ctl("lists", "accept-empty", "--yes")


def by_generation(site):
    site.lists.cli("SET", "rp:lists:generation", "new-start")


# ---- Redis says no ----

def read_only(world):
    primary = Redis(world).start()
    replica = Redis(world).start("--replicaof", f"127.0.0.1 {primary.port}")
    primary.cli("SET", f"rp:block:{LISTED}", "x")
    until(lambda: replica.ask("EXISTS", f"rp:block:{LISTED}"), "replication")
    site = Site(world, replica, listed=False)
    with site:
        site.wait_refused(LISTED)
        with site.traffic() as traffic:
            primary.cli("SET", f"rp:block:{LATER}", "x")
            site.wait_refused(LATER, PICK_UP_S)
            away_for(1)
        traffic.assert_quick(REPLY_S)
        traffic.assert_right()
    primary.kill()


def primary_down(world):
    """A replica that serves no stale data: MASTERDOWN to every read."""
    primary = Redis(world).start()
    replica = Redis(world).start(
        "--replicaof", f"127.0.0.1 {primary.port}",
        "--replica-serve-stale-data", "no")
    primary.cli("SET", f"rp:block:{LISTED}", "x")
    until(lambda: b"master_link_status:up" in replica.ask("INFO"), "link")
    with Site(world, replica, listed=False) as site:
        site.wait_refused(LISTED)
        with site.traffic() as traffic:
            primary.kill()
            away_for(2)
        traffic.assert_quick(REPLY_S)
        traffic.assert_right()


def drop_clients(connection):
    for kind in ("pubsub", "normal"):
        connection("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")


def max_clients(world):
    with Site(world) as site:
        with site.traffic() as traffic:
            connection = site.redis.connect()
            connection("CONFIG", "SET", "maxclients", "1")
            drop_clients(connection)
            away_for(2)
            connection("CONFIG", "SET", "maxclients", "1000")
            connection.close()
            site.follows_again(PICK_UP_S * 2)
        traffic.assert_quick(REPLY_S)
        traffic.assert_right()


def loading(world):
    with Site(world) as site:
        fill(site)
        site.lists.cli("DEBUG", "POPULATE", "6000", "other")
        site.lists.cli("SAVE")
        with site.traffic() as traffic:
            site.redis.kill()
            site.redis.start("--key-load-delay", "500",
                             "--loading-process-events-interval-bytes",
                             "1024", ready=False)
            until(lambda: "LOADING" in site.redis.cli("GET", "x",
                                                      check=False),
                  "LOADING", 10)
            until(lambda: "LOADING" not in site.redis.cli(
                "GET", "x", check=False), "loaded", 60)
            site.follows_again(PICK_UP_S * 1.5)
        traffic.assert_quick(REPLY_S)
        traffic.assert_right()


def wrong_password(world):
    redis = Redis(world, "--requirepass", "other").start()
    with Site(world, redis, listed=False,
              redis_more=PING + '\n  password = "right"') as site:
        equal(site.says(LISTED), "continue", "without a list")
        site.milter.wait_log(r"WRONGPASS|NOAUTH", 5)
        true("right" not in site.milter.log(), "the password is in the log")
        connection = redis.connect()
        connection("AUTH", "other")
        connection("SET", f"rp:block:{LISTED}", "x")
        connection("CONFIG", "SET", "requirepass", "right")
        connection.close()
        site.wait_refused(LISTED, PICK_UP_S * 2)


def out_of_memory(world):
    with Site(world) as site:
        with site.traffic() as traffic:
            site.lists.cli("CONFIG", "SET", "maxmemory", "1")
            away_for(1)
        traffic.assert_quick(REPLY_S)
        traffic.assert_right()
        site.lists.cli("CONFIG", "SET", "maxmemory", "0")
        site.follows_again()


def eviction(world):
    redis = Redis(world, "--maxmemory-policy", "allkeys-lru").start()
    with Site(world, redis) as site:
        site.milter.wait_log(r"allkeys-lru|eviction", 10)


def busy_script(world):
    """A script that runs for 3 s: BUSY to everybody else."""
    with Site(world) as site:
        site.lists.cli("CONFIG", "SET", "busy-reply-threshold", "100")
        with site.traffic() as traffic:
            connection = site.redis.connect()
            connection.send(
                "EVAL", "local t = redis.call('TIME') local e = t[1] + 3 "
                "while tonumber(redis.call('TIME')[1]) < e do end", "0")
            connection.read()
            connection.close()
            site.follows_again(PICK_UP_S * 2)
        traffic.assert_quick(REPLY_S)
        traffic.assert_right()


# ---- Sentinel ----

FROZEN_S = 1  # one command to a frozen server, redis.sync_timeout_ms


def sentinel_site(world):
    primary = Redis(world).start()
    replica = Redis(world).start("--replicaof", f"127.0.0.1 {primary.port}")
    until(lambda: b"state=online" in primary.ask("INFO", "replication"),
          "replica online")
    sentinel = Sentinel(world, primary)
    until(lambda: sentinel.ask("SENTINEL", "replicas", "reprieve"),
          "the sentinel knows the replica", 15)
    site = Site(world, primary, start=False, redis_more=PING
                + f"\n  sync_timeout_ms = {FROZEN_S * 1000}")
    site.milter.write(redis=(
        f'sentinel = {{"inet:{sentinel.port}@127.0.0.1"}}\n'
        '  master = "reprieve"'))
    site.milter.start()
    site.wait_refused(LISTED)
    until(lambda: replica.ask("EXISTS", f"rp:block:{LISTED}"), "replication")
    return site, primary, replica, sentinel


def failover(world, end, within):
    """The primary dies or freezes; the replica takes over."""
    site, primary, replica, sentinel = sentinel_site(world)
    with site:
        with site.traffic() as traffic:
            away_for(0.3)
            end(primary)
            until(lambda: sentinel.primary() == replica.port,
                  "the sentinel chose the replica", 30)
            until(lambda: b"role:master" in replica.ask("INFO"),
                  "replica is primary", 10)
            site.redis = site.lists.redis = replica
            replica.cli("SET", f"rp:block:{LATER}", "after failover")
            site.wait_refused(LATER, within)
        traffic.assert_quick(REPLY_S)
        traffic.assert_right()
        reference = site.says(LATER)[-17:]
        until(lambda: replica.ask("EXISTS", f"rp:case:{reference}"),
              "cases are written to the new primary", 10)
    primary.thaw()
    primary.kill()
    sentinel.process.kill()


# ---- size ----

def import_while_mail_flows(world, count=300_000):
    with Site(world) as site:
        with site.traffic() as traffic:
            connection = site.redis.connect()
            begin = time.monotonic()
            for start in range(0, count, 10_000):
                for i in range(start, min(start + 10_000, count)):
                    connection.send("SET", f"rp:block:10.{i >> 16}."
                                    f"{i >> 8 & 255}.{i & 255}", "feed")
                for _ in range(start, min(start + 10_000, count)):
                    equal(connection.read(), b"OK", "SET")
            last = count - 1
            site.wait_refused(
                f"10.{last >> 16}.{last >> 8 & 255}.{last & 255}", 30)
            took = time.monotonic() - begin
            connection.close()
        traffic.assert_quick(REPLY_S)
        traffic.assert_right()
        until(lambda: site.milter.metric("reprieve_lists_entries") > count,
              lambda: f"{site.milter.metric('reprieve_lists_entries')} in"
              " memory", 10)
        for i in range(0, count, count // 50):
            address = f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}"
            match(site.says(address), refusal(address), "a sample")
        true(took < 60, f"{took:.0f} s for the import")


# ---- through Postfix ----

def through_postfix(world):
    with Site(world) as site:
        postfix = Postfix(world)
        port = postfix.listener(site.milter.postfix)
        postfix.start()
        site.lists.cli("SAVE")
        for number, (fault, cure) in enumerate((
                (site.redis.freeze, site.redis.thaw),
                (site.redis.kill, site.restart_redis))):
            token = f"fault-{number}"
            with Session(("127.0.0.1", port), CLEAN) as session:
                session.ehlo()
                session.mail()
                equal(session.rcpt().code, 250, "RCPT before the fault")
                fault()
                equal(session.data(MESSAGE.replace("hello", token)).code, 250,
                      "DATA during the fault")
                match(session.deliver(sender="x@example.org").text, "250 .*",
                      "a clean message during the fault")
            with Session(("127.0.0.1", port), LISTED) as session:
                session.ehlo()
                match(session.deliver().text, refusal(LISTED), "listed")
            postfix.find(token)
            cure()
        postfix.stop()


CASES = [
    ("away at start, with a snapshot", start_with_snapshot),
    ("away at start, with a snapshot, then back", snapshot_then_redis_returns),
    ("away at start, with a damaged snapshot", damaged_snapshot),
    ("away at start, no snapshot, accept", start_without, "accept",
     "continue"),
    ("away at start, no snapshot, tempfail", start_without, "tempfail",
     r"451 4\.3\.0 Our lists cannot be read .*"),
    ("killed", killed),
    ("frozen", frozen),
    ("asleep", sleeping),
    ("edited while we were not connected", edited_while_away),
    ("ten short outages", flapping),
    ("restarted empty", loss, lose_by_restart),
    ("FLUSHALL", loss, lose_by_flush),
    ("FLUSHALL, accepted by reprievectl", loss_ended, by_ctl),
    ("FLUSHALL, accepted by a new generation", loss_ended, by_generation),
    ("a read-only replica", read_only),
    ("a replica whose primary is down", primary_down),
    ("maxclients reached", max_clients),
    ("loading its data", loading),
    ("a wrong password, then the right one", wrong_password),
    ("out of memory", out_of_memory),
    ("a policy that evicts our keys", eviction),
    ("busy with a script", busy_script),
    ("failover: the primary is killed", failover, lambda r: r.kill(),
     PICK_UP_S),
    ("failover: the primary is frozen", failover, lambda r: r.freeze(),
     PICK_UP_S + 2 * FROZEN_S),
    ("300,000 keys are imported while mail flows", import_while_mail_flows),
    ("through Postfix: frozen, killed", through_postfix),
]


def main():
    world = worlds.enter()
    Dns()
    tap = Tap("Redis fails, verdicts stay right and quick")
    for name, case, *arguments in CASES:
        tap.case(name, case, world, *arguments)
    tap.case("each milter ended with 0 at SIGTERM", retired, world)
    world.close()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
