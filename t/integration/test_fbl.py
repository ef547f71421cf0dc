#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Feedback to senders, from the form to the report in the mailbox.

A real Postfix with our milter takes mail from the networks of a sender, who has
registered; a recipient forwards it to junk@; reprieve-intake files that, and
the portal sends ARF by the same Postfix. The records are in a name server.
"""

import email
import email.message
import email.policy
import re
import subprocess
import sys

from harness import sign
from harness import world as worlds
from harness.dns import SERVFAIL, Dns
from harness.milter import retired
from harness.portal import Portal, letter
from harness.postfix import Postfix
from harness.redis import Redis
from harness.site import Site
from harness.tap import Tap, equal, true
from harness.wait import until

MORE = """
dns { forward = {"127.0.0.1@53"} dnssec = no cache_negative_s = 0
  cache_positive_s = 0 unbound_conf = "%s" }
check "helo" { shadow = yes }
check "reverse" { shadow = yes }
check "iprev" { shadow = yes }
greylist { enabled = no }
reputation { enabled = no }
reports { originals_max = 200 }
fbl { recheck_s = 3600 per_mailbox = 1000 cfbl = yes }
"""
UNBOUND = "server:\n  cache-max-ttl: 0\n  cache-max-negative-ttl: 0\n"
PAGE = r"http://127\.0\.0\.1:\d+(%s[0-9a-z]{26})\?lang=en"
RECORD = r'<code>(reprieve-fbl=\w{26})</code>'
ANN = "ann.secret@box.test"
SPAM = ("From: Offers <offers@good.example>\r\n"
        f'To: "Ann Secret" <{ANN}>\r\n'
        f"Subject: {ANN}, you won\r\n"
        "Message-ID: <%s@good.example>\r\n"
        "Date: Sun, 1 Jan 2023 00:00:00 +0000\r\n"
        "List-Unsubscribe: "
        f"<https://good.example/u?m={ANN.replace('@', '%%40')}>\r\n"
        f"\r\nDear {ANN}, buy now.\r\n")


class Home:
    def __init__(self, world, redis=None, dns=None):
        self.world = world
        self.dns = dns or Dns()
        keys = sign.Keys(world)
        self.signer = sign.Signer(keys)
        self.dns.zone[("s1._domainkey.good.example", "TXT")] = [
            f"v=DKIM1; k=rsa; p={keys.public['rsa']}"]
        self.redis = redis or Redis(world).start()
        self.postfix = Postfix(world)
        # The sender's own mailboxes are here, too, but no domain of ours.
        self.postfix.set("virtual_mailbox_domains = box.test good.example")
        plain = self.postfix.listener("")
        self.portal = Portal(
            world, self.redis, smtp=plain, auth="enabled = yes",
            portal='local_domains = {"box.test"}',
            more=MORE % world.write("unbound.conf", UNBOUND))
        self.milter = self.portal.milter
        self.milter.start()
        self.portal.start()
        port = self.postfix.listener(self.milter.postfix)
        self.postfix.start()
        self.site = Site("Postfix", self.postfix, port, None, self.milter)
        self.people = 0
        until(lambda: self.milter.metric("reprieve_trace_key") == 1,
              lambda: f"a key; log {self.milter.log()[-2000:]}")

    # ---- what the sender does ----

    def register(self, subject):
        """The form and its letter; mailbox and path of its link."""
        self.people += 1
        mail = f"sender{self.people}@box.test"
        answer = self.portal.submit("/fbl", {
            "do": "register", "subject": subject, "mail": mail})
        equal(answer.status, 200, answer.body[-2000:])
        true(mail in answer.body, answer.body)
        return mail, self.link(mail, "/fc/")

    def link(self, mail, begin, having=None):
        text = letter(self.postfix, mail, having or PAGE % begin)[1]
        return re.search(PAGE % begin, text)[1]

    def press(self, path):
        answer = self.portal.submit(path, {})
        equal(answer.status, 200, answer.body[-2000:])
        return answer.body

    def active(self, subject, record):
        """Registered and proved: mailbox, ID, and the link of its page."""
        mail, link = self.register(subject)
        text = re.search(RECORD, self.press(link))[1]
        self.dns.zone[(record, "TXT")] = ["v=spf1 -all", text]
        self.press(link)
        return mail, self.ident(mail), link

    def ident(self, mail):
        for key in self.redis.keys("rp:fbl:*"):
            if re.fullmatch(r"rp:fbl:\w{17}", key) and (
                    self.redis.hash(key).get("mail") == mail):
                return key[7:]
        raise AssertionError(f"no registration of {mail}")

    def state(self, ident):
        return self.redis.hash("rp:fbl:" + ident).get("state")

    def state_is(self, ident, state, seconds=20):
        until(lambda: self.state(ident) == state,
              lambda: f"{state}, it is {self.state(ident)}: "
              f"{self.portal.log()[-1500:]}", seconds)

    # ---- what comes in, and is reported ----

    def receive(self, source, text=None):
        """A message from there to Ann; as it lies in her mailbox."""
        token = self.world.unique("spam")
        text = text or SPAM % token
        if isinstance(text, bytes):
            text = text.decode("latin-1")
        with self.site.session(source) as session:
            reply = session.deliver(f"X-Token: {token}.\r\n" + text,
                                    sender="bounce@good.example",
                                    recipients=(ANN,))
            equal(reply.code, 250, f"delivery: {reply}")
            session.quit()
        return self.postfix.find(f"X-Token: {token}.")

    def report(self, *mails, to="junk@box.test"):
        """Ann forwards them as attachments."""
        out = email.message.EmailMessage()
        out["From"] = ANN
        out["To"] = to
        out["Subject"] = "junk"
        out["Message-ID"] = f"<{self.world.unique('report')}@box.test>"
        out.set_content("I did not ask for this.")
        out.make_mixed()
        for mail in mails:
            text = mail.replace("\r\n", "\n")
            if text.startswith("From "):
                text = text.partition("\n")[2]
            part = email.message.MIMEPart(policy=email.policy.compat32)
            part["Content-Type"] = "message/rfc822"
            part.set_payload([email.message_from_bytes(
                text.encode("latin-1"), policy=email.policy.compat32)])
            out.attach(part)
        done = subprocess.run(
            [self.world.program("ctl/reprieve-intake"), "-c",
             self.milter.conf_as("portal"), "-r", to],
            input=out.as_bytes(policy=email.policy.compat32),
            capture_output=True, check=False)
        equal(done.returncode, 0, done.stderr.decode())
        return done.stderr.decode()

    def done(self):
        """All jobs are."""
        until(lambda: self.redis.ask("XLEN", "rp:mailq") == 0,
              lambda: self.portal.log()[-1500:], 30)

    def arf(self, mail):
        """Reports that have come to that mailbox: (octets, parsed)."""
        out = []
        for text in self.postfix.mails():
            if "report-type=feedback-report" not in text:
                continue
            data = text.encode("latin-1")
            parsed = email.message_from_bytes(data,
                                              policy=email.policy.default)
            if mail in str(parsed["To"]):
                out.append((data, parsed))
        return out

    def one(self, mail):
        """The one report to that mailbox, parts and fields."""
        until(lambda: self.arf(mail), lambda: "a report; "
              + self.portal.log()[-1500:])
        self.done()
        found = self.arf(mail)
        equal(len(found), 1, "reports")
        return found[0]


# ---- registering ----

def domain(home):
    """A wrong record does not do, the right one does."""
    mail, link = home.register("good.example")
    equal(home.state(home.ident(mail)), "new", "before the link")
    for _ in range(3):
        equal(home.portal.get(link).status, 200, link)
    equal(home.state(home.ident(mail)), "new", "after looking")
    page = home.press(link)
    ident = home.ident(mail)
    equal(home.state(ident), "confirmed", "after the button")
    true("_reprieve-fbl.good.example" in page, page)
    text = re.search(RECORD, page)[1]
    name = ("_reprieve-fbl.good.example", "TXT")
    for wrong in (["reprieve-fbl=" + "0" * 26], [text[:-1]], SERVFAIL):
        looked = home.portal.log().count(f"id={ident} state=confirmed seen=")
        home.dns.zone[name] = wrong
        home.redis.ask("HDEL", "rp:fbl:" + ident, "wanted")
        home.press(link)
        until(lambda n=looked: home.portal.log().count(
            f"id={ident} state=confirmed seen=") > n, "a look")
        equal(home.state(ident), "confirmed", f"with {wrong}")
    home.dns.zone[name] = ["something else", text]

    def found():  # libunbound keeps for some seconds that it failed
        home.redis.ask("HDEL", "rp:fbl:" + ident, "wanted")
        home.portal.submit(link, {})  # once it is there, no button is left
        return home.state(ident) == "active"

    until(found, lambda: home.portal.log()[-1500:], 20, 0.2)
    path = home.link(mail, "/f/")
    answer = home.portal.get(path)
    equal(answer.status, 200, "the sender's own page")
    true("good.example" in answer.body, answer.body)


def look_alike(home):
    """Who is registered can be told neither by the page nor by a letter."""
    home.active("192.0.2.0/24", "_reprieve-fbl.2.0.192.in-addr.arpa")
    pages = []
    for mail in (f"sender{home.people}@box.test", "nobody@box.test"):
        answer = home.portal.submit("/fbl", {"do": "link", "mail": mail})
        equal(answer.status, 200, mail)
        text = re.search(r"<main[\s\S]*</main>", answer.body)[0]
        pages.append(text.replace(mail, "#"))
    equal(pages[0], pages[1], "the two pages")


# ---- reports ----

def anonymous(data, parsed):
    """No word of who received it, also in what is encoded."""
    texts = [data.decode("latin-1")]
    for part in parsed.walk():
        if part.get_content_maintype() == "text":
            texts.append(part.get_payload(decode=True).decode("utf-8"))
        texts.extend(str(value) for value in part.values())
    for text in texts:
        for secret in (ANN, "ann.secret", "Ann Secret", "ann.secret%40"):
            true(secret.lower() not in text.lower(),
                 f"{secret} is in {text}")
        true("x-reprieve" not in text.lower(), text)


def fields(parsed):
    """Those of the second part."""
    part = list(parsed.iter_parts())[1]
    equal(part.get_content_type(), "message/feedback-report", "second part")
    inner = part.get_payload()
    text = inner[0].as_string() if isinstance(inner, list) else inner
    return email.message_from_string(text, policy=email.policy.default)


def by_range(home):
    mail, ident, _ = home.active("192.0.2.0/24",
                                 "_reprieve-fbl.2.0.192.in-addr.arpa")
    home.state_is(ident, "active")
    home.report(home.receive("192.0.2.7"))
    data, parsed = home.one(mail)
    anonymous(data, parsed)
    equal(parsed["Return-Path"], "<>", "the sender of the envelope")
    equal(parsed["Auto-Submitted"], "auto-generated", "Auto-Submitted")
    equal(parsed.get_content_type(), "multipart/report", "type")
    parts = list(parsed.iter_parts())
    equal([p.get_content_type() for p in parts],
          ["text/plain", "message/feedback-report", "text/rfc822-headers"],
          "parts")
    known = fields(parsed)
    equal((known["Feedback-Type"], known["Version"], known["Source-IP"]),
          ("abuse", "1", "192.0.2.7"), str(known))
    true(known["Arrival-Date"] and known["User-Agent"], str(known))
    header = parts[2].get_payload(decode=True).decode("ascii")
    true("From: Offers <offers@good.example>" in header, header)
    true("@redacted.invalid" in header, header)
    true("buy now" not in data.decode("latin-1"), "the text")


def by_domain(home):
    """A DKIM signature of the domain, from any address; other domains are
    none of its business."""
    mail, ident, _ = home.active("good.example",
                                 "_reprieve-fbl.good.example")
    home.state_is(ident, "active")
    signed = home.signer.dkimpy((SPAM % home.world.unique("signed")).encode())
    home.report(home.receive("203.0.113.5"))
    home.done()
    equal(home.arf(mail), [], "without a signature")
    home.report(home.receive("203.0.113.6", signed))
    data, parsed = home.one(mail)
    anonymous(data, parsed)
    known = fields(parsed)
    equal(known["Reported-Domain"], "good.example", str(known))
    true("dkim=pass" in known["Authentication-Results"], str(known))


def wanted(home):
    """Mail that was wanted, and a message without a trace."""
    mail, ident, _ = home.active("198.51.100.0/24",
                                 "_reprieve-fbl.100.51.198.in-addr.arpa")
    home.state_is(ident, "active")
    one = home.receive("198.51.100.7")
    two = home.receive("198.51.100.8")
    home.report(one, to="notjunk@box.test")
    home.report(re.sub(r"(?m)^X-Reprieve-Trace:.*\n(?:[ \t].*\n)*", "",
                       two.replace("\r\n", "\n")))
    home.done()
    equal(home.arf(mail), [], "reports")


def ended(home):
    """By the link in a report, which acts on the button only."""
    mail, ident, _ = home.active("198.51.100.0/24",
                                 "_reprieve-fbl.100.51.198.in-addr.arpa")
    home.state_is(ident, "active")
    home.report(home.receive("198.51.100.20"))
    _, parsed = home.one(mail)
    text = list(parsed.iter_parts())[0].get_content()
    link = re.search(PAGE % "/fe/", text)[1]
    for _ in range(3):
        equal(home.portal.get(link).status, 200, link)
    equal(home.state(ident), "active", "after looking")
    true("have ended" in home.press(link), "the page")
    equal(home.state(ident), "ended", "after the button")
    home.report(home.receive("198.51.100.21"))
    home.done()
    equal(len(home.arf(mail)), 1, "reports")


def lapsed(home):
    """A record that is gone, at two looks; a silent name server is none."""
    record = ("_reprieve-fbl.1.113.0.203.in-addr.arpa", "TXT")
    mail, ident, _ = home.active("203.0.113.1", record[0])
    home.state_is(ident, "active")
    text = home.dns.zone[record]

    def look(values, state, seen):
        """Until it has been seen that way: libunbound keeps for some seconds
        that it failed."""
        word = f"id={ident} state={state} seen={seen}"
        before = home.portal.log().count(word)
        home.dns.zone[record] = values

        def has_looked():
            home.redis.ask("ZADD", "rp:fbl:checks", 1, ident)
            return home.portal.log().count(word) > before

        until(has_looked, lambda: word + home.portal.log()[-1500:], 40, 1)

    look([], "active", "none")
    true(home.redis.hash("rp:fbl:" + ident).get("gone"), "gone")
    equal(home.state(ident), "active", "after one look")
    look(SERVFAIL, "active", "unknown")
    home.redis.ask("HSET", "rp:fbl:" + ident, "gone", 1)
    equal(home.state(ident), "active", "unknown is not no")
    look([], "active", "none")
    home.state_is(ident, "lapsed")
    home.link(mail, "/fc/", r"has\s+been\s+gone")
    home.report(home.receive("203.0.113.1"))
    home.done()
    equal(home.arf(mail), [], "reports")
    look(text, "lapsed", "record")
    home.state_is(ident, "active")


def asked(home):
    """CFBL-Address (RFC 9477): of who signed it, until he ends it."""
    more = ("CFBL-Address: fbl@good.example; report=arf\r\n"
            "CFBL-Feedback-ID: 111:222:333\r\n")
    names = [*sign.SIGNED, b"cfbl-address", b"cfbl-feedback-id"]

    def spam(headers):
        text = more + SPAM % home.world.unique("cfbl")
        return home.signer.dkimpy(text.encode(), headers=headers)

    home.report(home.receive("203.0.113.30", spam(sign.SIGNED)))
    home.done()
    equal(home.arf("fbl@good.example"), [], "a field that nobody signed")
    home.report(home.receive("203.0.113.31", spam(names)))
    data, parsed = home.one("fbl@good.example")
    anonymous(data, parsed)
    parts = list(parsed.iter_parts())
    header = parts[2].get_payload(decode=True).decode("ascii")
    true("CFBL-Feedback-ID: 111:222:333" in header, header)
    true("Subject:" not in header and "Received:" not in header, header)
    link = re.search(PAGE % "/fe/", parts[0].get_content())[1]
    true("have ended" in home.press(link), "the page")
    home.report(home.receive("203.0.113.32", spam(names)))
    home.done()
    equal(len(home.arf("fbl@good.example")), 1, "reports")


def many(home):
    """150 in a day: 100, then each tenth, which says so."""
    mail, ident, _ = home.active("192.0.2.0/24",
                                 "_reprieve-fbl.2.0.192.in-addr.arpa")
    home.state_is(ident, "active")
    home.report(*[home.receive(f"192.0.2.{n}") for n in range(100, 250)])
    until(lambda: len(home.arf(mail)) >= 105,
          lambda: f"105, not {len(home.arf(mail))}; "
          + home.portal.log()[-1500:], 60)
    home.done()
    found = home.arf(mail)
    equal(len(found), 105, "reports")
    stands = [int(fields(p)["Incidents"] or "1") for _, p in found]
    equal((stands.count(1), stands.count(10)), (100, 5), "for how many")
    for data, parsed in found:
        anonymous(data, parsed)
    shown = home.milter.ctl("fbl", "show", ident)
    true("105" in shown and "45" in shown, shown)


CASES = [
    ("a domain registers", domain),
    ("nobody learns who is registered", look_alike),
    ("a report about mail of a range holds no recipient", by_range),
    ("a report about mail that a domain signed", by_domain),
    ("mail that was wanted, or has no trace, is told to nobody", wanted),
    ("the link in a report ends them", ended),
    ("a record that is gone ends them, until it is back", lapsed),
    ("a message asks for reports by itself", asked),
    ("of many in a day some are sent", many),
]


def main():
    world = worlds.enter()
    world.serve_syslog()
    tap = Tap("feedback to senders")
    home = Home(world)
    for name, case in CASES:
        tap.case(name, case, home)
    tap.group = "at the end"
    tap.case("the portal stops at SIGTERM with 0", lambda: equal(
        home.portal.stop(), 0, "exit code"))
    home.milter.retire()
    tap.case("so does the milter", retired, world)
    home.postfix.stop()
    world.close()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
