# SPDX-License-Identifier: BSD-2-Clause
"""reprievectl reports and complaints, against a redis-server of its own."""
import sys
import time

sys.dont_write_bytecode = True  # the sources may be read-only
from ctltest import DONE, DOWN, NO, USAGE, Place, case, gives, make_id, run

place = Place()
redis = place.redis
ACCOUNT = "0123456789abcdef"
DAY_S = 86400

SPAM = """From: Win <win@example.org>
Subject: You win
Message-ID: <%d@example.org>

Claim your free lottery money %d now
"""


def item(name, kind="junk", waits=True, message=None, **more):
    fields = {
        "form": "attached", "kind": kind, "word": "valid",
        "trace": "in 1764205200 0000000000000001 1 192.0.2.7 example.org - mx.example.net 3 -",
        "effect": "counted", "waits": "1" if waits else "0",
        "from": "Win <win@example.org>", "subject": "You win",
        "message_id": "<1@example.org>",
        "message": SPAM % (1, 1) if message is None else message, **more}
    redis("HSET", "rp:report:" + name, *[x for pair in fields.items() for x in pair])
    if waits:
        redis("ZADD", "rp:report:train", redis("ZCARD", "rp:report:train"), name)


def put(number, items=1, **more):
    """A report as reprieve-intake files it; its ID."""
    name = make_id(number)
    fields = {"at": int(time.time() * 1000) + number, "state": "open",
              "proof": "authenticated", "reporter": "joe@example.com", "account": "",
              "client": "", "language": "en", "text": "please look\nat \x1b[31mthis",
              "ticket": "", "effect": "nothing", "count": items, "filed": "1", **more}
    redis("HSET", "rp:report:" + name, *[x for pair in fields.items() for x in pair])
    redis("ZADD", "rp:report:all", fields["at"], name)
    return name


@case("without words it lists reports, newest first")
def _():
    redis("FLUSHALL")
    old = put(1, state="acted", effect="counted")
    new = put(2)
    answer = place("reports")
    gives(answer, DONE)
    assert answer.out.index(new) < answer.out.index(old), answer
    rows = place("reports", "list", "--json").json()["reports"]
    assert [r["id"] for r in rows] == [new, old], rows
    assert (rows[1]["state"], rows[1]["effect"]) == ("acted", "counted"), rows
    rows = place("reports", "--open", "--json").json()["reports"]
    assert [r["id"] for r in rows] == [new], rows
    rows = place("reports", "--limit", "1", "--json").json()["reports"]
    assert [r["id"] for r in rows] == [new], rows


@case("no reports is an answer, too")
def _():
    redis("FLUSHALL")
    gives(place("reports"), DONE)
    assert place("reports", "--json").json()["reports"] == []


@case("show tells whom the trace names, and sends nothing to a terminal")
def _():
    redis("FLUSHALL")
    name = put(3, items=2)
    item(name + ":0", subject="\x1b]0;x\x07You win")
    item(name + ":1", word="forged", trace="", waits=False, ip="198.51.100.9")
    answer = place("reports", "show", name.lower())
    gives(answer, DONE)
    assert "192.0.2.7" in answer.out and "please look" in answer.out, answer
    assert "\x1b" not in answer.out and "\x07" not in answer.out, answer
    shown = place("reports", "show", name, "--json").json()
    assert shown["report"]["reporter"] == "joe@example.com", shown
    first, second = shown["items"]
    assert (first["trace"], first["source"], first["waits"]) == (
        "valid", "192.0.2.7", True), shown
    assert second["trace"] == "forged" and "source" not in second, shown
    assert second["claimed_source"] == "198.51.100.9", shown


@case("an account is shown by its name where it is known")
def _():
    redis("FLUSHALL")
    name = put(4)
    item(name + ":0", waits=False, kind="abuse", trace=(
        f"out 1764205200 0000000000000001 1 - - {ACCOUNT} mx.example.net 3 -"))
    shown = place("reports", "show", name, "--json").json()["items"][0]
    assert shown["account"] == ACCOUNT, shown
    redis("HSET", "rp:account:" + ACCOUNT, "name", "ann@example.net")
    shown = place("reports", "show", name, "--json").json()["items"][0]
    assert "ann@example.net" in shown["account"], shown


