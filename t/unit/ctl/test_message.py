# SPDX-License-Identifier: BSD-2-Clause
"""reprievectl test-message: a saved message, the lists in a real Redis, and a
DNS server of its own."""
import os
import re
import sys

sys.dont_write_bytecode = True  # the sources may be read-only
from ctltest import DONE, DOWN, NO, SOURCE, USAGE, Place, case, gives, run

sys.path.insert(0, os.path.join(SOURCE, "t/support"))
from dns_server import Server

place = Place()
redis = place.redis
dns = Server()
for line in ("add example.org TXT v=spf1 ip4:192.0.2.0/24 -all",
             "add 1.2.0.192.in-addr.arpa PTR mail.example.org",
             "add mail.example.org A 192.0.2.1",
             "add late.example TXT v=spf1 -all",
             "silent gone.example"):
    dns.command(line)

RULES = """
dns { forward = {"127.0.0.1@%d"} dnssec = no timeout_ms = 300 end_ms = 600 }
check "spf" { fail = "score 4" }
check "iprev" { permerror = "score 1" }
policy { mark_at = 1 reject_at = 5 }
"""
BASE = open(place.conf, encoding="utf-8").read()
conf = place.file("rules.conf", BASE + RULES % dns.port)
LETTER = b"""From: Joe <joe@example.org>
Subject: one
\ttwo
Authentication-Results: mx.example.net; spf=pass
Authentication-Results: other.example; spf=pass
X-Reprieve: action=accept
Authentication-Results: MX.example.net; dkim=pass

Hello
"""
letter = place.file("letter.eml", LETTER)
GOOD = ["--ip", "192.0.2.1", "--helo", "mail.example.org", "--from", "joe@example.org"]
BAD = ["--ip", "198.51.100.1", "--helo", "mail.example.org", "--from", "joe@example.org"]


def ask(*words, file=letter, conf=conf, stdin=b""):
    return place("test-message", file, *words, conf=conf, stdin=stdin)


def data(*words, code, **more):
    answer = ask("--json", *words, **more)
    gives(answer, code)
    return answer.json()


def fresh():
    redis("FLUSHALL")


@case("a good message is accepted, with every fact and question")
def _():
    fresh()
    got = data(*GOOD, code=DONE)
    assert got["recipient"]["action"] == got["message"]["action"] == "accept", got
    auth = got["authentication"]
    assert auth["spf"] == "pass" and auth["spf_domain"] == "example.org", auth
    assert auth["spf_record"] == "v=spf1 ip4:192.0.2.0/24 -all", auth
    assert auth["spf_matched"] == "ip4:192.0.2.0/24", auth
    assert auth["iprev"] == "pass" and auth["iprev_name"] == "mail.example.org", auth
    asked = {(q["name"], q["type"]): q for q in got["questions"]}
    assert asked["example.org", "TXT"]["text"] == "v=spf1 ip4:192.0.2.0/24 -all", asked
    assert asked["1.2.0.192.in-addr.arpa", "PTR"]["answer"] == "found", asked
    answer = ask(*GOOD)
    gives(answer, DONE)
    assert answer.out.startswith("the message would be accepted"), answer


@case("nothing is left in Redis")
def _():
    fresh()
    gives(ask(*GOOD), DONE)
    gives(ask(*BAD), NO)
    assert redis("DBSIZE") == 0, redis("KEYS", "*")
    assert not os.path.exists(place.folder + "/lists.snap")


@case("a refusal has its reply, its code, and the share of each finding")
def _():
    fresh()
    got = data(*BAD, code=NO)
    message = got["message"]
    assert message["action"] == "reject" and message["score"] == "5.0", message
    assert re.match(r"550 5\.7\.\d+ .*/r/0{17}$", message["reply"]), message
    assert any(f.startswith("spf=hit detail=fail rule=\"score 4.0\"")
               for f in message["findings"]), message
    assert any(f.startswith("iprev=hit detail=permerror rule=\"score 1.0\"")
               for f in message["findings"]), message
    assert "inserted" not in got, got
    assert "the message would be REFUSED" in got["messages"], got


@case("a listed client is refused at the recipient, and the message told as well")
def _():
    fresh()
    redis("SET", "rp:block:192.0.2.1", "spam run")
    got = data(*GOOD, code=NO)
    assert got["recipient"]["reply"].startswith("554 5.7.1 "), got
    assert got["recipient"]["reason"] == "blocked: spam run", got
    assert got["message"]["action"] == "accept", got
    assert got["messages"] == ["the recipient would be REFUSED"], got
    got = data(*GOOD, "--rcpt", "postmaster@example.net", code=DONE)
    assert got["recipient"]["exempt"] is True, got


