# SPDX-License-Identifier: BSD-2-Clause
"""Keys, their records, and messages signed by other people's programs.

Keys      makes private keys once, text() is their records for example.zone
message   a plain message, as octets with CRLF
dkimpy, opendkim, maildkim   the message with one more signature on top
tagged    signed by the parts of python3-dkim with tags that it does not
          write itself (x=, l=, i=, a wrong v= ...)
seal, maildkim_seal   the message with one more ARC set on top
"""

import base64
import os
import time

import dkim
import dkim.crypto
import nacl.signing

from .world import run

OWN = os.path.dirname(os.path.abspath(__file__))
BODY = ("A line of text.\r\n  Blanks  in  it \t and behind. \r\n\r\n"
        "Another line.\r\n")
WHEN = "Sun, 1 Jan 2023 00:00:00 +0000"
SIGNED = (b"from", b"to", b"subject", b"date", b"message-id")
LONG = "x" * 200


class Keys:
    """One file each: rsa big short (PEM) and ed (PEM, and seed as base64)."""

    def __init__(self, world):
        self.dir = world.path(world.unique("keys"))
        os.mkdir(self.dir)
        for name, bits in (("rsa", 2048), ("big", 3072), ("short", 768)):
            run("openssl", "genrsa", "-traditional", "-out", self.path(name),
                str(bits))
        self.seed = nacl.signing.SigningKey.generate()
        self.public = {name: self._public(name)
                       for name in ("rsa", "big", "short")}
        self.public["ed"] = base64.b64encode(
            bytes(self.seed.verify_key)).decode()

    def path(self, name):
        return f"{self.dir}/{name}.pem"

    def pem(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def private(self, name):
        """As python3-dkim wants it."""
        if name == "ed":
            return base64.b64encode(bytes(self.seed))
        return self.pem(name)

    def _public(self, name, *form):
        text = run("openssl", "rsa", "-in", self.path(name),
                   *(form or ("-pubout",)))
        return "".join(line for line in text.splitlines()
                       if line[:1] != "-" and " " not in line)

    def records(self):
        """selector: value, or a list of values, below good.example."""
        rsa = self.public["rsa"]
        plain = f"v=DKIM1; k=rsa; p={rsa}"
        bare = self._public("rsa", "-RSAPublicKey_out")
        return {
            "ed": f"v=DKIM1; k=ed25519; p={self.public['ed']}",
            "big": f"v=DKIM1; k=rsa; p={self.public['big']}",
            "short": f"v=DKIM1; k=rsa; p={self.public['short']}",
            "noversion": f"p={rsa}",
            "testing": f"v=DKIM1; t=y; p={rsa}",
            "strict": f"v=DKIM1; t=s; p={rsa}",
            "revoked": "v=DKIM1; p=",
            "long": f"v=DKIM1; n={' '.join([LONG] * 4)}; p={rsa}",
            "tcp": f"v=DKIM1; n={' '.join([LONG] * 9)}; p={rsa}",
            "folded": f"v=DKIM1 ;  k = rsa ; p= {rsa[:70]} {rsa[70:]} ;",
            "sha256": f"v=DKIM1; h=sha256; p={rsa}",
            "sha1": f"v=DKIM1; h=sha1; p={rsa}",
            "email": f"v=DKIM1; s=email:x; p={rsa}",
            "service": f"v=DKIM1; s=tlsrpt; p={rsa}",
            "unknown": f"v=DKIM1; k=rot13; p={rsa}",
            "version": f"v=DKIM2; p={rsa}",
            "late-v": f"k=rsa; v=DKIM1; p={rsa}",
            "nop": "v=DKIM1; k=rsa",
            "garbage": "v=DKIM1; p=!!!!",
            "wrong": f"v=DKIM1; k=rsa; p={self.public['big']}",
            "bare": f"v=DKIM1; k=rsa; p={bare}",
            "twice": f"v=DKIM1; p={rsa}; p={rsa}",
            "spf": "v=spf1 -all",
            "empty": "",
            "two": [plain, f"v=DKIM1; p={self.public['big']}"],
        }

    def zone(self):
        """Lines for example.zone."""
        rows = [("rsa.keys", f"v=DKIM1; k=rsa; p={self.public['rsa']}")]
        for name, values in self.records().items():
            for value in values if isinstance(values, list) else [values]:
                rows.append((f"{name}._domainkey.good", value))
        return "".join(f"{name} TXT {_strings(text)}\n" for name, text in rows)


def _strings(text):
    parts = [text[i:i + 200] for i in range(0, len(text), 200)] or [""]
    return " ".join(f'"{part}"' for part in parts)


def message(sender="joe@good.example", subject="hello", body=BODY, more=""):
    """more: whole lines of the header, each with its CRLF, on top."""
    return (more + f"From: Joe <{sender}>\r\nTo: b@box.test\r\n"
            f"Subject: {subject}\r\nDate: {WHEN}\r\n"
            f"Message-ID: <1@good.example>\r\n\r\n"
            + body).encode("utf-8", "surrogateescape")


class Signer:
    """Signs with the keys of one Keys; names are those of its files."""

    def __init__(self, keys):
        self.keys = keys

    # ---- python3-dkim ----

    def dkimpy(self, text, domain="good.example", selector="s1", key="rsa",
               canon="relaxed/relaxed", headers=None, length=False,
               identity=None):
        algorithm = b"ed25519-sha256" if key == "ed" else b"rsa-sha256"
        signer = dkim.DKIM(text, signature_algorithm=algorithm)
        field = signer.sign(
            selector.encode(), domain.encode(), self.keys.private(key),
            identity=identity, include_headers=headers, length=length,
            canonicalize=tuple(canon.encode().split(b"/")))
        return field + text

    def tagged(self, text, tags=(), key="rsa", headers=SIGNED,
               canon="relaxed/relaxed", algorithm="rsa-sha256", **replace):
        """tags are added in their order; replace changes those that are
        always there (v a c d s h bh), to None takes one away."""
        signer = _Tagged(text, signature_algorithm=algorithm.encode())
        return signer.field(self.keys.private(key), canon.encode(), headers,
                            list(tags), replace) + text

    def seal(self, text, domain="sealer.example", selector="s1", key="rsa",
             host="sealer.example", results="none"):
        """One ARC set; results is what host's field says about the message."""
        own = f"Authentication-Results: {host}; {results}\r\n".encode()
        field = dkim.arc_sign(own + text, selector.encode(), domain.encode(),
                              self.keys.private(key), host.encode())
        return b"".join(field) + text

    # ---- opendkim ----

    def opendkim(self, text, domain="good.example", selector="s1", key="rsa"):
        """As opendkim-testmsg signs: simple/simple, rsa-sha1."""
        return _pipe(text, "opendkim-testmsg", "-C", "-d", domain, "-s",
                     selector, "-k", self.keys.path(key))

    # ---- Mail::DKIM ----

    def maildkim(self, text, domain="good.example", selector="s1", key="rsa",
                 canon="relaxed/relaxed"):
        field = _pipe(text, "perl", f"{OWN}/maildkim.pl", "sign",
                      "rsa-sha256", canon, domain, selector,
                      self.keys.path(key))
        return field + text

    def maildkim_seal(self, text, domain="sealer.example", selector="s1",
                      key="rsa", host="sealer.example", chain="none",
                      results="none"):
        own = f"Authentication-Results: {host}; {results}\r\n".encode()
        field = _pipe(own + text, "perl", f"{OWN}/maildkim.pl", "seal", chain,
                      domain, selector, self.keys.path(key), host)
        return field + text


def maildkim_verify(port, paths):
    """{path: ([results of DKIM], result of ARC)}"""
    out = {}
    for line in run("perl", f"{OWN}/maildkim.pl", "verify", str(port),
                    *paths).splitlines():
        name, *words = line.split()
        out[name] = (words[:-2], words[-1])
    return out


def _pipe(text, *argv):
    return run(*argv, input=text).encode("latin-1")


class _Tagged(dkim.DKIM):
    """python3-dkim's canonical forms and hash, our list of tags."""

    def field(self, private, canon, headers, tags, replace):
        policy = dkim.CanonicalizationPolicy.from_c_value(canon)
        hasher = dkim.HASH_ALGORITHMS[self.signature_algorithm]
        self.hasher = hasher
        body = policy.canonicalize_body(self.body)
        limit = dict(tags).get("l")
        if limit is not None and limit.isdigit():
            body = body[:int(limit)]
        fixed = {"v": "1", "a": self.signature_algorithm.decode(),
                 "c": canon.decode(), "d": "good.example", "s": "s1",
                 "h": ":".join(h.decode() for h in headers),
                 "bh": base64.b64encode(hasher(body).digest()).decode()}
        fixed.update(replace)
        rows = [(k, v) for k, v in fixed.items() if v is not None]
        rows += list(tags) + [("b", "0" * 60)]
        fields = [(k.encode(), v.encode()) for k, v in rows]
        if self.signature_algorithm == b"ed25519-sha256":
            key = nacl.signing.SigningKey(base64.b64decode(private))
        else:
            key = dkim.parse_pem_private_key(private)
        value = self.gen_header(fields, [h.lower() for h in headers], policy,
                                b"DKIM-Signature", key)
        return b"DKIM-Signature: " + value


def at(seconds):
    """That far from now, as t= and x= have it."""
    return str(int(time.time()) + seconds)
