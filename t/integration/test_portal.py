#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Off the list, from the refusal to the next message, without a browser.

Real Postfix with our milter refuses; the link in the reply leads to the
portal, whose letters the same Postfix delivers. Two portals share one Redis.
Between portal and MTA stands a gate that can be shut.
"""

import re
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from harness import world as worlds
from harness.dns import SERVFAIL, Dns
from harness.lists import Addresses, Lists
from harness.milter import URL, refusal, retired
from harness.portal import Portal, letter, letters
from harness.postfix import Postfix
from harness.redis import Redis
from harness.site import Site
from harness.smtp import MESSAGE
from harness.tap import Tap, equal, match, true
from harness.wait import holds, until

DNS = ('dns { forward = {"127.0.0.1@53"} dnssec = no cache_negative_s = 0'
       ' cache_positive_s = 0 unbound_conf = "%s" }')
# What changes in DNS is seen at once; that there is nothing, libunbound keeps for
# some seconds.
UNBOUND = "server:\n  cache-max-ttl: 0\n  cache-max-negative-ttl: 0\n"
BY_ITSELF = ('\nlisting { enabled = yes }'
             '\ncheck "headers" { future_date = "score 16" }')
LINK = r"(?m)^(http://127\.0\.0\.1:\d+)(/c/[0-9a-z]{26}\?r=\w{17}&lang=\w+)$"
CANCEL = r"(?m)^http://127\.0\.0\.1:\d+(/c/[0-9a-z]{26}/cancel\?\S+)$"
OLD = "2020-01-01T00:00:00Z"  # long enough on the list for any level
WAITING = "If this address is on our list"
GRANTED = "off our list since"
SHORT = "one thing is missing"


class Gate:
    """Passes connections on to a port, or, shut, refuses them."""

    def __init__(self, world, to_port):
        self.port = world.port()
        self.to_port = to_port
        self.listener = None

    def open(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._serve, args=(self.listener,),
                         daemon=True).start()
        return self

    def shut(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _serve(self, listener):
        while True:
            try:
                one = listener.accept()[0]
            except OSError:
                return
            other = socket.create_connection(("127.0.0.1", self.to_port))
            for pair in ((one, other), (other, one)):
                threading.Thread(target=self._pass, args=pair,
                                 daemon=True).start()

    @staticmethod
    def _pass(source, target):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Home:
    """Postfix, a milter, two portals, and what a person does with them."""

    def __init__(self, world, redis=None):
        self.dns = Dns()
        self.redis = redis or Redis(world).start()
        self.postfix = Postfix(world)
        plain = self.postfix.listener("")
        self.gate = Gate(world, plain).open()
        dns = DNS % world.write("unbound.conf", UNBOUND) + BY_ITSELF
        self.portal = Portal(world, self.redis, smtp=self.gate.port, more=dns)
        self.milter = self.portal.milter.start()
        self.portal.start()
        self.other = Portal(world, self.redis, smtp=self.gate.port, more=dns,
                            milter=self.milter, url=self.portal.url).start()
        port = self.postfix.listener(self.milter.postfix)
        self.postfix.start()
        self.lists = Lists(self.redis, self.milter)
        self.site = Site("Postfix", self.postfix, port, port, self.milter,
                         self.lists)
        self.addresses = Addresses()
        self.people = 0

    def person(self):
        self.people += 1
        return f"p{self.people}@box.test"

    def listed(self, *fields):
        """A fresh address that is on the list."""
        address = self.addresses.next4()
        self.lists.block(address, "reason", "spam run", *fields)
        self.lists.settle()
        return address

    def refused(self, address):
        """The reference in the reply."""
        line = self.site.at_rcpt(address)
        url = re.escape(self.portal.url)
        match(line, refusal(address).replace(URL, url), "RCPT")
        self.recorded(line[-17:])
        return line[-17:]

    def recorded(self, ref):
        """A case is written behind the reply; people are slower."""
        until(lambda: self.redis.ask("EXISTS", f"rp:case:{ref}"), ref)

    def accepted(self, address):
        until(lambda: self.site.at_rcpt(address)[:3] == "250",
              lambda: f"{address}: {self.site.at_rcpt(address)}", 5)

    def ask(self, address, mail, ref=None, portal=None):
        """Fills in the form; the path of the request's page."""
        portal = portal or self.portal
        path = "/delist" + (f"?ref={ref}" if ref else "")
        fields = {"mail": mail, "attest": "yes"}
        if ref is None:
            fields["ip"] = address
        answer = portal.submit(path, fields, action="/delist")
        equal(answer.status, 303, f"the form: {answer.body[-2000:]}")
        match(answer.location, r"/status/\w{17}", "Location")
        return answer.location

    def link(self, mail):
        """Path of the link in the letter to that mailbox."""
        text = letter(self.postfix, mail, LINK)[1]
        return re.search(LINK, text)[2]

    def request(self, path):
        return self.redis.hash("rp:delist:" + path[-17:])

    def state(self, path):
        return self.request(path)["state"]

    def page(self, path, portal=None):
        answer = (portal or self.portal).get(path)
        equal(answer.status, 200, path)
        return answer.body

    def page_with(self, path, part):
        """Waits until the page has it."""
        until(lambda: part in self.page(path),
              lambda: f"{part} on {self.page(path)}")
        return self.page(path)

    def removals(self, address):
        """Lines of the audit that took it off."""
        lines = self.redis.ask("XRANGE", "rp:audit", "-", "+")
        found = 0
        for _, flat in lines:
            text = [v.decode("utf-8", "replace") for v in flat]
            line = dict(zip(text[::2], text[1::2]))
            found += (line["what"] == "delist"
                      and line["key"] == f"rp:block:{address}")
        return found


