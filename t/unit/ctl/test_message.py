# SPDX-License-Identifier: BSD-2-Clause
"""reprievectl test-message: a saved message, the lists in a real Redis, and a
DNS server of its own."""
import base64
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True  # the sources may be read-only
from ctltest import DONE, DOWN, NO, SOURCE, USAGE, Place, case, gives, run

sys.path.insert(0, os.path.join(SOURCE, "t/support"))
from dns_server import Server

import dkim

place = Place()
redis = place.redis
dns = Server()
for line in ("add example.org TXT v=spf1 ip4:192.0.2.0/24 -all",
             "add 1.2.0.192.in-addr.arpa PTR mail.example.org",
             "add mail.example.org A 192.0.2.1",
             "add late.example TXT v=spf1 -all",
             "silent gone.example", "silent _dmarc.gone.example"):
    dns.command(line)

RULES = """
dns { forward = {"127.0.0.1@%d"} dnssec = no timeout_ms = 300 end_ms = 600 }
check "spf" { fail = "score 4" }
check "iprev" { permerror = "score 1" }
# What these letters are not about.
check "headers" { missing_date = "ignore" missing_id = "ignore" no_recipient_field = "ignore" }
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


def new_key():
    return subprocess.run(["openssl", "genrsa", "2048"], check=True, stderr=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, timeout=60).stdout


def signed(domain):
    """A letter of joe@example.org, signed for domain by another program."""
    key = new_key()
    public = subprocess.run(["openssl", "rsa", "-pubout", "-outform", "DER"], input=key,
                            check=True, stderr=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            timeout=60).stdout
    dns.command("add s1._domainkey.%s TXT v=DKIM1; p=%s" % (
        domain, base64.b64encode(public).decode()))
    plain = LETTER.replace(b"\n", b"\r\n")
    return dkim.sign(plain, b"s1", domain.encode(), key) + plain


@case("a signed message tells signature, author, policy and alignment")
def _():
    fresh()
    dns.command("add _dmarc.example.org TXT v=DMARC1; p=reject; sp=none")
    letter = signed("example.org")
    got = data(*GOOD[:4], "--from", "bounce@late.example", code=DONE,
               file=place.file("signed.eml", letter))
    auth = got["authentication"]
    (line,) = auth["dkim"]
    assert line.startswith("pass d=example.org s=s1 a=rsa-sha256"), line
    assert "bits=2048" in line, line
    assert auth["dmarc"] == "pass" and auth["dmarc_policy"] == "p=reject", auth
    assert auth["dmarc_dkim"].startswith("an aligned pass"), auth
    assert auth["dmarc_spf"].startswith("no aligned pass"), auth
    assert auth["arc"] == "none" and auth["from"] == "one", auth
    results = got["inserted"][-1]
    assert re.search(r"; dkim=pass \(2048-bit key\) header.d=example.org .*header.s=s1 ",
                     results), results
    assert "; dmarc=pass (p=reject) header.from=example.org policy.dmarc=reject;" in results
    asked = {(q["name"], q["type"]): q["answer"] for q in got["questions"]}
    assert asked["s1._domainkey.example.org", "TXT"] == "found", asked
    assert asked["_dmarc.example.org", "TXT"] == "found", asked


@case("a message that was changed on its way tells what is broken")
def _():
    fresh()
    letter = signed("changed.example").replace(b"Hello", b"Hullo")
    got = data(*BAD, code=NO, file=place.file("changed.eml", letter))
    auth = got["authentication"]
    assert auth["dkim"][0].startswith("fail d=changed.example s=s1"), auth
    assert "reason=" in auth["dkim"][0], auth
    assert auth["dmarc"] == "fail", auth
    findings = "\n".join(got["message"]["findings"])
    assert re.search(r"^dmarc=hit detail=fail_reject rule=", findings, re.M), findings
    assert re.search(r"^dkim=hit detail=fail rule=", findings, re.M), findings


@case("what is forwarded shows the seal it would get")
def _():
    fresh()
    sealing = place.file("seal.conf", BASE + RULES % dns.port +
                         'arc { seal_domain = "example.net" selector = "s" key = "%s" }\n'
                         % place.file("seal.pem", new_key()))
    got = data(*GOOD, code=DONE, conf=sealing)
    for name in ("ARC-Seal: i=1; ", "ARC-Message-Signature: i=1; ",
                 "ARC-Authentication-Results: i=1; mx.example.net; spf=pass "):
        assert any(re.sub(r"\s+", " ", line).startswith(name)
                   for line in got["inserted"]), (name, got["inserted"])


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
    plain = place.file("plain.eml", LETTER.replace(b"example.org", b"gone.example"))
    got = data(*GOOD[:4], "--from", "joe@gone.example", code=DONE, file=plain)
    assert got["authentication"]["spf"] == "temperror", got
    assert got["authentication"]["dmarc"] == "temperror", got
    (asked,) = [q for q in got["questions"] if q["name"] == "gone.example"]
    assert asked["answer"] == "no answer in time", asked


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


@case("doctor tests each DNS list as the milter does")
def _():
    for line in ("add 2.0.0.127.good.test A 127.0.0.2", "add *.all.test A 127.0.0.2",
                 "add 2.0.0.127.refused.test A 127.255.255.254",
                 "silent 2.0.0.127.dead.test", "add test.names.test A 127.0.0.2"):
        dns.command(line)
    zones = "".join('dnsbl "%s.test" { families = "ipv4" }\n' % name
                    for name in ("good", "all", "refused", "dead"))
    zones += 'dnsbl "names.test" { asks = "domain" }\n'
    answer = place("doctor", conf=place.file("zones.conf", BASE + RULES % dns.port + zones))
    for line in ("^OK +dnsbl +good.test works$", "^OK +dnsbl +names.test works$",
                 "^FAIL +dnsbl +all.test does not work: it lists 127.0.0.1",
                 "^FAIL +dnsbl +refused.test does not work: .* 127.255.255.254",
                 "^WARN +dnsbl +dead.test did not answer"):
        assert re.search(line, answer.out, re.M), answer


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
