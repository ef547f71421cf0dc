#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tickets and sponsors through both MTAs: from the form to the letter, and
from an answer by mail back into the ticket, by real aliases.

One portal, one Redis. Each MTA has a milter, and delivers letters and answers.
"""

import http.client
import json
import os
import re
import signal
import sys
import urllib.parse

from harness import wait
from harness import world as worlds
from harness.dns import Dns
from harness.lists import Addresses, Lists
from harness.milter import REFERENCE, Reprieve, refusal
from harness.postfix import Postfix, owner
from harness.redis import Redis
from harness.sendmail import Sendmail
from harness.site import Site
from harness.tap import Tap, equal, match, true
from harness.world import run, wait_listening

CONNECTED = Addresses()
HOST = "mx.example.net"

MORE = """\
portal {{
  listen = "inet:{web}@127.0.0.1"
  user = "nobody"
  smtp = "127.0.0.1:{smtp}"
  form_min_s = 0
}}
support {{ admin = "help@box.test" }}
"""

ANSWER = """\
From: joe@box.test
To: {to}
Subject: Re: your ticket
Message-ID: <{token}@box.test>
{more}MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

It says caf=E9 {token}.

> 1
> 2
> 3
> 4
> 5
-- 
Joe
--b
Content-Type: text/html

<p>not this {token}</p>
--b--
"""

REPORT = """\
From: MAILER-DAEMON@box.test
To: {to}
Subject: Undelivered
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

Your letter did not arrive.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; box.test

