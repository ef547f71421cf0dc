#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Who is a message really from: SPF, DKIM, ARC, DMARC and iprev.

One name server with t/data/zones serves all. What depends on records alone is
asked over the milter protocol; what each method says, what is stamped and what
is refused goes through Postfix and Sendmail.
"""

import json
import os
import re
import sys
import time

import dkim

from harness import corpus, opendkim, results, sign, wire
from harness import world as worlds
from harness.dns import Dns
from harness.milter import REFERENCE, URL, Reprieve, retired
from harness.nsd import BadServers, Nsd
from harness.postfix import Postfix
from harness.redis import Redis
from harness.sendmail import Sendmail
from harness.site import Site
from harness.tap import Tap, equal, match, true
from harness.wait import until
from test_interop import Python

GOOD, OTHER = "192.0.2.10", "192.0.2.66"  # may send for our names, may not
LATE_MS, END_MS = 800, 3000


class Row:
    """One message and what must be found. text: a function of the Signer, or
    None for a plain message of that sender. mta: through Postfix and Sendmail
    too. more: arguments of harness/results.Results.expect."""

    def __init__(self, name, sender="joe@good.example", ip=GOOD,
                 helo="mx.good.example", text=None, author=None, mta=False,
                 **want):
        self.name = name
        self.sender = sender
        self.ip = ip
        self.helo = helo
        self.author = author or sender or "joe@good.example"
        self.text = text
        self.mta = mta
        self.want = want

    def octets(self, signer):
        if self.text is None:
            return sign.message(self.author)
        return self.text(signer, sign.message(self.author))


def spf(name, domain, word, ip=GOOD, **more):
    return Row(name, f"joe@{domain}", ip, want_spf=word, **more)


SPF = [
    spf("the client is named", "spf-pass.example", "pass", mta=True),
    spf("the IPv6 client is named", "spf-pass.example", "pass",
        ip="2001:db8::10", mta=True),
    spf("-all", "spf-pass.example", "fail", ip=OTHER, mta=True),
    spf("~all", "spf-soft.example", "softfail", ip=OTHER, mta=True),
    spf("?all", "spf-neutral.example", "neutral", ip=OTHER, mta=True),
    spf("no record", "spf-none.example", "none", mta=True),
    spf("no such domain", "spf-nothing.example", "none"),
    spf("a record of another version", "spf-other.example", "none"),
    spf("a mechanism nobody knows", "spf-unknown.example", "permerror",
        mta=True),
    spf("two records", "spf-two.example", "permerror"),
    spf("records of other kinds beside it", "spf-two-sorts.example", "pass"),
    spf("several strings", "spf-split.example", "pass"),
    spf("capitals", "spf-case.example", "pass"),
    spf("an alias", "spf-cname.example", "pass"),
    spf("mx", "spf-mx.example", "pass"),
    spf("a", "spf-a.example", "pass"),
    spf("redirect", "spf-redirect.example", "pass"),
    spf("redirect to nothing", "spf-redirect-none.example", "permerror"),
    spf("include", "spf-include.example", "pass"),
    spf("include of nothing", "spf-include-none.example", "permerror"),
    spf("includes itself", "spf-loop.example", "permerror"),
    spf("macros", "spf-macro.example", "pass"),
    spf("ten terms that ask DNS", "spf-ten.example", "pass"),
    spf("eleven", "spf-eleven.example", "permerror"),
    spf("two void look-ups", "spf-void-2.example", "pass"),
    spf("three", "spf-void-3.example", "permerror"),
    spf("more than 512 octets", "spf-600.example", "pass"),
    spf("an answer that needs TCP", "spf-tcp.example", "pass", mta=True),
    spf("a truncated answer", "cut.odd.example", "pass"),
    spf("a late answer", "late.example", "pass"),
    spf("SERVFAIL", "servfail.example", "temperror", mta=True),
    spf("REFUSED", "refused.odd.example", "temperror", mta=True),
    spf("octets that are no answer", "garbage.odd.example", "temperror"),
    spf("a silent server", "silent.example", "temperror", mta=True),
    spf("SERVFAIL within an include", "spf-temp.example", "temperror"),
    spf("a macro without its end", "spf-crash-1.example", "permerror"),
    spf("a macro with a huge number", "spf-crash-2.example", "fail"),
    spf("a NUL", "spf-nul.example", "permerror"),
    Row("a null sender is its HELO", "", helo="spf-pass.example",
        want_helo="pass", want_spf=None, mta=True),
    Row("a null sender, and HELO fails", "", ip=OTHER,
        helo="spf-pass.example", want_helo="fail", want_spf=None),
    Row("HELO is an address", helo="[192.0.2.10]", want_spf="pass"),
]

IPREV = [
    Row("the name points back", want_iprev="pass", mta=True),
    Row("the IPv6 name points back", ip="2001:db8::10", want_iprev="pass",
        mta=True),
    Row("one of two names points back", ip="192.0.2.11", want_iprev="pass"),
    Row("the name points elsewhere", ip="192.0.2.20", want_iprev="fail",
        mta=True),
    Row("the name does not exist", ip="192.0.2.21", want_iprev="fail"),
    Row("no name", ip="192.0.2.30", want_iprev="permerror", mta=True),
    Row("the name server fails", ip="192.0.2.40", want_iprev="temperror",
        mta=True),
]


def by(domain, selector="s1"):
    """Signed by that domain."""
    return lambda s, m: s.dkimpy(m, domain=domain, selector=selector)


def unsaid(name, author, word, policy=None, **more):
    """Nothing speaks for the author: the policy decides."""
    return Row(name, "joe@spf-none.example", OTHER, author=author,
               want_dmarc=word, want_policy=policy, **more)


def broken(domain):
    return lambda s, m: corpus.change(s.dkimpy(m, domain=domain), b"Another",
                                      b"Other")


def with_from(*lines):
    head = "".join(f"From: {line}\r\n" for line in lines).encode()
    return lambda s, m: re.sub(rb"From: .*\r\n", head, m)


DMARC = [
    unsaid("p=none", "a@dm-none.example", "fail", "none", mta=True),
    unsaid("p=quarantine", "a@dm-quar.example", "fail", "quarantine",
           mta=True),
    unsaid("p=reject", "a@dm-reject.example", "fail", "reject", mta=True),
    unsaid("no record", "a@spf-none.example", "none", mta=True),
    unsaid("no such domain", "a@nothing-here.example", "none"),
    Row("SPF passes and is aligned", "joe@dm-reject.example",
        want_dmarc="pass", mta=True),
    Row("SPF passes for another domain", "joe@spf-pass.example",
        author="a@dm-reject.example", want_dmarc="fail", mta=True),
    Row("SPF of a subdomain, relaxed", "joe@news.dm-reject.example",
        author="a@dm-reject.example", want_dmarc="pass"),
    Row("SPF of a subdomain, strict", "joe@sub.dm-strict.example",
        author="a@dm-strict.example", want_dmarc="fail"),
    Row("SPF of the same, strict", "joe@dm-strict.example",
        want_dmarc="pass"),
    unsaid("DKIM passes and is aligned", "a@dm-reject.example", "pass",
           policy="reject", text=by("dm-reject.example"), mta=True),
    unsaid("DKIM of another domain", "a@dm-reject.example", "fail", "reject",
           text=by("good.example"), mta=True),
    unsaid("DKIM of a subdomain, relaxed", "a@dm-reject.example", "pass",
           policy="reject", text=by("news.dm-reject.example")),
    unsaid("DKIM of the parent, relaxed", "a@news.dm-reject.example", "pass",
           policy="reject", text=by("dm-reject.example"), mta=True),
    unsaid("DKIM of a subdomain, strict", "a@dm-strict.example", "fail",
           "reject", text=by("sub.dm-strict.example")),
    unsaid("DKIM of the same, strict", "a@dm-strict.example", "pass",
           policy="reject", text=by("dm-strict.example")),
    unsaid("a broken signature", "a@dm-reject.example", "fail", "reject",
           text=broken("dm-reject.example")),
    unsaid("l= covers a part, that is no pass", "a@dm-reject.example", "fail",
           "reject", text=lambda s, m: s.tagged(
               m, [("l", "17")], d="dm-reject.example")),
    unsaid("sp for a subdomain that is there", "a@is.dm-sub.example", "fail",
           "quarantine", mta=True),
    unsaid("np for one that is not", "a@no.dm-sub.example", "fail", "none"),
    unsaid("np stricter than p", "a@no.dm-np.example", "fail", "reject",
           mta=True),
    unsaid("p where sp is missing", "a@is.dm-np.example", "fail", "none"),
    unsaid("sp where np is missing", "a@no.dm-sp.example", "fail", "none"),
    unsaid("t=y is one level less", "a@dm-test.example", "fail",
           "quarantine"),
    unsaid("two records are none", "a@dm-two.example", "none"),
    unsaid("another text beside it", "a@dm-beside.example", "fail",
           "quarantine"),
    unsaid("no policy that can be read", "a@dm-bad.example", "none"),
    unsaid("the same with rua is p=none", "a@dm-rua.example", "fail", "none"),
    unsaid("several strings", "a@dm-split.example", "fail", "quarantine"),
    unsaid("an alias", "a@dm-cname.example", "fail", "quarantine"),
    unsaid("below a public suffix, by its owner", "a@a.org.dm-psd.example",
           "pass", policy="reject", text=by("org.dm-psd.example")),
    unsaid("below a public suffix, by a neighbour", "a@a.org.dm-psd.example",
           "fail", "reject", text=by("rival.dm-psd.example")),
    unsaid("psd=n is an organisation of its own",
           "a@a.dept.dm-org.example", "fail", "quarantine",
           text=by("dm-org.example")),
    unsaid("nine labels", "a@a.b.c.d.e.f.g.dm-deep.example", "fail",
           "reject"),
    unsaid("a U-label", "a@dm\u00e4rc.example", "fail", "quarantine"),
    unsaid("capitals", "a@DM-Reject.Example", "fail", "reject"),
    unsaid("SERVFAIL", "a@servfail.example", "temperror", mta=True),
    unsaid("REFUSED", "a@refused.odd.example", "temperror"),
    unsaid("a silent server", "a@silent.example", "temperror"),
    unsaid("no From", "a@dm-reject.example", "none",
           text=with_from(), mta=True),
    unsaid("two From fields", "a@dm-reject.example", "none",
           text=with_from("a@dm-reject.example", "b@good.example"),
           mta=True),
    unsaid("two authors of one domain", "a@dm-reject.example", "fail",
           "reject",
           text=with_from("a@dm-reject.example, b@dm-reject.example")),
    unsaid("authors of two domains", "a@dm-reject.example", "none",
           text=with_from("a@dm-reject.example, b@good.example")),
    unsaid("a display name that looks like an address",
           "a@dm-reject.example", "fail", "reject", text=with_from(
               '"joe@good.example" <a@dm-reject.example>')),
]


# Where the Public Suffix List (which knows no .example) says otherwise.
BY_PSL = [
    unsaid("a neighbour below a suffix the list has not",
           "a@a.org.dm-psd.example", "pass", policy="reject",
           text=by("rival.dm-psd.example")),
    unsaid("psd=n is nothing to it", "a@a.dept.dm-org.example", "pass",
           policy="reject", text=by("dm-org.example")),
    unsaid("np is nothing to it", "a@no.dm-sub.example", "fail",
           "quarantine"),
    unsaid("p=reject of the domain itself", "a@dm-reject.example", "fail",
           "reject"),
]


def expectation(row):
    names = {"want_policy": "dmarc.policy.dmarc"}
    return {names.get(key, key[5:]): value for key, value in row.want.items()
            if value is not None or key != "want_policy"}


def over_wire(milter, signer, row):
    answer, session = wire.judge(milter.where, row.octets(signer), row.ip,
                                 row.sender, row.helo)
    equal(answer, "continue", "in mode monitor")
    seen = results.of_wire(session)
    seen.expect(expectation(row))
    return seen


# ---- through the MTAs ----

class Place(Site):
    """A site, its configuration, and messages with a token of their own."""

    def __init__(self, *args, base):
        super().__init__(*args)
        self.base = base

    def send(self, text, ip=GOOD, sender="joe@good.example",
             helo="mx.good.example", recipient="b@box.test"):
        """(reply that decided, token)"""
        token = self.milter.world.unique("token")
        with self.session(ip, ehlo=False) as session:
            session.ehlo(helo)
            reply = session.deliver(
                f"X-Token: {token}.\r\n" + text.decode("latin-1"), sender,
                (recipient,))
        return reply, token

    def delivered(self, text, **who):
        reply, token = self.send(text, **who)
        equal(reply.code, 250, f"delivery: {reply}; "
              f"log: {self.milter.log()[-1500:]}")
        return self.server.find(f"X-Token: {token}.")

    def refused(self, pattern, text, **who):
        """The reply; pattern is its code and text without the URL."""
        reply, _ = self.send(text, **who)
        match(reply.text, pattern + r".* " + re.escape(URL) + "/r/"
              + REFERENCE, "reply")
        true(len(reply.text) + 2 <= 512, f"{len(reply.text)} octets")
        return reply.text[-17:]

    def configure(self, more="", mode="enforce", auth=""):
        mark = self.mark()
        self.milter.write(mode=mode, auth="enabled = yes\n" + auth,
                          more=self.base + more)
        self.milter.reload()
        self.milter.wait_log("is in effect", after=mark)

    def restart(self, more):
        """For what is read at the start only."""
        self.milter.kill()
        self.milter.write(mode="enforce", more=self.base + more)
        self.milter.start()


def through_mta(site, signer, row):
    mail = site.delivered(row.octets(signer), ip=row.ip, sender=row.sender,
                          helo=row.helo)
    seen = results.of(mail)
    seen.expect(expectation(row))
    true("would_be" not in mail or "mode=monitor" in mail, mail[:1000])


def signed_through_mta(site, method, mail):
    seen = results.of(site.delivered(mail.text))
    equal([r.result for r in seen.of(method)], mail.words, seen.text)


# ---- headers ----

NAME = results.OURS
CLAIMS = (
    f"{NAME}; spf=pass forged", "MX.Example.NET; dkim=pass forged",
    f'"{NAME}"; dmarc=pass forged', '"mx.exam\\ple.net"; arc=pass forged',
    f"(a (b) c) {NAME}; spf=pass forged", f"{NAME} 1; spf=pass forged",
    f"{NAME}.; spf=pass forged", f"{NAME}; none (forged)",
    f"\r\n\t{NAME};\r\n dkim=pass forged", f"\r\n ({NAME})\r\n {NAME} 1 ;"
    " spf=pass forged", f"{NAME};spf=pass forged", f"{NAME} forged")
OTHERS = ("mx.example.org; spf=pass", "a.mx.example.net; none",
          "mx.example.net.org; none", "(mx.example.net) mx.example.com; none")


def stamp(name, value):
    blank = "" if value.startswith("\r\n") else " "
    return f"{name}:{blank}{value}\r\n"


def forged(site, claims):
    """All that claim to be ours are gone, those of others are not."""
    lines = [stamp(("Authentication-Results", "AUTHENTICATION-results")[i % 2],
                   value) for i, value in enumerate(claims)]
    others = [stamp("Authentication-Results", value) for value in OTHERS]
    half = len(lines) // 2
    mixed = others[:1] + lines[:half] + others[1:3] + lines[half:] + others[3:]
    mail = site.delivered(sign.message(more="".join(mixed)))
    seen = results.fields(mail, "Authentication-Results")
    match(seen[0], re.escape(NAME) + ";.*", "ours")
    equal(seen[1:], list(OTHERS), "those of others")
    true("forged" not in mail, mail)
    order = [line.split(":", 1)[0].lower()
             for line in mail.replace("\r\n", "\n").split("\n")]
    true(order.index("authentication-results") < order.index("received"),
         f"ours is not on top: {order[:8]}")


def signature_over_forged(site, signer):
    """A signature that covers what we delete is verified before."""
    m = sign.message(more=f"Authentication-Results: {NAME}; spf=fail\r\n")
    text = signer.tagged(m, headers=(*sign.SIGNED,
                                     b"authentication-results"))
    mail = site.delivered(text)
    results.of(mail).expect({"dkim": "pass"})
    equal(len(results.fields(mail, "Authentication-Results")), 1, "fields")


def received_spf(site, ip, word):
    """It agrees with Authentication-Results and stands above Received."""
    mail = site.delivered(sign.message(), ip=ip)
    results.of(mail).expect({"spf": word})
    value = results.fields(mail, "Received-SPF")[0]
    match(value, word.capitalize() + r" \(.*\).*|" + word + r" \(.*\).*",
          "Received-SPF")
    for part in ("client-ip=", ip, "helo=", "mx.good.example",
                 "envelope-from=", "joe@good.example"):
        true(part in value, f"no {part} in {value}")


def forged_received_spf(site):
    """Nobody may think that a sender's field is ours."""
    text = sign.message(more="Received-SPF: pass (forged) client-ip=1.2.3.4;"
                        " helo=x; envelope-from=x@y.z\r\n")
    value = results.fields(site.delivered(text, ip=OTHER), "Received-SPF")[0]
    true("forged" not in value and value.lower().startswith("fail"), value)


