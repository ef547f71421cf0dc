# SPDX-License-Identifier: BSD-2-Clause
"""Signed and sealed messages, and what each is worth.

One row a message: its name, its octets, the words of our results, and where
another verifier sees it otherwise, why we are right. A verifier is named as
in test_interop.
"""

import re

from . import sign

PY, PERL, ODKIM = "python3-dkim", "Mail::DKIM", "opendkim"


EMPTY = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="  # bh= of no octet


def unlike(why, *verifiers):
    return {name: why for name in verifiers}


NO_ED = unlike("RFC 8463 is not known to it", PERL)
SHA1 = unlike("RFC 8301 s3.1: rsa-sha1 MUST NOT be taken", PY, PERL, ODKIM)
SHORT = unlike("RFC 8301 s3.2: under 1024 bits is not valid", PERL)
BUFFER = unlike("RFC 6376 s3.6.2.2 has no bound, its buffer has 1,024 octets",
                ODKIM)
PARTIAL = unlike("RFC 6376 s8.2: anybody may append to it; our own policy",
                 PY, PERL, ODKIM)
LENGTH = unlike("RFC 6376 s3.5: l= MUST NOT be larger than the body", PY, PERL)
BARE = unlike("RFC 6376 s3.6.1: an RSAPublicKey is what p= holds", PERL,
              ODKIM)
SERVICES = unlike("RFC 6376 s3.6.1: s= is a list, email is in it", PY)
HASHES = unlike("RFC 6376 s6.1.2 step 6: h= has no sha256", PY)
UNIQUE = unlike("RFC 6376 s3.6.2.2: records MUST be unique", PY, PERL)
ONCE = unlike("RFC 6376 s3.2: a tag twice makes all of it invalid", PERL,
              ODKIM)
ORDER = unlike("RFC 6376 s3.5: x= MUST be greater than t=", PY)
FUTURE = unlike("RFC 6376 s3.5: a time to come may be held invalid", PERL)
NUMBER = unlike("RFC 6376 s3.5: t= is a number", PERL)
STRICT = unlike("RFC 6376 s3.6.1: t=s leaves no subdomain", PY)
FROM = unlike("RFC 6376 s6.1.1: h= without From is a permanent failure", PY,
              PERL)


class Mail:
    def __init__(self, name, text, *words, differs=None, mta=False):
        self.name = name
        self.text = text
        self.words = list(words)
        self.differs = differs or {}
        self.mta = mta  # through the real MTAs too


def change(text, old, new):
    if text.count(old) < 1:
        raise AssertionError(f"{old!r} is not in {text!r}")
    return text.replace(old, new)


def signed(s, opendkim_sign):
    """Messages with DKIM-Signature. s: a Signer; opendkim_sign(text, canon)
    gives the text signed by a real opendkim."""
    m = sign.message()
    good = s.dkimpy(m)
    return _who_signs(s, m, opendkim_sign) + _forms(s, m, good) \
        + _keys(s, m) + _tags(s, m) + _several(s, m, good)


def _who_signs(s, m, opendkim_sign):
    rows = [Mail("not signed", m, "none", mta=True),
            Mail("opendkim, relaxed", opendkim_sign(m, "relaxed/relaxed"),
                 "pass", mta=True),
            Mail("opendkim, simple", opendkim_sign(m, "simple/simple"),
                 "pass", mta=True),
            Mail("opendkim-testmsg, which uses rsa-sha1", s.opendkim(m),
                 "permerror", differs=SHA1),
            Mail("python3-dkim, ed25519", s.dkimpy(m, selector="ed", key="ed"),
                 "pass", differs=NO_ED, mta=True)]
    for canon in ("relaxed/relaxed", "relaxed/simple", "simple/relaxed",
                  "simple/simple"):
        rows.append(Mail(f"python3-dkim, {canon}", s.dkimpy(m, canon=canon),
                         "pass", mta=canon == "relaxed/relaxed"))
        rows.append(Mail(f"Mail::DKIM, {canon}", s.maildkim(m, canon=canon),
                         "pass", mta=canon == "relaxed/relaxed"))
    for name, body in (("no body", ""), ("blank lines only", "\r\n" * 5),
                       ("a large body", "line of text\r\n" * 20000)):
        for canon in ("relaxed/relaxed", "simple/simple"):
            rows.append(Mail(f"{name}, {canon}", s.dkimpy(
                sign.message(body=body), canon=canon), "pass"))
    return rows


