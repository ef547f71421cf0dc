# SPDX-License-Identifier: BSD-2-Clause
"""reprievectl requests, grant, deny, lock and forget, against a redis-server of
its own."""
import sys
import time

sys.dont_write_bytecode = True  # the sources may be read-only
from ctltest import DONE, DOWN, NO, REFUSED, USAGE, Place, case, gives, make_id, run

place = Place()
redis = place.redis


def put(number, state="sent", created=None, **more):
    """A request as the portal files it; its ID."""
    name = make_id(number)
    now = created or int(time.time() * 1000)
    fields = {"state": state, "created": now, "changed": now,
              "expires": now + 3600000, "ip": "192.0.2.7",
              "mail": "joe@example.org", "language": "es", "letter": "1",
              **more}
    redis("HSET", "rp:delist:" + name,
          *[x for pair in fields.items() for x in pair])
    redis("ZADD", "rp:delist:requests", now, name)
    return name


def field(name, what):
    return (redis("HGET", "rp:delist:" + name, what) or b"").decode()


def audit():
    return [dict(zip(f[::2], f[1::2])) for _, f in redis("XRANGE", "rp:audit", "-", "+")]


@case("without words it lists requests, newest first")
def _():
    redis("FLUSHALL")
    old = put(1, state="granted", created=int(time.time() * 1000) - 5000)
    new = put(2)
    answer = place("requests")
    gives(answer, DONE)
    assert answer.out.index(new) < answer.out.index(old), answer
    answer = place("requests", "--state", "granted", "--json")
    assert [q["id"] for q in answer.json()["requests"]] == [old], answer
    answer = place("requests", "list", "--limit", "1", "--json")
    assert [q["id"] for q in answer.json()["requests"]] == [new], answer
    gives(place("requests", "--state", "lost"), USAGE)


@case("one that has gone is not listed")
def _():
    redis("FLUSHALL")
    redis("DEL", "rp:delist:" + put(1))
    answer = place("requests", "--json")
    gives(answer, DONE)
    assert answer.json()["requests"] == [], answer


@case("show tells what was proved and what is needed")
def _():
    redis("FLUSHALL")
    name = put(3, proof="mail", needed="domain", reason="needs_domain", ptr="missing")
    answer = place("requests", "show", name, "--json")
    gives(answer, DONE)
    shown = answer.json()["request"]
    assert shown["proof"] == "mail" and shown["needed"] == "domain", answer
    assert shown["ip"] == "192.0.2.7" and shown["ptr"] == "missing", answer
    gives(place("requests", "show", make_id(99)), NO)
    gives(place("requests", "show", "x"), USAGE)
    gives(place("requests", "show"), USAGE)


@case("grant takes a listing off, with parole, audit and an answer")
def _():
    redis("FLUSHALL")
    redis("HSET", "rp:block:192.0.2.7", "class", "review", "lock", "yes")
    name = put(4, state="review")
    gives(place("grant", name, "--why", "spoke to them"), DONE)
    assert redis("EXISTS", "rp:block:192.0.2.7") == 0
    assert redis("EXISTS", "rp:parole:192.0.2.7") == 1
    assert field(name, "state") == "granted"
    assert audit()[-1][b"why"] == b"spoke to them", audit()
    assert b"@" in audit()[-1][b"who"], audit()
    assert redis("XLEN", "rp:mailq") == 1
    assert redis("EXISTS", "rp:hist:192.0.2.7:done") == 0, "an admin uses no quota"
    gives(place("grant", name), REFUSED)


@case("an address in a range gets an exception, the range stays")
def _():
    redis("FLUSHALL")
    redis("SET", "rp:block:192.0.2.0/24", "bad neighbours")
    gives(place("grant", put(5)), DONE)
    assert redis("EXISTS", "rp:block:192.0.2.0/24") == 1
    assert redis("HGET", "rp:allow:192.0.2.7", "origin") == b"delist"
    gives(place("check", "192.0.2.7"), DONE)
    gives(place("check", "192.0.2.8"), NO)


@case("grant needs no request")
def _():
    redis("FLUSHALL")
    redis("SET", "rp:block:192.0.2.7", "spam run")
    gives(place("grant", "192.0.2.7", "--why", "by telephone"), DONE)
    assert redis("EXISTS", "rp:block:192.0.2.7") == 0
    assert redis("EXISTS", "rp:parole:192.0.2.7") == 1
    assert redis("EXISTS", "rp:mailq") == 0, "nobody is written to"
    gives(place("grant", "192.0.2.7"), NO)
    gives(place("grant", make_id(99)), NO)
    gives(place("grant", "nobody"), USAGE)


@case("deny says no, and says why")
def _():
    redis("FLUSHALL")
    redis("SET", "rp:block:192.0.2.7", "spam run")
    name = put(6)
    gives(place("deny", name), USAGE)
    assert field(name, "state") == "sent"
    gives(place("deny", name, "--why", "still open"), DONE)
    assert field(name, "state") == "denied"
    assert redis("EXISTS", "rp:block:192.0.2.7") == 1
    assert audit()[-1][b"why"] == b"still open", audit()
    gives(place("deny", name, "--why", "again"), REFUSED)