def long_field(site, signer):
    """Postfix cuts it: what covers it cannot be verified, nor broken."""
    line = "x" * 70 + "\r\n "
    text = sign.message(more="X-Long: " + line * 973 + "end\r\n")
    text = signer.tagged(text, headers=(*sign.SIGNED, b"x-long"))
    if site.name == "Sendmail":
        reply, _ = site.send(text)
        equal(reply.code, 552, f"Sendmail takes 32,768 octets: {reply}")
        return
    seen = results.of(site.delivered(text))
    seen.expect({"dkim": "neutral", "spf": "pass"})


def long_field_unsigned(site, signer):
    """A signature that does not cover it is not touched by it."""
    if site.name == "Sendmail":
        return
    text = "X-Long: " + ("x" * 70 + "\r\n ") * 973 + "end\r\n"
    seen = results.of(site.delivered(
        text.encode() + signer.dkimpy(sign.message())))
    seen.expect({"dkim": "pass"})


def nobody_is_fooled(site):
    """Octets of a sender do not make results."""
    who = 'x" spf=pass (good) ;dkim=pass header.d=good.example'
    text = sign.message(f"{who}@dm-reject.example")
    reply, token = site.send(text, ip=OTHER, helo="a;dkim=pass")
    if reply.code != 250:
        return
    seen = results.of(site.server.find(f"X-Token: {token}."))
    true(seen.word("dkim") == "none" and "pass" not in str(
        seen.word("spf")), seen.text)


