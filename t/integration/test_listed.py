#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Listed senders are refused, all others are not, through both MTAs.

One table of cases for Postfix and Sendmail. Two milters, one for each, share
one Redis, which is edited by redis-cli alone.
"""

import os
import re
import sys
import time

from harness import wire
from harness import world as worlds
from harness.dns import Dns
from harness.lists import PICK_UP_S, Addresses, Lists
from harness.milter import REFERENCE, REFUSAL, REVIEW, Reprieve, refusal
from harness.postfix import LONG_DOMAIN, Postfix
from harness.redis import Redis
from harness.sendmail import Sendmail
from harness.site import Site
from harness.smtp import MESSAGE, Session
from harness.tap import Tap, equal, match, true
from harness.wait import until

CONNECTED = Addresses()
MORE = 'domain "soft.test" { mode = "monitor" }'


def refused(site, address, form=REFUSAL, recipient="b@box.test"):
    """Refused at RCPT from address; the reference of the reply."""
    line = site.at_rcpt(address, recipient)
    match(line, refusal(address, form), "RCPT")
    true(len(line) + 2 <= 512, f"{len(line) + 2} octets")
    return line[-17:]


def accepted(site, address, recipient="b@box.test"):
    match(site.at_rcpt(address, recipient), "250 .*", "RCPT")


# ---- the cases: case(site) ----

def listed_v4(site):
    address = CONNECTED.next4()
    accepted(site, address)
    site.lists.block(address)
    site.lists.settle()
    refused(site, address)


def listed_v6(site):
    address = CONNECTED.next6()
    site.lists.block(address)
    site.lists.settle()
    refused(site, address)


def listed_v6_by_network(site):
    address = CONNECTED.next6()
    site.lists.block(address[:-1] + "/64")
    site.lists.settle()
    refused(site, address)


def inside_range(site):
    number = 0 if site.name == "Postfix" else 64
    network = f"198.51.100.{number}/28"
    site.lists.block(network)
    site.lists.settle()
    refused(site, f"198.51.100.{number + 3}")
    accepted(site, f"198.51.100.{number + 16}")


def allowed_inside_range(site):
    number = 32 if site.name == "Postfix" else 96
    site.lists.block(f"198.51.100.{number}/28")
    site.lists.cli("SET", f"rp:allow:198.51.100.{number + 2}", "a partner")
    site.lists.settle()
    accepted(site, f"198.51.100.{number + 2}")
    refused(site, f"198.51.100.{number + 1}")


def host_bits_set(site):
    """A network typed with host bits is the network."""
    number = 128 if site.name == "Postfix" else 192
    site.lists.block(f"198.51.100.{number + 5}/28")
    site.lists.settle()
    refused(site, f"198.51.100.{number + 1}")


def one_domain(site):
    address = CONNECTED.next4()
    site.lists.block(address, scope="@strict.test")
    site.lists.settle()
    with site.session(address) as session:
        session.mail()
        match(session.rcpt("u@strict.test").text, refusal(address), "strict")
        match(session.rcpt("U@STRICT.TEST").text, refusal(address), "upper")
        equal(session.rcpt("u@box.test").code, 250, "other domain")
        equal(session.data().code, 250, "the message for the other")


def allowed_for_one_domain(site):
    address = CONNECTED.next4()
    site.lists.block(address)
    site.lists.cli("SET", f"rp:allow@strict.test:{address}", "ours")
    site.lists.settle()
    accepted(site, address, "u@strict.test")
    refused(site, address)


def expires(site):
    """The moment Redis lets the key go is the moment it counts no more."""
    address = CONNECTED.next4()
    site.lists.cli("SET", f"rp:block:{address}", "short", "PX", "2500")
    end = time.monotonic() + 2.5
    site.lists.settle()
    refused(site, address)
    true(time.monotonic() < end, "too slow to tell")
    until(lambda: site.at_rcpt(address)[:3] == "250", "accepted", 6)
    late = time.monotonic() - end
    true(-0.2 <= late <= PICK_UP_S + 0.3, f"{late:+.2f} s after its end")


def expire_set_later(site):
    address = CONNECTED.next4()
    key = site.lists.block(address)
    site.lists.settle()
    refused(site, address)
    site.lists.cli("EXPIRE", key, "1")
    until(lambda: site.at_rcpt(address)[:3] == "250", "accepted", 3)


def shadow(site):
    address = CONNECTED.next4()
    key = site.lists.block(address, "reason", "trial", "shadow", "yes")
    site.lists.settle()
    mark = site.mark()
    mail = site.deliver(address, site.milter.world.unique("shadow"))
    match(field(mail, "X-Reprieve"), r"action=accept; would_be=reject; .*",
          "X-Reprieve")
    log = until(lambda: re.search(f"verdict.*key=.?{re.escape(key)}.*",
                                  site.log_since(mark)), "log line")
    true("would_be=reject" in log[0], log[0])


def review(site):
    address = CONNECTED.next4()
    site.lists.block(address, "reason", "again", "class", "review")
    site.lists.settle()
    refused(site, address, REVIEW)


def way_in(site):
    """The ways to reach a person stay open to a listed sender."""
    address = CONNECTED.next4()
    site.lists.block(address)
    site.lists.settle()
    with site.session(address) as session:
        session.mail()
        match(session.rcpt().text, refusal(address), "others")
        for name in ("postmaster", "PostMaster", "abuse", "delist"):
            equal(session.rcpt(f"{name}@box.test").code, 250, name)
        equal(session.data().code, 250, "the message")


def authenticated(site):
    address = CONNECTED.next4()
    site.lists.block(address)
    site.lists.settle()
    refused(site, address)
    with site.session(address) as session:
        equal(session.auth_plain("joe", "secret").code, 235, "AUTH")
        equal(session.deliver().code, 250, "delivery")
        session.quit()
    site.milter.wait_log(r"judged=no why=authenticated")


def trusted(site):
    site.lists.block("127.0.0.1")
    site.lists.settle()
    with site.session("127.0.0.1") as session:
        equal(session.deliver().code, 250, "delivery")
    site.milter.wait_log(r"judged=no why=trusted")


def mapped(site):
    """An IPv4 client of a dual-stack socket is the IPv4 client."""
    address = CONNECTED.next4()
    site.lists.block(address)
    site.lists.settle()
    if site.name == "Postfix":  # has no dual-stack socket: say so by XCLIENT
        session = Session(("127.0.0.1", site.port), "127.0.0.1")
        session.ehlo()
        reply = session.cmd(f"XCLIENT ADDR=IPV6:::ffff:{address} NAME=x.test")
        equal(reply.code, 220, "XCLIENT")
        session.ehlo()
    else:
        session = Session(("127.0.0.1", site.port6), address)
        session.ehlo()
    with session:
        session.mail()
        match(session.rcpt().text, refusal(address), "RCPT")


def mapped_entry(site):
    address = CONNECTED.next4()
    site.lists.block(f"::FFFF:{address}")
    site.lists.settle()
    refused(site, address)


def no_name(site):
    """A client without PTR is judged like any other."""
    address = CONNECTED.next4()
    mail = site.deliver(address, site.milter.world.unique("noptr"))
    true(field(mail, "X-Reprieve"), "no X-Reprieve")
    site.lists.block(address)
    site.lists.settle()
    mark = site.mark()
    refused(site, address)
    # Neither MTA sends this macro unless it is asked for.
    until(lambda: re.search(
        rf"verdict .*ip={re.escape(address)} .*resolve=FAIL ",
        site.log_since(mark)), lambda: site.log_since(mark))


def local_submission(site):
    """No address (Sendmail -bs) or port 0 (Postfix): never refused."""
    for subject in ("127.0.0.1", "::1", "0.0.0.0"):
        site.lists.block(subject)
    site.lists.settle()
    token = site.milter.world.unique("local")
    text = MESSAGE.replace("hello", token)
    if site.name == "Postfix":
        worlds.run("sendmail", "-C", site.server.dir, "-f", "a@example.org",
                   "x@box.test", input=text.encode())
        site.server.find(token)
        worlds.run("sendmail", "-C", site.server.dir, "-f", "a@example.org",
                   "x@strict.test", input=text.encode())
    else:
        with site.server.pipe() as session:
            session.ehlo()
            equal(session.deliver(text).code, 250, "delivery")
        site.server.find(token)
    site.milter.wait_log(r"judged=no why=local")


def null_sender(site):
    address = CONNECTED.next4()
    mail = site.deliver(address, site.milter.world.unique("null"), sender="")
    true(field(mail, "X-Reprieve"), "no X-Reprieve")
    site.lists.block(address)
    site.lists.settle()
    with site.session(address) as session:
        equal(session.mail("").code, 250, "MAIL FROM:<>")
        match(session.rcpt().text, refusal(address), "RCPT")


def many_recipients(site):
    """200 recipients; those of the domain that lists the client fail."""
    address = CONNECTED.next4()
    site.lists.block(address, scope="@strict.test")
    site.lists.settle()
    references = set()
    with site.session(address) as session:
        session.mail()
        for i in range(200):
            if i % 20 == 19:
                line = session.rcpt(f"u{i}@strict.test").text
                match(line, refusal(address), f"recipient {i}")
                references.add(line[-17:])
            else:
                equal(session.rcpt(f"u{i}@box.test").code, 250, f"u{i}")
        equal(session.data().code, 250, "delivery")
    equal(len(references), 1, "references of one cause")


def two_messages(site):
    """Listed between two messages of one connection."""
    address = CONNECTED.next4()
    with site.session(address) as session:
        equal(session.deliver().code, 250, "first")
        site.lists.block(address)
        site.lists.settle()
        match(session.deliver().text, refusal(address), "second")


def pipelined(site):
    address = CONNECTED.next4()
    site.lists.block(address, scope="@strict.test")
    site.lists.settle()
    with site.session(address) as session:
        session.send("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@box.test>\r\n"
                     "RCPT TO:<c@strict.test>\r\nRCPT TO:<d@box.test>\r\n"
                     "DATA\r\n")
        replies = [session.read() for _ in range(5)]
        equal([r.code for r in replies], [250, 250, 554, 250, 354], "codes")
        match(replies[2].text, refusal(address), "the refused one")
        equal(session.message().code, 250, "delivery")


def reset(site):
    address = CONNECTED.next4()
    site.lists.block(address)
    site.lists.settle()
    with site.session(address) as session:
        for _ in range(3):
            session.mail()
            match(session.rcpt().text, refusal(address), "RCPT")
            equal(session.cmd("RSET").code, 250, "RSET")
        session.mail()
        equal(session.rcpt("postmaster@box.test").code, 250, "postmaster")


def longest_line(site):
    address = CONNECTED.next6()
    domain = LONG_DOMAIN
    recipient = "l" * (250 - 1 - len(domain)) + "@" + domain
    site.lists.block(address, "class", "review", "reason", "r" * 400)
    site.lists.settle()
    refused(site, address, REVIEW, recipient)


def taken_off(site):
    """DEL counts for the next RCPT of a session that is already there."""
    address = CONNECTED.next4()
    key = site.lists.block(address)
    site.lists.settle()
    with site.session(address) as session:
        session.mail()
        match(session.rcpt().text, refusal(address), "before")
        site.lists.cli("DEL", key)
        until(lambda: session.rcpt().code == 250, "accepted after DEL",
              PICK_UP_S)
        equal(session.data().code, 250, "delivery")


def same_reference(site):
    """One network and cause keep their reference; another has its own."""
    first, second = CONNECTED.next4(), CONNECTED.next4()
    for address in (first, second):
        site.lists.block(address)
    site.lists.settle()
    one, two = refused(site, first), refused(site, first)
    equal(one, two, "references")
    true(refused(site, second) != one, "two causes, one reference")


# ---- headers ----

def split(mail):
    """Header lines (unfolded) and body, with plain line ends."""
    head, _, body = mail.replace("\r\n", "\n").partition("\n\n")
    return re.split(r"\n(?![ \t])", head), body


def field(mail, name):
    values = [line.split(":", 1)[1].strip() for line in split(mail)[0]
              if line.split(":", 1)[0].lower() == name.lower()]
    equal(len(values), 1, f"fields {name} in {mail}")
    return values[0]


def stamped(site):
    mail = site.deliver(CONNECTED.next4(), site.milter.world.unique("stamp"))
    match(field(mail, "X-Reprieve"), r"action=accept;.*host=mx\.example\.net",
          "X-Reprieve")


FORGED = ("X-Reprieve", "x-reprieve", "X-REPRIEVE", "x-rEPRIEVE")


def forged(site):
    """Four forged fields go, ours is there, nothing else is touched."""
    token = site.milter.world.unique("forged")
    lines = [f"{FORGED[0]}: action=accept; forged", "X-Keep: one",
             f"{FORGED[1]}:forged", f"{FORGED[2]}: forged\r\n\tfolded",
             "X-Keep:two", "X-Reprieves: not ours", f"{FORGED[3]}: forged"]
    text = "\r\n".join(lines) + "\r\n" + MESSAGE
    mail = site.deliver(CONNECTED.next4(), token, text)
    true("forged" not in field(mail, "X-Reprieve"), mail)
    names, body = split(mail)
    own = ("received", "return-path", "x-original-to", "delivered-to",
           "x-reprieve", "x-reprieve-trace")
    rest = [line for line in names
            if line.split(":", 1)[0].lower() not in own
            and not line.startswith("From ")]
    sent, sent_body = split(text.replace("hello", token))
    sent = [line for line in sent if line.split(":")[0].lower() not in own]
    equal(sorted(squeeze(rest)), sorted(squeeze(sent)), "other fields")
    equal(body.rstrip("\n"), sent_body.rstrip("\n"), "body")


def squeeze(lines):
    """Sendmail's local mailer may fold and add one blank."""
    return [re.sub(r"\s+", " ", line.replace(":", ": ", 1)) for line in lines]


