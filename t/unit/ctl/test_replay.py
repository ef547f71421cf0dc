# SPDX-License-Identifier: BSD-2-Clause
"""reprievectl replay and shadow, on files of facts that are made here."""
import os
import struct
import sys
import time

sys.dont_write_bytecode = True  # the sources may be read-only
from ctltest import DONE, DOWN, USAGE, Place, case, gives, run

place = Place()
RCPT, END = 1, 2
ACCEPT, MARK, QUARANTINE, TEMPFAIL, REJECT = 1, 2, 3, 4, 5
MISS, HIT, SHADOW = 1, 2, 4


class Facts:
    """A file as judge/factfile.h has it."""

    def __init__(self):
        self.text = b"reprieve facts 1\n"
        self.words = {"": 0}
        self.session = 0

    def record(self, kind, body):
        self.text += struct.pack("<HB", len(body) + 1, ord(kind)) + body

    def word(self, word):
        if word not in self.words:
            self.words[word] = len(self.words)
            self.record("N", word.encode())
        return self.words[word]

    def fact(self, stage, action, findings, age_s=0, rcpt="example.org"):
        for check, detail, _ in findings:
            self.word(check)
            self.word(detail)
        body = struct.pack("<qQBBBBd", int((time.time() - age_s) * 1000),
                           self.session, stage, 0, action, action, 0.0)
        for text in ("", rcpt, "example.com"):
            body += bytes((len(text),)) + text.encode()
        body += bytes((len(findings),))
        for check, detail, bits in findings:
            body += struct.pack("<HHB", self.word(check), self.word(detail),
                                bits)
        self.record("F", body)

    def message(self, action, *findings, age_s=0):
        self.session += 1
        self.fact(RCPT, ACCEPT, [("blocked", "", MISS)], age_s)
        self.fact(END, action, findings, age_s)


SPF = ("spf", "fail", HIT)
folder = os.path.join(place.folder, "facts")
os.mkdir(folder)
with open(place.conf, encoding="ascii") as file:
    plain = file.read()
conf = place.file("facts.conf",
                  plain + 'facts { folder = "%s" }\n' % folder)


def keep(facts, name="2026-01-01.0123456789abcdef.facts"):
    for old in os.listdir(folder):
        os.unlink(os.path.join(folder, old))
    with open(os.path.join(folder, name), "wb") as out:
        out.write(facts.text)


def another(text):
    return place.file("new.conf", plain + text)


@case("replay prints what would change, and why")
def _():
    facts = Facts()
    for _ in range(5):
        facts.message(ACCEPT, ("spf", "pass", MISS))
    for _ in range(3):
        facts.message(ACCEPT, SPF)
    keep(facts)
    new = another('check "spf" { fail = "reject" }\n')
    answer = place("replay", "--config", new, "--json", conf=conf)
    gives(answer, DONE)
    got = answer.json()
    assert (got["facts"], got["judged"], got["changed"]) == (16, 8, 3), got
    assert got["changes"] == [{"count": 3, "of": "message", "was": "accept",
                               "would_be": "reject", "check": "spf"}], got
    assert len(got["examples"]) == 3, got
    assert got["examples"][0]["rcpt_domain"] == "example.org", got
    same = place("replay", "--config", new, "--json", conf=conf)
    assert same.out == answer.out, (same, answer)
    human = place("replay", "--config", new, conf=conf)
    assert "reject" in human.out and "spf" in human.out, human


@case("replay by the same file changes nothing")
def _():
    facts = Facts()
    facts.message(ACCEPT, SPF)
    keep(facts)
    got = place("replay", "--config", conf, "--json", conf=conf).json()
    assert (got["judged"], got["changed"]) == (1, 0), got
    assert "changes" not in got, got


@case("replay looks no further back than it is told")
def _():
    facts = Facts()
    facts.message(ACCEPT, SPF, age_s=3 * 86400)
    facts.message(ACCEPT, SPF)
    keep(facts)
    new = another('check "spf" { fail = "reject" }\n')
    got = place("replay", "--config", new, "--since", "2d", "--json",
                conf=conf).json()
    assert (got["judged"], got["changed"]) == (1, 1), got


@case("a file that is spoilt is named, what is whole of it counts")
def _():
    facts = Facts()
    facts.message(ACCEPT, SPF)
    facts.text += b"\x04\x00?..."
    keep(facts)
    answer = place("replay", "--config", conf, "--json", conf=conf)
    gives(answer, DONE)
    got = answer.json()
    assert got["judged"] == 1, got
    assert "0123456789abcdef" in got["messages"][0], got


@case("a new file with faults says each, and nothing is judged")
def _():
    answer = place("replay", "--config", another("nosuch = 1\n"), conf=conf)
    gives(answer, USAGE)
    assert "nosuch" in answer.out + answer.err, answer


@case("without facts.folder it is said what is missing")
def _():
    for name in ("replay", "shadow"):
        answer = place(name)
        gives(answer, USAGE)
        assert "facts.folder" in answer.err, answer


@case("a folder that is gone is no empty answer")
def _():
    gone = place.file("gone.conf",
                      plain + 'facts { folder = "/nonexistent" }\n')
    for name in ("replay", "shadow"):
        gives(place(name, conf=gone), DOWN)


@case("shadow says what a check would have done without it")
def _():
    facts = Facts()
    for _ in range(4):
        facts.message(ACCEPT, SPF)
    facts.message(ACCEPT, ("spf", "pass", MISS))
    facts.message(ACCEPT, ("dnsbl", "listed", HIT | SHADOW))
    keep(facts)
    shady = place.file(
        "shady.conf", plain + 'facts { folder = "%s" }\n'
        'check "spf" { fail = "reject" shadow = yes }\n'
        'check "dnsbl" { listed = "mark" }\n'
        'mode = "monitor"\n' % folder)
    answer = place("shadow", "--json", conf=shady)
    gives(answer, DONE)
    rows = {r["check"]: r for r in answer.json()["shadow"]}
    assert rows["spf"]["hits"] == 4, rows
    assert rows["spf"]["reject"] == 4 and rows["spf"]["mark"] == 0, rows
    assert (rows["dnsbl"]["hits"], rows["dnsbl"]["mark"]) == (1, 1), rows


@case("with nothing in shadow it says so")
def _():
    facts = Facts()
    facts.message(ACCEPT, SPF)
    keep(facts)
    answer = place("shadow", conf=conf)
    gives(answer, DONE)
    assert "Nothing was in shadow" in answer.out, answer


run()