# ---- policy ----

STRICT = """
check "spf" { fail = "reject" softfail = "reject" permerror = "reject"
  temperror = "tempfail" }
check "dkim" { fail = "reject" permerror = "reject" policy = "reject"
  temperror = "tempfail" }
check "arc" { fail = "reject" }
check "from" { hit = "reject" }
check "dmarc" { fail = "reject" fail_quarantine = "reject"
  fail_reject = "reject" temperror = "tempfail" }
check "iprev" { fail = "reject" permerror = "reject" }
"""


def explained(site, reference, *words):
    """The case behind it says enough to mend the cause."""
    until(lambda: site.milter.redis.hash(f"rp:case:{reference}"),
          f"case {reference}")
    text = site.milter.ctl("--json", "explain", reference)
    json.loads(text)
    for word in words:
        true(word in text, f"no {word} in the case: {text}")


class Refusal:
    """sent: a function of the Signer that gives the message."""

    def __init__(self, name, pattern, sent, *words, ip=GOOD,
                 sender="joe@good.example"):
        self.name = name
        self.pattern = pattern
        self.sent = sent
        self.words = words
        self.ip = ip
        self.sender = sender


def plain(author="joe@good.example"):
    return lambda s: sign.message(author)


REFUSALS = [
    Refusal("SPF fail", r"550 5\.7\.23 ", plain("a@spf-none.example"),
            "spf-pass.example", "-all", ip="192.0.2.11",
            sender="joe@spf-pass.example"),
    Refusal("SPF permerror", r"550 5\.7\.24 ", plain("a@spf-none.example"),
            "spf-unknown.example", sender="joe@spf-unknown.example"),
    Refusal("SPF temperror", r"451 4\.7\.24 ", plain("a@spf-none.example"),
            "servfail.example", sender="joe@servfail.example"),
    Refusal("a broken signature", r"550 5\.7\.20 ",
            lambda s: broken("good.example")(s, sign.message()),
            "good.example", "s1"),
    Refusal("a signature without a key", r"550 5\.7\.20 ",
            lambda s: s.dkimpy(sign.message(), selector="none"),
            "good.example", "none"),
    Refusal("a signature of a part", r"550 5\.7\.21 ",
            lambda s: s.tagged(sign.message(), [("l", "17")]),
            "good.example", "s1"),
    Refusal("a signature of somebody else", r"550 5\.7\.22 .*dm-none\.",
            lambda s: s.dkimpy(sign.message("a@dm-none.example")),
            "good.example", "dm-none.example",
            sender="joe@spf-pass.example"),
    Refusal("two From fields", r"550 5\.7\.1 .*From",
            lambda s: with_from("a@one.example", "b@two.example")(
                s, sign.message()), "From"),
    Refusal("the key cannot be had", r"451 4\.7\.5 ",
            lambda s: s.dkimpy(sign.message(), domain="servfail.example"),
            "servfail.example"),
    Refusal("a chain that does not hold", r"550 5\.7\.29 ",
            lambda s: corpus.change(s.seal(sign.message()), b"Another",
                                    b"Other"), "sealer.example"),
    Refusal("DMARC alone", r"550 5\.7\.1 .*DMARC.*dm-reject\.example",
            plain("a@dm-reject.example"), "dm-reject.example",
            sender="joe@spf-pass.example"),
    Refusal("DMARC temperror", r"451 4\.4\.3 ", plain("a@servfail.example"),
            "servfail.example", sender="joe@spf-pass.example"),
    Refusal("no name in reverse DNS", r"550 5\.7\.25 ",
            plain("a@spf-none.example"), "192.0.2.30", ip="192.0.2.30",
            sender="joe@spf-none.example"),
    Refusal("several at once", r"550 5\.7\.26 ",
            plain("a@dm-reject.example"), "dm-reject.example",
            "spf-pass.example", ip="192.0.2.11",
            sender="joe@spf-pass.example"),
]


