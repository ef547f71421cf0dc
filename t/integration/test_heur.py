#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""All heuristic checks on, through Postfix and Sendmail: what an honest server
sees of them (nothing), what others are told, and that no service that fails
ever turns a message away.
"""

import email.message
import email.policy
import email.utils
import io
import json
import os
import re
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor

from harness import wire
from harness import world as worlds
from harness.heur import (DEAD_LIST, ERROR_LIST, LISTS, RATE, USERS, Client,
                          Home, letter, score, stamp)
from harness.milter import retired
from harness.portal import letter as letter_to
from harness.postfix import Postfix
from harness.redis import Redis
from harness.smtp import Session
from harness.tap import Tap, equal, match, true
from harness.wait import Stopwatch, until
from test_portal import LINK

CLOCK = r"[0-2][0-9]:[0-5][0-9] UTC"
FIRST = rf"451 4\.7\.0 First contact, try again after {CLOCK}; why:"
MARKED = r"action=mark; ref=\S{17}; "
REFUSED = r"550 5\.7\.1 Message refused by our checks; what we saw:"


# ---- honest ----

def honest(mx):
    mail = mx.delivered(mx.home.honest(), mx.home.signed())
    match(stamp(mail), r"action=accept; score=(0|-\d)[\d.]*; host=.*", "stamp")
    true(score(mail) <= 0, stamp(mail))


def monitored(mx):
    """In mode monitor each message is stamped, also what would be refused."""
    listed = Client(listed_at(mx, 10))
    mail = mx.delivered(listed)
    match(stamp(mail), r"action=accept; would_be=reject; mode=monitor; "
          r"ref=\S{17}; score=2[\d.]+; host=.*", "listed")
    mail = mx.delivered(mx.home.careless(), letter(date=False))
    match(stamp(mail), r"action=accept; would_be=tempfail; mode=monitor; "
          r"ref=\S{17}; score=4\.5; host=.*", "first contact")
    mail = mx.delivered(mx.home.honest(), mx.home.signed())
    match(stamp(mail), r"action=accept; mode=monitor; score=\S+; host=.*",
          "honest")


# ---- greylist ----

def first_contact(mx):
    home = mx.home
    client = home.careless()
    text = letter(date=False)
    ref = mx.refused(client, FIRST, text)
    page = home.page(ref)
    true(re.search(CLOCK, page), f"no time on the page: {page}")
    true("First contact" in page or "first" in page.lower(), page)
    until(lambda: mx.send(client, text)[0].code == 250, "the retry", 5)
    for other in home.mxs:
        mail = other.delivered(client, text)
        equal(score(mail), 4.5, "sum of who is known")


# ---- lists in DNS ----

def listed_at(mx, number):
    return f"198.19.0.{number + mx.home.mxs.index(mx)}"


def listed(mx):
    home = mx.home
    client = Client(listed_at(mx, 10))
    ref = mx.refused(client, REFUSED)
    page = home.page(ref)
    true(f"{client.ip} is on bl.example (127.0.0.2)" in page
         and "https://bl.example/off" in page, page)
    some = Client(listed_at(mx, 20), sender="zoe@plain.example")
    until(lambda: mx.send(some)[0].code == 250, "known by now", 5)
    match(stamp(mx.delivered(some)), MARKED + r"score=7\.0; host=.*", "some")


def list_that_errs(mx):
    """127.255.255.254 is "you may not ask", and never a listing."""
    mx.milter.wait_log(r"dnsbl message=\"error\.example is not asked until it "
                       r"passes a test: asked for 127\.0\.0\.2 it answers "
                       r"127\.255\.255\.254")
    match(stamp(mx.delivered(mx.home.client())),
          r"action=accept; score=1\.0; host=.*", "stamp")
    text = mx.milter.metrics()
    for name, up in (("error", 0), ("bl", 1)):
        true(f'reprieve_dnsbl_zone_up{{zone="{name}.example"}} {up}\n' in text,
             f"{name}: {text}")


def list_that_is_dead(tap, mx):
    """Nobody is refused for it, and soon nobody waits for it."""
    took = []
    for _ in range(7):
        mark, clock = mx.mark(), Stopwatch()
        mx.delivered(mx.home.client())
        took.append(f"{clock():.2f}")
        line = mx.verdict(mark)
        true(re.search(r" untold=dnsbl .* score=1\.0 ", line), line)
    tap.say(f"a dead list: {' '.join(took)} s")


# ---- limits ----

def limit_of_address(mx):
    home = mx.home
    client = home.client()
    for _ in range(2):
        mx.delivered(client)
    limit = rf"over our limit of 8 messages an hour; try again after {CLOCK};"
    ref = mx.refused(client, rf"451 4\.7\.28 Message deferred, {limit} see")
    page = home.page(ref)
    true("8 messages an hour" in page and re.search(CLOCK, page), page)
    with mx.open(client) as session:
        session.mail(client.sender)
        mx.told(session.rcpt(), rf"451 4\.7\.28 Access deferred, {limit} see")
    mx.delivered(home.client())


def limit_of_user(mx):
    """Told at RCPT, while he still sits there."""
    user = USERS[1 + mx.home.mxs.index(mx)]
    text = (r"451 4\.7\.28 You are over our limit of 8 recipients an hour; "
            rf"try again after {CLOCK}; see")
    with mx.session(mx.home.client().ip) as session:
        equal(session.auth_plain(user, "secret").code, 235, "AUTH")
        codes = []
        while len(codes) < 4 and codes[-1:] != [451]:
            codes.append(session.deliver(
                sender=f"{user}@box.test",
                recipients=(f"u{len(codes)}@away.test",)).code)
        equal(codes, [250, 250, 451], "replies")
        session.mail(f"{user}@box.test")
        mx.told(session.rcpt("u@away.test"), text)


# ---- messages ----

def attached(data, name):
    message = email.message.EmailMessage(policy=email.policy.SMTP)
    message["From"] = "Joe Doe <joe@proved.example>"
    message["To"] = "b@box.test"
    message["Subject"] = "your invoice"
    message["Date"] = email.utils.localtime()
    message["Message-ID"] = email.utils.make_msgid(domain="proved.example")
    message.set_content("A line of text.\n")
    message.add_attachment(data, "application", "octet-stream", filename=name)
    return message.as_string()


def archive(name):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr(name, b"MZ")
    return out.getvalue()


def program(mx):
    """A program in the guise of a document waits for a person."""
    mark = mx.mark()
    client = mx.home.proved()
    reply, _ = mx.send(client, attached(b"MZ", "invoice.pdf.exe"))
    equal(reply.code, 250, f"{reply}")
    line = mx.verdict(mark, ip=client.ip)
    true(" action=quarantine " in line and " check=attach " in line, line)
    until(lambda: "joe@proved.example" in mx.server.queue(),
          lambda: f"held: {mx.server.queue()}")
    page = mx.home.page(re.search(r" ref=(\S+)", line)[1])
    true("invoice.pdf.exe" in page, page)


def archived_program(mx):
    mail = mx.delivered(mx.home.proved(),
                        attached(archive("invoice.exe"), "invoice.zip"))
    match(stamp(mail), MARKED + r"score=\d\.\d; host=.*", "stamp")


def looks_alike(mx):
    """A Cyrillic letter in the name of a bank."""
    mark = mx.mark()
    client = mx.home.client()
    domain = "b\u0430nk.example".encode("idna").decode()
    mx.refused(client, FIRST, letter(f"Your bank <desk@{domain}>"))
    line = mx.verdict(mark, ip=client.ip)
    true(" score=5.0 " in line, line)
    ref = re.search(r" ref=(\S+)", line)[1]
    true("bank.example" in mx.home.page(ref), mx.home.page(ref))


def bounce_to_two(mx):
    client = Client("192.0.2.11", "mx11.good.example", "")
    mail = mx.delivered(client, letter("MAILER-DAEMON@mx.example"),
                        recipients=("b@box.test", "c@box.test"))
    match(stamp(mail), r"action=accept; score=3\.0; host=.*", "stamp")


def learnt(mx):
    """What it was taught to be spam adds to the sum, and says by what."""
    mail = mx.delivered(mx.home.proved(), letter(
        "joe@proved.example", "cheap pills casino winner",
        body="cheap pills casino winner.\r\ncheap pills.\r\n"))
    match(stamp(mail), MARKED + r"score=[67]\.\d; host=.*", "stamp")
    ref = re.search(r"ref=(\S{17})", stamp(mail))[1]
    page = mx.home.page(ref)
    true("looks like spam" in page and "pills" in page, page)


# ---- places ----

def place_listed(mx):
    """By plain redis-cli, and off again."""
    client = Client(f"198.19.3.{10 + mx.home.mxs.index(mx)}")
    mx.delivered(client)
    for key in ("rp:block:asn:64503", "rp:block:country:PT"):
        mx.lists.cli("SET", key, "hijacked")
        mx.lists.settle()
        match(mx.at_rcpt(client.ip), r"554 5\.7\.1 Access denied, .*", key)
        mx.lists.cli("DEL", key)
        mx.lists.settle()
        mx.delivered(client)


def place_counts(mx):
    """A score for a country is told with its name."""
    mark = mx.mark()
    client = Client(f"198.19.1.{10 + mx.home.mxs.index(mx)}",
                    sender=f"{mx.name}@plain.example".lower())
    ref = mx.refused(client, FIRST)
    true(re.search(r" country=BR asn=64501 .* score=4\.0 ",
                   mx.verdict(mark, ip=client.ip)), mx.log_since(mark))
    true("BR" in mx.home.page(ref), mx.home.page(ref))


# ---- people ----

def correspondent(mx):
    """Who was written to is put off; what others get from there is not."""
    home = mx.home
    partner = home.client(sender=f"joe@partner-{mx.name}.test".lower())
    with mx.session(home.client().ip) as session:
        equal(session.auth_plain("joe", "secret").code, 235, "AUTH")
        equal(session.deliver(sender="joe@box.test",
                              recipients=(partner.sender,)).code, 250, "out")
    mark = mx.mark()
    mx.lists.block(partner.ip)
    mx.lists.settle()
    with mx.open(partner) as session:
        session.mail(partner.sender)
        until(lambda: session.rcpt("joe@box.test").code == 451, "451", 5)
        mx.told(session.rcpt("joe@box.test"),
                r"451 4\.7\.0 Access deferred, you have been written to from "
                r"here, so our postmaster was told of it; see")
        mx.told(session.rcpt("other@box.test"),
                r"554 5\.7\.1 Access denied, sending IP .*; to request "
                r"removal visit")
    mx.milter.wait_log(
        rf"correspondent .*ip={re.escape(partner.ip)} from_domain=partner-.* "
        r"rcpt=box.test code=BLOCKED_SELF", after=mark)
    letter_to(home.postfix, "admin@box.test", re.escape(partner.ip))


def two_policies(home):
    """A real Postfix brings both recipients, the second one a bit later."""
    mx = home.mxs[0]
    sender = Postfix(home.world)
    port = sender.listener("")
    sender.set("virtual_mailbox_domains =", "smtp_bind_address = 192.0.2.10",
               f"smtp_helo_name = {home.honest().helo}",
               f"default_transport = smtp:[127.0.0.1]:{mx.port}",
               "minimal_backoff_time = 1s", "maximal_backoff_time = 1s",
               "queue_run_delay = 1s", "smtp_tls_security_level = none")
    sender.start()
    mark = mx.mark()
    token = home.world.unique("both")
    with Session(("127.0.0.1", port)) as session:
        session.ehlo()
        equal(session.deliver(
            f"X-Token: {token}.\r\n" + letter("joe@good.example"),
            "joe@good.example", ("b@box.test", "b@strict.test")).code, 250,
            "submission")
    found = lambda: [m for m in mx.server.mails() if f"{token}." in m]
    try:
        until(lambda: len(found()) == 2,
              lambda: f"two deliveries: {found()} {sender.log()[-3000:]}", 10)
    finally:
        sender.stop()
    true(" code=MIXED_POLICY " in mx.log_since(mark), mx.log_since(mark))
    equal(sorted(re.search(r"to=<(\S+)>, relay=127", line)[1]
                 for line in sender.log().splitlines()
                 if "status=sent" in line), ["b@box.test", "b@strict.test"],
          "sent")
    true("452 4.5.3" in sender.log(), sender.log()[-2000:])


def honest_over(mx, count):
    """That many honest messages at once by the milter protocol."""
    text = mx.home.signed()
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda _: wire.judge(
            mx.milter.where, text, "192.0.2.10", "joe@good.example")[0],
            range(count)))


# ---- automatic listings ----

def listed_by_itself(mx):
    """Five bad messages list; a letter and a link take off, on parole; who
    goes on is listed again."""
    home = mx.home
    client = Client(listed_at(mx, 30))
    url = re.escape(home.portal.url)
    off = (rf"554 5\.7\.1 Access denied, sending IP \[{client.ip}\] is on our "
           rf"block list; to request removal visit {url}/r/(\S{{17}})")
    for _ in range(5):
        mx.refused(client, REFUSED)
    until(lambda: mx.at_rcpt(client.ip)[:3] == "554", mx.milter.log, 5)
    ref = match(mx.at_rcpt(client.ip), off, "RCPT")[1]
    page = home.page(ref)
    true("5 messages scored 15 or more within 24 h" in page, page)
    mail = f"owner-{mx.name}@box.test".lower()
    answer = home.portal.submit(f"/delist?ref={ref}", {
        "mail": mail, "attest": "yes"}, action="/delist")
    equal(answer.status, 303, f"the form: {answer.body[-2000:]}")
    text = letter_to(home.postfix, mail, LINK)[1]
    answer = home.portal.submit(re.search(LINK, text)[2], {})
    equal(answer.status, 303, f"the link: {answer.body[-2000:]}")
    until(lambda: mx.at_rcpt(client.ip)[:3] == "250", "off the list", 5)
    true(home.redis.hash(f"rp:parole:{client.ip}"), "on parole")
    until(lambda: mx.send(client)[0].code == 554,
          lambda: f"listed again: {mx.milter.log()[-3000:]}")
    equal(home.redis.hash(f"rp:block:{client.ip}").get("level"), "2", "level")


# ---- an admin ----

def in_shadow(home):
    """What is in shadow is stamped, counted and reported."""
    mx = home.mxs[0]
    mail = mx.delivered(home.proved(), attached(b"MZ", "invoice.pdf.exe"))
    match(stamp(mail), r"action=accept; would_be=quarantine; mode=shadow; "
          r"ref=\S{17}; .*", "stamp")
    true(" shadow=attach:quarantine " in mx.log_since(0), mx.log_since(0))
    true('reprieve_shadow_total{check="attach",action="quarantine"} 1\n'
         in mx.milter.metrics(), mx.milter.metrics())

    def told():
        seen = json.loads(mx.milter.ctl("--json", "shadow"))
        return [c for c in seen.get("shadow", ())
                if c["check"] == "attach" and int(c["quarantine"]) > 0]
    until(told, lambda: mx.milter.ctl("shadow"))


def replayed(home):
    """What another file would have done with the mail of this run."""
    mx = home.mxs[0]
    count = sum(len(re.findall(r"(?m)\bverdict stage=", m.log()))
                for m in home.milters)
    with open(mx.milter.conf, encoding="ascii") as file:
        text = file.read()
    new = home.world.write("new.conf", text
                           + 'check "dnsbl" { listed = "ignore" }\n')

    def told():
        seen = json.loads(mx.milter.ctl("--json", "replay", "--config", new))
        return seen["facts"] >= count and seen

    seen = until(told, lambda: mx.milter.ctl("replay", "--config", new))
    true([c for c in seen["changes"] if c["was"] == "reject"
          and c["would_be"] == "accept"], seen)
    for name in os.listdir(home.fixed["facts"]):
        with open(f"{home.fixed['facts']}/{name}", "rb") as file:
            kept = file.read()
        for word in (b"@box", b"joe", b"pills", b"invoice", b"line of text"):
            true(word not in kept, f"{word} in the facts")
    same = json.loads(mx.milter.ctl("--json", "replay"))
    equal(same["changed"], 0, f"the same file: {same}")


def explained(home):
    mx = home.mxs[0]
    client = Client("198.19.0.10")
    ref = mx.refused(client, REFUSED)
    until(lambda: home.redis.ask("EXISTS", f"rp:case:{ref}"), ref)
    text = mx.milter.ctl("explain", ref)
    for word in ("dnsbl", "198.19.0.10 is on bl.example (127.0.0.2)",
                 "score 20", "iprev"):
        true(word in text, f"no {word} in {text}")


def tried(home):
    """test-message tells the same before anything is sent."""
    milter = home.milters[0]
    path = home.world.write("tried.eml", attached(b"MZ", "invoice.pdf.exe"))
    text = milter.ctl("test-message", path, "--ip", "198.18.250.10", "--helo",
                      "mx.good.example", "--from", "joe@proved.example",
                      "--rcpt", "b@box.test", check=False)
    for word in ("quarantine", "attach", "double_extension",
                 "invoice.pdf.exe"):
        true(word in text, f"no {word} in {text}")


# ---- what fails ----

class Fault:
    def __init__(self, name, begin, end, *untold):
        self.name = name
        self.begin = begin
        self.end = end
        self.untold = untold


def all_pass(tap, home, fault):
    """Nobody is refused or put off, and the log says what was not asked."""
    for mx in home.mxs:
        took = []
        for client, text in ((home.honest(), home.signed()),
                             (home.careless(), letter(date=False))):
            mark, clock = mx.mark(), Stopwatch()
            mx.delivered(client, text)
            took.append(f"{clock():.2f}")
        line = mx.verdict(mark, ip=client.ip)
        seen = re.search(r" untold=(\S+)", line)
        seen = seen[1].split(",") if seen else []
        equal(sorted(set(fault.untold) - set(seen)), [],
              f"not told as untold: {line}")
        tap.say(f"{fault.name}, {mx.name}: {' '.join(took)} s")


def works_again(home):
    """First contacts are asked to come again, lists are followed."""
    for mx in home.mxs:
        until(lambda m=mx: m.send(home.careless(), letter(date=False))[0].code
              == 451, lambda m=mx: m.milter.log()[-3000:], 10)
        def clear():
            mark = mx.mark()
            mx.delivered(home.honest(), home.signed())
            return "untold" not in mx.verdict(mark, ip="192.0.2.10")
        until(clear, lambda m=mx: m.milter.log()[-3000:], 10)
    home.lists.settle()


def suffers(tap, home, fault):
    fault.begin()
    try:
        all_pass(tap, home, fault)
    finally:
        fault.end()
    works_again(home)


def advisory(home):
    """A check that cannot tell for long says so, until it can again."""
    home.redis.freeze()
    try:
        for mx in home.mxs:
            equal(set(honest_over(mx, 16)), {"continue"}, "answers")
            true('reprieve_check_advisory{check="rate"} 1\n'
                 in mx.milter.metrics(), mx.milter.metrics())
    finally:
        home.redis.thaw()
    for mx in home.mxs:
        def over(m=mx):
            honest_over(m, 8)
            return ('reprieve_check_advisory{check="rate"} 0\n'
                    in m.milter.metrics())
        until(over, lambda m=mx: m.milter.metrics(), 10)


def faults(home):
    redis = home.redis

    def restart():
        redis.start()
        until(lambda: redis.cli("PING", check=False) == "PONG", "PONG")

    def stop():
        redis.cli("SAVE")
        redis.kill()

    def late(seconds):
        home.line.late_s = seconds

    def cut(is_cut):
        home.line.cut = is_cut

    def fail(is_failing):
        home.line.fails = is_failing

    of_dns = ("iprev", "dnsbl")
    of_redis = ("rate", "greylist", "reputation")
    return [
        Fault("Redis is frozen", redis.freeze, redis.thaw, *of_redis),
        Fault("Redis is stopped", stop, restart, *of_redis),
        Fault("Redis is a replica without a primary",
              lambda: redis.cli("REPLICAOF", "127.0.0.1", "1"),
              lambda: redis.cli("REPLICAOF", "NO", "ONE"), *of_redis),
        Fault("Redis is full",
              lambda: redis.cli("CONFIG", "SET", "maxmemory", "1"),
              lambda: redis.cli("CONFIG", "SET", "maxmemory", "0"),
              *of_redis),
        Fault("DNS is silent", lambda: cut(True), lambda: cut(False),
              *of_dns),
        Fault("DNS is slow", lambda: late(1), lambda: late(0), *of_dns),
        Fault("DNS fails", lambda: fail(True), lambda: fail(False),
              *of_dns),
    ]


def started_on_rubbish(home):
    """Databases and model are none: it goes without, until they are."""
    mx = home.mxs[0]
    model = home.redis.ask("GET", "rp:content:model")
    geo = home.fixed["geo"]
    home.redis.cli("SET", "rp:content:model", "rubbish")
    for name in ("country", "asn"):
        home.world.write(f"{geo}/{name}.new", "rubbish" * 1000)
        os.rename(f"{geo}/{name}.new", f"{geo}/{name}.mmdb")
    try:
        # Those who have it go on with what they have.
        other = home.mxs[-1]
        other.milter.wait_log(r"geo.*country\.mmdb")
        mark = other.mark()
        other.delivered(home.honest(), home.signed())
        line = other.verdict(mark, ip="192.0.2.10")
        true(" asn=64500 " in line and "untold" not in line, line)
        mx.milter.kill()
        mx.milter.start()
        mark = mx.mark()
        mx.delivered(home.honest(), home.signed())
        line = mx.verdict(mark, ip="192.0.2.10")
        true(re.search(r" untold=\S*country\S*content", line), line)
    finally:
        home.write_geo(geo)
        home.redis.ask("SET", "rp:content:model", model)
    works_again(home)


CASES = [
    ("an honest small server is taken as it is", honest),
    ("a first contact with faults comes again, and is known to all",
     first_contact),
    ("who is on a DNS list hears on which, and how to get off", listed),
    ("a program in disguise is held", program),
    ("a program in an archive is marked", archived_program),
    ("a look-alike of a bank counts, and says of which", looks_alike),
    ("a bounce to two recipients counts", bounce_to_two),
    ("a network or country listed by redis-cli is out, and in again",
     place_listed),
    ("a country with a score is told", place_counts),
    ("who was written to is put off, not refused", correspondent),
]

# What needs another configuration.
CHANGED = [
    ("what was learnt as spam is marked", learnt, {"content": ""}),
    ("a list that answers errors is switched off", list_that_errs,
     {"zones": LISTS + ERROR_LIST}),
    ("an address over its limit is told when to come",
     limit_of_address,
     {"rate": RATE.replace("address_hour = 3600", "address_hour = 8")}),
    ("a user over his limit is told at RCPT", limit_of_user,
     {"rate": RATE.replace("user_hour = 24", "user_hour = 8")}),
    ("mode monitor stamps what it would refuse", monitored,
     {"mode": "monitor"}),
    ("who goes on is listed, and may come off again", listed_by_itself,
     {"more": "listing { enabled = yes messages = 5 }"}),
]


def every(tap, mxs, name, case, *args):
    for mx in mxs:
        tap.group = mx.name
        tap.case(name, case, *args, mx)


def main():
    world = worlds.enter()
    world.serve_syslog()
    tap = Tap("all heuristic checks through Postfix and Sendmail")
    home = Home(world, Redis(world).start())
    home.learn()
    for name, case in CASES:
        every(tap, home.mxs, name, case)
    tap.group = "an admin"
    tap.case("sees what another file would have done", replayed, home)
    for name, case, changes in CHANGED:
        home.with_conf(changes, every, tap, home.mxs, name, case)
    home.with_conf({"zones": LISTS + DEAD_LIST}, every, tap, home.mxs,
                   "a list that is dead refuses nobody", list_that_is_dead,
                   tap)
    tap.group = "Postfix"
    tap.case("recipients of two policies both get it", two_policies, home)
    tap.group = "an admin"
    home.with_conf({"more": 'check "attach" { shadow = yes }'}, tap.case,
                   "sees what a check in shadow would do", in_shadow, home)
    tap.case("has a case explained", explained, home)
    tap.case("tries a message before it is sent", tried, home)
    tap.group = "faults"
    for fault in faults(home):
        tap.case(f"{fault.name}: nothing is refused for it", suffers, tap,
                 home, fault)
    tap.case("what cannot tell for long is advisory", advisory, home)
    tap.case("rubbish for databases and model", started_on_rubbish, home)
    tap.group = "at the end"
    for milter in home.milters:
        milter.retire()
    tap.case("the portal stops at SIGTERM with 0", lambda: equal(
        home.portal.stop(), 0, "exit code"))
    tap.case("so do the milters", retired, world)
    home.postfix.stop()
    world.close()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