@case("--original prints one as it came")
def _():
    redis("FLUSHALL")
    name = put(5, items=2)
    item(name + ":0")
    item(name + ":1", message="")
    lines = place("reports", "show", name, "--original", "0", "--json").json()["message"]
    assert lines[1] == "Subject: You win" and "lottery" in lines[4], lines
    gives(place("reports", "show", name, "--original", "1"), NO)
    gives(place("reports", "show", name, "--original", "7"), NO)


@case("close is audited, and a report that is closed is not open")
def _():
    redis("FLUSHALL")
    name = put(6)
    gives(place("reports", "close", name), DONE)
    assert redis("HGET", "rp:report:" + name, "state") == b"closed"
    line = redis.audit()[-1]
    assert (line["what"], line["before"], line["after"]) == (
        "report", "open", "closed"), line
    assert "@" in line["who"], line
    gives(place("reports", "close", make_id(99)), NO)


@case("an ID that is none is a usage error, one that is not there is not")
def _():
    redis("FLUSHALL")
    gives(place("reports", "show", "nonsense"), USAGE)
    gives(place("reports", "show", make_id(98)), NO)
    gives(place("reports", "release", "nonsense"), USAGE)
    gives(place("reports", "release", make_id(98) + ":x"), USAGE)
    gives(place("reports", "release", make_id(98)), NO)
    for words in (("show",), ("release",), ("list", make_id(1)), ("burn", "x"),
                  ("release", make_id(1), "--all")):
        gives(place("reports", *words), USAGE)


@case("what waits is learnt when it is released, and not before")
def _():
    redis("FLUSHALL")
    name = put(7, items=3)
    for i in range(2):
        item(f"{name}:{i}", message=SPAM % (i, i))
    item(f"{name}:2", kind="notjunk", message=SPAM % (2, 2))
    waiting = place("reports", "waiting", "--json").json()["waiting"]
    assert [(w["original"], w["as"]) for w in waiting] == [
        (f"{name}:0", "spam"), (f"{name}:1", "spam"), (f"{name}:2", "ham")], waiting
    assert redis("EXISTS", "rp:content:examples") == 0
    answer = place("reports", "release", f"{name}:1", "--json")
    gives(answer, DONE)
    assert answer.json()["spam"] == 1 and answer.json()["released"] == 1, answer
    assert redis("HGET", f"rp:report:{name}:1", "waits") == b"0"
    assert redis("HGET", "rp:report:" + name, "state") == b"acted"
    gives(place("reports", "release", f"{name}:1"), NO)
    answer = place("reports", "release", name, "--json").json()
    assert (answer["spam"], answer["ham"], answer["released"]) == (2, 1, 2), answer
    assert redis("ZCARD", "rp:report:train") == 0
    assert redis.audit()[-1]["why"] == "reports release", redis.audit()
    gives(place("reports", "release", "--all"), NO)


@case("what was learnt of a report is what learn would learn of the message")
def _():
    redis("FLUSHALL")
    message = SPAM % (8, 8)
    name = put(8)
    item(name + ":0", message=message)
    gives(place("reports", "release", "--all"), DONE)
    again = place("learn", "spam", "-", "--json", stdin=message.encode()).json()
    assert again["new"] == 0 and again["spam"] == 1, again


@case("a lesson that was made of the whole message is used instead of the rest")
def _():
    redis("FLUSHALL")
    name = put(9)
    item(name + ":0", message="no header", lesson=b"1s\x01\x02\x03")
    gives(place("reports", "release", "--all"), DONE)
    (packed,) = redis("HVALS", "rp:content:examples")
    assert packed == b"1s\x01\x02\x03", packed