def refusal(site, signer, case):
    reference = site.refused(case.pattern, case.sent(signer), ip=case.ip,
                             sender=case.sender)
    explained(site, reference, *case.words)


def foreign_words(site):
    """exp= of a stranger's record is not read out by us."""
    reply, _ = site.send(sign.message("a@spf-none.example"), ip="192.0.2.11",
                         sender="joe@spf-exp.example")
    match(reply.text, r"550 5\.7\.23 .*", "reply")
    true("evil" not in reply.text and "Visit" not in reply.text, reply.text)


def way_in(site):
    """A refused sender can still write to postmaster."""
    mail = site.delivered(sign.message("a@dm-reject.example"), ip=OTHER,
                          sender="joe@spf-pass.example",
                          recipient="postmaster@box.test")
    results.of(mail).expect({"spf": "fail", "dmarc": "fail"})


# Defaults: no result of its own loses a message.
DEFAULTS = [
    ("an honest message", plain("joe@good.example"), GOOD,
     "joe@good.example", "250"),
    ("SPF fail alone", plain("a@spf-none.example"), "192.0.2.11",
     "joe@spf-pass.example", "250"),
    ("a broken signature alone",
     lambda s: broken("good.example")(s, sign.message()), GOOD,
     "joe@good.example", "250"),
    ("p=reject alone", plain("a@dm-reject.example"), "192.0.2.11",
     "joe@spf-none.example", "250"),
    ("DNS that fails", plain("a@servfail.example"), "192.0.2.40",
     "joe@servfail.example", "250"),
    ("p=reject, SPF fails and no name", plain("a@dm-reject.example"),
     "192.0.2.30", "joe@spf-pass.example", "550"),
]