def _forms(s, m, good):
    """What happens to a message on its way."""
    simple = s.dkimpy(m, canon="simple/simple")
    over = s.tagged(m, headers=(b"from", b"from", b"subject", b"subject",
                                b"cc"))
    part = s.tagged(m, [("l", "17")])
    return [
        Mail("a changed body", change(good, b"Another", b"Other"), "fail",
             mta=True),
        Mail("a changed field", change(good, b"hello", b"Hello"), "fail",
             mta=True),
        Mail("blanks squeezed, relaxed",
             change(good, b"  Blanks  in  it \t and", b" Blanks in it and"),
             "pass"),
        Mail("blanks squeezed, simple",
             change(simple, b"  Blanks  in  it", b" Blanks in it"), "fail"),
        Mail("blank lines at the end", good + b"\r\n\r\n", "pass"),
        Mail("blank lines at the end, simple", simple + b"\r\n\r\n",
             "pass"),
        Mail("a field folded, relaxed",
             change(good, b"Subject: hello", b"SUBJECT:\r\n\thello "), "pass"),
        Mail("a field folded, simple",
             change(simple, b"Subject: hello", b"Subject:\r\n hello"), "fail"),
        Mail("a field that is not signed is changed",
             b"X-Other: x\r\n" + good, "pass"),
        Mail("oversigned", over, "pass"),
        Mail("oversigned, a second Subject", b"Subject: buy\r\n" + over,
             "fail"),
        Mail("oversigned, a Cc that was not there",
             b"Cc: x@example.org\r\n" + over, "fail"),
        Mail("l= covers all", s.dkimpy(m, length=True), "pass"),
        Mail("l= covers a part", part, "policy", differs=PARTIAL, mta=True),
        Mail("l=, and more behind", part + b"buy this\r\n", "policy",
             differs=PARTIAL),
        Mail("l= beyond the body",
             s.tagged(m, [("l", "100000")]), "fail", differs=LENGTH),
        Mail("b= cut", re.sub(rb"(?s)(b=[A-Za-z0-9+/]{8}).*?\r\nFrom:",
                              rb"\1\r\nFrom:", s.tagged(m)), "fail"),
        Mail("bh= of another body",
             s.tagged(m, bh=EMPTY), "fail"),
    ]


def _keys(s, m):
    """Selectors of harness/sign.py; all but a few hold the right key."""
    rows = [Mail("a key of 3072 bits", s.dkimpy(m, selector="big", key="big"),
                 "pass"),
            Mail("a key of 768 bits", s.tagged(m, s="short", key="short"),
                 "permerror", differs=SHORT),
            Mail("ed25519 signature, RSA key", s.dkimpy(m, key="ed"),
                 "permerror"),
            Mail("rsa signature, ed25519 key", s.dkimpy(m, selector="ed"),
                 "permerror"),
            Mail("no such key", s.dkimpy(m, selector="none"), "permerror",
                 mta=True),
            Mail("the name server of the key fails", s.dkimpy(
                m, domain="servfail.example"), "temperror", mta=True),
            Mail("the name server of the key refuses", s.dkimpy(
                m, domain="refused.odd.example"), "temperror"),
            Mail("the name server of the key is silent", s.dkimpy(
                m, domain="silent.example"), "temperror", mta=True)]
    for selector, word, differs in (
            ("noversion", "pass", {}), ("testing", "pass", {}),
            ("long", "pass", BUFFER), ("tcp", "pass", BUFFER),
            ("folded", "pass", {}), ("sha256", "pass", {}),
            ("email", "pass", SERVICES), ("strict", "pass", {}),
            ("bare", "pass", BARE),
            ("wrong", "fail", {}),
            ("revoked", "permerror", {}), ("sha1", "permerror", HASHES),
            ("service", "permerror", {}), ("unknown", "permerror", {}),
            ("version", "permerror", {}), ("nop", "permerror", {}),
            ("garbage", "permerror", {}), ("two", "permerror", UNIQUE),
            ("twice", "permerror", ONCE), ("spf", "permerror", {}),
            ("empty", "permerror", {})):
        rows.append(Mail(f"key {selector}", s.dkimpy(m, selector=selector),
                         word, differs=differs,
                         mta=selector in ("tcp", "revoked")))
    return rows


def _tags(s, m):
    """Tags of the signature (RFC 6376 s3.5, s6.1.1)."""
    at = sign.at
    return [
        Mail("rsa-sha1", s.tagged(m, algorithm="rsa-sha1"), "permerror",
             differs=SHA1, mta=True),
        Mail("x= to come", s.tagged(m, [("t", at(-60)), ("x", at(3600))]),
             "pass"),
        Mail("x= is past", s.tagged(
            m, [("t", at(-200000)), ("x", at(-100000))]), "permerror",
             mta=True),
        Mail("x= before t=", s.tagged(
            m, [("t", at(-50)), ("x", at(-100))]), "permerror",
             differs=ORDER),
        Mail("t= in the future", s.tagged(m, [("t", at(100000))]),
             "permerror", differs=FUTURE),
        Mail("t= is no number", s.tagged(m, [("t", "soon")]), "permerror",
             differs=NUMBER),
        Mail("i= within d=", s.tagged(m, [("i", "joe@sub.good.example")]),
             "pass"),
        Mail("i= within d=, but t=s in the key", s.tagged(
            m, [("i", "joe@sub.good.example")], s="strict"), "permerror",
             differs=STRICT),
        Mail("i= outside d=", s.tagged(m, [("i", "joe@other.example")]),
             "permerror"),
        Mail("i= ends like d=", s.tagged(m, [("i", "joe@notgood.example")]),
             "permerror"),
        Mail("q=dns/txt", s.tagged(m, [("q", "dns/txt")]), "pass"),
        Mail("q= of another kind", s.tagged(m, [("q", "http/get")]),
             "permerror"),
        Mail("a tag nobody knows", s.tagged(m, [("zz", "what")]), "pass"),
        Mail("a tag twice", s.tagged(m, [("t", at(-5)), ("t", at(-5))]),
             "permerror", differs=ONCE),
        Mail("d= in capitals", s.tagged(m, d="GOOD.example"), "pass"),
        Mail("no v=", s.tagged(m, v=None), "permerror", differs=unlike(
            "RFC 6376 s3.5: v= MUST be there", PERL)),
        Mail("v=0.5", s.tagged(m, v="0.5"), "permerror", differs=unlike(
            "RFC 6376 s3.5: v= MUST be 1", PERL, ODKIM)),
        Mail("no d=", s.tagged(m, d=None), "permerror"),
        Mail("no s=", s.tagged(m, s=None), "permerror"),
        Mail("no h=", s.tagged(m, h=None), "permerror"),
        Mail("h= without From", s.tagged(m, headers=(b"to", b"subject")),
             "permerror", differs=FROM),
        Mail("a= unknown", s.tagged(m, a="rsa-md5"), "permerror"),
        Mail("c= unknown", s.tagged(m, c="nowsp/nowsp"), "permerror"),
        Mail("a field that is no list of tags",
             b"DKIM-Signature: this is not one\r\n" + m, "permerror"),
        Mail("an empty field", b"DKIM-Signature:\r\n" + m,
             "permerror"),
    ]


