#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Numbers of a sender, from real mail through Postfix to its own page.

Two addresses of one network send mail whose results are known; a third belongs
to somebody else. The page, the file and reprievectl show these numbers to
their owner, and nobody else's.
"""

import csv
import hashlib
import io
import os
import subprocess
import sys
import time

from harness import sign
from harness import world as worlds
from harness.browser import Browser
from harness.dns import Dns
from harness.lists import Lists
from harness.milter import retired
from harness.nsd import Nsd
from harness.portal import Portal
from harness.postfix import Postfix
from harness.site import Site
from harness.tap import Tap, equal, true
from harness.wait import until
from test_acl import guarded, unrefused
from test_browser import clean, validity

GOOD, BAD, OTHER = "192.0.2.10", "192.0.2.66", "198.51.100.9"
NETWORK = "192.0.2.0/24"
LANGUAGES = {
    # tag: heading of the page, one of a column
    "en": ("Mail of " + NETWORK, "Refused"),
    "es": ("Correo de " + NETWORK, "Rechazados"),
    "pt-BR": ("E-mail de " + NETWORK, "Recusadas"),
}
COUNTERS = ("messages", "accepted", "marked", "held", "deferred", "refused",
            "spf_pass", "spf_fail", "dkim_pass", "dkim_fail", "dmarc_pass",
            "dmarc_fail", "complaints", "not_junk")
RULES = """
greylist { enabled = no }
check "dmarc" { fail_reject = "reject" }
"""
# What is sent below, by subject; what is not named is 0.
WANTED = {
    GOOD: {"messages": 4, "accepted": 4, "spf_pass": 4, "dkim_pass": 3,
           "dmarc_pass": 4},
    # One of two messages has a broken signature; two recipients are refused
    # when it is on the list.
    BAD: {"messages": 2, "refused": 4, "spf_fail": 2, "dkim_fail": 1,
          "dmarc_fail": 2},
    NETWORK: {"messages": 6, "accepted": 4, "refused": 4, "spf_pass": 4,
              "spf_fail": 2, "dkim_pass": 3, "dkim_fail": 1, "dmarc_pass": 4,
              "dmarc_fail": 2},
    "good.example": {"messages": 3, "accepted": 3, "spf_pass": 3,
                     "dkim_pass": 3, "dmarc_pass": 3},
    OTHER: {"refused": 1, "messages": 1, "spf_fail": 1, "dmarc_fail": 1},
}


def wanted(subject, **more):
    return {name: {**WANTED[subject], **more}.get(name, 0)
            for name in COUNTERS}


class Home:
    def __init__(self, world):
        self.world = world
        self.keys = sign.Keys(world)
        self.signer = sign.Signer(self.keys)
        server = Nsd(world, {"example": self.keys.zone()}).start()
        self.redis = guarded(world)
        self.postfix = Postfix(world)
        plain = self.postfix.listener("")
        self.portal = Portal(
            world, self.redis, smtp=plain, auth="enabled = yes", more=RULES +
            f'dns {{ forward = {{"{server.forward}"}} }}\n')
        self.milter = self.portal.milter
        self.milter.start()
        self.portal.start()
        port = self.postfix.listener(self.milter.postfix)
        self.postfix.start()
        self.lists = Lists(self.redis, self.milter)
        self.site = Site("Postfix", self.postfix, port, None, self.milter,
                         self.lists)
        self.browser = Browser(world)
        self.shots = os.path.join(world.builddir, "browser")
        os.makedirs(self.shots, exist_ok=True)
        self.registered = 0
        self.has_mail = False

    def send(self, source, text, code):
        with self.site.session(source) as session:
            reply = session.deliver(text.decode("latin-1"),
                                    sender="joe@good.example")
            equal(reply.code, code, f"from {source}: {reply}")

    def link(self, subject):
        """Registers the owner of a subject, as /fbl does; the path of the
        page."""
        self.registered += 1
        ref = reference(self.registered)
        token = f"7{self.registered:025d}"
        digest = hashlib.sha256(token.encode()).hexdigest()
        self.redis.ask("HSET", f"rp:fbl:{ref}", "state", "active", "subject",
                       subject, "mail", "abuse@good.example", "language",
                       "en", "created", int(time.time() * 1000))
        self.redis.ask("HSET", f"rp:token:{digest}", "purpose", "fbl-page",
                       "id", ref)
        return "/f/" + token

    def file(self, path):
        answer = self.portal.get(path + ".csv")
        equal((answer.status, answer.header("Content-Type")),
              (200, "text/csv; charset=utf-8"), path)
        return list(csv.DictReader(io.StringIO(answer.body, newline="")))


def reference(number):
    """An ID with its check character, as store/case has it."""
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    symbols = [number >> 5 * (15 - i) & 31 for i in range(16)]
    total = 0
    for symbol in symbols:
        total = (total ^ symbol) << 1
        if total & 32:
            total ^= 0x25
    return "".join(letters[s] for s in symbols + [total])


def sums(rows):
    """By subject, all days together: midnight may pass."""
    out = {}
    for row in rows:
        to = out.setdefault(row["subject"], dict.fromkeys(COUNTERS, 0))
        for name in COUNTERS:
            to[name] += int(row[name])
    return {who: counts for who, counts in out.items()
            if any(counts.values())}


def mail(home):
    """What WANTED says, through Postfix, once."""
    if home.has_mail:
        return
    home.has_mail = True
    text = sign.message()
    signed = home.signer.dkimpy(text)
    for _ in range(3):
        home.send(GOOD, signed, 250)
    home.send(GOOD, text, 250)
    home.send(BAD, text, 550)
    home.send(BAD, signed.replace(b"Another line", b"Another word"), 550)
    home.send(OTHER, text, 550)
    home.lists.block(BAD)
    home.lists.settle()
    with home.site.session(BAD) as session:
        session.mail()
        for name in ("b", "c"):
            equal(session.rcpt(f"{name}@box.test").code, 554, "RCPT")


def network(home):
    path = home.link("net:" + NETWORK)
    want = {who: wanted(who) for who in (NETWORK, GOOD, BAD)}
    until(lambda: sums(home.file(path)) == want,
          lambda: f"{sums(home.file(path))}, not {want}")
    scopes = {row["subject"]: row["scope"] for row in home.file(path)}
    equal(scopes, {NETWORK: "network", GOOD: "address", BAD: "address"},
          "scopes")
    page = home.portal.get(path)
    equal(page.status, 200, path)
    true(GOOD in page.body and BAD in page.body, "its addresses")
    true(OTHER not in page.body, "somebody else's")
    equal(page.header("Referrer-Policy"), "no-referrer", "the referrer")


def address(home):
    rows = home.file(home.link("net:" + BAD))
    equal(sums(rows), {BAD: wanted(BAD)}, "one address")


def domain(home):
    path = home.link("domain:good.example")
    equal(sums(home.file(path)), {"good.example": wanted("good.example")},
          "the domain")
    page = home.portal.get(path).body
    true(GOOD not in page and BAD not in page, "addresses are not its own")


def neighbour(home):
    path = home.link("net:198.51.100.0/24")
    equal({who: counts["refused"] for who, counts in
           sums(home.file(path)).items()},
          {"198.51.100.0/24": 1, OTHER: 1}, "another network")
    page = home.portal.get(path).body
    true("192.0.2." not in page, "this one")


def admin(home):
    text = home.milter.ctl("--json", "traffic", NETWORK)
    true('"messages"' in text and GOOD in text and OTHER not in text, text)


def report(home):
    """A person who got one of the signed messages says that it is junk."""
    got = next(text for text in home.postfix.mails()
               if "DKIM-Signature" in text and "X-Reprieve-Trace" in text)
    got = got.replace("\r\n", "\n")
    if got.startswith("From "):
        got = got.partition("\n")[2]
    mail = ("From: Ann <ann@reader.example>\nTo: junk@box.test\n"
            "Subject: junk\nMessage-ID: <report@reader.example>\n"
            "MIME-Version: 1.0\n"
            "Content-Type: multipart/mixed; boundary=\"b\"\n\n"
            f"--b\nContent-Type: message/rfc822\n\n{got}\n--b--\n")
    done = subprocess.run(
        [home.world.program("ctl/reprieve-intake"), "-c",
         home.milter.conf_as("portal"), "-r", "junk@box.test"],
        input=mail.encode("latin-1"), capture_output=True, check=False)
    equal(done.returncode, 0, done.stderr.decode("utf-8", "replace"))


def complaint(home):
    path = home.link("net:" + NETWORK)
    report(home)
    until(lambda: sums(home.file(path))[NETWORK]["complaints"] == 1,
          lambda: f"a complaint in {sums(home.file(path))}")
    got = sums(home.file(path))
    equal(got[GOOD], wanted(GOOD, complaints=1), GOOD)
    equal(got[BAD], wanted(BAD), BAD)
    page = home.portal.get(path).body
    true("25.00 %, far too high" in page, "the rate")
    got = sums(home.file(home.link("domain:good.example")))
    equal(got["good.example"], wanted("good.example", complaints=1),
          "the domain")


def gone(home):
    """A link that ended, one that never was, one of a lapsed registration."""
    path = home.link("net:" + NETWORK)
    ref = reference(home.registered)
    equal(home.portal.get(path).status, 200, path)
    never = home.portal.get("/f/" + "5" * 26)
    equal(never.status, 404, "never was")
    home.redis.ask("HSET", f"rp:fbl:{ref}", "state", "lapsed")
    lapsed = home.portal.get(path)
    equal(lapsed.status, 404, "lapsed")
    equal(lapsed.body.replace(path, ""),
          never.body.replace("/f/" + "5" * 26, ""), "both pages")
    true('href="/fbl"' in never.body, "the way to a new link")
    equal(home.portal.get(path + ".csv").status, 404, "the file")


def seen(home, language, width, script=True):
    b = home.browser
    path = home.link("net:" + NETWORK)
    heading, column = LANGUAGES[language]
    b.page(headers={"X-Forwarded-For": "203.0.113.9"}, lang=language,
           width=width, script=script)
    equal(b.open(url=home.portal.url + path), 200, path)
    equal(b.attribute(at="html", name="lang"), language, "the language")
    equal(b.text(at="h1"), heading, "h1")
    true(b.overflow() <= 0, f"wider than {width} pixels")
    # Six tables, each with its caption; a head for each column and row.
    equal(b.count(at="table"), 6, "tables")
    equal(b.count(at="table > caption"), 6, "captions")
    equal(b.count(at="th:not([scope])"), 0, "heads of nothing")
    true(b.count(at="thead th[scope=col]") > 30, "columns")
    true(b.count(at=f'td[data-label="{column}"]') >= 4, column)
    equal(b.count(at="[style]"), 0, "style of its own")
    levels = [b.count(at=f"main h{n}") for n in (1, 2, 4)]
    equal(levels[0], 1, "h1")
    true(levels[1] >= 5 and levels[2] == 0, f"headings {levels}")
    true(BAD in b.text(), "what is on the list")
    if script:
        clean(b, f"{path} in {language} at {width}")
        validity(home.portal.get(path, Accept_Language=language).body, path)
    b.screenshot(file=os.path.join(
        home.shots, f"sender-{language}-{width}.png"))


def after_mail(case, home, *more):
    mail(home)
    case(home, *more)


CASES = [
    ("mail comes in", mail),
    ("a network sees its numbers", network),
    ("an address sees its own", address),
    ("a domain sees what it signed", domain),
    ("a neighbour sees nothing of them", neighbour),
    ("an admin sees all", admin),
    ("a complaint shows", complaint),
    ("a link that does not hold shows nothing", gone),
]


def main():
    world = worlds.enter()
    world.serve_syslog()
    Dns()
    tap = Tap("the numbers of a sender")
    home = Home(world)
    try:
        for name, case in CASES:
            tap.case(name, after_mail, case, home)
        for language in LANGUAGES:
            for width in (320, 1000):
                tap.case(f"the page in {language}, {width} pixels wide",
                         after_mail, seen, home, language, width)
        tap.case("the page without script", after_mail, seen, home, "en",
                 320, False)
        tap.case("Redis has refused nothing", unrefused, home.redis,
                 (home.milter, home.portal))
    finally:
        home.browser.close()
    equal(home.portal.stop(), 0, "the portal")
    home.milter.retire()
    tap.case("the milter stops at SIGTERM with 0", retired, world)
    home.postfix.stop()
    world.close()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