def default_rule(site, signer, sent, ip, sender, code):
    reply, _ = site.send(sent(signer), ip=ip, sender=sender)
    equal(str(reply.code), code, f"reply {reply}")


def monitored(site, signer, case):
    """What would be refused is stamped and passes."""
    mail = site.delivered(case.sent(signer), ip=case.ip, sender=case.sender)
    results.of(mail)
    match(results.fields(mail, "X-Reprieve")[0],
          r"action=accept; would_be=(reject|tempfail); mode=monitor;.*",
          "X-Reprieve")


# ---- ARC: trusted sealers, and sealing ----

def through_list(signer, domain):
    """Passed when it was sent; a list changed it and sealed what it saw."""
    text = signer.dkimpy(sign.message("a@dm-reject.example"),
                         domain="dm-reject.example")
    seen = ("dkim=pass header.d=dm-reject.example; dmarc=pass"
            " header.from=dm-reject.example")
    # The list says what it saw of the original, and seals what it sends.
    return signer.seal(corpus.change(text, b"hello", b"[list] hello"),
                       domain=domain, host=domain, results=seen)


def untrusted_sealer(site, signer):
    site.refused(r"550 5\.7\.", through_list(signer, "sealer.example"),
                 sender="joe@spf-pass.example")


def trusted_by_config(site, signer):
    mail = site.delivered(through_list(signer, "trusted-sealer.example"),
                          sender="joe@spf-pass.example")
    results.of(mail).expect({"arc": "pass", "dmarc": "fail"})