# ---- log and case ----

def logged(site):
    address = CONNECTED.next4()
    key = site.lists.block(address, "reason", "odd \"words\" here")
    site.lists.settle()
    mark = site.mark()
    reference = refused(site, address)
    line = until(lambda: re.search(f"verdict .*{re.escape(reference)}.*",
                                   site.log_since(mark)), "log line")[0]
    for part in ("stage=rcpt", f"ip={address}", "action=reject",
                 "check=blocked", f"key={key}", "rcpt=box.test",
                 "from_domain=example.org"):
        true(part in line, f"{part} in {line}")
    true("b@box.test" not in line and "a@example.org" not in line,
         f"whole addresses in the log: {line}")


def not_forgeable(site):
    """What a sender writes cannot begin a line or a field of our log."""
    address = CONNECTED.next4()
    site.lists.block(address)
    site.lists.settle()
    mark = site.mark()
    with site.session(address, ehlo=False) as session:
        session.ehlo('x action=accept "verdict" \x1b[31m\x7f\xe9%s%n')
        session.cmd('MAIL FROM:<"a action=accept\\"b"@exam_ple.org>')
        session.rcpt()
        session.cmd("RSET")
        session.mail()
        session.rcpt()
    log = until(lambda: "verdict" in site.log_since(mark)
                and site.log_since(mark), "log line")
    for line in re.findall(".*verdict .*", log):
        if f"ip={address}" not in line:
            continue
        plain = re.sub(r'"[^"]*"', '""', line)
        true("action=accept" not in plain, f"forged field in {line!r}")
        true(all(" " <= c <= "~" for c in line), f"odd octets in {line!r}")