def _several(s, m, good):
    second = s.dkimpy(m, domain="other.example")
    both = second[:second.index(b"From:")] + good
    return [
        Mail("two signatures", both, "pass", "pass", mta=True),
        Mail("two signatures, one broken", s.tagged(
            good, d="other.example", bh=EMPTY), "fail", "pass"),
        Mail("a good one and one without a key",
             s.dkimpy(good, selector="none"), "permerror", "pass"),
    ]


# ---- ARC ----

def _cut(text, pattern):
    """Without the first field of that pattern."""
    out, count = re.subn(rb"(?ims)^" + pattern + rb".*?\r\n(?![ \t])", b"",
                         text, count=1)
    if not count:
        raise AssertionError(f"{pattern!r} is not in {text!r}")
    return out


def sealed(s):
    """Messages with an ARC chain."""
    m = sign.message()
    one = s.seal(m)
    two = s.seal(one, results="arc=pass")
    three = s.seal(two, results="arc=pass")
    grown = s.seal(change(one, b"Subject: hello", b"Subject: [list] hello"),
                   results="arc=pass")
    lost = s.seal(change(one, b"Another", b"Other"), results="arc=fail")
    deep = s.seal(three, domain="other.example", host="other.example",
                  results="arc=pass")
    first = one.index(b"From:")
    ten = m
    for i in range(10):
        ten = s.seal(ten, results="arc=pass" if i else "none")
    return [
        Mail("no chain", m, "none", mta=True),
        Mail("one set, python3-dkim", one, "pass", mta=True),
        Mail("one set, Mail::DKIM", s.maildkim_seal(m), "pass", mta=True),
        Mail("two sets", two, "pass"),
        Mail("three sets", three, "pass"),
        Mail("four sets, two sealers", deep, "pass"),
        Mail("ten sets", ten, "pass"),
        Mail("python3-dkim, then Mail::DKIM", s.maildkim_seal(
            one, chain="pass", results="arc=pass"), "pass"),
        Mail("Mail::DKIM, then python3-dkim", s.seal(
            s.maildkim_seal(m), results="arc=pass"), "pass"),
        Mail("changed between two sets", grown, "pass"),
        Mail("the body changed", change(one, b"Another", b"Other"), "fail",
             mta=True),
        Mail("the body changed behind three sets",
             change(three, b"Another", b"Other"), "fail"),
        Mail("a sealed field changed", change(one, b"hello", b"Hello"),
             "fail"),
        Mail("a set's results changed", change(
            two, b"sealer.example; arc=pass", b"sealer.example; arc=none"),
            "fail"),
        Mail("a chain that was sealed as failed", lost, "fail"),
        Mail("no seal", _cut(one, rb"arc-seal:"), "fail"),
        Mail("no signature of the message",
             _cut(one, rb"arc-message-signature:"), "fail"),
        Mail("no results", _cut(one, rb"arc-authentication-results:"),
             "fail"),
        Mail("the first set is missing", _cut(_cut(_cut(
            two, rb"arc-seal: i=1"), rb"arc-message-signature: i=1"),
            rb"arc-authentication-results: i=1"), "fail"),
        Mail("a set twice", one[:first] + one, "fail"),
        Mail("instance 0", change(one, b" i=1;", b" i=0;"), "fail"),
        Mail("instance 51", change(one, b" i=1;", b" i=51;"), "fail"),
        Mail("cv=pass in the first set", change(one, b"cv=none", b"cv=pass"),
             "fail"),
        Mail("no key of the sealer", s.seal(m, selector="gone"), "fail"),
        Mail("the name server of the sealer fails", s.seal(
            m, domain="servfail.example"), "temperror"),
    ]
