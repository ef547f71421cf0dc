# SPDX-License-Identifier: BSD-2-Clause
"""The same ARC chains through python3-dkim and through ours: what one of them
seals the other validates, and what is broken is broken for both."""
import atexit
import base64
import hashlib
import itertools
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import dkim
import nacl.signing
from dkim.canonicalization import CanonicalizationPolicy

BUILD = os.environ.get("top_builddir", ".")
PROGRAM = os.path.join(BUILD, "t/unit/auth/arc_message")
AMS = b"ARC-Message-Signature"
FOLDER = tempfile.mkdtemp(prefix="reprieve-arc-")
atexit.register(shutil.rmtree, FOLDER)
logging.getLogger("dkimpy").addHandler(logging.NullHandler())
logging.getLogger("dkimpy").propagate = False

# python3-dkim knows Ed25519, but has not let ARC in.
dkim.ARC_HASH_ALGORITHMS[b"ed25519-sha256"] = hashlib.sha256
read_rsa = dkim.parse_pem_private_key

CASES = []


def case(name):
    def add(function):
        CASES.append((name, function))
        return function
    return add


# ---- keys ----

class Key:
    def __init__(self, bits):
        self.is_ed25519 = bits == 0
        path = os.path.join(FOLDER, "key-%d.pem" % len(os.listdir(FOLDER)))
        how = ["-algorithm", "ED25519"] if bits == 0 else \
            ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:%d" % bits]
        subprocess.run(["openssl", "genpkey", "-out", path] + how, check=True,
                       stderr=subprocess.DEVNULL)
        der = subprocess.run(["openssl", "pkey", "-in", path, "-pubout",
                              "-outform", "DER"], check=True,
                             stdout=subprocess.PIPE).stdout
        self.path = path
        self.record = "v=DKIM1; k=%s; p=%s" % (
            "ed25519" if bits == 0 else "rsa", base64.b64encode(
                der[-32:] if bits == 0 else der).decode())

    def private(self):
        with open(self.path, "rb") as file:
            pem = file.read()
        if not self.is_ed25519:
            return pem
        der = base64.b64decode(b"".join(pem.split(b"\n")[1:-2]))
        return nacl.signing.SigningKey(der[-32:])


def either_key(pem):
    return pem if isinstance(pem, nacl.signing.SigningKey) else read_rsa(pem)


dkim.parse_pem_private_key = either_key

KEYS = {"a": Key(1024), "b": Key(2048), "c": Key(3072), "e": Key(0)}
ZONE = {}
for letter, key in KEYS.items():
    ZONE["s._domainkey.%s.example" % letter] = key.record
ZONE_PATH = os.path.join(FOLDER, "zone")
with open(ZONE_PATH, "w", encoding="ascii") as zone:
    for name, record in ZONE.items():
        zone.write("%s TXT %s\n" % (name, record))


def from_zone(name, timeout=5):
    return ZONE.get(name.decode().rstrip("."), "").encode()


# ---- two sealers, two validators; messages have CRLF ----

class TheirArc(dkim.ARC):
    """Its sealer writes relaxed/relaxed only; here c= and l= can be had."""
    form = b"relaxed/relaxed"
    length = None
    expires = None

    def gen_header(self, fields, include_headers, canon_policy, header_name,
                   pk, standardize=False):
        if header_name == AMS:
            canon_policy = CanonicalizationPolicy.from_c_value(self.form)
            body = canon_policy.canonicalize_body(self.body)[:self.length]
            new = {b"c": self.form, b"bh": base64.b64encode(
                hashlib.sha256(body).digest())}
            fields = [(k, new.get(k, v)) for k, v in fields]
            if self.length is not None:
                fields.insert(1, (b"l", b"%d" % self.length))
            if self.expires is not None:
                fields.insert(1, (b"x", b"%d" % self.expires))
        return super().gen_header(fields, include_headers, canon_policy,
                                  header_name, pk, standardize)