# ---- the story ----

def words(text):
    """For letter(): lines are broken anywhere between words."""
    return re.escape(text).replace("\\ ", r"\s+")


def story(home):
    address, mail = home.listed(), home.person()
    ref = home.refused(address)
    status = home.ask(address, mail, ref)
    true(WAITING in home.page(status), "the page waits for a proof")
    link = home.link(mail)
    for _ in range(5):
        body = home.page(link)
        true(address in body and "<form" in body, body)
        equal(home.portal.ask("HEAD", link).status, 200, "HEAD")
    equal(home.state(status), "sent", "after looking")
    home.refused(address)
    answer = home.portal.submit(link, {})
    equal(answer.status, 303, answer.body[-2000:])
    equal(answer.location, status + "?lang=en", "Location")
    body = home.page_with(status, "Active on 1 of 1")
    true(GRANTED in body and "parole" in body, body)
    home.accepted(address)
    letter(home.postfix, mail, words("is off our list"))
    equal(home.removals(address), 1, "lines of the audit")
    # The link was used up, and still leads to what became of it.
    equal(home.portal.get(link).location, status + "?lang=en",
          "the used link")


def evidence(home):
    """The page of the refusal is there, and leads to the form."""
    address = home.listed()
    ref = home.refused(address)
    body = home.page(f"/r/{ref}")
    true(address in body and f"/delist?ref={ref}" in body, body)


def unlisted(home):
    """Who is not listed learns it by mail, and the pages before are alike."""
    mark = re.compile(r"(?<=<main)[\s\S]*(?=</main>)")
    pages = []
    for address in (home.listed(), home.addresses.next4()):
        mail = home.person()
        path = home.ask(address, mail)
        link = home.link(mail)
        for where in (path, link):
            text = mark.search(home.page(where))[0]
            pages.append(re.sub(r"[\w.-]*\d[\w.:-]*", "#", text))
    equal(pages[0], pages[2], "the page of the request")
    equal(pages[1], pages[3], "the page of the link")
    home.portal.submit(link, {})
    letter(home.postfix, mail, words("is not on our list"))


# ---- other proofs ----

def hard(home, level="3"):
    return home.listed("level", level, "since", OLD)