def trusted_by_redis(site, signer):
    """redis-cli SET, and it counts from the next message on; DEL too."""
    text = through_list(signer, "sealer.example")
    who = {"sender": "joe@spf-pass.example"}
    redis = site.milter.redis
    redis.cli("SET", "rp:trust:arc:sealer.example", "our list server")
    try:
        until(lambda: site.send(text, **who)[0].code == 250,
              "accepted once its sealer is trusted", 5)
        mail = site.delivered(text, **who)
        results.of(mail).expect({"arc": "pass", "dmarc": "fail"})
    finally:
        redis.cli("DEL", "rp:trust:arc:sealer.example")
    until(lambda: site.send(text, **who)[0].code == 550,
          "refused again", 5)


def list_mail(signer):
    """Of a list that seals nothing."""
    return signer.dkimpy(sign.message("a@dm-reject.example"),
                         domain="other.example")


def known_list(site, signer):
    mail = site.delivered(list_mail(signer), sender="joe@spf-pass.example")
    results.of(mail).expect({"dmarc": "fail"})


def unknown_list(site, signer):
    site.refused(r"550 5\.7\.", list_mail(signer),
                 sender="joe@spf-pass.example")


def list_known_to_redis(site, signer):
    redis = site.milter.redis
    redis.cli("SET", "rp:trust:list:spf-pass.example", "a list of ours")
    try:
        until(lambda: site.send(list_mail(signer),
                                sender="joe@spf-pass.example")[0].code == 250,
              "accepted once the list is known", 5)
    finally:
        redis.cli("DEL", "rp:trust:list:spf-pass.example")


def trusted_but_broken(site, signer):
    """Trust in a sealer is of no use where its seal does not hold."""
    text = corpus.change(through_list(signer, "trusted-sealer.example"),
                         b"Another", b"Other")
    reply, _ = site.send(text, sender="joe@spf-pass.example")
    equal(reply.code, 550, f"reply {reply}")


def arc_of(python, mail):
    """What python3-dkim says of the chain in a delivered message."""
    text = mail.encode("latin-1")
    if text.startswith(b"From "):
        text = text.partition(b"\n")[2]
    return dkim.arc_verify(text, dnsfunc=python.txt)


def seals(site, signer, python, text, instance):
    mail = site.delivered(text)
    word, _, why = arc_of(python, mail)
    equal(word, b"pass", f"python3-dkim about our seal: {why}: {mail}")
    seal = results.fields(mail, "ARC-Seal")[0]
    true(re.search(rf"\bi={instance}\b", seal), seal)
    true(re.search(r"\bd=mx\.example\b", seal), seal)
    own = results.fields(mail, "ARC-Authentication-Results")[0]
    match(own, rf"i={instance}; *{re.escape(NAME)}.*", "our results")
    true("spf=pass" in own, own)


def seals_no_broken_chain(site, signer, python):
    """A failed chain is never passed on as a good one."""
    text = corpus.change(signer.seal(sign.message()), b"Another", b"Other")
    mail = site.delivered(text)
    word, _, _ = arc_of(python, mail)
    true(word != b"pass", f"a broken chain was mended: {mail}")
    for seal in results.fields(mail, "ARC-Seal"):
        true("d=mx.example" not in seal or "cv=fail" in seal, seal)


def sealed_after_changes(site, signer, python):
    """What we delete is gone before we seal."""
    text = sign.message(more=stamp("Authentication-Results", CLAIMS[0]))
    mail = site.delivered(text)
    equal(arc_of(python, mail)[0], b"pass", mail)
    true("forged" not in mail, mail)


# ---- dead DNS ----

