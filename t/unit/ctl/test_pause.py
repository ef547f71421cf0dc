# SPDX-License-Identifier: BSD-2-Clause
"""reprievectl pause, resume and check of an account, against a redis-server
of its own."""
import hmac
import os
import sys

sys.dont_write_bytecode = True  # the sources may be read-only
from ctltest import DONE, DOWN, NO, USAGE, Place, case, gives, run

place = Place()
redis = place.redis
KEY = b"0123456789abcdef0123456789abcdef"
SECRET = place.file("secret", KEY)
with open(place.conf, encoding="ascii") as file:
    TEXT = file.read()
NAMED = place.file("named.conf", TEXT.replace(
    "milter {", 'milter { secret_file = "%s"' % SECRET))
LOST = place.file("lost.conf", TEXT.replace(
    "milter {", 'milter { secret_file = "%s.none"' % SECRET))


def hash_of(name):
    return hmac.new(KEY, name.encode(), "sha256").hexdigest()[:16]


JOE = hash_of("joe@example.org")
JOES = "rp:block:user:" + JOE


def ctl(*words, conf=NAMED):
    return place(*words, conf=conf)


@case("an account is paused by its name, for the time that is said")
def _():
    redis("FLUSHALL")
    answer = ctl("pause", "Joe@Example.org", "--for", "2h",
                 "--reason", "stolen password")
    gives(answer, DONE)
    assert JOE in answer.out and "2h" in answer.out, answer
    entry = redis.hash(JOES)
    assert entry["reason"] == "stolen password", entry
    assert entry["origin"] == "admin" and entry["class"] == "review", entry
    assert 7190 <= redis("TTL", JOES) <= 7200
    line = redis.audit()[-1]
    assert (line["what"], line["key"], line["why"], line["before"]) == (
        "pause", JOES, "stolen password", ""), line
    answer = ctl("pause", "user:" + JOE.upper(), "--for", "never")
    gives(answer, DONE)
    assert "still paused" in answer.out, answer
    assert redis("TTL", JOES) == -1


@case("its name is shown where it is known")
def _():
    redis("FLUSHALL")
    redis("HSET", "rp:account:" + JOE, "name", "joe@example.org",
          "seen_ms", "1")
    for words, code in ((("pause", JOE), DONE), (("list",), DONE),
                        (("check", "user:" + JOE), NO),
                        (("resume", JOE), DONE)):
        answer = ctl(*words)
        gives(answer, code)
        assert "joe@example.org" in answer.out, answer
    answer = ctl("--json", "check", "user:joe@example.org")
    gives(answer, DONE)
    assert answer.json()["user"] == JOE, answer


@case("check tells paused, excepted and neither apart")
def _():
    redis("FLUSHALL")
    gives(ctl("check", "user:joe@example.org"), DONE)
    redis("SET", JOES, "reports")
    answer = ctl("check", "user:joe@example.org")
    gives(answer, NO)
    assert "PAUSED" in answer.out and "reports" in answer.out, answer
    redis("SET", "rp:allow:user:" + JOE, "our newsletter")
    answer = ctl("check", "user:joe@example.org")
    gives(answer, DONE)
    assert "excepted" in answer.out, answer
    answer = ctl("pause", "joe@example.org")
    gives(answer, DONE)
    assert "allow beats block" in answer.out, answer


@case("resume takes each entry away, and no exception")
def _():
    redis("FLUSHALL")
    for key in (JOES, "rp:block:user:" + JOE.upper(),
                "rp:block@example.net:user:" + JOE, "rp:allow:user:" + JOE,
                "rp:block:user:" + hash_of("ann"), "rp:block:192.0.2.1"):
        redis("SET", key, "x")
    gives(ctl("resume", "joe@example.org", "--reason", "new password"), DONE)
    assert sorted(k.decode() for k in redis("KEYS", "rp:*:*")) == sorted((
        "rp:allow:user:" + JOE, "rp:block:user:" + hash_of("ann"),
        "rp:block:192.0.2.1"))
    assert [(line["what"], line["why"]) for line in redis.audit()] == [
        ("resume", "new password")] * 3
    gives(ctl("resume", "joe@example.org"), NO)
    assert len(redis.audit()) == 3


@case("without the key of hashes a name is refused, and no key is made")
def _():
    redis("FLUSHALL")
    for words in (("pause", "joe@example.org"), ("resume", "joe"),
                  ("check", "user:joe")):
        answer = ctl(*words, conf=LOST)
        gives(answer, USAGE)
        assert "give the hash" in answer.err, answer
    assert not os.path.exists(SECRET + ".none")
    gives(ctl("pause", JOE, conf=LOST), DONE)
    assert redis("EXISTS", JOES) == 1


@case("wrong words change nothing, and without Redis nothing is said")
def _():
    redis("FLUSHALL")
    for words in (("pause",), ("pause", ""), ("pause", "user:"),
                  ("pause", "x" * 400), ("pause", JOE, "--for", "soon"),
                  ("pause", JOE, "--reason", "a\x1b[31mb"),
                  ("pause", JOE, "--reason", "x" * 1001), ("resume",)):
        gives(ctl(*words), USAGE)
    assert redis("DBSIZE") == 0
    away = place.file("away.conf", TEXT.replace(redis.path, "/nonexistent"))
    gives(ctl("pause", JOE, conf=away), DOWN)
    gives(ctl("resume", JOE, conf=away), DOWN)
    gives(ctl("check", "user:" + JOE, conf=away), DOWN)


run()