def from_address(home):
    """Level 3 wants more than a mailbox: a button on the server itself."""
    address, mail = hard(home), home.person()
    status = home.ask(address, mail)
    equal(home.portal.submit(home.link(mail), {}).status, 303, "confirm")
    true(SHORT in home.page(status), home.page(status))
    home.refused(address)
    answer = home.portal.submit(status, {"do": "address"})
    equal(answer.status, 422, "from elsewhere")
    home.refused(address)
    answer = home.portal.submit(status, {"do": "address"}, source=address)
    equal(answer.status, 303, answer.body[-2000:])
    true(GRANTED in home.page(status), home.page(status))
    home.accepted(address)


def link_on_server(home):
    """The link, opened on the server itself, proves both."""
    address, mail = hard(home), home.person()
    status = home.ask(address, mail)
    home.portal.submit(home.link(mail), {}, source=address)
    true(GRANTED in home.page(status), home.page(status))
    home.accepted(address)


def by_record(home):
    address, mail = hard(home), home.person()
    name = f"mx{home.people}.record.test"
    home.dns.host(address, name)
    home.dns.zone[(name, "TXT")] = ["v=spf1 -all"]
    status = home.ask(address, mail)
    record = re.search(r"<code>(reprieve-delist=\w{26})</code>",
                       home.page(status))[1]
    answer = home.portal.submit(status, {"do": "txt"})
    equal(answer.status, 422, "no record yet")
    true("not visible yet" in answer.body, answer.body)
    home.refused(address)
    home.dns.zone[(name, "TXT")] = ["v=spf1 -all", record]
    answer = home.portal.submit(status, {"do": "txt"})
    equal(answer.status, 303, answer.body[-2000:])
    true(GRANTED in home.page(status), home.page(status))
    home.accepted(address)


def by_message(home):
    """Any message from the server, which needs no browser."""
    address, mail = hard(home), home.person()
    status = home.ask(address, mail)
    where = re.search(r"<code>(delist\+\w{26}@box\.test)</code>",
                      home.page(status))[1]
    with home.site.session("192.0.2.1") as session:  # somebody else
        session.mail()
        session.rcpt(where)
        session.quit()
    true(WAITING in home.page(status), home.page(status))
    with home.site.session(address) as session:
        equal(session.deliver(recipients=(where,)).code, 250, "message")
        session.quit()
    home.page_with(status, GRANTED)
    home.accepted(address)


def domain_fits(home):
    """Level 2: the mailbox is of the domain that was refused."""
    address, mail = hard(home, "2"), home.person()
    home.lists.settle()
    with home.site.session(address) as session:
        session.mail("news@box.test")
        ref = session.rcpt().text[-17:]
    home.recorded(ref)
    status = home.ask(address, mail, ref)
    home.portal.submit(home.link(mail), {})
    equal(home.request(status)["fits_by"], "sender", "what fits")
    true(GRANTED in home.page(status), home.page(status))
    home.accepted(address)


def needs_name(home):
    """Class policy: the name is looked at again when somebody confirms."""
    address, mail = home.addresses.next4(), home.person()
    home.lists.block(address, "reason", "no name", "class", "policy",
                     "since", OLD)
    home.lists.settle()
    name = f"mx{home.people}.named.test"
    home.dns.host(address, name)
    home.dns.zone[(name, "A")] = ["192.0.2.250"]
    status = home.ask(address, mail)
    link = home.link(mail)
    equal(home.request(status)["ptr"], "mismatch", "PTR")
    home.dns.zone[(name, "A")] = [address]
    home.portal.submit(link, {})
    body = home.page(status)
    true("an exception was made" in body and "365 days at most" in body,
         body)
    letter(home.postfix, mail, words("365 days at most"))
    home.accepted(address)
    # The name is looked at now and then; DNS that fails ends nothing.
    for values, is_end in ((SERVFAIL, False), (["192.0.2.250"], True)):
        home.dns.zone[(name, "A")] = values
        home.redis.ask("ZADD", "rp:delist:exceptions", "1", address)
        until(lambda: float(home.redis.ask(
            "ZSCORE", "rp:delist:exceptions", address) or 2) > 1,
              "a look at the exception", 20)
        if is_end:
            until(lambda: home.site.at_rcpt(address)[:3] == "554",
                  "refused again", 10)
        else:
            holds(lambda: home.site.at_rcpt(address)[:3] == "250",
                  "accepted", 1.5)