def seal_theirs(message, letter, form=b"relaxed/relaxed", length=None,
                status=None, expires=None):
    status = status or validate_theirs(message)[0]
    results = b"Authentication-Results: %s.example; arc=%s\r\n" % (
        letter.encode(), status.encode())
    key = KEYS[letter]
    arc = TheirArc(results + message, signature_algorithm=b"ed25519-sha256"
                   if key.is_ed25519 else b"rsa-sha256")
    arc.form, arc.length, arc.expires = form, length, expires
    lines = arc.sign(b"s", letter.encode() + b".example", key.private(),
                     letter.encode() + b".example")
    assert lines, "python3-dkim did not seal"
    return b"".join(lines) + message


def program(*words):
    return subprocess.run([PROGRAM, *words], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)


def saved(message):
    path = os.path.join(FOLDER, "message.eml")
    with open(path, "wb") as file:
        file.write(message)
    return path


def seal_ours(message, letter):
    done = program("seal", ZONE_PATH, saved(message), letter + ".example", "s",
                   KEYS[letter].path,
                   "%s.example;\n\tspf=pass smtp.mailfrom=x.example;\n"
                   "\tdkim=none" % letter)
    assert done.returncode == 0, done.stderr
    return done.stdout.replace(b"\n", b"\r\n")


def validate_ours(message):
    """(result, oldest-pass, reason)"""
    done = program("validate", ZONE_PATH, saved(message))
    assert done.returncode == 0, done.stderr
    words = done.stdout.decode().rstrip("\n").split(" ", 3)
    return words[0], int(words[2]), words[3]


def validate_theirs(message):
    """(result, oldest-pass, reason)"""
    status, sets, why = dkim.ARC(message).verify(dnsfunc=from_zone)
    status = (status or b"fail").decode()
    oldest = 0
    for one in sets if status == "pass" else []:
        if not one["ams-valid"]:
            oldest = one["instance"] + 1
            break
    return status, oldest, why


def agree(message, status, oldest=0):
    ours, theirs = validate_ours(message), validate_theirs(message)
    assert ours[0] == status, "ours: %r" % (ours,)
    assert theirs[0] == status, "theirs: %r" % (theirs,)
    if status == "pass":
        assert ours[1] == oldest, "ours: %r" % (ours,)
        assert theirs[1] == oldest, "theirs: %r" % (theirs,)


SEALERS = {"ours": seal_ours, "theirs": seal_theirs}

BODY = b"Hello,\r\n\r\n a  line with \t blanks \t\r\n.\r\n--\r\nend\r\n\r\n\r\n"
HEADER = (b"Received: from somewhere by elsewhere;\r\n\tsome day\r\n"
          b"DKIM-Signature: v=1; a=rsa-sha256; d=x.example; s=s; h=from;\r\n"
          b" bh=AAAA; b=BBBB\r\n"
          b"From: Somebody <a@x.example>\r\nTo: b@y.example,\r\n c@z.example\r\n"
          b"Subject: a  long\r\n\tsubject \t of ours \r\n"
          b"Date: Thu, 26 Nov 2026 10:00:00 +0000\r\n"
          b"Message-ID:<1@x.example>\r\n")
MESSAGE = HEADER + b"\r\n" + BODY


def chain(sealers, letters="abce", message=MESSAGE):
    for sealer, letter in zip(sealers, itertools.cycle(letters)):
        message = SEALERS[sealer](message, letter)
    return message


# ---- what holds ----

@case("without a seal there is no chain")
def _():
    agree(MESSAGE, "none")


for length in (1, 2, 3):
    for way in itertools.product(SEALERS, repeat=length):
        @case("both take a chain sealed by " + ", ".join(way))
        def _(way=way):
            agree(chain(way), "pass")


@case("both take a chain of twelve sets")
def _():
    agree(chain(["ours", "theirs", "theirs", "ours"] * 3), "pass")


for letter in KEYS:
    @case("both take each other's seal with the key of %s.example" % letter)
    def _(letter=letter):
        agree(seal_ours(MESSAGE, letter), "pass")
        agree(seal_theirs(MESSAGE, letter), "pass")