def dead_dns(site, ip):
    """No command waits longer than its deadline; nothing is refused."""
    took = {}
    with site.session(ip, ehlo=False) as session:
        for name, line in (("EHLO", "EHLO mx.dead.example"),
                           ("MAIL", "MAIL FROM:<joe@dead.example>"),
                           ("RCPT", "RCPT TO:<b@box.test>"),
                           ("DATA", "DATA")):
            start = time.monotonic()
            reply = session.cmd(line)
            took[name] = time.monotonic() - start
            true(reply.code in (250, 354), f"{name}: {reply}")
        token = site.milter.world.unique("dead")
        start = time.monotonic()
        reply = session.message(
            f"X-Token: {token}.\r\n"
            + sign.message("a@dead.example").decode())
        took["message"] = time.monotonic() - start
    equal(reply.code, 250, f"reply {reply}")
    late = {k: round(v, 2) for k, v in took.items()
            if v > (END_MS / 1000 + 1 if k == "message" else 1)}
    equal(late, {}, "seconds of the late commands")
    seen = results.of(site.server.find(f"X-Token: {token}."))
    seen.expect({"spf": "temperror", "dmarc": "temperror",
                 "iprev": "temperror"})


def dns_is_back(site):
    """Nobody has to restart anything."""
    start = time.monotonic()
    until(lambda: results.of(site.delivered(
        sign.message("a@spf-none.example"),
        sender="joe@spf-two-sorts.example")).word("spf")
        == "pass", "spf=pass", 20)
    true(time.monotonic() - start < 10, "it took longer than 10 s")


# ---- DNSSEC ----

def dnssec(milter, sender, word):
    answer, session = wire.judge(milter.where, sign.message(sender), GOOD,
                                 sender)
    equal(answer, "continue", "answer")
    results.of_wire(session).expect({"spf": word})


# ---- all of it ----

def reprieve(world, redis, base, on_unix=True):
    """Sendmail is slow over TCP, Postfix may not look into that folder."""
    milter = Reprieve(world, redis, mode="monitor",
                      auth="enabled = yes", more=base)
    milter.redis = redis
    if on_unix:
        milter.write(socket=f"unix:{milter.folder}/milter.sock")
    return milter.start()


def make_postfix(world, milter, base):
    server = Postfix(world)
    port = server.listener(milter.postfix)
    server.start()
    return Place("Postfix", server, port, port, milter, base=base)


def make_sendmail(world, milter, base):
    server = Sendmail(world, "unix:" + milter.where, "T",
                      timeouts="S:30s;R:30s;E:5m")
    server.start()
    return Place("Sendmail", server, server.port, server.port6, milter,
                 base=base)


def by_psl(tap, world, base, signer):
    tap.group = "DMARC by the Public Suffix List"
    milter = reprieve(world, None, base + 'dmarc_mode = "psl"\n')
    for row in BY_PSL:
        tap.case(row.name, over_wire, milter, signer, row)
    milter.retire()


def both_ways(tap, world, base, signer):
    """The walk decides, and the log tells where the list would not agree."""
    tap.group = "DMARC both ways"
    milter = reprieve(world, None, base + 'dmarc_mode = "both"\n')
    row = next(r for r in DMARC if r.name.endswith("by a neighbour"))
    tap.case("they differ", both_tell, milter, signer, row, "fail", "pass")
    row = next(r for r in DMARC if r.name == "p=reject")
    tap.case("they agree", both_tell, milter, signer, row, "fail", "fail")
    milter.retire()


def both_tell(milter, signer, row, walk, psl):
    mark = len(milter.log())
    over_wire(milter, signer, row)
    until(lambda: re.search(rf"verdict .* dmarc={walk} .*dmarc_psl={psl}\b",
                            milter.log()[mark:]), lambda: milter.log()[mark:])


def records_alone(tap, milter, signer):
    for group, rows in (("SPF", SPF), ("iprev", IPREV), ("DMARC", DMARC)):
        tap.group = group
        for row in rows:
            tap.case(row.name, over_wire, milter, signer, row)


def results_of(tap, site, signer, mails):
    for method, rows in (("spf", SPF), ("iprev", IPREV), ("dmarc", DMARC)):
        for row in rows:
            if row.mta:
                tap.case(f"{method}: {row.name}", through_mta, site, signer,
                         row)
    for method, rows in mails.items():
        for mail in rows:
            if mail.mta:
                tap.case(f"{method}: {mail.name}", signed_through_mta, site,
                         method, mail)


def headers(tap, site, signer):
    for i, claim in enumerate(CLAIMS):
        tap.case(f"a forged result goes, spelling {i + 1}", forged, site,
                 [claim])
    tap.case("four equal forged results go", forged, site, [CLAIMS[0]] * 4)
    tap.case("all spellings in one message", forged, site, CLAIMS)
    tap.case("a signature over a result that we delete",
             signature_over_forged, site, signer)
    tap.case("Received-SPF, pass", received_spf, site, GOOD, "pass")
    tap.case("Received-SPF, fail", received_spf, site, OTHER, "fail")
    tap.case("a forged Received-SPF is not the first", forged_received_spf,
             site)
    tap.case("a signed field of 70,000 octets", long_field, site, signer)
    tap.case("an unsigned one", long_field_unsigned, site, signer)
    tap.case("a sender's octets make no results", nobody_is_fooled, site)