def still_sending(home):
    """An answer that says from when on, and a button for then."""
    address, mail = home.addresses.next4(), home.person()
    home.lists.block(address, "reason", "spam run", "level", "2", "since",
                     _now())
    home.lists.settle()
    status = home.ask(address, mail)
    home.portal.submit(home.link(mail), {})
    body = home.page(status)
    true("cannot come off the list before" in body and "Try again" in body,
         body)
    letter(home.postfix, mail, words("cannot come off our list before"))
    answer = home.portal.submit(status, {"do": "again"})
    equal(answer.status, 303, "again")
    equal(home.state(status), "wait", "state")
    home.refused(address)


# ---- listed by what it sent ----

def _spam(home, address):
    """A message that comes to 16, and is refused for it."""
    text = MESSAGE.replace("2023", "2090")
    with home.site.session(address) as session:
        match(session.deliver(text).text, "550 .*", "the end of spam")


def _listed_again(home, address, level):
    until(lambda: home.site.at_rcpt(address)[:3] == "554",
          f"{address} on the list")
    listing = home.redis.hash(f"rp:block:{address}")
    equal((listing["level"], listing["origin"]), (level, "auto"), "listing")
    return listing


def by_itself(home):
    """Five bad messages list; parole lists again at once."""
    address, mail = home.addresses.next4(), home.person()
    for _ in range(4):
        _spam(home, address)
    home.accepted(address)
    _spam(home, address)
    listing = _listed_again(home, address, "1")
    equal(listing["reason"], "5 messages scored 15 or more within 24 h", "why")
    ref = home.refused(address)
    true(listing["reason"] in home.page(f"/r/{ref}"), "the page says why")
    true(listing["ref"] != ref, "the case that led to it")
    status = home.ask(address, mail, ref)
    home.portal.submit(home.link(mail), {})
    true("Try again" in home.page(status), "it has sent just now")
    home.redis.ask("HSET", f"rp:hist:{address}", "evidence_ms", "1")
    equal(home.portal.submit(status, {"do": "again"}).status, 303, "again")
    home.page_with(status, GRANTED)
    home.accepted(address)
    for _ in range(5):
        _spam(home, address)
    listing = _listed_again(home, address, "2")
    true("while on parole" in listing["reason"], listing["reason"])


def _now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def review(home):
    """A person is to look: the page leads to the ticket."""
    address, mail = home.addresses.next4(), home.person()
    home.lists.block(address, "reason", "phishing", "class", "review")
    home.lists.settle()
    status = home.ask(address, mail)
    home.portal.submit(home.link(mail), {})
    body = home.page_with(status, "/t/")
    ticket = re.search(r'href="/t/(\w{17})"', body)[1]
    equal(home.redis.hash(f"rp:ticket:{ticket}")["rid"], status[-17:], "rid")
    letter(home.postfix, mail, words("A person will look"))


def cancelled(home):
    """Not asked for: the request ends, and no letter goes there again."""
    address, mail = home.listed(), home.person()
    status = home.ask(address, mail)
    text = letter(home.postfix, mail, CANCEL)[1]
    path = re.search(CANCEL, text)[1]
    home.page(path)
    equal(home.state(status), "sent", "after looking")
    equal(home.portal.submit(path, {}).status, 303, "the button")
    equal(home.state(status), "cancelled", "state")
    other = home.ask(home.listed(), mail)
    equal(home.request(other)["letter"], "0", "a letter is to go")
    home.refused(address)


# ---- faults ----

def mta_away(home):
    """The letter waits for the MTA, and goes once."""
    address, mail = home.listed(), home.person()
    home.gate.shut()
    status = home.ask(address, mail)
    until(lambda: "result=down" in home.portal.log() + home.other.log(),
          "a try that failed")
    equal(home.state(status), "queued", "state")
    home.gate.open()
    link = letter(home.postfix, mail, LINK, 30)[1]
    true(link, "the letter")
    until(lambda: home.state(status) == "sent", "sent")
    equal(len(letters(home.postfix, mail)), 1, "letters")