for form in (b"relaxed/relaxed", b"relaxed/simple", b"simple/relaxed",
             b"simple/simple"):
    @case("both take a message signature with c=" + form.decode())
    def _(form=form):
        for body in (BODY, b"", b"\r\n\r\n", b" \t\r\n", b"x\r\n",
                     b"\t a\tb \r\n\r\nc  \r\n \r\n"):
            sealed = seal_theirs(HEADER + b"\r\n" + body, "b", form)
            agree(sealed, "pass")
            agree(seal_ours(sealed, "a"), "pass")
            agree(sealed + b"more\r\n", "fail")


@case("both see blanks in the body as the canonical form says")
def _():
    changed = MESSAGE.replace(b"a  line with \t", b"a line\t\twith ")
    for form, status in ((b"relaxed/relaxed", "pass"),
                         (b"relaxed/simple", "fail")):
        sealed = seal_theirs(MESSAGE, "b", form)
        agree(sealed.replace(BODY, changed.split(b"\r\n\r\n", 1)[1]), status)


@case("both see blanks in the header as the canonical form says")
def _():
    for form, status in ((b"relaxed/simple", "pass"),
                         (b"simple/simple", "fail")):
        sealed = seal_theirs(MESSAGE, "b", form)
        agree(sealed.replace(b"Subject: a  long\r\n\tsubject \t of",
                             b"SUBJECT:a long\r\n    subject of"), status)


@case("both take a body that goes on behind l=")
def _():
    for form in (b"relaxed/relaxed", b"relaxed/simple"):
        sealed = seal_theirs(MESSAGE, "b", form, 20)
        agree(sealed, "pass")
        agree(sealed + b"a list's footer\r\n", "pass")
        agree(sealed.replace(b"Hello,", b"Hallo,"), "fail")


@case("both tell how far back the message is unchanged")
def _():
    # A list validates, changes, and seals what it has made of it.
    for first, third in itertools.product(SEALERS, repeat=2):
        message = SEALERS[first](MESSAGE, "a")
        message = seal_theirs(message + b"a footer\r\n", "b", status="pass")
        agree(message, "pass", 2)
        agree(SEALERS[third](message, "c"), "pass", 2)
        message = seal_theirs(message.replace(b"Subject: a", b"Subject: b"),
                              "c", status="pass")
        agree(message, "pass", 3)
        agree(SEALERS[third](message, "a"), "pass", 3)


@case("ours looks at four different bodies, the newest ones")
def _():
    message = MESSAGE
    for length in range(10, 16):
        message = seal_theirs(message, "b", b"relaxed/relaxed", length)
    assert validate_theirs(message)[:2] == ("pass", 0)
    assert validate_ours(message)[:2] == ("pass", 3), validate_ours(message)
    for length in range(14, 8, -1):
        message = seal_theirs(message, "b", b"relaxed/relaxed", 15)
    assert validate_ours(message)[:2] == ("pass", 3), validate_ours(message)


@case("a message signature ends when it says so")
def _():
    now = int(time.time())
    agree(seal_theirs(MESSAGE, "b", expires=now + 86400), "pass")
    over = seal_theirs(MESSAGE, "b", expires=now - 86400)
    agree(over, "fail")
    assert "has expired" in validate_ours(over)[2], validate_ours(over)


# ---- what does not ----

def sub(pattern, new, count=1):
    def change(message):
        changed = re.sub(pattern, new, message, count=count, flags=re.S)
        assert changed != message, "nothing to change"
        return changed
    return change


def without(name, instance):
    return sub(rb"%s: i=%d;.*?\r\n(?![ \t])" % (name, instance), b"")


def twice(name, instance):
    return sub(rb"(%s: i=%d;.*?\r\n)(?![ \t])" % (name, instance), rb"\1\1")