def policy(tap, site, signer):
    site.configure(STRICT, mode="monitor")
    for case in REFUSALS:
        tap.case(f"monitor: {case.name}", monitored, site, signer, case)
    site.configure(STRICT)
    for case in REFUSALS:
        tap.case(f"refused: {case.name}", refusal, site, signer, case)
    tap.case("words of a stranger's record are not repeated", foreign_words,
             site)
    tap.case("postmaster stays reachable", way_in, site)
    site.configure()
    for name, *rest in DEFAULTS:
        tap.case(f"by default: {name}", default_rule, site, signer, *rest)


def chains(tap, site, signer, python, key):
    rules = 'check "dmarc" { fail_reject = "reject" }\n'
    site.configure(rules + 'arc { trusted = {"trusted-sealer.example"} }')
    tap.case("a sealer nobody trusts", untrusted_sealer, site, signer)
    tap.case("a sealer trusted by the configuration", trusted_by_config,
             site, signer)
    tap.case("a sealer trusted by redis-cli", trusted_by_redis, site, signer)
    tap.case("a trusted sealer whose seal is broken", trusted_but_broken,
             site, signer)
    tap.case("a list that nobody knows", unknown_list, site, signer)
    tap.case("a list known to redis-cli", list_known_to_redis, site, signer)
    site.configure(rules, auth='known_lists = {"other.example"}')
    tap.case("a known list", known_list, site, signer)
    site.restart('arc { seal_domain = "mx.example" selector = "s1" '
                 f'key = "{key}" }}')
    m = sign.message()
    tap.case("we seal a message without a chain", seals, site, signer,
             python, m, 1)
    tap.case("we seal one that was signed", seals, site, signer, python,
             signer.dkimpy(m), 1)
    tap.case("we seal behind another sealer", seals, site, signer, python,
             signer.seal(m), 2)
    tap.case("we seal behind Mail::DKIM", seals, site, signer, python,
             signer.maildkim_seal(m), 2)
    tap.case("a broken chain is not sealed as good", seals_no_broken_chain,
             site, signer, python)
    tap.case("what we delete is gone before we seal", sealed_after_changes,
             site, signer, python)


def secure(tap, world, base, anchor):
    tap.group = "DNSSEC"
    plain_milter = reprieve(world, None, base)
    milter = reprieve(world, None, base.replace(
        "timeout_ms", f'dnssec = yes\ntrust_anchor = "{anchor}"\ntimeout_ms'))
    for name, sender, word, without in (
            ("a signed record", "joe@signed.example", "pass", "pass"),
            ("a bogus record", "joe@bogus.signed.example", "temperror",
             "fail"),
            ("a record that is not signed", "joe@spf-pass.example", "pass",
             "pass")):
        tap.case(name, dnssec, milter, sender, word)
        tap.case(f"{name}, without validation", dnssec, plain_milter, sender,
                 without)
    for one in (plain_milter, milter):
        one.retire()


def main():
    world = worlds.enter()
    world.serve_syslog()
    Dns()
    tap = Tap("authentication through Postfix and Sendmail")
    keys = sign.Keys(world)
    server = Nsd(world, {"example": keys.zone()}).start()
    base = (f'dns {{ forward = {{"{server.forward}"}}\n'
            f'unbound_conf = "{BadServers(world).conf}"\n'
            f"timeout_ms = {LATE_MS}\nend_ms = {END_MS} }}\n"
            # First contacts have tests of their own (test_heur).
            "greylist { enabled = no }\n")
    redis = Redis(world).start()
    milters = [reprieve(world, redis, base, on_unix=False),
               reprieve(world, redis, base)]
    sites = [make_postfix(world, milters[0], base),
             make_sendmail(world, milters[1], base)]
    signer = sign.Signer(keys)
    mails = {"dkim": corpus.signed(signer, opendkim.signing(world, keys)),
             "arc": corpus.sealed(signer)}
    os.chmod(keys.dir, 0o755)
    os.chmod(keys.path("rsa"), 0o644)
    records_alone(tap, milters[1], signer)
    by_psl(tap, world, base, signer)
    both_ways(tap, world, base, signer)
    secure(tap, world, base, server.anchor)
    for site in sites:
        tap.group = site.name
        results_of(tap, site, signer, mails)
        headers(tap, site, signer)
        policy(tap, site, signer)
        chains(tap, site, signer, Python(server.port), keys.path("rsa"))
    at_the_end(tap, sites, server, milters)
    world.close()
    return tap.finish()


def at_the_end(tap, sites, server, milters):
    server.freeze()
    for i, site in enumerate(sites):
        tap.group = site.name
        tap.case("a dead name server holds nobody up", dead_dns, site,
                 f"192.0.2.{77 + i}")
    server.thaw()
    for site in sites:
        tap.group = site.name
        tap.case("results come back with the name server", dns_is_back, site)
    tap.group = "at the end"
    for milter in milters:
        milter.retire()
    tap.case("all milters stop at SIGTERM with 0", retired,
             milters[0].world)
    sites[0].server.stop()


if __name__ == "__main__":
    sys.exit(main())