def killed(home):
    """SIGKILL between all steps: nothing is lost, nothing happens twice."""
    address, mail = home.listed(), home.person()
    home.other.kill()  # the one that is killed does all
    home.gate.shut()
    status = home.ask(address, mail)
    home.portal.kill()
    home.gate.open()
    home.portal.start()
    link = letter(home.postfix, mail, LINK, 30)[1]
    link = re.search(LINK, link)[2]
    home.portal.kill()
    home.portal.start()
    home.page(link)
    home.portal.kill()
    home.portal.start()
    equal(home.portal.submit(link, {}).status, 303, "the button")
    home.portal.kill()
    home.portal.start()
    home.other.start()
    true(GRANTED in home.page(status), home.page(status))
    home.accepted(address)
    equal(home.portal.get(link).location, status + "?lang=en",
          "the used link")
    equal(home.removals(address), 1, "lines of the audit")
    equal(home.redis.ask("ZCARD", f"rp:hist:{address}:done"), 1, "removals")
    letter(home.postfix, mail, words("is off our list"), 150)


def side_by_side(home):
    """50 people press the same button at two portals: one removal."""
    address, mail = home.listed(), home.person()
    status = home.ask(address, mail, portal=home.other)
    link = home.link(mail)
    forms = [home.portal.get(link), home.other.get(link)]

    def press(i):
        portal = (home.portal, home.other)[i % 2]
        return portal.post(link, {"stamp": forms[i % 2].field("stamp"),
                                  "website": ""}).status

    with ThreadPoolExecutor(10) as pool:
        equal(set(pool.map(press, range(50))), {303}, "answers")
    equal(home.removals(address), 1, "lines of the audit")
    equal(home.redis.ask("ZCARD", f"rp:hist:{address}:done"), 1, "removals")
    true(GRANTED in home.page(status, home.other), "the other's page")
    home.accepted(address)


def redis_away(home):
    """Without Redis the site says so in words, and goes on afterwards."""
    mail = home.person()
    form = home.portal.get("/delist")
    home.redis.freeze()
    try:
        for answer in (
                home.portal.get("/status/" + "0" * 17),
                home.portal.get("/c/" + "0" * 26),
                home.portal.post("/delist", {
                    "stamp": form.field("stamp"), "website": "",
                    "mail": mail, "ip": "192.0.2.9", "attest": "yes"})):
            equal(answer.status, 503, answer.body[-500:])
            true("try again" in answer.body, answer.body)
        equal(home.portal.get("/delist").status, 200, "the form")
    finally:
        home.redis.thaw()
    until(lambda: home.portal.get("/status/" + "0" * 17).status == 404,
          "it asks again")
    home.ask(home.addresses.next4(), mail)
    home.link(mail)


CASES = [
    ("refused, asked, confirmed, accepted", story),
    ("the refusal's page leads to the form", evidence),
    ("before a proof nobody learns whether an address is listed", unlisted),
    ("a button on the server itself", from_address),
    ("the link opened on the server itself", link_on_server),
    ("a TXT record below the name of the address", by_record),
    ("a message from the server", by_message),
    ("a mailbox of the refused sender's domain", domain_fits),
    ("a name that was repaired after the letter", needs_name),
    ("too early", still_sending),
    ("listed by what it sent, and again on parole", by_itself),
    ("a person looks at it", review),
    ("a request that nobody asked for", cancelled),
    ("the MTA is away for a while", mta_away),
    ("two portals, one button", side_by_side),
    ("Redis is silent", redis_away),
    ("a portal that is killed again and again", killed),
]


def main():
    world = worlds.enter()
    tap = Tap("off the list, without a browser")
    home = Home(world)
    for name, case in CASES:
        tap.case(name, case, home)
    tap.group = "at the end"
    tap.case("both portals stop at SIGTERM with 0", lambda: equal(
        (home.portal.stop(), home.other.stop()), (0, 0), "exit codes"))
    home.milter.retire()
    tap.case("so does the milter", retired, world)
    home.postfix.stop()
    world.close()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