AAR, SEAL = b"ARC-Authentication-Results", b"ARC-Seal"
CHANGES = [
    ("the body", sub(rb"Hello", b"Hallo")),
    ("the subject", sub(rb"subject", b"object")),
    ("From", sub(rb"a@x", b"b@x")),
    ("a second From on top", lambda m: b"From: x@evil.example\r\n" + m),
    ("the newest results", sub(rb"i=3; a", b"i=3; b")),
    ("the oldest results", sub(rb"i=1; a", b"i=1; b")),
    ("a seal's domain", sub(rb"d=b\.example", b"d=a.example")),
    ("a seal's selector", sub(rb"s=s;", b"s=t;")),
    ("a seal's time", sub(rb"t=1", b"t=2")),
    ("the newest seal's status", sub(rb"cv=pass", b"cv=none")),
    ("the newest seal's status to fail", sub(rb"cv=pass", b"cv=fail")),
    ("the first seal's status", sub(rb"cv=none", b"cv=pass")),
    ("a status that is none", sub(rb"cv=none", b"cv=perhaps")),
    ("an algorithm", sub(rb"a=rsa-sha256", b"a=rsa-sha1")),
    ("an algorithm to another", sub(rb"a=rsa-sha256", b"a=ed25519-sha256")),
    ("h= in a seal", sub(rb"cv=none", b"h=from; cv=none")),
    ("ARC-Seal in h=", sub(rb"h=[Ff]rom", b"h=arc-seal:from")),
    ("a tag that is there twice", sub(rb"cv=none", b"cv=none; cv=none")),
    ("a tag list that is none", sub(rb"cv=none", b"cv none")),
    ("an instance of 0", sub(rb"i=1;", b"i=0;", 0)),
    ("an instance of 51", sub(rb"i=3;", b"i=51;", 0)),
    ("another instance", sub(rb"i=3;", b"i=4;", 0)),
] + [("no %s of set %d" % (n.decode(), i), without(n, i))
     for n in (AAR, AMS, SEAL) for i in (1, 2, 3)] \
  + [("two %s of set %d" % (n.decode(), i), twice(n, i))
     for n in (AAR, AMS, SEAL) for i in (1, 2, 3)]

THREE = {}


def three(first):
    """A sound chain of three, made once."""
    if first not in THREE:
        other = "theirs" if first == "ours" else "ours"
        THREE[first] = chain([first, other, first])
    return THREE[first]


for text, change in CHANGES:
    @case("both refuse a chain after a change of " + text)
    def _(change=change):
        for first in SEALERS:
            agree(three(first), "pass")
            agree(change(three(first)), "fail")


for letter in "ae":
    @case("both refuse each octet of a signature of %s.example that is changed"
          % letter)
    def _(letter=letter):
        sealed = seal_ours(MESSAGE, letter)
        for tag in re.finditer(rb"\bb=([A-Za-z0-9+/=\s]+?)\r\n[A-Z]", sealed):
            for at in range(tag.start(1), tag.end(1) - 4, 29):
                old = sealed[at:at + 1]
                if old in b" \t\r\n=":
                    continue
                new = b"A" if old != b"A" else b"B"
                agree(sealed[:at] + new + sealed[at + 1:], "fail")


@case("our message signature covers those of DKIM")
def _():
    agree(sub(rb"bh=AAAA", b"bh=AAAB")(three("ours")), "fail")


@case("what is broken is sealed as broken, and not again")
def _():
    broken = three("ours").replace(b"Hello", b"Hallo")
    ended = seal_ours(broken, "a")
    assert b"cv=fail" in ended.split(b"\r\nARC-Message")[0], ended[:300]
    agree(ended, "fail")
    again = program("seal", ZONE_PATH, saved(ended), "b.example", "s",
                    KEYS["b"].path, "b.example; none")
    assert again.returncode == 2 and b"ended" in again.stderr, again


@case("a chain of fifty sets passes, and gets no set more")
def _():
    message = chain(["ours"] * 50, "a")
    agree(message, "pass")
    again = program("seal", ZONE_PATH, saved(message), "b.example", "s",
                    KEYS["b"].path, "b.example; none")
    assert again.returncode == 2 and b"50 sets" in again.stderr, again


def run():
    print("1..%d" % len(CASES), flush=True)
    bad = 0
    for number, (name, function) in enumerate(CASES, 1):
        try:
            function()
            print("ok %d - %s" % (number, name), flush=True)
        except Exception as error:  # every fault is a failed case, not an end
            bad += 1
            print("not ok %d - %s" % (number, name))
            for line in repr(error).replace("\\n", "\n").splitlines():
                print("# " + line)
            sys.stdout.flush()
    sys.exit(1 if bad else 0)


run()
