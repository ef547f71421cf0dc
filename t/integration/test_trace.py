#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The trace of a message through Postfix and Sendmail: what is delivered holds
it and verifies, what others have signed stays whole, and who sends from here
is known by it.
"""

import re
import subprocess
import sys

import dkim

from harness import sign
from harness import world as worlds
from harness.dns import Dns
from harness.lists import Addresses, Lists
from harness.milter import Reprieve
from harness.redis import Redis
from harness.smtp import MESSAGE
from harness.tap import Tap, equal, match, true
from harness.wait import until
from test_listed import postfix_site, sasl, sendmail_site, split

CLIENTS = Addresses()
MORE = """
check "helo" { shadow = yes }
check "reverse" { shadow = yes }
check "iprev" { shadow = yes }
greylist { enabled = no }
reputation { enabled = no }
dns { forward = {"127.0.0.1@53"} dnssec = no }
portal { local_domains = {"box.test"} }
"""
CLEAN = "X-Reprieve-Trace: v=1; by=mx.example.net; "


class Home:
    """What the cases of both MTAs share."""

    def __init__(self, world):
        self.world = world
        self.dns = Dns()
        self.keys = sign.Keys(world)
        self.signer = sign.Signer(self.keys)
        key = f"v=DKIM1; k=rsa; p={self.keys.public['rsa']}"
        for domain in ("good.example", "box.test"):
            self.dns.zone[(f"s1._domainkey.{domain}", "TXT")] = [key]
        self.redis = Redis(world).start()
        folder = sasl(world)
        self.one = Reprieve(world, self.redis, more=MORE,
                            auth="enabled = yes").start()
        # One secret, as all machines of one Redis have.
        self.two = Reprieve(world, self.redis, more=MORE,
                            auth="enabled = yes", folder=self.one.folder)
        self.two.write(socket=f"unix:{self.two.folder}/milter.sock",
                       snapshot=f"{self.two.folder}/other.snap",
                       milter='id = "two"')
        self.two.start()
        self.lists = Lists(self.redis, self.one, self.two)
        self.sites = [postfix_site(world, self.one, self.lists, folder),
                      sendmail_site(world, self.two, self.lists)]
        for site in self.sites:
            site.home = self

    @property
    def milters(self):
        return (self.one, self.two)

    def have_keys(self):
        for milter in self.milters:
            until(lambda m=milter: has_key(m),
                  lambda m=milter: f"a key; log {m.log()[-2000:]}")

    def verify(self, mail):
        """What our own code says of each trace, from the top."""
        done = subprocess.run(
            [self.world.program("t/integration/trace_verify"), self.one.conf],
            input=mail.encode("latin-1"), capture_output=True, check=False)
        equal(done.returncode, 0, done.stderr.decode())
        return done.stdout.decode().splitlines()

    def holds(self, mail):
        """python3-dkim on a delivered mail: are its signatures whole?"""
        text = mail.replace("\r\n", "\n")
        if text.startswith("From "):
            text = text.partition("\n")[2]
        checker = dkim.DKIM(text.replace("\n", "\r\n").encode("latin-1"))
        return checker.verify(dnsfunc=lambda name, timeout=5: self.dns.zone[
            (name.decode().rstrip("."), "TXT")][0].encode())


def has_key(milter):
    try:
        return milter.metric("reprieve_trace_key") == 1
    except OSError:  # it has only just begun
        return False


def send(site, text, source=None, user=None, **more):
    """A message that must be taken, with a token of its own as a field that
    nobody signs; as it was delivered."""
    token = site.milter.world.unique("trace")
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    with site.session(source or CLIENTS.next4()) as session:
        if user:
            equal(session.auth_plain(user, "secret").code, 235, "AUTH")
        reply = session.deliver(f"X-Token: {token}.\r\n" + text, **more)
        equal(reply.code, 250, f"delivery: {reply}")
    return site.server.find(f"X-Token: {token}.")


def traces(mail):
    return [line for line in split(mail)[0]
            if line.lower().startswith("x-reprieve-trace:")]


def one_trace(site, mail, pattern):
    """There is one, and it is valid and says that; its key and hash."""
    equal(len(traces(mail)), 1, f"traces in {mail}")
    lines = site.home.verify(mail)
    return match(lines[0], "valid k=([0-9a-f]+) " + pattern, mail)


# ---- what comes in ----

def inbound(site):
    address = CLIENTS.next4()
    mail = send(site, MESSAGE, address, recipients=("b@box.test",
                                                    "c@box.test"))
    one_trace(site, mail, rf"d=in n=2 ip={re.escape(address)} b=dfm")
    true(traces(mail)[0].startswith(CLEAN), mail)


def inbound_v6(site):
    address = CLIENTS.next6()
    one_trace(site, send(site, MESSAGE, address),
              f"d=in n=1 ip={address} b=dfm")


def long_names(site):
    """Fields that relays fold, and a body that is none of our business."""
    text = MESSAGE.replace(
        "From: a@example.org",
        'From: "A name with, a comma" (and\r\n a comment) <a@example.org>')
    one_trace(site, send(site, text), r"d=in n=1 ip=\S+ b=dfm")


def few_fields(site):
    """What the MTA adds itself is not bound, and does not matter."""
    text = "From: a@example.org\r\nSubject: x\r\n\r\ntext\r\n"
    one_trace(site, send(site, text), r"d=in n=1 ip=\S+ b=f")


def signed(site):
    text = site.home.signer.dkimpy(sign.message())
    mail = send(site, text, sender="joe@good.example")
    one_trace(site, mail, r"d=in n=1 ip=\S+ dkim=good\.example b=dfm")
    true(site.home.holds(mail), f"the signature is broken: {mail}")


def complaints(site):
    """RFC 9477: by one who signed it, and by nobody else."""
    more = "CFBL-Address: fbl@good.example; report=arf\r\n"
    text = sign.message(more=more)
    names = [*sign.SIGNED, b"cfbl-address"]
    mail = send(site, site.home.signer.dkimpy(text, headers=names))
    one_trace(site, mail, r".* dkim=good\.example b=cdfm c=y")
    true(site.home.holds(mail), mail)
    mail = send(site, site.home.signer.dkimpy(text, headers=sign.SIGNED))
    one_trace(site, mail, r".* dkim=good\.example b=dfm")


def oversigned(site, **how):
    """A signature over a field that is not there: none is added."""
    names = [*sign.SIGNED, b"x-reprieve-trace"]
    text = site.home.signer.dkimpy(sign.message(), headers=names)
    before = site.milter.metric("reprieve_traces_total")
    mark = site.mark()
    mail = send(site, text, **how)
    equal(traces(mail), [], mail)
    true(site.home.holds(mail), f"the signature is broken: {mail}")
    until(lambda: re.search(r"trace session=\S+ .*why=signed",
                            site.log_since(mark)), "a line of the log")
    equal(site.milter.metric("reprieve_traces_total"), before + 1, "counted")
    # The same with a trace would not hold: the test can see it.
    false = mail.replace("X-Token:", "X-Reprieve-Trace: x\nX-Token:", 1)
    true(not site.home.holds(false), "python3-dkim does not look")


def oversigned_out(site):
    oversigned(site, source="127.0.0.1")


def forged(site):
    """What came from outside stays as it is, and does not verify."""
    real = traces(send(site, MESSAGE))[0]
    made_up = real.replace("n=1", "n=9")
    lines = ("X-Reprieve-Trace: v=1; nonsense", made_up, real,
             real.replace("by=mx.example.net", "by=mx.example.com")
             .replace("n=1", "n=8"))
    other = MESSAGE.replace("<1@", "<2@")
    mail = send(site, "".join(line + "\r\n" for line in lines) + other)
    equal(sorted(re.sub(r"\s+", " ", line) for line in traces(mail)[1:]),
          sorted(lines), mail)
    words = [line.split()[0] for line in site.home.verify(mail)]
    equal(words, ["valid", "forged", "forged", "altered", "none"], mail)


def refused(site):
    """What is refused leaves none, and the next of the session has its own."""
    address = CLIENTS.next4()
    site.lists.block(address)
    site.lists.settle()
    match(site.at_rcpt(address), "554 .*", "RCPT")
    site.lists.cli("DEL", f"rp:block:{address}")
    site.lists.settle()
    one_trace(site, send(site, MESSAGE, address), r"d=in n=1 ip=\S+ b=dfm")


# ---- what goes out ----

def account(site, mail, name, pattern=r"b=dfm"):
    got = one_trace(site, mail, r"d=out n=1 u=([0-9a-f]{16}) " + pattern)
    key = f"rp:account:{got[2]}"
    equal(until(lambda: site.home.redis.hash(key), key)["name"], name, key)
    true(site.home.redis.ask("TTL", key) > 2591000, "its end")
    return got[2]


def authenticated(site):
    """By the name that the MTA has for him, whatever address he writes from."""
    name = "joe" if site.name == "Sendmail" else f"joe@{worlds.HOST}"
    first = account(site, send(site, MESSAGE, user="joe"), name)
    again = account(site, send(site, MESSAGE, user="joe",
                               sender="other@box.test"), name)
    equal(again, first, "the account")


def trusted(site):
    sender = f"{site.milter.world.unique('Web')}@box.test"
    mail = send(site, MESSAGE, "127.0.0.1", sender=sender)
    account(site, mail, sender.lower())


def local_submission(site):
    """No address (Sendmail -bs) or port 0 (Postfix)."""
    token = site.milter.world.unique("local")
    text = MESSAGE.replace("hello", token)
    if site.name == "Postfix":
        worlds.run("sendmail", "-C", site.server.dir, "-f", "cron@box.test",
                   "x@box.test", input=text.encode())
    else:
        with site.server.pipe() as session:
            session.ehlo()
            equal(session.deliver(text, sender="cron@box.test").code, 250,
                  "delivery")
    account(site, site.server.find(token), "cron@box.test")


def signed_out(site):
    """Our user's program has signed already."""
    text = site.home.signer.dkimpy(sign.message("joe@box.test"),
                                   domain="box.test")
    mail = send(site, text, user="joe", sender="joe@box.test")
    one_trace(site, mail, r"d=out n=1 u=\S+ b=dfm")
    true(site.home.holds(mail), f"the signature is broken: {mail}")


