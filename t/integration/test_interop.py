#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The same messages judged by us and by others.

Ours, spoken to as an MTA does, must find the words that harness/corpus.py
holds; python3-dkim, Mail::DKIM and opendkim must agree about what passes, but
for the differences that are named there with the reason.
"""

import dkim
import dns.exception
import dns.resolver

import sys

from harness import corpus, opendkim, results, sign, wire
from harness import world as worlds
from harness.milter import Reprieve
from harness.nsd import BadServers, Nsd
from harness.tap import Tap, equal, true

OTHERS = ("python3-dkim", "Mail::DKIM", "opendkim")


class Python:
    """python3-dkim, asking our name server."""

    def __init__(self, port):
        self.resolver = dns.resolver.Resolver(configure=False)
        self.resolver.nameservers = ["127.0.0.1"]
        self.resolver.port = port

    def txt(self, name, timeout=5):
        try:
            answer = self.resolver.resolve(name.decode().rstrip("."), "TXT",
                                           lifetime=timeout)
        except dns.exception.DNSException:
            return None
        return b"".join(answer[0].strings)

    def dkim(self, text):
        out = []
        count = len([n for n, _ in dkim.rfc822_parse(text)[0]
                     if n.lower() == b"dkim-signature"])
        for i in range(count):
            try:
                good = dkim.DKIM(text).verify(idx=i, dnsfunc=self.txt)
            except (dkim.DKIMException, KeyError, ValueError, TypeError):
                good = False
            out.append("pass" if good else "fail")
        return out

    def arc(self, text):
        word = dkim.arc_verify(text, dnsfunc=self.txt)[0]
        return word.decode() if word else "fail"


class Verifiers:
    """What each of them says about the messages of one corpus."""

    def __init__(self, world, milter, port, mails):
        self.milter = milter
        self.python = Python(port)
        self.opendkim = opendkim.verifier(world)
        folder = world.path(world.unique("mails"))
        paths = []
        for i, mail in enumerate(mails):
            path = f"{folder}-{i}"
            with open(path, "wb") as file:
                file.write(mail.text)
            paths.append(path)
        found = sign.maildkim_verify(port, paths)
        self.perl = {id(m): found[p] for m, p in zip(mails, paths)}

    def ours(self, mail):
        answer, session = wire.judge(self.milter.where, mail.text)
        equal(answer, "continue", "verdict in mode monitor")
        return results.of_wire(session)

    def others_dkim(self, mail):
        return {"python3-dkim": self.python.dkim(mail.text),
                "Mail::DKIM": self.perl[id(mail)][0],
                "opendkim": opendkim.verify(self.opendkim, mail.text)}

    def others_arc(self, mail):
        return {"python3-dkim": [self.python.arc(mail.text)],
                "Mail::DKIM": [self.perl[id(mail)][1]]}


def passes(words):
    return [word == "pass" for word in words] or [False]


def compare(mail, method, seen, others):
    equal([r.result for r in seen.of(method)], mail.words,
          f"ours: {seen.text}")
    unlike = {name: words for name, words in others.items()
              if passes(words) != passes(mail.words)}
    for name in OTHERS:
        if name in unlike and name not in mail.differs:
            raise AssertionError(f"{name} sees {unlike[name]}, we see"
                                 f" {mail.words} in {seen.text}")
        true(name in unlike or name not in mail.differs,
             f"{name} agrees by now: {others.get(name)}; drop the difference")


def one_dkim(who, mail):
    compare(mail, "dkim", who.ours(mail), who.others_dkim(mail))


def one_arc(who, mail):
    compare(mail, "arc", who.ours(mail), who.others_arc(mail))


def say_differences(tap, mails):
    for mail in mails:
        for name, why in mail.differs.items():
            tap.say(f"known difference: {mail.name}: {name}: {why}")


def main():
    world = worlds.enter()
    tap = Tap("verdicts beside those of others")
    keys = sign.Keys(world)
    server = Nsd(world, {"example": keys.zone()}).start()
    milter = Reprieve(
        world, mode="monitor", auth="enabled = yes",
        more=f'dns {{ forward = {{"{server.forward}"}}\n'
        f'unbound_conf = "{BadServers(world).conf}"\n'
        "timeout_ms = 800\nend_ms = 3000 }")
    milter.write(socket=f"unix:{milter.folder}/milter.sock")
    milter.start()
    signer = sign.Signer(keys)
    signed = corpus.signed(signer, opendkim.signing(world, keys))
    sealed = corpus.sealed(signer)
    who = Verifiers(world, milter, server.port, signed + sealed)
    tap.group = "DKIM"
    for mail in signed:
        tap.case(mail.name, one_dkim, who, mail)
    tap.group = "ARC"
    for mail in sealed:
        tap.case(mail.name, one_arc, who, mail)
    tap.group = "at the end"
    tap.case("the milter stops at SIGTERM with 0", lambda: equal(
        milter.process.stop(), 0, milter.log()[-2000:]))
    say_differences(tap, signed + sealed)
    world.close()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
