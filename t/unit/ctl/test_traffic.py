# SPDX-License-Identifier: BSD-2-Clause
"""reprievectl traffic, against a redis-server of its own."""
import sys
import time

sys.dont_write_bytecode = True  # the sources may be read-only
from ctltest import DONE, DOWN, NO, USAGE, Place, case, gives, run

place = Place()
redis = place.redis
NOW = time.time()


def day(before):
    return time.gmtime(NOW - before * 86400)


def put(before, subject, *at, **counts):
    redis("HSET", time.strftime(f"rp:traffic:%Y%m%d:{subject}", day(before)),
          *[x for pair in counts.items() for x in pair],
          *[x for a in at for x in ("@" + a, "")])


def fill():
    redis("FLUSHALL")
    put(0, "net:192.0.2.0/24", "192.0.2.7", "192.0.2.8", messages=5,
        accepted=4, refused=1, complaints=1)
    put(0, "net:192.0.2.7", messages=2, accepted=2)
    put(0, "net:192.0.2.8", messages=3, accepted=2, refused=1, complaints=1)
    put(2, "net:192.0.2.0/24", "192.0.2.7", messages=1, deferred=1)
    put(2, "net:192.0.2.7", messages=1, deferred=1)
    put(0, "net:2001:db8:1:2::/64", messages=9)
    put(1, "domain:example.org", messages=7, dkim_pass=7)


@case("a network has its days, its sums and its addresses")
def _():
    fill()
    answer = place("traffic", "192.0.2.0/24", "--json")
    gives(answer, DONE)
    data = answer.json()
    dates = [d["date"] for d in data["days"]]
    assert dates == [time.strftime("%Y-%m-%d", day(n)) for n in (0, 2)], answer
    assert data["days"][0]["accepted"] == 4, answer
    assert data["days"][0]["complaint_rate"] == "25.000%", answer
    assert data["days"][1]["deferred"] == 1, answer
    assert data["total"]["messages"] == 6, answer
    assert data["total"]["dmarc_fail"] == 0, answer
    assert [(a["address"], a["messages"], a["deferred"])
            for a in data["addresses"]] == [
                ("192.0.2.7", 3, 1), ("192.0.2.8", 3, 0)], answer


@case("for people there is no column of zeros")
def _():
    fill()
    answer = place("traffic", "192.0.2.8")
    gives(answer, DONE)
    assert "refused" in answer.out and "dmarc_fail" not in answer.out, answer
    assert "addresses" not in answer.out, answer


@case("an IPv6 address is its /64, and a domain is read in any case")
def _():
    fill()
    for word in ("2001:db8:1:2::3", "2001:db8:1:2::/64"):
        answer = place("traffic", word, "--json")
        gives(answer, DONE)
        assert answer.json()["subject"] == "net:2001:db8:1:2::/64", answer
        assert answer.json()["total"]["messages"] == 9, answer
    answer = place("traffic", "Example.ORG", "--json")
    assert answer.json()["total"]["dkim_pass"] == 7, answer


@case("days that are not asked for do not count")
def _():
    fill()
    answer = place("traffic", "192.0.2.7", "--days", "2", "--json")
    assert answer.json()["total"]["messages"] == 2, answer
    gives(place("traffic", "example.org", "--days", "1"), NO)


@case("nobody's numbers are none")
def _():
    fill()
    answer = place("traffic", "198.51.100.7")
    gives(answer, NO)
    assert "no numbers" in answer.out, answer


@case("what has no numbers is told")
def _():
    for word in ("192.0.2.0/25", "10.0.0.0/8", "2001:db8::/32", "::/0",
                 "not a name", "", "example.org:*"):
        gives(place("traffic", word), USAGE)
    for days in ("0", "401", "-1", "many"):
        gives(place("traffic", "192.0.2.7", "--days", days), USAGE)
    gives(place("traffic"), USAGE)


@case("without Redis nothing is known")
def _():
    redis.stop()
    gives(place("traffic", "192.0.2.7"), DOWN)


run()