def case_kept(site):
    address = CONNECTED.next4()
    key = site.lists.block(address, "reason", "trap hit")
    site.lists.settle()
    reference = refused(site, address)
    case = until(lambda: site.lists.redis.hash(f"rp:case:{reference}"),
                 f"case {reference}")
    for name, value in (("ip", address), ("code", "BLOCKED_SELF"),
                        ("key", key), ("reason", "trap hit"),
                        ("stage", "rcpt"), ("sender_domain", "example.org"),
                        ("rcpt_domain", "box.test"), ("ref", reference),
                        ("action", "reject")):
        equal(case.get(name), value, f"field {name} of {case}")
    true("a@example.org" not in str(case) and "b@box.test" not in str(case),
         f"whole addresses in {case}")
    match(case.get("reply", ""), refusal(address), "reply in the case")
    life = site.lists.redis.ask("TTL", f"rp:case:{reference}")
    true(2_500_000 < life <= 2_592_000, f"life of the case: {life}")


# ---- modes ----

def set_auth(site, word):
    mark = site.mark()
    site.milter.write(auth=f"enabled = {word}")
    site.milter.reload()
    site.milter.wait_log("is in effect", after=mark)


CLAIMS = ("mx.example.net; spf=pass forged", "MX.Example.NET. 1; forged=pass",
          '(a (b) c)\r\n\t"mx.exam\\ple.net"; dkim=pass forged',
          "mx.example.net;\r\n dmarc=pass forged")
