#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Policies of recipient domains, greylisting, and mail of our own users.

Postfix and Sendmail with a milter each and one Redis; what a sending server is
told, and what is delivered.
"""

import re
import sys

from harness import world as worlds
from harness.dns import Dns
from harness.lists import Addresses, Lists
from harness.milter import REFERENCE, URL, Reprieve, refusal
from harness.redis import Redis
from harness.smtp import MESSAGE
from harness.tap import Tap, equal, match
from harness.wait import until
from test_listed import postfix_site, sasl, sendmail_site

CONNECTED = Addresses()
PAGE = URL + "/r/" + REFERENCE
MORE = """
check "headers" { missing_date = "ignore" missing_id = "ignore" }
check "helo" { shadow = yes }
check "reverse" { shadow = yes }
domain "strict.test" { rules = {"headers missing_date = reject"} }
domain "soft.test" { rules = {"headers missing_id = greylist"} }
greylist { min_s = 1 }
rate { user_hour = 6 burst = 2 }
"""


def without(name):
    return re.sub(rf"(?m)^{name}: .*\r\n", "", MESSAGE)


# ---- the cases: case(site) ----

def one_policy_a_message(site):
    """Recipients of another policy come by themselves, and nothing is lost."""
    token = site.milter.world.unique("mixed")
    text = without("Date").replace("hello", token)
    with site.session(CONNECTED.next4()) as session:
        session.mail()
        equal(session.rcpt("a@box.test").code, 250, "the first")
        match(session.rcpt("b@strict.test").text,
              r"452 4\.5\.3 Send this recipient in a separate transaction; "
              r"details: " + PAGE, "another policy")
        equal(session.rcpt("c@box.test").code, 250, "the same policy")
        equal(session.data(text).code, 250, "the message")
        session.mail()
        equal(session.rcpt("b@strict.test").code, 250, "by itself")
        match(session.data(text).text,
              r"550 5\.7\.1 Message refused by our checks; what we saw: "
              + PAGE, "its own rule")
    site.server.find(token)


def own_rule_spares_the_honest(site):
    site.deliver(CONNECTED.next4(), site.milter.world.unique("dated"),
                 recipients=("b@strict.test",))


def first_contact(site):
    """Told when to come again, and taken then. Known at once to both MTAs is
    the whole network, so each case has one of its own."""
    address = CONNECTED.next6()
    token = site.milter.world.unique("grey")
    text = without("Message-Id").replace("hello", token)
    with site.session(address) as session:
        match(session.deliver(text, recipients=("b@soft.test",)).text,
              r"451 4\.7\.0 First contact, try again after "
              r"[0-2][0-9]:[0-5][0-9] UTC; why: " + PAGE, "first contact")

        def again():
            return session.deliver(
                text, recipients=("b@soft.test",)).code == 250
        until(again, "the retry")
    site.server.find(token)


def correspondent(site):
    """Who was written to is put off; others from there are refused."""
    address = CONNECTED.next4()
    with site.session(CONNECTED.next4()) as session:
        equal(session.auth_plain("joe", "secret").code, 235, "AUTH")
        equal(session.deliver(sender="joe@box.test",
                              recipients=("partner@away.test",)).code, 250,
              "outbound")
    site.lists.block(address)
    site.lists.settle()
    with site.session(address) as session:
        session.mail("partner@away.test")

        def deferred():
            line = session.rcpt("joe@box.test").text
            return re.fullmatch(
                r"451 4\.7\.0 Access deferred, you have been written to from "
                r"here, so our postmaster was told of it; see " + PAGE, line)
        until(deferred, "451")
        match(session.rcpt("other@box.test").text, refusal(address), "others")
    site.milter.wait_log(
        rf"correspondent .*ip={re.escape(address)} from_domain=away.test "
        r"rcpt=box.test code=BLOCKED_SELF .*letter=yes")


def user_limit(site):
    """A user who sends too much is told when there is room again."""
    with site.session(CONNECTED.next4()) as session:
        equal(session.auth_plain("joe", "secret").code, 235, "AUTH")
        replies = []
        while len(replies) < 7 and (not replies or replies[-1].code == 250):
            replies.append(session.deliver(
                sender="joe@box.test",
                recipients=(f"u{len(replies)}@away.test",)))
    equal(replies[0].code, 250, "the first")
    match(replies[-1].text,
          r"451 4\.7\.28 You are over our limit of 6 recipients an hour; try "
          r"again after [0-2][0-9]:[0-5][0-9] UTC; see " + PAGE, "the last")


CASES = (
    ("recipients of two policies come in two messages", one_policy_a_message),
    ("the rule of a domain spares who it does not mean",
     own_rule_spares_the_honest),
    ("a first contact is told when to come, and taken then", first_contact),
    ("who a user wrote to is put off instead of refused", correspondent),
    ("a user over his limit hears when to go on", user_limit),
)


def main():
    world = worlds.enter()
    world.serve_syslog()
    Dns()
    tap = Tap("policies, greylisting and users")
    folder = sasl(world)
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
