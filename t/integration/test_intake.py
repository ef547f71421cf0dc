#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Abuse reports through both MTAs: the milter stamps what passes, somebody
reports it to an address of ours, and reprieve-intake files it, started by a
real alias or mailer.
"""

import base64
import gzip
import hashlib
import json
import os
import re
import signal
import sys
import time

from harness import wait
from harness import world as worlds
from harness.dns import Dns
from harness.lists import Addresses, Lists
from harness.milter import Reprieve
from harness.postfix import Postfix, owner
from harness.redis import Redis
from harness.sendmail import Sendmail
from harness.smtp import MESSAGE
from harness.site import Site
from harness.tap import Tap, equal, true
from harness.world import run
from test_support import OTHERS, own_mailer

HOST = "mx.example.net"
DESKS = ("abuse", "junk", "phish", "notjunk", "dmarc")
MORE = """
check "helo" { shadow = yes }
check "reverse" { shadow = yes }
check "iprev" { shadow = yes }
greylist { enabled = no }
reputation { enabled = no }
dns { forward = {"127.0.0.1@53"} dnssec = no }
portal { local_domains = {"box.test"} }
"""


def plain(mail):
    """A delivered message as a reader would attach it."""
    mail = mail.replace("\r\n", "\n")
    return mail.partition("\n")[2] if mail.startswith("From ") else mail


def part(kind, text, more=""):
    return f"--b\nContent-Type: {kind}\n{more}\n{text}\n"


def attached(text):
    return part("message/rfc822", text)


def encoded(text, name):
    return part("application/octet-stream", base64.encodebytes(
        text.encode("latin-1")).decode(),
        "Content-Transfer-Encoding: base64\nContent-Disposition: attachment;"
        f' filename="{name}"\n')


class Desk(Site):
    """A Site with addresses that take reports."""

    def follow(self, dns, redis, addresses):
        self.dns = dns
        self.redis = redis
        self.addresses = addresses
        return self

    def token(self):
        return self.milter.world.unique(f"{self.name}token")

    def deliver_from(self, source, token, text=MESSAGE, **more):
        """A message that passes, as it was delivered."""
        return plain(self.deliver(source, token, text.replace(
            "<1@", f"<{token}@"), **more))

    def incoming(self):
        """Spam from outside: (client, message with its trace)."""
        address = self.addresses.next4()
        return address, self.deliver_from(address, self.token())

    def outgoing(self, account=None, **more):
        """Spam of a user of ours: (account, message with its trace)."""
        account = account or f"{self.token()}@box.test"
        text = MESSAGE.replace("From: a@example.org", f"From: {account}")
        return account, self.deliver_from("127.0.0.1", self.token(), text,
                                          sender=account, **more)

    def taken(self):
        """How many mails the program has done with."""
        return len(re.findall(
            r"status=sent \(delivered to command|mailer=reprieve.*stat=Sent",
            self.server.log()))

    def hand_in(self, text, source, sender, desk="junk"):
        with self.session(source) as session:
            reply = session.deliver(text.replace("\n", "\r\n"), sender,
                                    (f"{desk}@{HOST}",))
            equal(reply.code, 250, f"report to {desk}: {reply}")

    def write(self, *parts, source="127.0.0.1", sender="joe@box.test",
              desk="junk", more="", kind="multipart/mixed; boundary=b"):
        """A report, until the program has taken it; its token."""
        token = self.token()
        text = (f"{more}From: <{sender or 'robot@box.test'}>\n"
                f"To: {desk}@{HOST}\nSubject: report\n"
                f"Date: Sun, 1 Jan 2023 00:00:00 +0000\n"
                f"Message-ID: <{token}@box.test>\nMIME-Version: 1.0\n"
                f"Content-Type: {kind}\n\n"
                + part("text/plain", f"{token} please look")
                + "".join(parts) + "--b--\n")
        before = self.taken()
        self.hand_in(text, source, sender, desk)
        wait.until(lambda: self.taken() > before,
                   lambda: f"it is taken: {self.server.log()[-2500:]}", 20)
        return token

    def show(self, name):
        text = self.milter.ctl("reports", "show", name, "--json")
        return json.loads(text.encode("latin-1").decode("utf-8"))

    def reports(self):
        return [row["id"] for row in json.loads(
            self.milter.ctl("reports", "--json"))["reports"]]

    def find_report(self, token):
        for name in self.reports():
            shown = self.show(name)
            if token in "\n".join(shown["report"].get("text", [])):
                return shown
        return None

    def report(self, token):
        """What was filed of the report with that token."""
        shown = self.find_report(token)
        true(shown, f"no report with {token}: {self.reports()}; "
             + self.server.log()[-2000:])
        return shown

    def jobs(self, kind):
        return [line for line in self.redis.cli(
            "XRANGE", "rp:mailq", "-", "+").split("\n") if line == kind]

    def stranger(self):
        """(address, mailbox): SPF holds for him."""
        address = self.addresses.next4()
        domain = f"{self.token().lower()}.example"
        self.dns.zone[(domain, "TXT")] = [f"v=spf1 ip4:{address} -all"]
        return address, f"ann@{domain}"


def seen(shown, *names):
    """Those of each original."""
    return [tuple(item.get(name) for name in names)
            for item in shown["items"]]


# ---- who reports: case(desk) ----

def local_user(desk):
    address, spam = desk.incoming()
    jobs = len(desk.jobs("report-ack"))
    shown = desk.report(desk.write(attached(spam)))
    equal(shown["report"]["proof"], "local", shown)
    equal(shown["report"]["effect"], "counted", shown)
    equal(seen(shown, "trace", "source", "kind", "waits"),
          [("valid", address, "junk", True)], shown)
    equal(len(desk.jobs("report-ack")), jobs + 1, "acknowledgements")


def known_stranger(desk):
    account, spam = desk.outgoing()
    source, mailbox = desk.stranger()
    jobs = len(desk.jobs("report-ack"))
    shown = desk.report(desk.write(attached(spam), source=source,
                                   sender=mailbox, desk="Abuse+x"))
    equal(shown["report"]["proof"], "authenticated", shown)
    equal(shown["report"]["reporter"], mailbox, shown)
    equal(seen(shown, "trace", "kind"), [("valid", "abuse")], shown)
    true(account.lower() in shown["items"][0]["account"], shown)
    equal(len(desk.jobs("report-ack")), jobs + 1, "acknowledgements")


def unknown_stranger(desk):
    """Results that came with his mail prove nothing."""
    _, spam = desk.incoming()
    jobs = len(desk.jobs("report-ack"))
    shown = desk.report(desk.write(
        attached(spam), source=desk.addresses.next4(), sender="eve@example.org",
        more=f"Authentication-Results: {HOST}; dmarc=pass"
             " header.from=example.org\n"))
    equal(shown["report"]["proof"], "unproven", shown)
    equal(len(desk.jobs("report-ack")), jobs, "acknowledgements")


# ---- how it comes ----

def several(desk):
    address, spam = desk.incoming()
    other = MESSAGE.replace("\r\n", "\n")
    shown = desk.report(desk.write(
        encoded(spam, "one.eml"), encoded(other, "TWO.EML"), desk="phish"))
    equal(seen(shown, "trace", "source", "kind"),
          [("valid", address, "phish"), ("none", None, "phish")], shown)


def twice(desk):
    """A user forwards it to the helpdesk, which forwards that."""
    address, spam = desk.incoming()
    token = desk.token()
    first = ("From: joe@box.test\r\nTo: b@box.test\r\nSubject: FW\r\n"
             f"Message-Id: <{token}@box.test>\r\n"
             "Date: Sun, 1 Jan 2023 00:00:00 +0000\r\n"
             "Content-Type: multipart/mixed; boundary=c\r\n\r\n"
             f"--c\r\n\r\nhello, see this\r\n--c\r\n"
             "Content-Type: message/rfc822\r\n\r\n"
             + spam.replace("\n", "\r\n") + "\r\n--c--\r\n")
    outer = plain(desk.deliver("127.0.0.1", token, first,
                               sender="joe@box.test"))
    shown = desk.report(desk.write(attached(outer)))
    equal(seen(shown, "trace", "source"), [("valid", address)], shown)


def as_text(desk):
    token = desk.token()
    text = (f"From: joe@box.test\nMessage-ID: <{token}@box.test>\n"
            f"Subject: FW\n\n{token}\n\n-----Mensaje original-----\n"
            "De: Ganga <oferta@example.org>\nAsunto: compre\n\nCompre ya.\n")
    before = desk.taken()
    desk.hand_in(text, "127.0.0.1", "joe@box.test")
    wait.until(lambda: desk.taken() > before, desk.server.log, 20)
    shown = desk.report(token)
    equal(seen(shown, "form", "trace", "subject"),
          [("inline", "none", "compre")], shown)
    equal(shown["report"]["effect"], "nothing", shown)


def arf(desk):
    """By a machine, with the null sender; and without an answer."""
    account, spam = desk.outgoing()
    source, _ = desk.stranger()
    jobs = len(desk.jobs("report-ack"))
    shown = desk.report(desk.write(
        part("message/feedback-report",
             "Feedback-Type: abuse\nUser-Agent: Loop/1.0\nVersion: 1\n"
             f"Source-IP: {source}\n"), attached(spam),
        source=source, sender="", desk="abuse",
        kind="multipart/report; report-type=feedback-report; boundary=b"))
    equal(seen(shown, "form", "trace"), [("arf", "valid")], shown)
    true(account.lower() in shown["items"][0]["account"], shown)
    equal(shown["report"]["effect"], "counted", shown)
    equal(len(desk.jobs("report-ack")), jobs, "acknowledgements")


def xarf(desk):
    account, spam = desk.outgoing()
    text = spam.encode("latin-1")
    party = {"org": "R", "contact": "r@reporter.example",
             "domain": "reporter.example"}
    report = json.dumps({
        "xarf_version": "4.2.0", "timestamp": "2026-01-05T10:05:00Z",
        "report_id": "0b1a6ff0-7f11-4a52-9d0c-5d1f0d5c9a10",
        "reporter": party, "sender": party, "category": "messaging",
        "type": "spam", "source_identifier": "192.0.2.7",
        "source_port": 31025, "protocol": "smtp", "smtp_from": account,
        "evidence": [{
            "content_type": "message/rfc822",
            "payload": base64.b64encode(text).decode(),
            "hash": "sha256:" + hashlib.sha256(text).hexdigest()}]})
    shown = desk.report(desk.write(
        part("application/json", base64.encodebytes(report.encode()).decode(),
             "Content-Transfer-Encoding: base64\n"),
        source=desk.addresses.next4(), sender="", desk="abuse"))
    equal(seen(shown, "form", "kind", "trace", "claimed_source"),
          [("xarf", "junk", "valid", "192.0.2.7")], shown)


AGGREGATE = """<?xml version="1.0"?>
<feedback><report_metadata><org_name>Receiver</org_name>
<email>noreply@receiver.example</email><report_id>{name}</report_id>
<date_range><begin>{begin}</begin><end>{end}</end></date_range>
</report_metadata><policy_published><domain>{domain}</domain><p>none</p>
</policy_published><record><row><source_ip>192.0.2.1</source_ip>
<count>17</count><policy_evaluated><disposition>none</disposition>
<dkim>pass</dkim><spf>fail</spf></policy_evaluated></row>
<identifiers><header_from>{domain}</header_from></identifiers>
<auth_results><spf><domain>{domain}</domain><result>fail</result></spf>
</auth_results></record></feedback>
"""


def about_dmarc(desk):
    """A machine sends it to dmarc@, again, and to abuse@."""
    domain = f"{desk.token().lower()}.box.test"
    now = int(time.time())
    text = gzip.compress(AGGREGATE.format(
        name=desk.token(), domain=domain, begin=now - 90000,
        end=now - 3600).encode())
    packed = part("application/gzip", base64.encodebytes(text).decode(),
                  "Content-Transfer-Encoding: base64\n")
    before = desk.reports()
    for where in ("dmarc", "DMARC+again", "abuse"):
        desk.write(packed, sender="", desk=where, source=desk.addresses.next4())
    told = json.loads(desk.milter.ctl("dmarc-summary", domain, "--json"))
    true('"messages": 17' in json.dumps(told), told)
    equal(desk.reports(), before, "reports")


# ---- what does not hold ----

def false_traces(desk):
    """Nothing that a report says has an effect without a valid trace."""
    address, spam = desk.incoming()
    trace = re.search(r"(?i)^x-reprieve-trace:.*(\n[ \t].*)*", spam, re.M)[0]
    other = MESSAGE.replace("\r\n", "\n").replace("<1@", "<another@")
    key = re.search(r" k=([0-9a-z]+);", trace)[1]
    shown = desk.report(desk.write(
        attached(f"{trace}\n{other}"),  # of another message
        attached(spam.replace("; n=1;", "; n=1000;")),  # made up
        attached(spam.replace(f" k={key};", " k=gone;")),  # of an old key
        attached(f"X-Reprieve-Trace: v=1\n{other}")))
    equal(sorted(seen(shown, "trace", "effect")), [
        ("altered", "nothing"), ("expired", "nothing"),
        ("forged", "nothing"), ("forged", "nothing")], shown)
    equal(shown["report"]["effect"], "nothing", shown)
    true(shown["report"].get("ticket"), shown)
    equal(desk.redis.keys(f"rp:block:*{address}*"), [], "lists")


def again(desk):
    """One reporter counts once; who is not proved is one for all."""
    _, spam = desk.outgoing(recipients=("b@box.test", "c@box.test",
                                        "d@box.test"))
    effects = []
    for source, sender in (desk.stranger(), desk.stranger()):
        for _ in range(2):
            effects.append(desk.report(desk.write(
                attached(spam), source=source, sender=sender,
                desk="abuse"))["report"]["effect"])
    equal(effects, ["counted", "duplicate", "counted", "duplicate"],
          "effects")


def loops(desk):
    """What machines write is taken off the MTA, and that is all."""
    _, spam = desk.incoming()
    before = desk.reports()
    for how in ({"more": "Auto-Submitted: auto-replied\n"},
                {"more": "Precedence: bulk\n"},
                {"more": "List-Id: <abuse.example.org>\n"},
                {"sender": ""},
                {"sender": "", "kind": "multipart/report; report-type="
                                       "delivery-status; boundary=b"}):
        desk.write(attached(spam), **how)
    equal(desk.reports(), before, "reports")
    # The acknowledgement of another Reprieve, as it would write it.
    desk.write(attached(spam), desk="notjunk",
               more="Auto-Submitted: auto-replied\n"
                    "X-Auto-Response-Suppress: All\n")
    equal(desk.reports(), before, "reports")


def bomb(desk):
    address, spam = desk.incoming()
    shown = desk.report(desk.write(
        attached(spam), *(part("text/plain", "x") for _ in range(1000))))
    equal(seen(shown, "trace", "source"), [("valid", address)], shown)


def redis_away(desk):
    """The MTA keeps the report, and delivers it when Redis is back."""
    address, spam = desk.incoming()
    token = desk.token()
    desk.redis.freeze()
    try:
        desk.hand_in(
            "From: <joe@box.test>\nMIME-Version: 1.0\nContent-Type: "
            f"multipart/mixed; boundary=b\nMessage-ID: <{token}@box.test>\n\n"
            + part("text/plain", token) + attached(spam) + "--b--\n",
            "127.0.0.1", "joe@box.test")
        wait.until(desk.deferred, desk.server.log, 40)
    finally:
        desk.redis.thaw()

    def flushed():
        """While the MTA holds its lock, the mail is passed over."""
        desk.flush()
        return desk.find_report(token)

    shown = wait.until(flushed, desk.server.log, 30, every=0.5)
    equal(seen(shown, "trace", "source"), [("valid", address)], shown)


# ---- an account that was stolen ----

def stolen(desk):
    """It sends 500, three report it, it is paused, an admin resumes it."""
    account = f"{desk.token()}@box.test"
    text = MESSAGE.replace("From: a@example.org", f"From: {account}")
    with desk.session("127.0.0.1") as session:
        for number in range(500):
            reply = session.deliver(text.replace(
                "<1@", f"<{number}.{account}@").replace(
                    "hello", f"{account} {number}."), sender=account)
            equal(reply.code, 250, f"message {number}: {reply}")
    for number in (7, 77, 499):
        spam = plain(desk.server.find(f"{account} {number}.", 60))
        source, sender = desk.stranger()
        shown = desk.report(desk.write(attached(spam), source=source,
                                       sender=sender, desk="abuse"))
    equal(shown["report"]["effect"], "paused", shown)
    equal(len(desk.redis.keys("rp:block:user:*")), 1, "paused")
    with desk.session("127.0.0.1") as session:
        reply = wait.until(lambda: refused(session, account), "it is paused")
        true("paused" in reply.text, reply)
    desk.milter.ctl("resume", account.lower())
    with desk.session("127.0.0.1") as session:
        wait.until(lambda: not refused(session, account), "it is resumed")
    with desk.session("127.0.0.1") as session:
        equal(session.deliver(text, sender=account).code, 250, "delivery")


def refused(session, account):
    session.mail(account)
    reply = session.rcpt("b@box.test")
    session.cmd("RSET")
    return reply if reply.code != 250 else None


CASES = (
    ("a user of ours reports what came in", local_user),
    ("a stranger who is proved reports a user of ours", known_stranger),
    ("one who is not is not thanked", unknown_stranger),
    ("several files at once", several),
    ("what was forwarded twice", twice),
    ("what was forwarded as text is a ticket", as_text),
    ("a feedback report with the null sender", arf),
    ("XARF with the null sender", xarf),
    ("aggregate reports about DMARC, which count once", about_dmarc),
    ("traces that do not hold have no effect", false_traces),
    ("one reporter counts once", again),
    ("mail of machines makes no report, and no loop", loops),
    ("1,000 parts are a report all the same", bomb),
    ("while Redis is away the MTA keeps the report", redis_away),
    ("a stolen account is paused, and resumed", stolen),
)


# ---- making it, as reprieve-intake(8) says ----

class PostfixDesk(Desk):
    def deferred(self):
        return "status=deferred" in self.server.log()

    def flush(self):
        run("postqueue", "-c", self.server.dir, "-f")


class SendmailDesk(Desk):
    def deferred(self):
        return re.search(r"mailer=reprieve.*stat=(Deferred|.*tempor)",
                         self.server.log())

    def flush(self):
        run(*self.server.argv("-q"))


def postfix_desk(world, milter, lists):
    server = Postfix(world)
    port = server.listener(milter.postfix)
    command = (f"{world.program('ctl/reprieve-intake')} -c"
               f" {milter.conf_as('portal')}")
    folder = world.path(world.unique("aliases"))
    path = world.write(f"{folder}/aliases", "".join(
        f'{name}: "|{command}"\n' for name in DESKS))
    server.set(f"mydestination = {HOST}", f"alias_maps = hash:{path}",
               "recipient_delimiter = +", f"default_privs = {OTHERS}")
    world.write(f"{server.dir}/main.cf", server.main)
    run("postalias", "-c", server.dir, f"hash:{path}")
    for name in (path, path + ".db"):
        os.chown(name, *owner("nobody"))
    server.start()
    return PostfixDesk("Postfix", server, port, port, milter, lists)


def sendmail_desk(world, milter, lists):
    server = Sendmail(
        world, f"inet:{milter.where[1]}@127.0.0.1", "T",
        mc=f"define(`confDEF_USER_ID', `{OTHERS}:{OTHERS}')dnl\n",
        mailers=own_mailer(world, milter.conf_as("portal")))
    server.start()
    return SendmailDesk("Sendmail", server, server.port, server.port6, milter,
                        lists)


def has_key(milter):
    try:
        return milter.metric("reprieve_trace_key") == 1
    except OSError:  # it has only just begun
        return False


def main():
    world = worlds.enter()
    world.serve_syslog()
    dns = Dns()
    tap = Tap("abuse reports through Postfix and Sendmail")
    for make in (postfix_desk, sendmail_desk):
        redis = Redis(world).start()
        milter = Reprieve(world, redis, more=MORE, auth="enabled = yes")
        milter.start()
        wait.until(lambda m=milter: has_key(m),
                   lambda m=milter: f"a key; log {m.log()[-2000:]}")
        desk = make(world, milter, Lists(redis, milter))
        desk.follow(dns, redis, Addresses())
        tap.group = desk.name
        for name, case in CASES:
            tap.case(name, case, desk)
        desk.server.stop()
        milter.process.signal(signal.SIGTERM)
    world.close()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