OTHERS = ("mx.example.org; spf=pass", "a.mx.example.net; none",
          "mx.example.net.org; none")


def results(site):
    """Ours stands on top, forged ones are gone, those of others are not."""
    address = CONNECTED.next4()
    lines = [f"Authentication-Results: {value}" for value in (
        CLAIMS[0], OTHERS[0], CLAIMS[1], CLAIMS[2], OTHERS[1], OTHERS[2],
        CLAIMS[3])]
    text = "\r\n".join(lines) + "\r\n" + MESSAGE
    set_auth(site, "yes")
    try:
        mail = site.deliver(
            address, site.milter.world.unique("results"), text)
    finally:
        set_auth(site, "no")
    names, _ = split(mail)
    fields = [line.split(":", 1)[1].strip() for line in names
              if line.lower().startswith("authentication-results:")]
    match(re.sub(r"\s+", " ", fields[0]),
          r"mx\.example\.net; .*iprev=(pass|fail|permerror) .*policy\.iprev="
          + re.escape(address) + "( .*)?", "ours")
    equal(fields[1:], list(OTHERS), "those of others")
    true("forged" not in mail, mail)
    order = [line.split(":", 1)[0].lower() for line in names]
    true(order.index("authentication-results") < order.index("received"),
         f"ours is not on top: {order}")


