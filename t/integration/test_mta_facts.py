#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the MTAs in use do with a milter's answers.

Our design rests on these facts (why: lib/policy/codes.def, judge/pipeline).
No line of ours is under test but answer_milter: a failure here says that an
MTA or libmilter has changed, and that the design must be looked at again.
"""

import re
import sys
import time

from harness import world as worlds
from harness.dns import Dns, SERVFAIL, reverse
from harness.milter import Answer
from harness.postfix import LONG_DOMAIN, Postfix
from harness.sendmail import Sendmail
from harness.smtp import MESSAGE, Closed, Session
from harness.tap import Tap, equal, match, true
from harness.wait import Stopwatch, until

CLIENT = "192.0.2.1"
SENDER = "a@example.org"
RECIPIENT = "b@box.test"
COMMAND_LIMIT = 2  # seconds an MTA gives the milter for a command here


class Mta:
    """One MTA behind one port and one scripted milter."""

    def __init__(self, name, server, port, answer):
        self.name = name
        self.server = server
        self.port = port
        self.answer = answer

    def session(self, source=CLIENT):
        return Session(("127.0.0.1", self.port), source)

    def rules(self, *rows):
        self.answer.ensure()
        self.answer.rules(*rows)


# ---- section 1: a refusal at each stage ----

NO_TEXT = r"550 5\.0\.0 Command rejected"
LATER = r"451 4\.3\.2 Please try again later"
REJECT = "reply | 550 | 5.7.1 | our text | reject"
TEMPFAIL = "reply | 451 | 4.7.1 | our text | tempfail"
END = "reply | 421 | 4.7.1 | our text | tempfail"
T550 = r"550 5\.7\.1 our text"
T451 = r"451 4\.7\.1 our text"
T421 = r"421 4\.7\.1 our text"
S550 = rf"550 5\.7\.1 <{SENDER}>\.\.\. our text"
R550 = rf"550 5\.7\.1 <{RECIPIENT}>\.\.\. our text"
BOTH = object()

# Steps that a row may name: banner ehlo mail rcpt data dot again (next MAIL).
STAGES = [
    ("reject at connect", "connect | " + REJECT, {
        "pf": {"banner": "554 .* ESMTP not accepting connections",
               "ehlo": "250 .*", "mail": T550, "again": T550},
        "sm": {"banner": "554 .* ESMTP not accepting messages",
               "mail": NO_TEXT, "rcpt": NO_TEXT}}),
    ("tempfail at connect", "connect | " + TEMPFAIL, {
        "pf": {"banner": "220 .*", "mail": T451},
        "sm": {"banner": "220 .*", "mail": LATER}}),
    ("421 at connect", "connect | " + END, {
        "pf": {"banner": "421 .* Service unavailable - try again later"},
        "sm": {"banner": r"421 4\.7\.0 .* closing connection"}}),
    ("reject at HELO", "helo | " + REJECT, {
        "pf": {"ehlo": "250 .*", "mail": T550, "rcpt": "503 .*",
               "data": "503 .*"},
        "sm": {"ehlo": "250 .*", "mail": T550, "rcpt": T550, "data": T550}}),
    ("tempfail at HELO", "helo | " + TEMPFAIL, {
        BOTH: {"ehlo": "250 .*", "mail": T451}}),
    ("reject at MAIL", "mail | " + REJECT, {
        "pf": {"mail": T550, "rcpt": "503 .*", "data": "503 .*",
               "again": T550},
        "sm": {"mail": S550, "rcpt": "503 .*", "data": "503 .*",
               "again": S550}}),
    ("tempfail at MAIL", "mail | " + TEMPFAIL, {
        BOTH: {"mail": T451, "rcpt": "503 .*"}}),
    ("421 at MAIL", "mail | " + END, {BOTH: {"mail": T421, "end": True}}),
    ("reject at RCPT", "rcpt~b@ | " + REJECT, {
        "pf": {"mail": "250 .*", "rcpt": T550, "rcpt2": "250 .*",
               "data": "354 .*", "dot": "250 .*"},
        "sm": {"mail": "250 .*", "rcpt": R550, "rcpt2": "250 .*",
               "data": "354 .*", "dot": "250 .*"}}),
    ("reject of every RCPT", "rcpt | " + REJECT, {
        "pf": {"rcpt": T550, "rcpt2": ".*our text",
               "data": r"554 5\.5\.1 .*no valid recipients"},
        "sm": {"rcpt": R550, "rcpt2": ".*our text", "data": r"503 5\.0\.0 .*"
               }}),
    ("tempfail at RCPT", "rcpt~b@ | " + TEMPFAIL, {
        BOTH: {"rcpt": T451, "rcpt2": "250 .*", "dot": "250 .*"}}),
    ("421 at RCPT", "rcpt~b@ | " + END, {BOTH: {"rcpt": T421, "end": True}}),
    ("reject at a header", "header~Subject | " + REJECT, {
        BOTH: {"data": "354 .*", "dot": T550, "again": "250 .*"}}),
    ("reject at end of header", "eoh | " + REJECT, {
        BOTH: {"data": "354 .*", "dot": T550, "again": "250 .*"}}),
    ("reject in the body", "body | " + REJECT, {
        BOTH: {"data": "354 .*", "dot": T550, "again": "250 .*"}}),
    ("reject at end of message", "eom | " + REJECT, {
        BOTH: {"data": "354 .*", "dot": T550, "again": "250 .*"}}),
    ("tempfail at end of message", "eom | " + TEMPFAIL, {
        BOTH: {"dot": T451, "again": "250 .*"}}),
    ("421 at end of message", "eom | " + END, {
        BOTH: {"dot": T421, "end": True}}),
]


def walk(mta):
    """The whole dialogue; what was read at each step, until it ended."""
    seen = {}
    session = mta.session()
    steps = [("ehlo", session.ehlo), ("mail", session.mail),
             ("rcpt", session.rcpt),
             ("rcpt2", lambda: session.rcpt("c@box.test")),
             ("data", lambda: session.cmd("DATA"))]
    seen["banner"] = session.banner
    try:
        for name, step in steps:
            seen[name] = step()
        if seen["data"].code == 354:
            seen["dot"] = session.message()
        session.cmd("RSET")
        seen["again"] = session.mail()
    except (Closed, BrokenPipeError, ConnectionResetError):
        seen["end"] = True
    session.close()
    return seen


def stage_case(mta, rule, wanted):
    mta.rules(rule)
    seen = walk(mta)
    for step, pattern in wanted.items():
        true(step in seen, f"no {step} was read; {seen}")
        if pattern is not True:
            match(seen[step].last, pattern, step)


def stages(tap, mta, short):
    for name, rule, per_mta in STAGES:
        wanted = per_mta.get(BOTH) or per_mta[short]
        tap.case(name, stage_case, mta, rule, wanted)


def closed_at_once(mta, stage):
    """A refusal at connect or HELO ends the milter's session."""
    mta.rules(f"{stage} | " + REJECT)
    with mta.session() as session:
        session.ehlo()
        session.mail()
        session.rcpt("postmaster@box.test")
        session.quit()
        until(lambda: mta.answer.events("close"), "close of the milter")
        equal(mta.answer.events("rcpt"), [], "RCPT events")


