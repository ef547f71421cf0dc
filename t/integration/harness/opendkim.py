# SPDX-License-Identifier: BSD-2-Clause
"""A private opendkim that signs or verifies; it is spoken to as a milter."""

from . import wire
from .results import OURS, Results
from .world import wait_listening

COMMON = """\
Socket local:{socket}
UserID root
Syslog no
Background no
Nameservers 127.0.0.53
AuthservID {host}
On-Default accept
"""
VERIFY = """\
Mode v
AlwaysAddARHeader yes
InternalHosts 127.0.0.1
"""
SIGN = """\
Mode s
Domain {domain}
Selector {selector}
KeyFile {key}
Canonicalization {canon}
InternalHosts 0.0.0.0/0
OversignHeaders From
RequireSafeKeys no
"""


class Opendkim:
    def __init__(self, world, text):
        stem = world.path(world.unique("opendkim"))
        self.socket = stem + ".sock"
        path = world.write(stem + ".conf", COMMON.format(
            socket=self.socket, host=OURS) + text)
        self.process = world.start("opendkim", "-f", "-x", path,
                                   name="opendkim")
        wait_listening(self.socket, self.process)

    def judge(self, text):
        answer, session = wire.judge(self.socket, text)
        if answer not in ("continue", "accept"):
            raise AssertionError(f"opendkim: {answer} {self.process.log()}")
        return session


def verifier(world):
    return Opendkim(world, VERIFY)


def signer(world, keys, domain="good.example", selector="s1", key="rsa",
           canon="relaxed/relaxed"):
    return Opendkim(world, SIGN.format(domain=domain, selector=selector,
                                       key=keys.path(key), canon=canon))


def signing(world, keys):
    """A function of (text, canon) that gives the text signed."""
    servers = {canon: signer(world, keys, canon=canon)
               for canon in ("relaxed/relaxed", "simple/simple")}
    return lambda text, canon: sign(servers[canon], text)


def sign(opendkim, text):
    """The message with its signature on top."""
    values = opendkim.judge(text).added("DKIM-Signature")
    if len(values) != 1:
        raise AssertionError(f"no signature: {opendkim.process.log()}")
    field = "DKIM-Signature: " + values[0].lstrip().replace("\n", "\r\n")
    return field.encode() + b"\r\n" + text


def verify(opendkim, text):
    """The words of its results, in its order."""
    values = opendkim.judge(text).added("Authentication-Results")
    return [r.result for value in values
            for r in Results(value).of("dkim")]