def bounce_out(site):
    equal(traces(send(site, MESSAGE, "127.0.0.1", sender="")), [], "traces")


def back_from_filter(site):
    """A filter hands it in again, on this machine: one trace is enough."""
    address = CLIENTS.next4()
    mail = send(site, MESSAGE, address)
    again = send(site, f"{traces(mail)[0]}\r\n" + MESSAGE, "127.0.0.1")
    one_trace(site, again, rf"d=in n=1 ip={re.escape(address)} b=dfm")


CASES = (
    ("what is delivered carries a trace that holds", inbound),
    ("from an IPv6 client", inbound_v6),
    ("with folds and comments", long_names),
    ("without Date and Message-ID", few_fields),
    ("it names who signed, whose signature still holds", signed),
    ("it says who asked for complaints by his signature", complaints),
    ("a signature over the field stays whole", oversigned),
    ("and so in mail of our users", oversigned_out),
    ("traces from outside stay, and hold nothing", forged),
    ("a refused sender, and then an accepted one", refused),
    ("a user who is authenticated is known by a hash", authenticated),
    ("so is a trusted client, by its sender", trusted),
    ("and what this machine sends", local_submission),
    ("a signature of our users still holds", signed_out),
    ("a bounce of ours has none", bounce_out),
    ("what comes back from a filter has one", back_from_filter),
)


