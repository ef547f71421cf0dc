#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Reports about DMARC that others send: mail to dmarc@ through both MTAs and a
Redis with the users of reprieve.acl, to what reprievectl dmarc-summary shows.
"""

import base64
import gzip
import io
import json
import re
import signal
import subprocess
import sys
import time
import zipfile

from harness import wait
from harness import world as worlds
from harness.dns import Dns
from harness.lists import Addresses, Lists
from harness.milter import Reprieve
from harness.tap import Tap, equal, true
from test_acl import guarded
from test_intake import HOST, MORE, postfix_desk, sendmail_desk

DAY = 86400
BEGIN = int(time.time()) // DAY * DAY - DAY


def foreign(desk):
    """As Mail::DMARC writes it."""
    return subprocess.run(
        ["perl", f"{desk.milter.world.srcdir}/t/unit/ctl/maildmarc.pl",
         str(BEGIN), str(BEGIN + DAY - 1)],
        check=True, stdout=subprocess.PIPE).stdout


def zipped(octets):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("r.example!example.org!1!2.xml", octets)
    return out.getvalue()


TAKEN = r"status=sent|mailer=reprieve[^\n]*stat=Sent"
REFUSED = r"status=bounced|mailer=reprieve[^\n]*stat=User unknown"


def count(desk, ends):
    """Letters to dmarc@ that ended so."""
    return len(re.findall(rf"to=<dmarc@[^\n]*({ends})", desk.server.log()))


def done(desk):
    return count(desk, f"{TAKEN}|{REFUSED}")


def letter(desk, octets, kind="application/gzip", name="r.xml.gz"):
    """The report is all of the mail, as most send it; until that is over."""
    token = desk.token()
    text = (f"From: <noreply@receiver.example>\nTo: dmarc@{HOST}\n"
            f"Subject: Report Domain: example.org Submitter: receiver.example\n"
            f"Date: Sun, 1 Jan 2023 00:00:00 +0000\n"
            f"Message-ID: <{token}@receiver.example>\nMIME-Version: 1.0\n"
            f"Content-Type: {kind}; name=\"{name}\"\n"
            f"Content-Disposition: attachment; filename=\"{name}\"\n"
            "Content-Transfer-Encoding: base64\n\n"
            + base64.encodebytes(octets).decode())
    before = done(desk)
    desk.hand_in(text, desk.addresses.next4(), "noreply@receiver.example",
                 "dmarc")
    wait.until(lambda: done(desk) > before,
               lambda: f"it is over: {desk.server.log()[-2500:]}", 20)


def summary(desk, *words):
    text = desk.milter.ctl("--json", "dmarc-summary", *words, check=False)
    return json.loads(text)


def kept(desk):
    return desk.redis.keys("rp:dmarcin:report:*")


# ---- the cases: case(desk) ----

def from_mail(desk):
    """From real mail to what the administrator sees, packed in any way."""
    text = foreign(desk)
    letter(desk, gzip.compress(text))
    shown = summary(desk, "example.org")
    equal([(s["org"], s["ip"], s["messages"], s["disposition"], s["dkim"],
            s["spf"]) for s in shown["sources"]],
          [("Receiver & Co", "192.0.2.1", 17, "none", "pass", "fail"),
           ("Receiver & Co", "2001:db8::7", 4, "quarantine", "fail", "fail")],
          "sources")
    letter(desk, zipped(text), "application/zip", "r.zip")
    letter(desk, text, "text/xml", "r.xml")
    equal(summary(desk)["domains"],
          [{"domain": "example.org", "reports": 1, "messages": 21,
            "passed": 17, "percent": 80}], "the same three times")


def hostile(desk):
    """They end at once, and nothing of them is kept."""
    before = kept(desk)
    head = b"<?xml version=\"1.0\"?>"
    laughs = head + b"<!DOCTYPE f [<!ENTITY a \"ha\">" + b"".join(
        b"<!ENTITY %c \"%s\">" % (c, b"&%c;" % (c - 1) * 10)
        for c in range(ord("b"), ord("k"))) + b"]><feedback>&j;</feedback>"
    outside = (head + b"<!DOCTYPE f [<!ENTITY a SYSTEM \"file:///etc/passwd\">"
               b"]>" + foreign(desk).split(b"?>", 1)[1].replace(
                   b"Receiver &amp; Co", b"&a;"))
    deep = b"<feedback>" + b"<a>" * 1000 + b"</a>" * 1000 + b"</feedback>"
    bomb = b"<feedback>" + b" " * (30 << 20) + b"</feedback>"
    for octets in (laughs, outside, deep, bomb):
        letter(desk, gzip.compress(octets))
    letter(desk, zipped(bomb), "application/zip", "r.zip")
    letter(desk, b"PK\3\4" + b"\xff" * 40, "application/zip", "r.zip")
    equal(kept(desk), before, "what is kept")


def stale(desk):
    """What is no longer kept is not taken in, and no bounce goes out."""
    before = kept(desk)
    refused = count(desk, REFUSED)
    text = foreign(desk).replace(str(BEGIN).encode(), b"1000000000", 1)
    letter(desk, gzip.compress(text.replace(b"42.17", b"43.17")))
    equal(kept(desk), before, "what is kept")
    equal(count(desk, REFUSED), refused, "bounces")


def redis_away(desk):
    """The MTA keeps a report until it can be taken in."""
    text = foreign(desk).replace(b"42.1700000000", desk.token().encode())
    before = len(kept(desk))
    desk.redis.freeze()
    try:
        desk.hand_in(
            f"From: <n@receiver.example>\nTo: dmarc@{HOST}\nSubject: r\n"
            "MIME-Version: 1.0\nContent-Type: application/gzip; name=r.gz\n"
            "Content-Transfer-Encoding: base64\n\n"
            + base64.encodebytes(gzip.compress(text)).decode(),
            "127.0.0.1", "n@receiver.example", "dmarc")
        wait.until(desk.deferred, desk.server.log, 40)
    finally:
        desk.redis.thaw()

    def flushed():
        desk.flush()
        return len(kept(desk)) > before
    wait.until(flushed, desk.server.log, 30, every=0.5)


def unrefused(desk):
    equal(desk.redis.ask("ACL", "LOG"), [], "ACL LOG")
    equal([k for k in desk.redis.keys("rp:dmarcin:*")
           if desk.redis.ask("TTL", k) == -1], [], "keys without an end")
    true(kept(desk), "nothing was kept")


CASES = (
    ("a report by mail is summed up, and counts once", from_mail),
    ("bombs and entities end at once and are not kept", hostile),
    ("one that is too old is not kept", stale),
    ("while Redis is away the MTA keeps the report", redis_away),
    ("the users of reprieve.acl suffice, and all ends by itself", unrefused),
)


def main():
    world = worlds.enter()
    world.serve_syslog()
    dns = Dns()
    tap = Tap("reports about DMARC through Postfix and Sendmail")
    for make in (postfix_desk, sendmail_desk):
        redis = guarded(world)
        milter = Reprieve(world, redis, auth="enabled = yes", more=MORE.replace(
            '"box.test"', '"box.test", "example.org"'))
        milter.start()
        desk = make(world, milter, Lists(redis, milter)).follow(
            dns, redis, Addresses())
        tap.group = desk.name
        for name, case in CASES:
            tap.case(name, case, desk)
        desk.server.stop()
        milter.process.signal(signal.SIGTERM)
    world.close()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
