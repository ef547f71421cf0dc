# SPDX-License-Identifier: BSD-2-Clause
"""What a field Authentication-Results says, as python3-authres reads it: a
field that it cannot read is a fault of ours.

    seen = results.of(mail)          the top field of a delivered message
    seen.word("dmarc")               "pass", or None; "pass fail" of several;
                                     "spf" is that of MAIL FROM, "helo" the
                                     SPF result of HELO
    seen.get("dkim", "header.d")     the property of the first one
"""

import re

import authres

from .tap import equal, true

OURS = "mx.example.net"


class Results:
    def __init__(self, value):
        self.text = re.sub(r"\s+", " ", value).strip()
        field = authres.AuthenticationResultsHeader.parse(
            "Authentication-Results: " + self.text)
        equal(field.authserv_id, OURS, "authserv-id")
        self.results = field.results

    def of(self, method):
        if method in ("spf", "helo"):
            name = "mailfrom" if method == "spf" else "helo"
            return [r for r in self.results if r.method == "spf"
                    and any(p.name == name for p in r.properties)]
        return [r for r in self.results if r.method == method]

    def word(self, method):
        return " ".join(r.result for r in self.of(method)) or None

    def all(self, method, name):
        kind, _, key = name.partition(".")
        return [p.value for r in self.of(method) for p in r.properties
                if (p.type, p.name) == (kind, key)]

    def get(self, method, name):
        return next(iter(self.all(method, name)), None)

    def expect(self, wanted):
        """wanted: "spf" or "dkim.header.d" to its word or value; None: it is
        not there; a compiled pattern is searched for."""
        for name, value in wanted.items():
            method, _, rest = name.partition(".")
            seen = self.get(method, rest) if rest else self.word(method)
            if isinstance(value, re.Pattern):
                true(seen is not None and value.search(seen),
                     f"{name}: wanted /{value.pattern}/, saw {seen!r} in"
                     f" {self.text}")
            else:
                equal(seen, value, f"{name} in {self.text}")


def fields(mail, name):
    """Values of that field of a message, from the top, unfolded."""
    head = mail.replace("\r\n", "\n").partition("\n\n")[0]
    lines = re.sub(r"\n[ \t]+", " ", head).split("\n")
    return [line.split(":", 1)[1].strip() for line in lines
            if line.split(":", 1)[0].strip().lower() == name.lower()]


def of(mail):
    values = fields(mail, "Authentication-Results")
    true(values, f"no Authentication-Results in {mail[:2000]}")
    return Results(values[0])


def of_wire(wire):
    """The one that the milter put in."""
    values = wire.added("Authentication-Results")
    equal(len(values), 1, f"Authentication-Results among {wire.changes}")
    return Results(values[0])