@case("lock keeps self-service away until it is off")
def _():
    redis("FLUSHALL")
    gives(place("lock", "192.0.2.7", "--why", "botnet"), NO)
    redis("SET", "rp:block:192.0.2.7", "spam run")
    gives(place("lock", "192.0.2.7", "--why", "botnet"), DONE)
    assert redis("HGET", "rp:block:192.0.2.7", "lock") == b"yes"
    assert redis("HGET", "rp:block:192.0.2.7", "reason") == b"spam run"
    gives(place("lock", "192.0.2.7", "--off"), DONE)
    assert redis("HGET", "rp:block:192.0.2.7", "lock") == b"no"
    gives(place("lock", "nobody"), USAGE)


@case("explain tells what is remembered of the client")
def _():
    redis("FLUSHALL")
    ref = make_id(20)
    redis("HSET", "rp:case:" + ref, "ref", ref, "ip", "192.0.2.7", "code", "BLOCKED_SELF")
    redis("HSET", "rp:hist:192.0.2.7", "level", "2", "listed_ms", "1800000000000")
    redis("LPUSH", "rp:hist:192.0.2.7:log", "1800000000000 listed 2")
    answer = place("explain", ref, "--json")
    gives(answer, DONE)
    standing = answer.json()["standing"]
    assert standing["state"] == "none" and standing["level"] == 2, answer
    assert standing["history"][0]["what"] == "listed", answer


@case("forget an address: its past goes, its listing stays")
def _():
    redis("FLUSHALL")
    redis("HSET", "rp:hist:192.0.2.7", "level", "3")
    redis("SET", "rp:block:192.0.2.7", "spam run")
    gives(place("forget", "192.0.2.7", "--why", "new owner"), DONE)
    assert redis("EXISTS", "rp:hist:192.0.2.7") == 0
    assert redis("EXISTS", "rp:block:192.0.2.7") == 1
    gives(place("forget", "192.0.2.7"), NO)


@case("forget a request, or all of a mailbox: no address is left")
def _():
    redis("FLUSHALL")
    one = put(7)
    put(8, mail="Joe@Example.org")
    other = put(9, mail="ann@example.org")
    gives(place("forget", one), DONE)
    assert redis("EXISTS", "rp:delist:" + one) == 0
    gives(place("forget", one), NO)
    gives(place("forget", "joe@example.org"), DONE)
    assert redis("ZRANGE", "rp:delist:requests", 0, -1) == [other.encode()]
    assert not any(b"joe" in b"".join(e.values()).lower() for e in audit()), audit()
    gives(place("forget", "joe@example.org"), NO)
    gives(place("forget", "nobody"), USAGE)


def put_ticket(number, **more):
    """A ticket as the portal files it; its ID."""
    name = make_id(number)
    now = int(time.time() * 1000)
    fields = {"state": "open", "created": now, "changed": now, "due": now + 1000,
              "mail": "joe@example.org", "subject": "help", **more}
    redis("HSET", "rp:ticket:" + name,
          *[x for pair in fields.items() for x in pair])
    redis("RPUSH", "rp:ticket:%s:log" % name,
          '{"at":%d,"who":"","text":"joe@example.org","state":"open"}' % now)
    redis("ZADD", "rp:ticket:open", now, name)
    redis("ZADD", "rp:ticket:all", now, name)
    for what in ("ref", "rid"):
        if what in fields:
            redis("SET", "rp:ticket:of:" + fields[what], name)
    return name


def left():
    """Names of all keys but the audit."""
    return sorted(set(redis("KEYS", "*")) - {b"rp:audit"})


@case("forget a ticket: nothing that was said is left")
def _():
    redis("FLUSHALL")
    name = put_ticket(30, ref=make_id(31), rid=make_id(32))
    gives(place("forget", name, "--why", "they asked"), DONE)
    assert left() == [], left()
    assert audit()[-1][b"what"] == b"forget", audit()
    assert audit()[-1][b"why"] == b"they asked", audit()
    gives(place("forget", name), NO)


@case("what leads to another ticket stays")
def _():
    redis("FLUSHALL")
    ref = make_id(31)
    old = put_ticket(30, ref=ref)
    new = put_ticket(33, ref=ref, mail="ann@example.org")
    gives(place("forget", old), DONE)
    assert redis("GET", "rp:ticket:of:" + ref) == new.encode()
    assert redis("ZRANGE", "rp:ticket:all", 0, -1) == [new.encode()]
    assert redis("EXISTS", "rp:ticket:%s:log" % new) == 1


@case("forget a case by its reference, as people write it")
def _():
    redis("FLUSHALL")
    ref = make_id(34)
    redis("HSET", "rp:case:" + ref, "ref", ref, "ip", "192.0.2.7")
    gives(place("forget", ref.lower()), DONE)
    assert left() == [], left()
    gives(place("forget", ref), NO)


@case("forget a mailbox: its requests and its tickets, no others")
def _():
    redis("FLUSHALL")
    put(35)
    put_ticket(36, mail="JOE@example.org")
    put_ticket(37)
    other = put_ticket(38, mail="ann@example.org")
    gives(place("forget", "joe@example.org"), DONE)
    assert left() == [b"rp:ticket:" + other.encode(),
                      b"rp:ticket:%s:log" % other.encode(),
                      b"rp:ticket:all", b"rp:ticket:open"], left()
    gives(place("forget", "joe@example.org"), NO)


@case("without Redis all say that they could not ask")
def _():
    redis.stop()
    name = make_id(1)
    for words in (["requests"], ["requests", "show", name], ["grant", name],
                  ["deny", name, "--why", "x"], ["lock", "192.0.2.7"],
                  ["forget", name]):
        gives(place(*words), DOWN)


run()