def set_mode(site, mode):
    mark = site.mark()
    site.milter.write(mode=mode)
    site.milter.reload()
    site.milter.wait_log("is in effect", after=mark)


def monitor(site):
    address = CONNECTED.next4()
    site.lists.block(address)
    site.lists.settle()
    set_mode(site, "monitor")
    try:
        mail = site.deliver(address, site.milter.world.unique("monitor"))
        match(field(mail, "X-Reprieve"),
              r"action=accept; would_be=reject; mode=monitor; ref="
              + REFERENCE + ";.*", "X-Reprieve")
    finally:
        set_mode(site, "enforce")
    refused(site, address)


def monitor_one_domain(site):
    address = CONNECTED.next4()
    site.lists.block(address)
    site.lists.settle()
    accepted(site, address, "u@soft.test")
    refused(site, address)


# ---- junk ----

def junk(site):
    """All that can be typed wrong; the good entries go on working."""
    good, other = CONNECTED.next4(), CONNECTED.next4()
    ask = site.lists.redis.ask
    names = ["", ":", "1.2.3.4/99", "::ffff:1.2.3.4/24", "1.2.3", "x/24",
             "1.2.3.4.5", "0.0.0.0/0", "::/0", "128.0.0.0/1", "10.0.0.0/7",
             "2000::/3", "asn:", "asn:x", "country:ZZZ", "domain:", "%s%n",
             "192.0.2.1/", "/24", "192.0.2.1/-1", "a" * 1000, "::1/129",
             "192.0.2.1 ", "01.2.3.4", "0x1.2.3.4", "fe80::1%eth0"]
    for i, name in enumerate(names):
        ask("SET", f"rp:block:{name}", "junk")
        ask("SET", f"rp:allow:{name}", "junk")
        ask("SET", f"rp:block@{name}:192.0.2.{i + 1}", "junk")
    for data in (b"\0", b"\xff\xfe", b"\r\nSET x y", b"1.2.3.4\0", b"\n"):
        ask("SET", b"rp:block:" + data, "junk")
        ask("SET", b"rp:case:" + data, "junk")
    ask("RPUSH", "rp:block:192.0.2.201", "a list")
    ask("SADD", "rp:block:192.0.2.202", "a set")
    ask("ZADD", "rp:block:192.0.2.203", "1", "sorted")
    ask("XADD", "rp:block:192.0.2.204", "*", "a", "stream")
    ask("SET", "rp:block:192.0.2.205", b"\0\r\n\x1b[0m\xff")
    ask("HSET", "rp:block:192.0.2.206", b"\0", b"\xff", "class", "nonsense",
        "level", "-99999999999999999999", "until", "x", "shadow", "perhaps")
    ask("SETBIT", "rp:block:192.0.2.207", str(8 * 100 * 1024 * 1024 - 1), "1")
    ask("SET", f"rp:block:{good}", "good")
    site.lists.settle(20)
    refused(site, good)
    accepted(site, other)
    equal(refused_quietly(site, "192.0.2.206"), True,
          "a hash with odd fields still lists")
    true(site.milter.process.alive(), "the milter has died")


def refused_quietly(site, address):
    return site.at_rcpt(address).startswith("554 5.7.1 Access denied")