Final-Recipient: rfc822; {about}
Action: failed
Status: 5.1.1
--b--
"""


# ---- the portal ----

class Portal:
    """reprieve-portal with the conf of a milter, and a visitor of its pages."""

    def __init__(self, world, milter, port):
        self.milter = milter
        self.port = port
        self.address = "198.51.100.1"
        self.process = world.start(world.program("reprieve-portal"), "-c",
                                   milter.conf_as("portal"), name="portal")
        wait_listening(("127.0.0.1", port), self.process)

    def ask(self, method, path, body=None):
        """(status, where to, text)"""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        fields = {"X-Forwarded-For": self.address}
        if body is not None:
            fields["Content-Type"] = "application/x-www-form-urlencoded"
        link.request(method, path, body, fields)
        answer = link.getresponse()
        text = answer.read().decode("utf-8")
        link.close()
        return answer.status, answer.getheader("Location"), text

    def get(self, path):
        status, _, text = self.ask("GET", path)
        equal(status, 200, f"GET {path}")
        return text

    def send(self, path, fields, status, to=None):
        """Opens the page, fills in the first form that has the fields, and
        sends it. The text of the answer, or where it leads to."""
        stamp = re.search(r'name="stamp" value="([^"]+)"', self.get(path))
        true(stamp, f"no form on {path}")
        body = urllib.parse.urlencode({"stamp": stamp[1], "website": "",
                                       **fields})
        seen = self.ask("POST", to or path, body)
        equal(seen[0], status, f"POST {path}: {seen[2]}")
        return seen[1] or seen[2]

    def log(self):
        return self.process.log()


def plain(mail):
    """A delivered letter with its quoted-printable undone, roughly."""
    return mail.replace("\r\n", "\n").replace("=\n", "").replace("=3D", "=")


# ---- one MTA ----

class Desk(Site):
    """A Site with the portal, and what is told about tickets."""

    def follow(self, portal, milter):
        self.portal = portal
        self.ctl = milter.ctl
        self.ids = iter(range(1, 1000))
        return self

    def token(self):
        return f"{self.name.lower()}{next(self.ids)}x"

    def letter(self, *parts, seconds=20):
        """The newest letter that holds all parts."""
        return wait.until(
            lambda: next((plain(m) for m in reversed(self.server.mails())
                          if all(p in plain(m) for p in parts)), None),
            lambda: f"a letter with {parts}; {self.server.log()[-2500:]}"
                    f" {self.portal.log()[-1500:]}", seconds)

    def commands(self):
        """How many mails the alias has taken."""
        return len(re.findall(
            r"status=sent \(delivered to command|mailer=reprieve.*stat=Sent",
            self.server.log()))

    def write_to(self, address, text, sender="joe@box.test"):
        with self.session("198.51.100.9") as session:
            reply = session.deliver(text.replace("\n", "\r\n"), sender,
                                    (address,))
            equal(reply.code, 250, f"mail to {address}: {reply}")

    def answer(self, address, token, more="", sender="joe@box.test"):
        """One mail to the alias, until its program has taken it."""
        before = self.commands()
        self.write_to(address, ANSWER.format(to=address, token=token,
                                             more=more), sender)
        wait.until(lambda: self.commands() > before,
                   lambda: "the alias takes it: "
                           + self.server.log()[-2500:], 20)

    def ticket(self, name):
        text = self.ctl("tickets", "show", name, "--json")
        return json.loads(text.encode("latin-1").decode("utf-8"))

    def texts(self, name):
        return ["\n".join(m["text"]) for m in self.ticket(name)["messages"]]

    def open_ticket(self):
        """By the form and the link of the letter; its ID."""
        self.portal.address = CONNECTED.next4()
        mail = f"{self.token()}@box.test"
        page = self.portal.send("/support", {
            "do": "ticket", "mail": mail, "subject": "refused",
            "text": f"help {mail}"}, 200)
        true("Please confirm" in page, page)
        letter = self.letter("/tc/", mail)
        true(f"help {mail}" not in letter, f"text of a stranger: {letter}")
        link = re.search(r"/tc/[0-9a-z]{26}", letter)[0]
        where = self.portal.send(link, {}, 303)
        return match(where, "/t/(.*)")[1]

    def answered(self):
        """A ticket that we have answered: (ID, address for answers)."""
        name = self.open_ticket()
        self.ctl("tickets", "answer", name, "--text", f"which {name}?")
        letter = self.letter(f"which {name}?")
        return name, re.search(
            r"Reply-To: <?(ticket\+[0-9a-z.]+@mx\.example\.net)", letter)[1]


# ---- the cases: case(desk) ----

def to_and_fro(desk):
    name, address = desk.answered()
    equal(desk.ticket(name)["ticket"]["state"], "waiting", "state")
    desk.letter(name, "reprievectl tickets show")  # to the admin
    token = desk.token()
    desk.answer(address, token)
    equal(desk.texts(name)[2],
          f"It says caf\u00e9 {token}.\n\n> 1\n> 2\n> 3\n[...]", "the answer")
    equal(desk.ticket(name)["ticket"]["state"], "open", "state")
    page = desk.portal.get(f"/t/{name}")
    true(f"caf\u00e9 {token}" in page, page)


def once(desk):
    name, address = desk.answered()
    token = desk.token()
    desk.answer(address, token)
    desk.answer(address, token)
    equal(len(desk.texts(name)), 3, "messages")


def machines(desk):
    name, address = desk.answered()
    desk.answer(address, desk.token(), "Auto-Submitted: auto-replied\n")
    desk.answer(address, desk.token(), "Precedence: bulk\n")
    desk.answer(address, desk.token(), sender="")
    equal(len(desk.texts(name)), 2, "messages")


def forged(desk):
    name, address = desk.answered()
    last = address.split("@", maxsplit=1)[0][-1]
    wrong = address.replace(last + "@", ("0" if last != "0" else "1") + "@")
    desk.answer(wrong, desk.token())
    equal(len(desk.texts(name)), 2, "messages")


def html_only(desk):
    """And without a field To: the envelope must do."""
    name, address = desk.answered()
    before = desk.commands()
    desk.write_to(address, "From: joe@box.test\nContent-Type: text/html\n\n"
                  "<p>so &amp; <b>so</b></p>\n")
    wait.until(lambda: desk.commands() > before, desk.server.log, 20)
    equal(desk.texts(name)[2], "so & so", "the answer")


def over(desk):
    name, address = desk.answered()
    desk.ctl("tickets", "spam", name)
    desk.write_to(address, ANSWER.format(to=address, token=desk.token(),
                                         more=""), f"{name.lower()}@box.test")
    desk.letter("takes no more answers", address)


def by_page(desk):
    name, _ = desk.answered()
    token = desk.token()
    where = desk.portal.send(f"/t/{name}", {"text": f"by page {token}"}, 303)
    equal(where, f"/t/{name}", "where to")
    equal(desk.texts(name)[2], f"by page {token}", "the answer")
    desk.ctl("tickets", "answer", name, "--text", f"bye {token}",
             "--resolve", "info")
    desk.letter(f"bye {token}", "Resolved")


def redis_away(desk):
    """The MTA keeps the mail, and delivers it when Redis is back."""
    name, address = desk.answered()
    token = desk.token()
    redis = desk.lists.redis
    redis.freeze()
    try:
        desk.write_to(address, ANSWER.format(to=address, token=token,
                                             more=""))
        wait.until(lambda: desk.deferred(), desk.server.log, 40)
    finally:
        redis.thaw()
    desk.flush()
    wait.until(lambda: len(desk.texts(name)) == 3, desk.server.log, 30)
    true(token in desk.texts(name)[2], desk.texts(name))
    wait.until(lambda: desk.portal.ask("GET", f"/t/{name}")[0] == 200,
               lambda: "the portal has Redis back: " + desk.portal.log())


def bounced(desk):
    """A letter about a removal that comes back ends the request."""
    address = CONNECTED.next4()
    desk.portal.address = CONNECTED.next4()
    mail = f"{desk.token()}@box.test"
    desk.portal.send("/delist", {"mail": mail, "ip": address,
                                 "attest": "yes", "ref": ""}, 303)
    desk.letter("/c/", mail)
    raw = next(m for m in desk.server.mails() if mail in m)
    back = re.search(r"bounce\+[0-9a-z.]+@mx\.example\.net", raw)[0]
    rid = back.split("+")[1].split(".")[0].upper()
    key = f"rp:delist:{rid}"
    equal(desk.lists.redis.hash(key)["state"], "sent", "state")
    before = desk.commands()
    desk.write_to(back, REPORT.format(to=back, about=mail), "")
    wait.until(lambda: desk.commands() > before, desk.server.log, 20)
    equal(desk.lists.redis.hash(key)["state"], "bounced", "state")


def sponsored(desk):
    """Refused, vouched for by the recipient, and excepted for him alone."""
    address = CONNECTED.next4()
    desk.portal.address = CONNECTED.next4()
    mailbox = f"{desk.token()}@box.test"
    desk.lists.block(address)
    desk.lists.settle()
    line = desk.at_rcpt(address, mailbox)
    match(line, refusal(address), "RCPT")
    ref = re.search(REFERENCE + "$", line)[0]
    wait.until(lambda: desk.lists.redis.keys(f"rp:case:{ref}"), "the case")
    page = desk.portal.send(f"/sponsor/{ref}", {"mail": "x@example.org"}, 422)
    true("not of this site" in page, page)
    page = desk.portal.send(f"/sponsor/{ref}", {"mail": mailbox}, 200)
    true("look into your mailbox" in page, page)
    link = re.search(r"/s/[0-9a-z]{26}", desk.letter(
        "/s/", f"/r/{ref}"))[0]
    equal(desk.lists.redis.keys(f"rp:allow@*:{address}"), [], "exceptions")
    page = desk.portal.send(link, {}, 200)
    true("This sender may write to you" in page, page)
    keys = desk.lists.redis.keys(f"rp:allow@*.mailbox.invalid:{address}")
    equal(len(keys), 1, "exceptions")
    equal(desk.lists.redis.hash(keys[0])["ref"], ref, "reference")
    desk.lists.settle()
    match(desk.at_rcpt(address, "other@box.test"), refusal(address), "RCPT")


CASES = [
    ("question and answer go to and fro by mail", to_and_fro),
    ("a mail that comes twice counts once", once),
    ("mail that no person wrote is dropped", machines),
    ("an address with a wrong hash leads nowhere", forged),
    ("an answer of HTML alone is read", html_only),
    ("an answer to a ticket that is over comes back", over),
    ("answers by the page, and an end", by_page),
    ("while Redis is away the MTA keeps the answer", redis_away),
    ("a letter that comes back ends its request", bounced),
    ("a recipient vouches for one sender", sponsored),
]


# ---- making it, as reprieve-intake(8) says ----
# The user of the services is "nobody" here. Its secret is closed to all others,
# and so to the users that the MTAs give to commands of other aliases.

OTHERS = "daemon"


def own_aliases(world, conf):
    """The file of aliases for Postfix."""
    folder = world.path(world.unique("aliases"))
    command = f"{world.program('ctl/reprieve-intake')} -c {conf}"
    return world.write(f"{folder}/aliases",
                       f'ticket: "|{command}"\nbounce: "|{command}"\n')


def own_mailer(world, conf):
    """The lines of etc/sendmail.mc, from MAILER_DEFINITIONS on."""
    with open(f"{world.srcdir}/etc/sendmail.mc", encoding="ascii") as file:
        text = file.read()
    text = text[text.index("MAILER_DEFINITIONS"):]
    for old, new in (
            ("P=/usr/libexec/reprieve/reprieve-intake",
             "P=/usr/bin/env"),
            ("U=reprieve:reprieve", "U=nobody:nogroup"),
            # The search for leaks cannot look at a program of another user.
            ("A=reprieve-intake", "A=env ASAN_OPTIONS=detect_leaks=0 "
             + world.program("ctl/reprieve-intake") + f" -c {conf}")):
        equal(text.count(old), 1, f"{old} in sendmail.mc")
        text = text.replace(old, new)
    return text


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
    # The portal's letters come from this machine, and are not judged.
    path = own_aliases(world, milter.conf_as("portal"))
    server.set(f"mydestination = {HOST}", f"alias_maps = hash:{path}",
               "recipient_delimiter = +", f"default_privs = {OTHERS}")
    # Before the start: an smtpd that finds no table dies, and the master then
    # makes no other one for a minute.
    world.write(f"{server.dir}/main.cf", server.main)
    run("postalias", "-c", server.dir, f"hash:{path}")
    for name in (path, path + ".db"):
        os.chown(name, *owner("nobody"))
    server.start()
    return PostfixDesk("Postfix", server, port, port, milter, lists)


def sendmail_desk(world, milter, lists):
    where = milter.where
    server = Sendmail(
        world, f"inet:{where[1]}@127.0.0.1", "T",
        mc=f"define(`confDEF_USER_ID', `{OTHERS}:{OTHERS}')dnl\n",
        mailers=own_mailer(world, milter.conf_as("portal")))
    server.start()
    return SendmailDesk("Sendmail", server, server.port, server.port6, milter,
                        lists)


def closed(milter):
    """Nobody but the services can read the secret."""
    path = f"{milter.folder}/secret"
    wait.until(lambda: os.path.exists(path), lambda: f"there is {path}")
    about = os.stat(path)
    equal(about.st_mode & 0o777, 0o600, "mode of the secret")
    equal(about.st_uid, owner("nobody")[0], "owner of the secret")


def main():
    world = worlds.enter()
    world.serve_syslog()
    Dns()
    tap = Tap("tickets and sponsors through Postfix and Sendmail")
    redis = Redis(world).start()
    for make in (postfix_desk, sendmail_desk):
        milter = Reprieve(world, redis)
        web = world.port()
        milter.start()
        lists = Lists(redis, milter)
        desk = make(world, milter, lists)
        milter.write(more=MORE.format(web=web, smtp=desk.port))
        desk.follow(Portal(world, milter, web), milter)
        tap.group = desk.name
        tap.case("the secret is closed to all but the services",
                 lambda d=desk, m=milter: closed(m))
        for name, case in CASES:
            tap.case(name, case, desk)
        tap.case("the portal stops at SIGTERM with 0", lambda d=desk: equal(
            d.portal.process.stop(), 0, d.portal.log()[-2000:]))
        desk.server.stop()
        milter.process.signal(signal.SIGTERM)
    world.close()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