@case("--rcpt chooses the lists of its domain")
def _():
    fresh()
    redis("SET", "rp:block@example.com:192.0.2.1", "not here")
    gives(ask(*GOOD), DONE)
    gives(ask(*GOOD, "--rcpt", "ann@example.com"), NO)


@case("the header shows what comes in, on top, and what forged fields go")
def _():
    fresh()
    got = data(*GOOD, code=DONE)
    assert got["removed"] == ["Authentication-Results number 3",
                              "Authentication-Results number 1",
                              "X-Reprieve number 1"], got
    assert got["inserted"][-1].startswith(
        "Authentication-Results: mx.example.net; spf=pass "
        "smtp.mailfrom=joe@example.org;"), got
    assert any(line.startswith("Received-SPF: pass ") for line in got["inserted"]), got


@case("mode monitor refuses nobody and says what it would")
def _():
    fresh()
    monitor = place.file("monitor.conf", 'mode = "monitor"\n' + BASE + RULES % dns.port)
    got = data(*BAD, code=DONE, conf=monitor)
    assert got["message"]["would_be"] == "reject", got
    assert any("reject" in m and "monitor" in m for m in got["messages"]), got


@case("a bounce is asked for by HELO")
def _():
    fresh()
    for sender in ("", "<>"):
        got = data("--ip", "192.0.2.1", "--helo", "example.org", "--from", sender, code=DONE)
        assert got["authentication"]["spf_identity"] == "helo", got
        assert got["authentication"]["spf"] == "pass", got


@case("an answer that does not come is could not tell, and refuses nobody")
def _():
    fresh()
    got = data("--ip", "192.0.2.1", "--helo", "mail.example.org",
               "--from", "joe@gone.example", code=DONE)
    assert got["authentication"]["spf"] == "temperror", got
    (asked,) = [q for q in got["questions"] if q["name"] == "gone.example"]
    assert asked["answer"] in ("unknown", "not waited for"), asked


@case("a trusted client is not judged")
def _():
    fresh()
    got = data("--ip", "203.0.113.5", *GOOD[2:], code=DONE)
    assert "trusted" in got["messages"][0] and "message" not in got, got


@case("IPv6, CRLF, mbox and standard input are taken")
def _():
    fresh()
    crlf = place.file("crlf.eml", LETTER.replace(b"\n", b"\r\n"))
    gives(ask(*GOOD, file=crlf), DONE)
    mbox = place.file("mbox", b"From joe@example.org Mon Jan  1 00:00:00 2026\n" + LETTER)
    assert data(*GOOD, code=DONE, file=mbox)["removed"], "the header was not read"
    gives(ask(*GOOD, file="-", stdin=LETTER), DONE)
    got = data("--ip", "2001:db8::1", *GOOD[2:], code=NO)
    assert "2001:db8::1" in str(got["message"]["findings"]), got


@case("what is missing or wrong is told, with exit code 2")
def _():
    for words, part in ((GOOD[2:], "--ip"), (GOOD[:2] + GOOD[4:], "--helo"),
                        (GOOD[:4], "--from"), (["--ip", "x"] + GOOD[2:], "not an address"),
                        (GOOD + ["--rcpt", "a\nb"], "--rcpt"),
                        (GOOD + ["--max-size", "10"], "--max-size")):
        answer = ask(*words)
        gives(answer, USAGE)
        assert part in answer.err, answer
    gives(ask(*GOOD, file=place.folder + "/nobody.eml"), USAGE)
    answer = ask(*GOOD, file=place.file("no.eml", b"\x00\x01 nonsense\n"))
    gives(answer, USAGE)
    assert "no message" in answer.err, answer


@case("without Redis it is exit code 3")
def _():
    gone = place.file("gone.conf", (BASE + RULES % dns.port).replace(
        redis.path, place.folder + "/nobody"))
    answer = ask(*GOOD, conf=gone)
    gives(answer, DOWN)
    assert "nobody" in answer.err, answer


@case("a hostile message and HELO cannot talk to the terminal")
def _():
    fresh()
    evil = place.file("evil.eml", b"From: \x1b[2J@example.org\nSubject: \xff\x00\n\n\x1b]0;x\x07\n")
    answer = ask("--ip", "192.0.2.1", "--helo", "\u009b2J\"(", "--from", "a@\u009bb", file=evil)
    assert answer.code in (DONE, NO), answer
    assert "\x1b" not in answer.out and "\u009b" not in answer.out, answer


run()
