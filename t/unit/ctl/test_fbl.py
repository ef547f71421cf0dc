# SPDX-License-Identifier: BSD-2-Clause
"""reprievectl fbl, against a redis-server of its own."""
import sys
import time

sys.dont_write_bytecode = True  # the sources may be read-only
from ctltest import DONE, DOWN, NO, USAGE, Place, case, gives, run

place = Place()
redis = place.redis
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
DAY = time.strftime("%Y%m%d", time.gmtime())


def check(symbols):
    """The check character of a reference, as store/case has it."""
    total = 0
    for symbol in symbols:
        total ^= symbol
        total <<= 1
        if total & 32:
            total ^= 0x25
    return total


def make_id(number):
    symbols = [number >> 5 * (15 - i) & 31 for i in range(16)]
    return "".join(ALPHABET[s] for s in symbols + [check(symbols)])


def put(number, state="active", subject="domain:example.org", **more):
    """A registration as the portal files it; its ID."""
    name = make_id(number)
    now = int(time.time() * 1000) + number
    fields = {"state": state, "created": now, "subject": subject, "mail": "abuse@example.org",
              "language": "es", "hash": "0123456789abcdef", **more}
    redis("HSET", "rp:fbl:" + name, *[x for pair in fields.items() for x in pair])
    redis("ZADD", "rp:fbl:all", now, name)
    redis("ZADD", "rp:fbl:checks", now, name)
    redis("SADD", "rp:fbl:mail:0123456789abcdef", name)
    if state == "active":
        redis("SET", "rp:fbl:of:" + subject, name)
    return name


@case("without words it lists registrations, newest first")
def _():
    redis("FLUSHALL")
    old = put(1)
    new = put(2, state="confirmed", subject="net:192.0.2.0/24")
    answer = place("fbl")
    gives(answer, DONE)
    assert answer.out.index(new) < answer.out.index(old), answer
    rows = place("fbl", "list", "--json").json()["registrations"]
    assert [r["id"] for r in rows] == [new, old], rows
    assert rows[0]["subject"] == "192.0.2.0/24" and rows[0]["state"] == "confirmed", rows
    assert rows[1]["subject"] == "example.org" and rows[1]["mail"] == "abuse@example.org", rows
    rows = place("fbl", "--limit", "1", "--json").json()["registrations"]
    assert [r["id"] for r in rows] == [new], rows


@case("none is an answer, too")
def _():
    redis("FLUSHALL")
    gives(place("fbl"), DONE)
    assert place("fbl", "--json").json()["registrations"] == []


@case("show says which record, and what was sent today")
def _():
    redis("FLUSHALL")
    name = put(3)
    redis("HSET", "rp:fbl:sent:%s:%s" % (name, DAY), "seen", 120, "sent", 102, "held", 18)
    answer = place("fbl", "show", name.lower(), "--json")
    gives(answer, DONE)
    one = answer.json()["registration"]
    assert one["record"] == "_reprieve-fbl.example.org", one
    assert (one["sent_today"], one["held_today"]) == (102, 18), one


@case("end ends it for good, and the audit has who did it")
def _():
    redis("FLUSHALL")
    name = put(4)
    gives(place("fbl", "end", name), DONE)
    assert redis("HGET", "rp:fbl:" + name, "state") == b"ended"
    assert redis("EXISTS", "rp:fbl:of:domain:example.org") == 0
    assert redis("ZCARD", "rp:fbl:checks") == 0
    assert redis("TTL", "rp:fbl:" + name) > 0
    line = redis("XRANGE", "rp:audit", "-", "+")[0][1]
    line = dict(zip(line[::2], line[1::2]))
    assert line[b"what"] == b"fbl" and b"@" in line[b"who"], line
    gives(place("fbl", "end", name), DONE)
    assert redis("XLEN", "rp:audit") == 1


@case("forget deletes it, by its ID and by its mailbox")
def _():
    redis("FLUSHALL")
    one, two = put(5), put(6, subject="net:192.0.2.0/24", mail="Joe@example.org")
    gives(place("forget", one), DONE)
    gives(place("forget", "joe@example.org"), DONE)
    gives(place("forget", "joe@example.org"), NO)
    assert redis("KEYS", "rp:fbl:*") == [], redis("KEYS", "rp:fbl:*")
    assert redis("XLEN", "rp:audit") == 2


@case("what is not there is not there, and nonsense is refused")
def _():
    redis("FLUSHALL")
    gives(place("fbl", "show", make_id(9)), NO)
    gives(place("fbl", "end", make_id(9)), NO)
    gives(place("fbl", "show", "nonsense"), USAGE)
    gives(place("fbl", "end"), USAGE)
    gives(place("fbl", "forget", make_id(9)), USAGE)


@case("without Redis nothing is said to be done")
def _():
    away = place.file("away.conf", open(place.conf, encoding="utf-8").read().replace(
        redis.path, redis.path + ".none"))
    gives(place("fbl", conf=away), DOWN)
    gives(place("fbl", "end", make_id(9), conf=away), DOWN)


run()