def force_needed(site):
    """A very wide range counts only with "force yes"."""
    other = CONNECTED.next4()
    site.lists.block("192.0.0.0/2", "reason", "typed by mistake")
    site.lists.settle()
    accepted(site, other)
    site.lists.cli("HSET", "rp:block:192.0.0.0/2", "force", "yes")
    try:
        until(lambda: refused_quietly(site, other), "force yes counts", 3)
    finally:
        site.lists.cli("DEL", "rp:block:192.0.0.0/2")
    until(lambda: site.at_rcpt(other)[:3] == "250", "taken back", 3)


CASES = [
    ("a listed IPv4 address", listed_v4),
    ("a listed IPv6 address", listed_v6),
    ("an address of a listed IPv6 network", listed_v6_by_network),
    ("an address inside a listed range", inside_range),
    ("an allowed address inside a listed range", allowed_inside_range),
    ("a range typed with host bits", host_bits_set),
    ("listed for one recipient domain only", one_domain),
    ("listed for all, allowed for one domain", allowed_for_one_domain),
    ("a listing with a life ends to the second", expires),
    ("EXPIRE set on a listing that is served", expire_set_later),
    ("a shadow listing refuses nobody", shadow),
    ("class review has its own text", review),
    ("postmaster, abuse and delist stay reachable", way_in),
    ("an authenticated client is not judged", authenticated),
    ("a trusted network is not judged", trusted),
    ("an IPv4 client that comes as ::ffff:", mapped),
    ("an entry typed as ::FFFF:", mapped_entry),
    ("a client without a name", no_name),
    ("local submission is not judged", local_submission),
    ("an empty sender", null_sender),
    ("200 recipients, some refused", many_recipients),
    ("listed between two messages of a connection", two_messages),
    ("pipelined commands", pipelined),
    ("RSET", reset),
    ("the longest line has at most 512 octets", longest_line),
    ("DEL counts for the next RCPT", taken_off),
    ("the same cause keeps its reference", same_reference),
    ("X-Reprieve once on what passes", stamped),
    ("forged X-Reprieve fields go, all else stays", forged),
    ("Authentication-Results: ours on top, forged ones gone", results),
    ("a refusal leaves one log line that says why", logged),
    ("a sender cannot forge the log", not_forgeable),
    ("the case is kept for thirty days", case_kept),
    ("monitor mode refuses nobody", monitor),
    ("monitor mode for one domain", monitor_one_domain),
    ("a range that needs force", force_needed),
    ("junk in Redis", junk),
]


def sasl(world):
    """One user for both MTAs, in the /etc of this test alone."""
    text = "pwcheck_method: auxprop\nmech_list: PLAIN LOGIN\n"
    folder = world.path("sasl")
    for name in ("/etc/sasl2/Sendmail.conf", "/etc/mail/sasl/Sendmail.conf.2",
                 "/etc/mail/sasl/Sendmail.conf", f"{folder}/smtpd.conf"):
        world.write(name, text)
    worlds.run("saslpasswd2", "-p", "-c", "-u", worlds.HOST, "joe",
               input=b"secret")
    os.chmod("/etc/sasldb2", 0o644)
    return folder


def postfix_site(world, milter, lists, sasl_folder):
    server = Postfix(world)
    port = server.listener(
        milter.postfix, "smtpd_sasl_auth_enable=yes",
        f"cyrus_sasl_config_path={sasl_folder}",
        f"smtpd_sasl_local_domain={worlds.HOST}",
        "smtpd_authorized_xclient_hosts=127.0.0.1")
    server.set("non_smtpd_milters = " + milter.postfix)
    server.start()
    return Site("Postfix", server, port, port, milter, lists)


def sendmail_site(world, milter, lists):
    server = Sendmail(
        world, "unix:" + milter.where, "T",
        mc="define(`confAUTH_MECHANISMS', `PLAIN LOGIN')dnl\n"
        "TRUST_AUTH_MECH(`PLAIN LOGIN')dnl\n"
        f"define(`confAUTH_REALM', `{worlds.HOST}')dnl")
    server.start()
    return Site("Sendmail", server, server.port, server.port6, milter, lists)


def main():
    world = worlds.enter()
    world.serve_syslog()
    Dns()
    tap = Tap("listed senders through Postfix and Sendmail")
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
    tap.case("both milters live", lambda: true(
        one.process.alive() and two.process.alive(), one.log()[-2000:]))
    tap.case("both stop at SIGTERM with 0", lambda: equal(
        (one.process.stop(), two.process.stop()), (0, 0), "exit codes"))
    sites[0].server.stop()
    world.close()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
