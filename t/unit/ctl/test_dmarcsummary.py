# SPDX-License-Identifier: BSD-2-Clause
"""reprievectl dmarc-summary: of files that another program wrote, and of what
is kept in a redis-server of its own."""
import gzip
import io
import os
import subprocess
import sys
import time
import zipfile

sys.dont_write_bytecode = True  # the sources may be read-only
from ctltest import DONE, DOWN, NO, SOURCE, USAGE, Place, case, gives, run

place = Place()
redis = place.redis
DAY = 86400
NOW = int(time.time())
HERE = os.path.join(SOURCE, "t", "unit", "ctl")


def foreign(begin=NOW - DAY):
    """As Mail::DMARC writes it."""
    return subprocess.run(
        ["perl", os.path.join(HERE, "maildmarc.pl"), str(begin),
         str(begin + DAY - 1)], check=True, stdout=subprocess.PIPE).stdout


def zipped(name, text):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return out.getvalue()


def keep(name, domain="example.org", begin=NOW - DAY, org="Receiver", **rows):
    """A report as it is kept; rows: FIELD without "=" to messages."""
    redis("HSET", "rp:dmarcin:report:" + name, "org", org, "id", name,
          "domain", domain, "begin", begin, "end", begin + DAY, "policy",
          "none", "done", "yes",
          *[x for k, v in rows.items() for x in ("=" + k, v)])
    redis("ZADD", "rp:dmarcin:of:" + domain, begin, name)
    redis("ZADD", "rp:dmarcin:domains", begin, domain)


SOURCES = [
    {"domain": "example.org", "org": "Receiver & Co", "ip": "192.0.2.1",
     "messages": 17, "disposition": "none", "dkim": "pass", "spf": "fail"},
    {"domain": "example.org", "org": "Receiver & Co", "ip": "2001:db8::7",
     "messages": 4, "disposition": "quarantine", "dkim": "fail",
     "spf": "fail"}]
DOMAINS = [{"domain": "example.org", "reports": 1, "messages": 21,
            "passed": 17, "percent": 80}]


@case("a report that Mail::DMARC wrote is read, packed in any way")
def _():
    text = foreign()
    for name, octets in (("a.xml", text), ("a.xml.gz", gzip.compress(text)),
                         ("a.zip", zipped("r!example.org!1!2.xml", text)),
                         ("no-name", text)):
        answer = place("--json", "dmarc-summary", "--file",
                       place.file(name, octets))
        gives(answer, DONE)
        assert answer.json()["sources"] == SOURCES, answer
        assert answer.json()["domains"] == DOMAINS, answer


@case("one report in two files counts once")
def _():
    text = foreign()
    answer = place("--json", "dmarc-summary", "--file",
                   place.file("a.xml", text),
                   place.file("b.xml.gz", gzip.compress(text)))
    gives(answer, DONE)
    assert answer.json()["domains"] == DOMAINS, answer


@case("a file that is no report is told, and the others are shown")
def _():
    answer = place("dmarc-summary", "--file", place.file("a.xml", foreign()),
                   place.file("x.txt", "hello"), "/nonexistent",
                   place.file("y.gz", b"\x1f\x8b\x08"))
    gives(answer, NO)
    for part in ("x.txt is no report about DMARC", "/nonexistent",
                 "y.gz cannot be unpacked or read"):
        assert part in answer.err, answer
    assert "192.0.2.1" in answer.out, answer


@case("what came by mail is summed up by source, most messages first")
def _():
    redis("FLUSHALL")
    keep("1", **{"192.0.2.1 none pass pass example.org": 3,
                 "192.0.2.9 reject fail fail example.org": 50})
    keep("2", **{"192.0.2.1 none pass pass www.example.org": 4})
    keep("3", domain="example.net", **{"2001:db8::1 none fail pass x": 1})
    answer = place("--json", "dmarc-summary")
    gives(answer, DONE)
    assert [(s["domain"], s["ip"], s["messages"], s["disposition"])
            for s in answer.json()["sources"]] == [
        ("example.net", "2001:db8::1", 1, "none"),
        ("example.org", "192.0.2.9", 50, "reject"),
        ("example.org", "192.0.2.1", 7, "none")], answer
    answer = place("dmarc-summary", "Example.ORG")
    gives(answer, DONE)
    assert "192.0.2.9" in answer.out and "example.net" not in answer.out, answer


@case("--days and --limit narrow it down")
def _():
    redis("FLUSHALL")
    keep("1", begin=NOW - 10 * DAY, **{"192.0.2.1 none pass pass x": 3})
    keep("2", begin=NOW - DAY, **{"192.0.2.2 none pass pass x": 3,
                                  "192.0.2.3 none pass pass x": 2})
    answer = place("--json", "dmarc-summary", "--days", "7")
    assert {s["ip"] for s in answer.json()["sources"]} == {
        "192.0.2.2", "192.0.2.3"}, answer
    answer = place("dmarc-summary", "--limit", "1")
    gives(answer, DONE)
    assert "2 sources more" in answer.out, answer


@case("what a report says does not reach the terminal as it is")
def _():
    redis("FLUSHALL")
    keep("1", org="Evil \x1b[31m\r\norg", **{"192.0.2.1 none pass pass x": 3})
    answer = place("dmarc-summary")
    gives(answer, DONE)
    assert "\x1b" not in answer.out and "\\x1b" in answer.out, answer


@case("nothing to show, wrong words and no Redis are told apart")
def _():
    redis("FLUSHALL")
    gives(place("dmarc-summary"), NO)
    gives(place("dmarc-summary", "no such.domain"), USAGE)
    gives(place("dmarc-summary", "a.example", "b.example"), USAGE)
    gives(place("dmarc-summary", "--file"), USAGE)
    conf = place.file("away.conf", open(place.conf).read().replace(
        redis.path, "/nonexistent/redis"))
    gives(place("dmarc-summary", conf=conf), DOWN)


run()