PREFIXED = ("550", "553", "450")
CODES = ("550", "551", "552", "553", "554", "571", "521", "450", "451", "452")


def prefix(mta, short, code):
    """Sendmail puts the recipient in front of our text for three codes."""
    answer = "reject" if code[0] == "5" else "tempfail"
    mta.rules(f"rcpt | reply | {code} | {code[0]}.7.1 | our text | {answer}")
    with mta.session() as session:
        session.ehlo()
        session.mail()
        seen = session.rcpt().last
    address = ""
    if short == "sm" and code in PREFIXED:
        address = f"<{RECIPIENT}>... "
    equal(seen, f"{code} {code[0]}.7.1 {address}our text", "reply")


def reply_at_rcpt(mta, rule):
    mta.rules("rcpt | " + rule)
    with mta.session() as session:
        session.ehlo()
        session.mail()
        return session.rcpt()


# name, rule at RCPT, what Postfix and Sendmail make of it
TEXTS = [
    ("one % is lost or takes all", "reply | 554 | 5.7.1 | 100% off | reject",
     r"554 5\.7\.1 100 off", r"550 5\.7\.1 .*Command rejected"),
    ("%% is one %", "reply | 554 | 5.7.1 | 100%% off | reject",
     r"554 5\.7\.1 100% off", r"554 5\.7\.1 100% off"),
    ("no enhanced code", "reply | 554 | - | our text | reject",
     "554 our text", r"554 5\.0\.0 our text"),
    ("classes that differ", "reply | 554 | 4.7.1 | our text | reject",
     r"451 4\.3\.5 Server configuration .*", r"554 4\.7\.1 our text"),
    ("5xx set, tempfail returned",
     "reply | 554 | 5.7.1 | our text | tempfail",
     r"451 4\.7\.1 Service unavailable - try again later", LATER),
    ("4xx set, reject returned", "reply | 451 | 4.7.1 | our text | reject",
     r"550 5\.7\.1 Command rejected", r"550 5\.7\.1 .*Command rejected"),
    ("set and continued", "reply | 554 | 5.7.1 | our text | continue",
     "250 .*", "250 .*"),
    ("two lines", "lines | 554 | 5.7.1 | reject | one | two",
     "554-5\\.7\\.1 one\n554 5\\.7\\.1 two",
     "554-5\\.7\\.1 one\n554 5\\.7\\.1 two"),
    ("a text of 900 octets", "reply | 554 | 5.7.1 | " + "x" * 900 + " | reject",
     r"554 5\.7\.1 x{900}", r"554 5\.7\.1 x{900}"),
]


