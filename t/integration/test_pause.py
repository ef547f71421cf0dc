#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A local account that is paused, through Postfix and Sendmail.

By redis-cli and by reprievectl; what its user is told, and who else is not
touched.
"""

import hmac
import json
import re
import sys

from harness import world as worlds
from harness.dns import Dns
from harness.lists import Addresses, Lists
from harness.milter import REFERENCE, URL, Reprieve
from harness.redis import Redis
from harness.smtp import MESSAGE
from harness.tap import Tap, equal, match, true
from harness.wait import Stopwatch, until
from test_listed import postfix_site, sasl, sendmail_site

CONNECTED = Addresses()
PAUSED = (r"451 4\.7\.0 Sending from this account is paused after abuse "
          r"reports; your mail administrator can resume it: " + URL + "/r/("
          + REFERENCE + ")")
MORE = """
check "headers" { missing_date = "ignore" missing_id = "ignore" }
check "helo" { shadow = yes }
check "reverse" { shadow = yes }
"""


class Account:
    """name: as the MTA tells it to milters."""

    def __init__(self, site, user):
        self.site = site
        self.user = user
        self.name = (f"{user}@{worlds.HOST}" if site.name == "Postfix"
                     else user)
        with open(f"{site.milter.folder}/secret", "rb") as file:
            key = file.read()
        self.hash = hmac.new(key, self.name.encode(), "sha256").hexdigest()[:16]
        self.key = f"rp:block:user:{self.hash}"

    def login(self):
        session = self.site.session(CONNECTED.next4())
        equal(session.auth_plain(self.user, "secret").code, 235, "AUTH")
        return session

    def address(self):
        return f"{self.user}@box.test"


def wait_for(session, account, pattern):
    """The answer to RCPT, once it is that one; how long that took."""
    watch = Stopwatch()
    equal(session.mail(account.address()).code, 250, "MAIL")
    reply = until(lambda: re.fullmatch(
        pattern, session.rcpt("friend@box.test").text), pattern, 1, 0.005)
    took = watch()
    session.cmd("RSET")
    return reply, took


def delivers(site, account, recipient="friend@box.test"):
    token = site.milter.world.unique("mail")
    with account.login() as session:
        reply = session.deliver(MESSAGE.replace("hello", token),
                                sender=account.address(),
                                recipients=(recipient,))
    equal(reply.code, 250, f"delivery: {reply}")
    site.server.find(token)


# ---- the cases: case(site) ----

def by_hand(site):
    joe, ann = Account(site, "joe"), Account(site, "ann")
    delivers(site, joe)
    with joe.login() as session:
        wait_for(session, joe, r"250 .*")
        site.lists.redis.cli("SET", joe.key, "three reports of spam")
        _, took = wait_for(session, joe, PAUSED)
        true(took < 1, lambda: f"paused after {took:.2f} s")
        delivers(site, ann)
        site.deliver(CONNECTED.next4(), site.milter.world.unique("inbound"),
                     sender="somebody@example.org")
        site.lists.redis.cli("DEL", joe.key)
        wait_for(session, joe, r"250 .*")
    delivers(site, joe)
    site.milter.wait_log(
        r"verdict stage=rcpt .*action=tempfail .*code=ACCOUNT_PAUSED .*"
        rf"check=account key={joe.key} reason=\"three reports of spam\"")
    true(site.milter.metric(r"reprieve_paused_total") >= 1, "not counted")


def by_command(site):
    ctl = site.milter.ctl
    joe = Account(site, "joe")
    said = ctl("pause", joe.name, "--for", "2h", "--reason", "stolen password")
    match(said, rf".*{joe.hash}\)? is paused: .*resumed by itself in 2h.*",
          "pause")
    with joe.login() as session:
        found, _ = wait_for(session, joe, PAUSED)
    match(ctl("check", "user:" + joe.name, check=False),
          rf"account .*{joe.hash}\)? is PAUSED.*stolen password.*", "check")
    match(ctl("list", "block"), rf".*user:{joe.hash} .*stolen password.*",
          "list")
    story = json.loads(ctl("--json", "explain", found[1]))
    equal((story["code"], story["key"], story["reason"]),
          ("ACCOUNT_PAUSED", joe.key, "stolen password"), "explain")
    match(story["precedence"], "an entry names the account.*", "explain")
    match(ctl("resume", joe.hash.upper()), r".* may send again.*", "resume")
    delivers(site, joe)
    match(ctl("resume", joe.name, check=False), r".* is not paused.*",
          "a second time")
    match(ctl("check", "user:" + joe.hash), r"account .* is not paused.*",
          "check")
    log = site.lists.redis.cli("XREVRANGE", "rp:audit", "+", "-", "COUNT", "2")
    match(log, rf".*\bresume\b.*{joe.hash}.*\bpause\b.*{joe.hash}.*",
          "the audit")


def by_every_spelling(site):
    """What pauses an account in any way is taken away by one word."""
    joe = Account(site, "joe")
    head = "rp:block:user:"
    for key in (head + joe.hash.upper(), joe.key,
                f"rp:block@box.test:user:{joe.hash}"):
        site.lists.redis.cli("SET", key, "reports")
    with joe.login() as session:
        wait_for(session, joe, PAUSED)
    site.milter.ctl("resume", joe.name)
    equal(site.lists.redis.keys("rp:block*:user:*"), [], "what is left")
    delivers(site, joe)


def excepted(site):
    joe = Account(site, "joe")
    site.lists.redis.cli("SET", f"rp:allow:user:{joe.hash}", "our newsletter")
    said = site.milter.ctl("pause", joe.name)
    match(said, r".*warning: rp:allow:user:\S+ is there, and allow beats "
          r"block.*", "pause")
    site.lists.settle()
    delivers(site, joe)
    site.lists.redis.cli("DEL", f"rp:allow:user:{joe.hash}")
    with joe.login() as session:
        wait_for(session, joe, PAUSED)
    site.milter.ctl("resume", joe.name)
    delivers(site, joe)


def trusted(site):
    """Of a network of ours the address in MAIL FROM is the account."""
    ctl = site.milter.ctl
    ctl("pause", "form@box.test")
    with site.session("127.0.0.1") as session:
        equal(session.mail("Form@box.test").code, 250, "MAIL")
        until(lambda: re.fullmatch(
            PAUSED, session.rcpt("friend@box.test").text), "451", 1)
        session.cmd("RSET")
        equal(session.deliver(sender="shop@box.test").code, 250, "others")
    ctl("resume", "form@box.test")


def local(site):
    """What is submitted on the machine itself could only bounce."""
    token = site.milter.world.unique("local")
    text = MESSAGE.replace("hello", token)
    site.milter.ctl("pause", "a@example.org")
    site.lists.settle()
    if site.name == "Postfix":
        worlds.run("sendmail", "-C", site.server.dir, "-f", "a@example.org",
                   "x@box.test", input=text.encode())
    else:
        with site.server.pipe() as session:
            session.ehlo()
            equal(session.deliver(text).code, 250, "delivery")
    site.server.find(token)
    site.milter.ctl("resume", "a@example.org")


def helped(site):
    """A user who is paused reaches the postmaster."""
    joe = Account(site, "joe")
    site.milter.ctl("pause", joe.name)
    with joe.login() as session:
        wait_for(session, joe, PAUSED)
    delivers(site, joe, "postmaster@box.test")
    site.milter.ctl("resume", joe.name)
    delivers(site, joe)


def nonsense(site):
    """Keys that look like one pause nobody and harm nothing."""
    joe = Account(site, "joe")
    for key in (joe.key[:-1], joe.key + "0", "rp:block:user:",
                f"rp:block:user:{joe.name}"):
        site.lists.redis.cli("SET", key, "reports")
    site.lists.settle()
    delivers(site, joe)
    for key in site.lists.redis.keys("rp:block:user:*"):
        site.lists.redis.cli("DEL", key)


CASES = (
    ("redis-cli pauses an account within a second, and resumes it", by_hand),
    ("reprievectl does, and tells and records it", by_command),
    ("resume takes every spelling away", by_every_spelling),
    ("an exception beats a pause", excepted),
    ("a trusted client is known by its MAIL FROM", trusted),
    ("mail of this machine is let through", local),
    ("a paused user can ask for help", helped),
    ("nonsense pauses nobody", nonsense),
)


def main():
    world = worlds.enter()
    world.serve_syslog()
    Dns()
    tap = Tap("accounts that are paused")
    folder = sasl(world)
    worlds.run("saslpasswd2", "-p", "-c", "-u", worlds.HOST, "ann",
               input=b"secret")
    redis = Redis(world).start()
    one = Reprieve(world, redis, more=MORE).start()
    two = Reprieve(world, redis, more=MORE)
    two.write(socket=f"unix:{two.folder}/milter.sock")
    two.start()
    lists = Lists(redis, one, two)
    sites = [postfix_site(world, one, lists, folder),
             sendmail_site(world, two, lists)]
    for site in sites:
        tap.group = site.name
        for name, case in CASES:
            tap.case(name, case, site)
    tap.group = "at the end"
    tap.case("both stop at SIGTERM with 0", lambda: equal(
        (one.process.stop(), two.process.stop()), (0, 0), "exit codes"))
    sites[0].server.stop()
    world.close()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
