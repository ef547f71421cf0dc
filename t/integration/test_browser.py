#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The site in a real browser: chromium, with script and without.

The whole story in each language: refused by Postfix, the link of the reply
opened, the form filled in, the letter caught, the button pressed, the same
sender accepted. Keyboard alone; axe-core; narrow, dark, printed. Screenshots
are kept in browser/ of the build folder.
"""

import os
import re
import subprocess
import sys
import time
import urllib.parse

from harness import world as worlds
from harness.browser import Browser, pdf_pages
from harness.dns import Dns
from harness.lists import Lists
from harness.milter import REFERENCE, retired
from harness.portal import FLOOD, Portal, letter
from harness.postfix import Postfix
from harness.redis import Redis
from harness.site import Site
from harness.tap import Tap, equal, match, true
from harness.wait import until

LANGUAGES = {
    # tag: what the page after a removal says
    "en": ("off our list", "Active on 1 of 1"),
    "es": ("lista", "1 de 1"),
    "pt-BR": ("lista", "1 de 1"),
}
LINK = r"http://127\.0\.0\.1:\d+/c/[0-9a-z]{26}(?:\?lang=[\w-]+)?"


class Home:
    """Postfix, one milter, one portal, one browser."""

    def __init__(self, world):
        self.world = world
        self.redis = Redis(world).start()
        self.postfix = Postfix(world)
        plain = self.postfix.listener("")
        self.portal = Portal(world, self.redis, smtp=plain)
        self.portal.milter.start()
        self.portal.start()
        port = self.postfix.listener(self.portal.milter.postfix)
        self.postfix.start()
        self.site = Site("Postfix", self.postfix, port, None,
                         self.portal.milter,
                         Lists(self.redis, self.portal.milter))
        self.browser = Browser(world)
        self.shots = os.path.join(world.builddir, "browser")
        os.makedirs(self.shots, exist_ok=True)
        self.next_host = 0

    def address(self):
        self.next_host += 1
        return f"192.0.2.{self.next_host}"

    def refused(self, address):
        """Lists the address and gets its refusal; the URL in it."""
        self.site.lists.block(address)
        self.site.lists.settle()
        line = self.site.at_rcpt(address)
        return match(line, rf"554 5\.7\.1 .* (http://\S+/r/{REFERENCE})",
                     "the refusal").group(1)

    def shoot(self, name):
        self.browser.screenshot(file=os.path.join(self.shots, name + ".png"))

    def visitor(self, address="203.0.113.9", **more):
        self.browser.page(headers={"X-Forwarded-For": address}, **more)


def clean(browser, what):
    """axe-core finds nothing, nothing sticks out, nothing is too small."""
    found = browser.axe()
    equal(found, [], f"axe-core at {what}")
    equal(browser.small(), [], f"targets below 24 pixels at {what}")
    true(browser.overflow() <= 0, f"{what} is wider than the window")
    equal(browser.problems(), [], f"the console at {what}")


def seen_page(home, url, what):
    """The case is not in Redis before the writer has written it."""
    until(lambda: home.browser.open(url=url) == 200, f"{what} at {url}")


# ---- the story ----

def story(home, language, script):
    b = home.browser
    address = home.address()
    mail = f"ann{home.next_host}@box.test"
    tag = f"{language}-{'script' if script else 'plain'}"
    url = home.refused(address)
    home.visitor(lang=language, script=script)
    seen_page(home, url, "the evidence")
    equal(b.attribute(at="html", name="lang"), language, "the language")
    true(address in b.text(), "the address is in the evidence")
    if script:
        clean(b, "the evidence")
    home.shoot(f"case-{tag}")
    b.go(at='main a[href*="/delist"]')
    equal(b.attribute(at="html", name="lang"), language, "the language")
    b.fill(at="#mail", value=mail)
    b.check(at="#attest")
    if script:
        clean(b, "the form")
    home.shoot(f"delist-{tag}")
    where = b.go(at="#form button")
    true("/status/" in where, f"after the form: {where}")
    if script:
        clean(b, "the page of the request")
    home.shoot(f"status-{tag}")
    _, text = letter(home.postfix, mail, LINK)
    link = re.search(LINK, text).group(0)
    seen_page(home, link, "the link of the letter")
    equal(b.attribute(at="html", name="lang"), language, "the language")
    if script:
        clean(b, "the confirmation")
    home.shoot(f"confirm-{tag}")
    where = b.go(at="#form button")
    true("/status/" in where, f"after the button: {where}")
    off, active = LANGUAGES[language]
    true(off in b.text(), lambda: b.text())
    until(lambda: b.reload() == 200 and active in b.text(),
          lambda: "active on all servers: " + b.text(), 20)
    if script:
        clean(b, "the result")
    home.shoot(f"granted-{tag}")
    match(home.site.at_rcpt(address), "250 .*", "the same sender")


# ---- one thing each ----

def keyboard(home):
    """Tab, letters, Space and Enter alone, and the focus is always seen."""
    b = home.browser
    address = home.address()
    url = home.refused(address)
    home.visitor()
    seen_page(home, url, "the evidence")

    def tab_to(wanted, most=60):
        for _ in range(most):
            b.press(key="Tab")
            focus = b.focus()
            true(focus["outline"], f"no outline around {focus}")
            true(focus["seen"], f"out of sight: {focus}")
            if wanted(focus):
                return
        raise AssertionError("the key Tab never comes there")

    b.press(key="Tab")
    equal(b.focus()["href"], "#main", "the first stop skips to the content")
    tab_to(lambda f: "/delist" in f["href"] and "ref=" in f["href"])
    b.pressGo(key="Enter")
    tab_to(lambda f: f["id"] == "mail")
    b.type(text="keys@box.test")
    tab_to(lambda f: f["id"] == "attest")
    b.press(key="Space")
    tab_to(lambda f: f["tag"] == "button")
    where = b.pressGo(key="Enter")
    true("/status/" in where, where)
    _, text = letter(home.postfix, "keys@box.test", LINK)
    seen_page(home, re.search(LINK, text).group(0), "the link")
    tab_to(lambda f: f["tag"] == "button")
    where = b.pressGo(key="Enter")
    true("/status/" in where, where)
    until(lambda: home.site.at_rcpt(address).startswith("250"),
          "the sender is accepted")


def faults(home):
    """What is wrong is told at the top, with links, and beside the field."""
    b = home.browser
    for language in LANGUAGES:
        home.visitor(lang=language)
        b.open(url=home.portal.url + "/delist")
        b.fill(at="#mail", value="ann@box.test")
        b.fill(at="#ip", value="10.1.2.3")
        b.check(at="#attest")
        b.go(at="#form button")
        equal(b.attribute(at="#ip", name="aria-invalid"), "true", "#ip")
        equal(b.value(at="#mail"), "ann@box.test", "what was filled in")
        true(b.count(at='main a[href="#ip"]') == 1, "a link to the field")
        clean(b, "the form with a fault")
        home.shoot(f"fault-{language}")


def looks(home):
    """Narrow, dark, and printed on one page."""
    b = home.browser
    address = home.address()
    url = home.refused(address)
    for name, more in (("phone", {"width": 320}),
                       ("dark", {"dark": True}),
                       ("phone-dark", {"width": 360, "dark": True})):
        home.visitor(**more)
        for page in ("/", "/delist", "/support", "/whatif", "/help/",
                     "/help/authentication", "/e/BLOCKED_SELF", url):
            if page is url:
                seen_page(home, url, "the evidence")
            else:
                equal(b.open(url=home.portal.url + page), 200, page)
            clean(b, f"{page} ({name})")
            home.shoot(f"{name}-{re.sub('[^a-zA-Z]+', '-', page[:16])}")
    home.visitor()
    seen_page(home, url, "the evidence")
    file = home.world.path("case.pdf")
    b.pdf(file=file)
    equal(pdf_pages(file), 1, "pages of the printed evidence")


def evaluations(home):
    """Test again, and what would happen to a new message."""
    b = home.browser
    address = home.address()
    url = home.refused(address)
    for language in LANGUAGES:
        home.visitor(address=address, lang=language)
        seen_page(home, url, "the evidence")
        b.go(at='form[action*="/test"] button')
        true(b.count(at="main table tbody tr") >= 2, "then and now, in rows")
        clean(b, "test again")
        home.shoot(f"retest-{language}")
        b.open(url=home.portal.url + "/whatif")
        equal(b.value(at="#ip"), address, "the visitor's own address")
        b.fill(at="#helo", value="mail.example.org")
        b.fill(at="#sender", value="example.org")
        b.fill(at="#author", value="example.org")
        b.go(at="#form button")
        true("554 5.7.1" in b.text(), lambda: "the reply: " + b.text())
        clean(b, "what would happen")
        home.shoot(f"whatif-{language}")


def sponsor(home):
    """The recipient of the refused message opens his mailbox for its sender."""
    b = home.browser
    address = home.address()
    url = home.refused(address)
    home.visitor()
    seen_page(home, url, "the evidence")
    b.go(at='main a[href*="/sponsor/"]')
    b.fill(at="#mail", value="b@box.test")
    clean(b, "the page of the recipient")
    home.shoot("sponsor")
    b.go(at="main form button")
    _, text = letter(home.postfix, "b@box.test", r"/s/[0-9a-z]{26}")
    link = re.search(r"http://\S+/s/[0-9a-z]{26}", text).group(0)
    seen_page(home, link, "the link of the letter")
    clean(b, "the page that vouches")
    match(home.site.at_rcpt(address), "554 .*", "before the button")
    b.go(at="main form button")
    clean(b, "the end of it")
    until(lambda: home.site.at_rcpt(address).startswith("250"),
          "the recipient takes the sender")
    match(home.site.at_rcpt(address, "c@box.test"), "554 .*", "another one")


def ticket(home):
    """A ticket, from the form to a message of ours and an answer."""
    b = home.browser
    home.visitor()
    b.open(url=home.portal.url + "/support")
    b.fill(at="#mail", value="help@box.test")
    b.fill(at="#text", value="We moved to another provider.")
    clean(b, "the page of support")
    b.go(at='form:has(#text) button')
    clean(b, "what comes after the form")
    _, text = letter(home.postfix, "help@box.test", r"/tc/[0-9a-z]{26}")
    link = re.search(r"http://\S+/tc/[0-9a-z]{26}", text).group(0)
    seen_page(home, link, "the link of the letter")
    where = b.go(at="main form button")
    number = re.search(r"/t/([0-9A-Z]{17})", where).group(1)
    true("another provider" in b.text(), "what was written")
    clean(b, "the ticket")
    home.portal.milter.ctl("tickets", "answer", number, "--text",
                           "Thank you, it is off the list.")
    letter(home.postfix, "help@box.test", "off the list")
    b.reload()
    true("off the list" in b.text(), lambda: b.text())
    home.shoot("ticket")


def work(home):
    """In a busy hour a browser with script works a little and does not wait;
    one without waits in the slow queue."""
    b = home.browser
    equal(home.portal.stop(), 0, "the portal")
    home.portal.write(flood="busy_at = 1 queue_at = 60 work_bits = 12")
    home.portal.start()
    cli = home.redis.cli
    home.portal.submit("/delist", {"mail": "first@box.test",
                                   "ip": home.address(), "attest": "yes"})
    letter(home.postfix, "first@box.test", LINK)
    # A slow letter has just gone: the next one is not due.
    cli("SET", "rp:mailq:last", str(int(time.time() * 1000)))
    for script in (True, False):
        mail = f"busy-{script}@box.test".lower()
        home.visitor(script=script)
        b.open(url=home.portal.url + "/delist")
        b.fill(at="#mail", value=mail)
        b.fill(at="#ip", value=home.address())
        b.check(at="#attest")
        if script:
            clean(b, "the form in a busy hour")
        home.shoot(f"busy-{'script' if script else 'plain'}")
        b.go(at="#form button")
        if script:
            letter(home.postfix, mail, LINK)
            equal(cli("XLEN", "rp:mailq:slow"), "0", "slow letters")
        else:
            equal(cli("XLEN", "rp:mailq:slow"), "1", "slow letters")
            cli("DEL", "rp:mailq:last")
            letter(home.postfix, mail, LINK)
    equal(home.portal.stop(), 0, "the portal")
    home.portal.write(flood=FLOOD)
    home.portal.start()


def validity(page, what):
    """tidy has no complaint but those about what it is too old for."""
    done = subprocess.run(
        ["tidy", "-q", "-e", "-utf8", "--drop-empty-elements", "no"],
        input=page, capture_output=True, text=True, check=False)
    # HTML 5.3 was the last that it knew.
    known = ('proprietary attribute "inputmode"',
             'proprietary attribute "aria-current"',
             'proprietary attribute "autocapitalize"',
             '<textarea> proprietary attribute "autocomplete"')
    wrong = [line for line in done.stderr.splitlines()
             if not any(k in line for k in known)]
    equal(wrong, [], f"tidy at {what}")


def crawl(home, language):
    """Every page that the front page leads to is there, whole, in the language
    of the visitor, and has nothing that axe-core complains of."""
    b = home.browser
    home.visitor(lang=language)
    start = home.portal.url + "/"
    waiting = [start]
    seen = set()
    while waiting:
        url = waiting.pop()
        if url in seen:
            continue
        seen.add(url)
        equal(b.open(url=url), 200, url)
        equal(b.attribute(at="html", name="lang"), language, url)
        clean(b, url)
        validity(home.portal.get(url, Accept_Language=language).body, url)
        for link in b.links():
            bare = urllib.parse.urldefrag(link).url
            if bare.startswith(start) and "lang=" not in bare and \
                    not bare.endswith(".txt"):
                waiting.append(bare)
    true(len(seen) > 40, f"only {len(seen)} pages")


def scanners(home):
    """Mail scanners follow every link of a letter and of the pages behind it,
    several times, with script; nothing is changed by that."""
    b = home.browser
    address = home.address()
    url = home.refused(address)
    until(lambda: home.portal.get(url).status == 200, "the case")
    reference = url[-17:]
    home.portal.submit(f"/delist?ref={reference}",
                       {"mail": "scan@box.test", "ip": address,
                        "attest": "yes"}, action="/delist")
    _, text = letter(home.postfix, "scan@box.test", LINK)
    for _ in range(2):
        home.visitor()
        for link in re.findall(r"http://\S+", text):
            b.open(url=link)
            for more in b.links():
                if more.startswith(home.portal.url):
                    home.portal.ask("HEAD", more)
                    home.portal.get(more)
    home.site.lists.settle()
    match(home.site.at_rcpt(address), "554 .*", "still refused")
    link = re.search(LINK, text).group(0)
    b.open(url=link)
    b.go(at="#form button")
    until(lambda: home.site.at_rcpt(address).startswith("250"),
          "the person's button still works")


def feedback(home, language):
    """A sender registers, on a phone, up to the record that is missing."""
    b = home.browser
    mail = f"fbl-{language.lower()}@box.test"
    home.visitor(lang=language, width=320)
    equal(b.open(url=home.portal.url + "/fbl"), 200, "/fbl")
    b.fill(at="#subject", value="10.0.0.0/8")
    b.fill(at="#mail", value=mail)
    b.go(at="#form button")
    equal(b.attribute(at="#subject", name="aria-invalid"), "true", "#subject")
    true(b.count(at='main a[href="#subject"]') == 1, "a link to the field")
    equal(b.value(at="#mail"), mail, "what was filled in")
    clean(b, "the form with a fault")
    home.shoot(f"fbl-fault-{language}")
    b.fill(at="#subject", value="mail-of-a-sender.example.org")
    b.go(at="#form button")
    true(mail in b.text(), lambda: b.text())
    clean(b, "behind the form")
    _, text = letter(home.postfix, mail, r"/fc/[0-9a-z]{26}")
    link = re.search(r"http://\S+/fc/[0-9a-z]{26}", text).group(0)
    seen_page(home, link, "the link of the letter")
    equal(b.attribute(at="html", name="lang"), language, "the language")
    true("reprieve-fbl=" not in b.text(), "nothing before the button")
    clean(b, "the confirmation")
    b.go(at="main form button")
    true("_reprieve-fbl.mail-of-a-sender.example.org" in b.text(),
         lambda: b.text())
    clean(b, "the record")
    home.shoot(f"fbl-record-{language}")


def main():
    world = worlds.enter()
    Dns()
    tap = Tap("the site in a browser")
    home = Home(world)
    tap.say("chromium " + home.browser.version)
    try:
        for language in LANGUAGES:
            for script in (True, False):
                tap.case(f"the whole story in {language}, "
                         f"{'with' if script else 'without'} script",
                         story, home, language, script)
        tap.case("the keyboard is enough", keyboard, home)
        tap.case("faults of a form are told where they are", faults, home)
        tap.case("narrow, dark, and on paper", looks, home)
        tap.case("tested again, and tried out", evaluations, home)
        tap.case("a recipient vouches for a sender", sponsor, home)
        tap.case("a ticket and its answer", ticket, home)
        tap.case("a little work in a busy hour", work, home)
        for language in LANGUAGES:
            tap.case(f"a sender registers for feedback in {language}",
                     feedback, home, language)
        for language in LANGUAGES:
            tap.case(f"every page is there in {language}", crawl, home,
                     language)
        tap.case("scanners of mail change nothing", scanners, home)
    finally:
        home.browser.close()
    home.portal.milter.retire()
    tap.case("the milter ended with 0 at SIGTERM", retired, world)
    tap.case("the portal ended with 0 at SIGTERM",
             lambda: equal(home.portal.stop(), 0, home.portal.log()[-2000:]))
    world.close()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