# ---- keys ----

def restart(home):
    """Each milter looks at the keys when it starts."""
    for milter in home.milters:
        equal(milter.process.stop(), 0, "exit code")
        milter.start()


def same_keys(home):
    """Two milters, one key: what one signs, the other's ring believes."""
    words = {site.name: home.verify(send(site, MESSAGE))[0].split()[:2]
             for site in home.sites}
    equal(words["Postfix"], words["Sendmail"], "keys")


def rotated(home):
    """The key before is believed, the one before that is not."""
    site = home.sites[0]
    first = send(site, MESSAGE)
    home.redis.cli("HSET", "rp:trace:keys", "since_ms", "1")
    restart(home)
    home.have_keys()
    second = send(site, MESSAGE)
    keys = [home.verify(m)[0].split()[:2] for m in (first, second)]
    equal([k[0] for k in keys], ["valid", "valid"], "after one life")
    true(keys[0] != keys[1], f"one key for both: {keys}")
    same_keys(home)
    home.redis.cli("HSET", "rp:trace:keys", "since_ms", "1")
    restart(home)
    home.have_keys()
    equal([home.verify(m)[0].split()[0] for m in (first, second)],
          ["expired", "valid"], "after two")
    equal(home.redis.ask("TTL", "rp:trace:keys"), -1, "its end")
    equal(home.redis.ask("HLEN", "rp:trace:keys"), 5, "what is left")


def redis_away(home):
    """The last keys serve; a milter that never had any does without."""
    home.redis.kill()
    mails = [send(site, MESSAGE) for site in home.sites]
    for mail in mails:
        equal(len(traces(mail)), 1, mail)
    restart(home)
    for site in home.sites:
        mail = send(site, MESSAGE)
        equal(traces(mail), [], mail)
        true("X-Reprieve: action=accept" in mail, mail)
        equal(traces(send(site, MESSAGE, "127.0.0.1")), [], "outbound")
        equal(site.milter.metric("reprieve_trace_key"), 0, "key")
        site.milter.wait_log("trace message=.cannot read the keys")
    home.redis.start()
    home.have_keys()
    for site in home.sites:
        one_trace(site, send(site, MESSAGE), r"d=in n=1 ip=\S+ b=dfm")


def switched_off(home):
    site = home.sites[0]
    site.milter.write(more=MORE + "trace { outbound = no }")
    site.milter.reload()
    until(lambda: traces(send(site, MESSAGE, "127.0.0.1")) == [], "no trace")
    one_trace(site, send(site, MESSAGE), r"d=in .*")
    site.milter.write(more=MORE + "trace { enabled = no }")
    site.milter.reload()
    until(lambda: traces(send(site, MESSAGE)) == [], "no trace")
    site.milter.wait_log("needs a restart to take effect: trace.enabled")


AT_THE_END = (
    ("both milters sign with one key", same_keys),
    ("a new key takes over, and two are believed", rotated),
    ("mail goes on while Redis is away", redis_away),
    ("it can be switched off", switched_off),
)


def main():
    world = worlds.enter()
    world.serve_syslog()
    tap = Tap("traces through Postfix and Sendmail")
    home = Home(world)
    home.have_keys()
    for site in home.sites:
        tap.group = site.name
        for name, case in CASES:
            tap.case(name, case, site)
    tap.group = "keys"
    for name, case in AT_THE_END:
        tap.case(name, case, home)
    tap.group = "at the end"
    tap.case("both stop at SIGTERM with 0", lambda: equal(
        [m.process.stop() for m in home.milters], [0, 0], "exit codes"))
    home.sites[0].server.stop()
    world.close()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