def text_case(mta, rule, pattern):
    match(reply_at_rcpt(mta, rule).text, pattern, "reply")


def long_recipient(mta, code, wanted_len):
    """250 octets of recipient and our longest text (512-12-260-2).
    Sendmail cuts the address it puts in front to 203 octets."""
    local = "l" * (250 - 1 - len(LONG_DOMAIN))
    recipient = f"{local}@{LONG_DOMAIN}"
    equal(len(recipient), 250, "recipient")
    mta.rules(f"rcpt | reply | {code} | 5.7.1 | " + "x" * 238 + " | reject")
    with mta.session() as session:
        session.ehlo()
        session.mail()
        line = session.rcpt(recipient).last
    equal(len(line) + 2, wanted_len, "octets of the line")
    true(len(line) + 2 <= 512, f"{len(line) + 2} octets")


def pipelined(mta):
    """Every command has its reply, in order."""
    mta.rules("rcpt~c@ | reply | 554 | 5.7.1 | our text | reject")
    with mta.session() as session:
        session.ehlo()
        session.send(f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<b@box.test>\r\n"
                     "RCPT TO:<c@box.test>\r\nRCPT TO:<d@box.test>\r\n"
                     "DATA\r\n")
        codes = [session.read().code for _ in range(5)]
        equal(codes, [250, 250, 554, 250, 354], "replies")
        equal(session.message().code, 250, "dot")


def hard_errors(mta, short):
    mta.rules("rcpt | reply | 554 | 5.7.1 | our text | reject")
    with mta.session() as session:
        session.ehlo()
        session.mail()
        codes = [session.rcpt(f"u{i}@box.test").code for i in range(20)]
        equal(codes, [554] * 20, "20 refused recipients")
        wanted = 421 if short == "pf" else 554
        equal(session.rcpt("last@box.test").code, wanted, "the 21st")


# ---- section 2: never at DATA ----

def after_data(mta, next_commands, wanted, at_least):
    """What the commands after a refused DATA are answered."""
    mta.rules("data | " + REJECT)
    with mta.session() as session:
        session.ehlo()
        session.mail()
        session.rcpt()
        match(session.cmd("DATA").last, T550, "refused DATA")
        watch = Stopwatch()
        seen = [session.cmd(command).last for command in next_commands]
        took = watch()
    match(seen[-1], wanted, "last answer")
    true(took >= at_least, f"the hang is gone: answered after {took:.2f} s")


