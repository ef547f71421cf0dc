# SPDX-License-Identifier: BSD-2-Clause
"""reprievectl tickets, against a redis-server of its own."""
import json
import sys
import time

sys.dont_write_bytecode = True  # the sources may be read-only
from ctltest import DONE, DOWN, NO, REFUSED, USAGE, Place, case, gives, make_id, run

place = Place()
redis = place.redis


def put(number, state="open", created=None, **more):
    """A ticket as the portal files it; its ID."""
    name = make_id(number)
    now = created or int(time.time() * 1000)
    fields = {"state": state, "created": now, "changed": now,
              "due": now + 3600000 if state == "open" else 0, "mail": "joe@example.org",
              "language": "es", "subject": "refused", "ref": "", "rid": "", "ip": "", **more}
    redis("HSET", "rp:ticket:" + name, *[x for pair in fields.items() for x in pair])
    redis("RPUSH", "rp:ticket:" + name + ":log", json.dumps(
        {"at": str(now), "who": "", "text": "please look\nat \x1b[31mthis", "state": state}))
    redis("ZADD", "rp:ticket:all", now, name)
    return name


def state_of(name):
    return redis("HGET", "rp:ticket:" + name, "state").decode()


def jobs():
    return [{k.decode(): v.decode() for k, v in zip(f[::2], f[1::2])}
            for _, f in redis("XRANGE", "rp:mailq", "-", "+")]


@case("without words it lists tickets, newest first")
def _():
    redis("FLUSHALL")
    old = put(1, created=1000000000000)
    new = put(2, state="waiting")
    answer = place("tickets")
    gives(answer, DONE)
    assert answer.out.index(new) < answer.out.index(old), answer
    answer = place("tickets", "--state", "open", "--json")
    assert [t["id"] for t in answer.json()["tickets"]] == [old], answer
    assert answer.json()["tickets"][0]["mail"] == "joe@example.org", answer
    answer = place("tickets", "--limit", "1", "--json")
    assert [t["id"] for t in answer.json()["tickets"]] == [new], answer
    gives(place("tickets", "--state", "lost"), USAGE)


@case("no tickets is an answer, too")
def _():
    redis("FLUSHALL")
    gives(place("tickets"), DONE)
    assert place("tickets", "--json").json()["tickets"] == []


@case("show prints what was said, and nothing that a terminal obeys")
def _():
    redis("FLUSHALL")
    name = put(3)
    answer = place("tickets", "show", name.lower())
    gives(answer, DONE)
    assert "please look" in answer.out and "\x1b" not in answer.out, answer
    shown = place("tickets", "show", name, "--json").json()
    assert shown["ticket"]["state"] == "open", shown
    assert shown["messages"][0]["from"] == "sender", shown
    assert shown["messages"][0]["text"][0] == "please look", shown


@case("an answer waits for the sender, and a letter is queued")
def _():
    redis("FLUSHALL")
    name = put(4)
    answer = place("tickets", "answer", name, "--text", "which list?")
    gives(answer, DONE)
    assert state_of(name) == "waiting", answer
    assert [(j["kind"], j["id"], j["more"]) for j in jobs()] == [
        ("ticket-answer", name, "1")], jobs()
    audit = redis.audit()[-1]
    assert (audit["what"], audit["before"], audit["after"]) == (
        "ticket", "open", "waiting"), audit
    assert "@" in audit["who"], audit


@case("an answer comes on standard input, and may resolve")
def _():
    redis("FLUSHALL")
    name = put(5)
    answer = place("tickets", "answer", name, "--resolve", "granted",
                   stdin="it is\ndone \xe9\n".encode())
    gives(answer, DONE)
    assert state_of(name) == "resolved", answer
    shown = place("tickets", "show", name, "--json").json()
    assert shown["ticket"]["outcome"] == "granted", shown
    assert shown["messages"][1]["text"] == ["it is", "done \xe9"], shown


@case("an answer without text, or with another outcome, is a usage error")
def _():
    redis("FLUSHALL")
    name = put(6)
    gives(place("tickets", "answer", name), USAGE)
    gives(place("tickets", "answer", name, "--text", " "), USAGE)
    gives(place("tickets", "answer", name, "--text", "x", "--resolve", "maybe"), USAGE)
    gives(place("tickets", "answer", name, "--text", "x" * 7000), USAGE)
    gives(place("tickets", "answer", name, stdin=b"x" * 100000), USAGE)
    gives(place("tickets", "answer"), USAGE)
    gives(place("tickets", "frob", name), USAGE)
    gives(place("tickets", "show", "7"), USAGE)
    assert state_of(name) == "open"


@case("escalate, close and spam change the state, without a letter")
def _():
    redis("FLUSHALL")
    name = put(7)
    for verb, state in (("escalate", "escalated"), ("close", "closed"), ("spam", "spam")):
        gives(place("tickets", verb, name), DONE)
        assert state_of(name) == state, verb
    assert jobs() == [], jobs()


@case("what a state does not allow is refused")
def _():
    redis("FLUSHALL")
    name = put(8, state="new")
    gives(place("tickets", "answer", name, "--text", "x"), REFUSED)
    gives(place("tickets", "escalate", name), REFUSED)
    gives(place("tickets", "spam", name), DONE)
    gives(place("tickets", "close", name), REFUSED)


@case("a ticket that is not there is told")
def _():
    redis("FLUSHALL")
    gives(place("tickets", "show", make_id(9)), NO)
    gives(place("tickets", "close", make_id(9)), NO)


@case("without Redis nothing is said to be done")
def _():
    away = place.file("away.conf", open(place.conf, encoding="utf-8").read().replace(
        redis.path, redis.path + ".none"))
    gives(place("tickets", conf=away), DOWN)
    gives(place("tickets", "close", make_id(9), conf=away), DOWN)


run()