@case("what is no message is told, and waits no more")
def _():
    redis("FLUSHALL")
    name = put(10)
    item(name + ":0", message="", lesson=b"9?broken")
    answer = place("reports", "release", "--all", "--json").json()
    assert answer["no_messages"] == 1 and answer["released"] == 1, answer
    assert redis("EXISTS", "rp:content:examples") == 0


@case("drop takes it off and learns nothing")
def _():
    redis("FLUSHALL")
    name = put(11, items=2)
    item(name + ":0")
    item(name + ":1")
    gives(place("reports", "drop", name + ":0"), DONE)
    assert redis("ZRANGE", "rp:report:train", 0, -1) == [f"{name}:1".encode()]
    answer = place("reports", "drop", "--all", "--json").json()
    assert answer["dropped"] == 1, answer
    assert redis("EXISTS", "rp:content:examples") == 0
    assert [line["what"] for line in redis.audit()] == ["drop", "drop"], redis.audit()


@case("forget deletes a report with its originals, and those of a mailbox")
def _():
    redis("FLUSHALL")
    one, two = put(12, items=40), put(13, reporter="Ann@example.org")
    three = put(14, reporter="ann@example.org")
    for i in range(40):
        item(f"{one}:{i}")
    item(two + ":0")
    gives(place("forget", one, "--why", "he asked"), DONE)
    assert not redis("KEYS", f"rp:report:{one}*")
    assert redis("ZRANGE", "rp:report:train", 0, -1) == [(two + ":0").encode()]
    line = redis.audit()[-1]
    assert (line["what"], line["key"], line["why"]) == (
        "forget", "rp:report:" + one, "he asked"), line
    gives(place("forget", "ann@example.org"), DONE)
    assert not redis("KEYS", f"rp:report:{two}*") + redis("KEYS", f"rp:report:{three}*")
    assert redis("ZCARD", "rp:report:all") == 0
    gives(place("forget", one), NO)


def complain(days_ago, **counts):
    day = time.strftime("%Y%m%d", time.gmtime(time.time() - days_ago * DAY_S))
    for subject, count in counts.items():
        redis("HSET", "rp:complaint:day:" + day, subject, count)


@case("complaints are summed up, most first, accounts by name")
def _():
    redis("FLUSHALL")
    redis("HSET", "rp:account:" + ACCOUNT, "name", "ann@example.net")
    complain(0, **{"user:" + ACCOUNT: 2, "ip:192.0.2.7/32": 5, "domain:example.org": 1})
    complain(3, **{"user:" + ACCOUNT: 4})
    rows = place("complaints", "--json").json()["complaints"]
    assert [(r["of"], r["complaints"]) for r in rows] == [
        ("user", 6), ("ip", 5), ("domain", 1)], rows
    assert "ann@example.net" in rows[0]["name"], rows
    assert rows[1]["name"] == "192.0.2.7/32", rows
    rows = place("complaints", "--days", "1", "--limit", "1", "--json").json()
    assert [r["complaints"] for r in rows["complaints"]] == [5], rows
    gives(place("complaints", "--days", "0"), USAGE)
    gives(place("complaints", "--days", "91"), USAGE)


@case("complaints about one account tell who counts, and whether it is paused")
def _():
    redis("FLUSHALL")
    complain(0, **{"user:" + ACCOUNT: 2})
    now = int(time.time() * 1000)
    redis("ZADD", "rp:complaint:user:" + ACCOUNT, now, "a", now - 1000, "b",
          now - 3 * DAY_S * 1000, "c")
    shown = place("complaints", ACCOUNT, "--json").json()
    assert (shown["complaints"], shown["reporters"], shown["pause_at"]) == (
        2, 2, 3), shown
    assert shown["paused"] is False, shown
    redis("HSET", "rp:block:user:" + ACCOUNT, "reason", "x")
    assert place("complaints", ACCOUNT, "--json").json()["paused"] is True


@case("without Redis it says so")
def _():
    redis.stop()
    for words in (("reports",), ("reports", "release", "--all"), ("complaints",)):
        gives(place(*words), DOWN)


run()