def refused_data_then_rset(mta):
    mta.rules("data | " + REJECT)
    with mta.session() as session:
        session.ehlo()
        session.mail()
        session.rcpt()
        match(session.cmd("DATA").last, T550, "refused DATA")
        mta.answer.rules()
        equal(session.cmd("RSET").code, 250, "RSET")
        equal(session.deliver().code // 100, 5, "the rule is of the session")


# ---- section 3: slow, dead, away ----

def away(mta, wanted):
    if mta.answer.process is not None and mta.answer.process.alive():
        mta.answer.process.kill()
    seen = walk(mta)
    mta.answer.ensure()
    for step, pattern in wanted.items():
        match(seen[step].last, pattern, step)


def dies(mta, stage, wanted):
    mta.rules(f"{stage} | die")
    seen = walk(mta)
    # Its socket is gone, and the MTA has answered, before its process is.
    until(lambda: not mta.answer.process.alive(), "the milter's end")
    mta.answer.ensure()
    for step, pattern in wanted.items():
        true(step in seen, f"no {step}: {seen}")
        match(seen[step].last, pattern, step)


def slow(mta, stage, wanted):
    mta.rules(f"{stage} | sleep | {COMMAND_LIMIT * 1000 + 1500}",
              f"{stage} | reply | 554 | 5.7.1 | our text | reject")
    watch = Stopwatch()
    seen = walk(mta)
    for step, pattern in wanted.items():
        true(step in seen, f"no {step}: {seen}")
        match(seen[step].last, pattern, step)
    true(watch() >= COMMAND_LIMIT * 0.9, f"too quick: {watch():.1f} s")


def progress(mta):
    """smfi_progress keeps the MTA waiting past its limit."""
    mta.rules("eom | progress | 6 | 600",
              "eom | reply | 554 | 5.7.1 | our text | reject")
    dot = walk(mta)["dot"].last
    match(dot, r"554 5\.7\.1 our text", f"dot; {mta.server.log()[-900:]}")


# ---- section 4: what arrives ----

# address, zone, hostname argument, {client_name} PF SM, {client_ptr}, resolve
PTR_ZONE = {
    (reverse("192.0.2.11"), "PTR"): ["good.example.org"],
    ("good.example.org", "A"): ["192.0.2.11"],
    (reverse("192.0.2.12"), "PTR"): ["forged.example.org"],
    ("forged.example.org", "A"): ["192.0.2.99"],
    (reverse("192.0.2.15"), "PTR"): SERVFAIL,
    (reverse("192.0.2.16"), "PTR"): ["half.example.org"],
    ("half.example.org", "A"): SERVFAIL,
    ("half.example.org", "AAAA"): SERVFAIL,
}
PTR = [
    ("PTR and A agree", "192.0.2.11", "good.example.org",
     ("good.example.org", "good.example.org"), "good.example.org",
     ("OK", "OK")),
    ("PTR points elsewhere", "192.0.2.12", "[192.0.2.12]",
     ("unknown", "[192.0.2.12]"), "forged.example.org",
     ("FORGED", "FORGED")),
    ("no PTR", "192.0.2.13", "[192.0.2.13]",
     ("unknown", "[192.0.2.13]"), ("unknown", "[192.0.2.13]"),
     ("FAIL", "FAIL")),
    ("PTR lookup fails", "192.0.2.15", "[192.0.2.15]",
     ("unknown", "[192.0.2.15]"), ("unknown", "[192.0.2.15]"),
     ("TEMP", "TEMP")),
    ("A lookup fails", "192.0.2.16", "[192.0.2.16]",
     ("unknown", "[192.0.2.16]"), "half.example.org", ("TEMP", "FORGED")),
]


def arrives(mta, which, address, host, name, ptr, resolve):
    mta.rules()
    with mta.session(address) as session:
        session.ehlo()
    event = until(lambda: mta.answer.events("connect"), "connect event")[0]
    if isinstance(ptr, tuple):
        ptr = ptr[which]
    equal(event[1:7], [host, address, "port", name[which], ptr,
                       resolve[which]], "connect event")


def arrives_v6(mta, port):
    mta.rules()
    with Session(("::1", port), "2001:db8::3") as session:
        session.ehlo()
    event = until(lambda: mta.answer.events("connect"), "connect event")[0]
    equal(event[2], "2001:db8::3", "sockaddr")


def no_address(sendmail, answer):
    answer.ensure()
    answer.rules()
    with sendmail.pipe() as session:
        session.ehlo()
        equal(session.deliver().code, 250, "delivery")
    event = until(lambda: answer.events("connect"), "connect event")[0]
    equal(event[1:3], ["localhost", "none"], "connect event")


def port_zero(postfix, answer):
    """sendmail(1) of Postfix: port 0, no angle brackets."""
    answer.ensure()
    answer.rules()
    worlds.run("sendmail", "-C", postfix.dir, "-f", SENDER, "x@box.test",
               input=b"Subject: port zero\n\ntext\n")
    postfix.find("port zero")
    event = answer.events("connect")[0]
    equal(event[1:4], ["localhost", "127.0.0.1", "port-0"], "connect event")
    equal(answer.events("mail")[0][1], SENDER, "MAIL argument")
    equal(answer.events("rcpt")[0][1], "x@box.test", "RCPT argument")


# ---- section 5: headers ----

def passed(mta, rules, text, token):
    """The header of the delivered message as a list of lines."""
    mta.rules(*rules)
    with mta.session() as session:
        session.ehlo()
        equal(session.deliver(text).code, 250, "delivery")
    mail = mta.server.find(token)
    head = re.split(r"\r?\n\r?\n", mail, 1)[0]
    return re.split(r"\r?\n(?![ \t])", head)


def four(token, *names):
    """A message with four equal fields."""
    names = names or ("X-Old",) * 4
    fields = "".join(f"{n}: value {i}\r\n" for i, n in enumerate(names, 1))
    return fields + MESSAGE.replace("hello", token)


def values(head, name):
    return [line.split(":", 1)[1].strip() for line in head
            if line.split(":", 1)[0].lower() == name.lower()]


def deletes(mta, token, order, left):
    rules = [("eom", "delete", "X-Old", str(i)) for i in order]
    head = passed(mta, rules, four(token), token)
    equal(values(head, "X-Old"), left, f"left after deleting {order}")


def deletes_any_case(mta, token):
    rules = [("eom", "delete", "x-OLD", str(i)) for i in (4, 3, 2, 1)]
    head = passed(mta, rules, four(token, "X-Old", "x-old", "X-OLD", "x-oLd"),
                  token)
    equal(values(head, "x-old"), [], "left")


def delete_then_insert(mta, token):
    rules = [("eom", "delete", "X-Old", str(i)) for i in (4, 3, 2, 1)]
    rules.append(("eom", "insert", "0", "X-Old", "ours"))
    head = passed(mta, rules, four(token), token)
    equal(values(head, "X-Old"), ["ours"], "left")
    names = [line.split(":", 1)[0].lower() for line in head]
    true(names.index("x-old") < names.index("received"),
         f"not above Received: {names}")


def insert_then_delete(mta, token):
    """An earlier insert counts as index 1: ours is what goes."""
    rules = [("eom", "insert", "0", "X-Old", "ours"),
             ("eom", "delete", "X-Old", "1")]
    head = passed(mta, rules, four(token), token)
    true("ours" not in values(head, "X-Old"), f"{head}")


def two_inserts(mta, token):
    rules = [("eom", "insert", "0", "X-One", "1"),
             ("eom", "insert", "0", "X-Two", "2")]
    head = passed(mta, rules, MESSAGE.replace("hello", token), token)
    names = [line.split(":", 1)[0] for line in head]
    true(names.index("X-Two") < names.index("X-One") < names.index("Received"),
         f"{names}")


def leading_space(mta, token):
    text = "X-None:v\r\nX-Two:  v\r\n" + MESSAGE.replace("hello", token)
    passed(mta, ["steps | leadspc"], text, token)
    seen = {e[1]: e[3] for e in mta.answer.events("header") if len(e) > 3}
    equal((seen["X-None"], seen["X-Two"]), ("v", "  v"), "values")


def long_header(mta, short, token):
    """70,000 octets: cut by Postfix, refused by Sendmail."""
    mta.rules()
    folded = "X-Long: " + "\r\n ".join(["y" * 900] * 78) + "\r\n"
    text = folded + MESSAGE.replace("hello", token)
    with mta.session() as session:
        session.ehlo()
        reply = session.deliver(text)
        if short == "sm":
            match(reply.last, r"552 5\.6\.0 Headers too large .*", "reply")
            until(lambda: mta.answer.events("abort"), "abort")
            return
        equal(reply.code, 250, "reply")
    size = [int(e[2]) for e in mta.answer.events("header")
            if e[1] == "X-Long"]
    equal(len(size), 1, "X-Long events")
    true(58000 <= size[0] <= 60000, f"{size[0]} octets shown")
    true(mta.server.find(token).count("y") < 61000, "delivered uncut")


def quarantined(mta, short, token):
    mta.rules("eom | quarantine | our reason")
    with mta.session() as session:
        session.ehlo()
        match(session.deliver(MESSAGE.replace("hello", token)).last, "250 .*",
              "reply")
    if short == "pf":
        until(lambda: "milter triggers HOLD" in mta.server.log(), "log line")
        match(mta.server.queue(), r".*[0-9A-F]+! .*", "queue")
        true("our reason" not in mta.server.log(), "Postfix logs the reason")
    else:
        until(lambda: "our reason" in mta.server.log(), "log line")
        match(mta.server.queue(), r".*our reason.*", "queue")
    time_to_deliver = [m for m in mta.server.mails() if token in m]
    equal(time_to_deliver, [], "delivered")


# ---- all of it ----

def common(tap, mta, short):
    """What is asked of both, each with its own expectations."""
    which = 0 if short == "pf" else 1
    tap.group = f"{mta.name}, a refusal at each stage"
    stages(tap, mta, short)
    for stage in ("connect", "helo"):
        tap.case(f"after one at {stage} the milter sees no RCPT",
                 closed_at_once, mta, stage)
    tap.group = f"{mta.name}, the text"
    for code in CODES:
        tap.case(f"{code} at RCPT", prefix, mta, short, code)
    for name, rule, *patterns in TEXTS:
        tap.case(name, text_case, mta, rule, patterns[which])
    tap.case("250 octets of recipient, 554", long_recipient, mta, "554",
             4 + 6 + 238 + 2)
    tap.case("250 octets of recipient, 550", long_recipient, mta, "550",
             4 + 6 + 238 + 2 + (207 if short == "sm" else 0))
    tap.case("pipelined commands are answered in order", pipelined, mta)
    tap.case("the 21st error of a session", hard_errors, mta, short)
    tap.group = f"{mta.name}, what the milter is told"
    for name, *row in PTR:
        tap.case(name, arrives, mta, which, *row)
    tap.group = f"{mta.name}, headers"
    backwards, forwards = ["value 1", "value 2"], (1, 2)
    tap.case("deleting from the highest index leaves none", deletes, mta,
             f"del-a-{short}", (4, 3, 2, 1), [])
    tap.case("deleting 4 and 3 leaves the first two", deletes, mta,
             f"del-b-{short}", (4, 3), backwards)
    tap.case("deleting 1 and 2 in that order", deletes, mta,
             f"del-c-{short}", forwards,
             ["value 2", "value 4"] if short == "pf" else
             ["value 3", "value 4"])
    tap.case("deleting 1 twice", deletes, mta, f"del-d-{short}", (1, 1),
             ["value 3", "value 4"] if short == "pf" else
             ["value 2", "value 3", "value 4"])
    tap.case("names compare without case", deletes_any_case, mta,
             f"del-e-{short}")
    tap.case("delete, then insert on top", delete_then_insert, mta,
             f"ins-a-{short}")
    tap.case("insert, then delete takes the inserted one",
             insert_then_delete, mta, f"ins-b-{short}")
    tap.case("the later of two inserts is on top", two_inserts, mta,
             f"ins-c-{short}")
    tap.case("blanks after the colon come as sent", leading_space, mta,
             f"lead-{short}")
    tap.case("a field of 70,000 octets", long_header, mta, short,
             f"long-{short}")
    tap.case("quarantine", quarantined, mta, short, f"hold-{short}")


PF_AWAY = {"mail": r"451 4\.7\.1 Service unavailable - try again later"}
OPEN = {"dot": "250 .*"}
TEXT_554 = r"554 5\.7\.1 our text"
SM_FAULTS = {
    "": {"away": OPEN, "mail": OPEN, "eom": OPEN,
         "slow rcpt": {"rcpt": "250 .*", "dot": "250 .*"},
         "slow eom": OPEN},
    "T": {"away": {"mail": LATER}, "mail": {"mail": "451 .*"},
          "eom": {"dot": "451 .*"}, "slow rcpt": {"rcpt": "451 .*"}},
    "R": {"away": {"banner": "554 .*", "mail": NO_TEXT}},
    "4": {"away": {"banner": "421 .*"},
          "mail": {"mail": r"421 4\.3\.0 closing connection"},
          "eom": {"dot": "421 .*"}, "slow rcpt": {"rcpt": "421 .*"}},
}


def postfix_faults(tap, strict, lax):
    tap.group = "Postfix, the milter fails"
    tap.case("away at connect", away, strict, PF_AWAY)
    tap.case("dies at MAIL", dies, strict, "mail",
             {"mail": "451 .*", "rcpt": "503 .*"})
    tap.case("dies at end of message", dies, strict, "eom",
             {"dot": "451 .*", "again": "451 .*"})
    tap.case("slower than the limit at RCPT", slow, strict, "rcpt~b@",
             {"rcpt": "451 .*"})
    tap.case("slow at end of message", slow, strict, "eom",
             {"dot": TEXT_554})
    tap.case("smfi_progress at end of message", progress, strict)
    tap.group = "Postfix, a refusal at DATA"
    again = ["DATA"]
    tap.case("then DATA: 4xx, never 354", after_data, strict, again,
             "451 .*", COMMAND_LIMIT * 0.9)
    tap.case("then RCPT and DATA: 4xx, never 354", after_data, strict,
             ["RCPT TO:<c@box.test>", "DATA"], "4[0-9][0-9] .*",
             COMMAND_LIMIT * 0.9)
    tap.case("then DATA, default_action=accept: an open door", after_data,
             lax, again, "354 .*", COMMAND_LIMIT * 0.9)
    tap.case("then RSET: no harm", refused_data_then_rset, strict)


def sendmail_faults(tap, mtas):
    for flag, rows in SM_FAULTS.items():
        mta = mtas[flag]
        tap.group = f"{mta.name}, the milter fails"
        tap.case("away at connect", away, mta, rows["away"])
        if "mail" in rows:
            tap.case("dies at MAIL", dies, mta, "mail", rows["mail"])
            tap.case("dies at end of message", dies, mta, "eom", rows["eom"])
            tap.case("slower than the limit at RCPT", slow, mta, "rcpt~b@",
                     rows["slow rcpt"])
        if "slow eom" in rows:
            tap.case("slower than the limit at end of message", slow, mta,
                     "eom", rows["slow eom"])
    tap.group = "Sendmail, a refusal at DATA"
    limit = COMMAND_LIMIT * 0.9
    tap.case("then DATA, F=T: 4xx, never 354", after_data, mtas["T"],
             ["DATA"], "451 .*", limit)
    tap.case("then RCPT and DATA, F=T: 4xx, never 354", after_data,
             mtas["T"], ["RCPT TO:<c@box.test>", "DATA"], "4[0-9][0-9] .*",
             limit)
    tap.case("then DATA, no F=: an open door", after_data, mtas[""],
             ["DATA"], "354 .*", limit)
    tap.case("then RSET: no harm", refused_data_then_rset, mtas["T"])
    tap.group = "Sendmail, the milter is slow"
    tap.case("smfi_progress at end of message", progress, mtas["T"])


def main():
    world = worlds.enter()
    world.serve_syslog()
    Dns().zone.update(PTR_ZONE)
    tap = Tap("what the MTAs do with a milter's answers")
    answer = Answer(world).start()

    postfix = Postfix(world)
    limit = f"milter_command_timeout={COMMAND_LIMIT}s"
    strict = postfix.listener("unix:" + answer.path, limit)
    lax = postfix.listener("unix:" + answer.path, limit,
                           "milter_default_action=accept")
    postfix.set("non_smtpd_milters = unix:" + answer.path)
    postfix.start()
    mta = Mta("Postfix", postfix, strict, answer)
    common(tap, mta, "pf")
    tap.group = "Postfix, what the milter is told"
    tap.case("IPv6", arrives_v6, mta, strict)
    tap.case("sendmail(1): port 0", port_zero, postfix, answer)
    postfix_faults(tap, mta, Mta("Postfix, accept", postfix, lax, answer))

    mtas = {}
    for flag in SM_FAULTS:
        server = Sendmail(world, "unix:" + answer.path, flag,
                          f"S:{COMMAND_LIMIT}s;R:{COMMAND_LIMIT}s;E:1m")
        server.start()
        name = f"Sendmail F={flag}" if flag else "Sendmail without F="
        mtas[flag] = Mta(name, server, server.port, answer)
    server = mtas["T"].server
    common(tap, Mta("Sendmail", server, server.port, answer), "sm")
    tap.group = "Sendmail, what the milter is told"
    tap.case("IPv6", arrives_v6, mtas["T"], server.port6)
    tap.case("-bs: no address", no_address, server, answer)
    sendmail_faults(tap, mtas)

    postfix.stop()
    world.close()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
