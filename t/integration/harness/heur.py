# SPDX-License-Identifier: BSD-2-Clause
"""All heuristic checks on: two MTAs with a milter each, one Redis, a portal,
real DNS with lists, countries and networks, and a model that has learnt.

Home     all of it; configure() rewrites and reloads both milters
Mx       one MTA of it: send() tells what the client read
Client   who connects; each has a /24 of its own, so that nobody's conduct
         counts for another
letter   a message as text
"""

import email.utils
import html
import os
import re
import socket
import subprocess
import sys
import threading
import time

from . import sign, world as worlds
from .dns import Dns
from .lists import Lists
from .milter import REFERENCE, Reprieve
from .nsd import BadServers, Nsd
from .portal import Portal
from .postfix import Postfix, owner
from .results import fields
from .sendmail import Sendmail
from .site import Site
from .tap import equal, match, true
from .wait import until

NETWORK = "198.18.0.0/15"  # RFC 2544; an address of it is nobody's
USERS = ("joe", "ann", "bob", "eve")

ZONE = """dnsbl "{name}" {{ families = "ipv4" score = 3 {more}
  removal = "https://{name}/off" }}
"""
LISTS = ZONE.format(
    name="bl.example", more='codes = {"127.0.0.2 20", "127.0.0.4 6"}')
ERROR_LIST = ZONE.format(name="error.example", more="")
DEAD_LIST = ZONE.format(name="silent.example", more="")

MORE = """\
dns {{ forward = {{"127.0.0.1@{dns}"}} unbound_conf = "{unbound}"
  timeout_ms = 600 end_ms = 1500 lists_ms = 500 }}
geo {{ country = "{geo}/country.mmdb" asn = "{geo}/asn.mmdb" check_s = 1
  scores = {{"BR 3", "AS64502 3"}} }}
rate {{ {rate} }}
greylist {{ min_s = 1 }}
content {{ enabled = yes min_learnt = 10 refresh_s = 1 }}
facts {{ folder = "{facts}" }}
headers {{ protected = {{"bank.example"}} }}
policy {{ unknown_window = 20 }}
check "iprev" {{ permerror = "score 1" }}
check "helo" {{ bare_ip = "score 2" }}
check "headers" {{ missing_date = "score 1.5" lookalike = "score 4" }}
check "backscatter" {{ several_recipients = "score 3" }}
domain "strict.test" {{ reject_at = 4 greylist_at = 0 }}
domain "soft.test" {{ rules = {{"headers missing_date = ignore"}} }}
{content}
{zones}
{more}
"""
RATE = ("address_hour = 3600 network_hour = 36000 domain_hour = 36000"
        " recipient_hour = 36000 user_hour = 24 ramp_first = 1000")

# What few lessons make of letters they are not about is chance: asked of each,
# and of no weight but where a case is about it.
CHANCE = 'check "content" { spam = "ignore" ham = "ignore" }'

HELO = "mx.good.example"  # has an address; whose it is nobody minds


def letter(author="ann@plain.example", subject="hello", date=True, more="",
           body="A line of text.\r\n"):
    """more: whole lines of the header, each with its CRLF. By itself it is
    what an honest program writes: nothing is held against it."""
    if "<" not in author:
        author = f"Ann Lee <{author}>"
    when = f"Date: {email.utils.formatdate()}\r\n" if date else ""
    author = author if "<" in author else f"Joe <{author}>"
    return (f"{more}From: {author}\r\nTo: b@box.test\r\n"
            f"Subject: {subject}\r\n{when}"
            f"Message-ID: <{time.monotonic_ns()}@plain.example>\r\n\r\n"
            + body)


def stamp(mail):
    """The one X-Reprieve of a delivered message."""
    values = fields(mail, "X-Reprieve")
    equal(len(values), 1, f"X-Reprieve in {mail[:1500]}")
    return values[0]


def score(mail):
    return float(match(stamp(mail), r".*; score=(-?[\d.]+);.*")[1])


class Client:
    def __init__(self, ip, helo=HELO, sender="ann@plain.example"):
        self.ip = ip
        self.helo = helo
        self.sender = sender


class Line:
    """What questions to the name server go through: datagrams, which may be
    held up (late_s), lost (cut), or answered with SERVFAIL (fails)."""

    def __init__(self, to_port):
        self.to_port = to_port
        self.late_s = 0.0
        self.cut = False
        self.fails = False
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            query, peer = self.sock.recvfrom(4096)
            if self.fails:
                self.sock.sendto(query[:2] + b"\x81\x82" + query[4:], peer)
            elif not self.cut:
                threading.Thread(target=self._pass, args=(query, peer),
                                 daemon=True).start()

    def _pass(self, query, peer):
        time.sleep(self.late_s)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(5)
            sock.connect(("127.0.0.1", self.to_port))
            try:
                sock.send(query)
                self.sock.sendto(sock.recv(65535), peer)
            except OSError:
                pass  # the server is gone: as a datagram that is lost


class Mx(Site):
    """One MTA with its milter."""

    def __init__(self, home, *args):
        super().__init__(*args)
        self.home = home

    def open(self, client):
        session = self.session(client.ip, ehlo=False)
        session.ehlo(client.helo)
        return session

    def send(self, client, text=None, recipients=("b@box.test",)):
        """(the reply that decided, token) of a whole message."""
        token = self.home.world.unique("token")
        if isinstance(text, bytes):
            text = text.decode("latin-1")
        with self.open(client) as session:
            reply = session.deliver(
                f"X-Token: {token}.\r\n" + (text or letter(client.sender)),
                client.sender, recipients)
        return reply, token

    def delivered(self, client, text=None, **more):
        reply, token = self.send(client, text, **more)
        equal(reply.code, 250, f"{reply}; {self.milter.log()[-1500:]}")
        return self.server.find(f"X-Token: {token}.")

    def refused(self, client, pattern, text=None, **more):
        """The reference; pattern is the whole reply but for the address at
        its end."""
        reply, _ = self.send(client, text, **more)
        return self.told(reply, pattern)

    def told(self, reply, pattern):
        url = re.escape(self.home.portal.url)
        match(reply.text, pattern + f" {url}/r/" + REFERENCE, "reply")
        true(len(reply.text) + 2 <= 512, f"{len(reply.text)} octets")
        return reply.text[-17:]

    def verdict(self, mark=0, **having):
        """The last line of a verdict behind mark that has all of it."""
        def find():
            for line in reversed(self.log_since(mark).splitlines()):
                if " verdict " in f" {line} " and all(
                        f" {k}={v} " in line + " "
                        for k, v in having.items()):
                    return line
            return None
        return until(find, lambda: f"a verdict with {having}: "
                     f"{self.log_since(mark)[-3000:]}")


class Home:
    def __init__(self, world, redis, both=True, dns=None):
        """both: not Postfix alone. dns: what the MTAs ask, if it is there."""
        self.world = world
        self.redis = redis
        worlds.run("ip", "route", "add", "local", NETWORK, "dev", "lo")
        self.dns = dns or Dns()
        self.nets = iter(range(1, 200))
        self.keys = sign.Keys(world)
        self.signer = sign.Signer(self.keys)
        self.nsd = Nsd(world, {"example": self.keys.zone()
                               + lists_zone()}).start()
        self.line = Line(self.nsd.port)
        self.changes = {"rate": RATE, "zones": LISTS, "content": CHANCE,
                        "more": "", "mode": "enforce"}
        self.fixed = {"dns": self.line.port, "unbound": BadServers(world).conf,
                      "geo": self._geo(), "facts": self._folder("facts")}
        sasl = make_users(world)
        self.postfix = Postfix(world)
        self.plain = self.postfix.listener("")
        self.portal = Portal(
            world, redis, smtp=self.plain, auth="enabled = yes",
            support='admin = "admin@box.test"', delist="recent_s = 0",
            portal='local_domains = {"box.test", "strict.test"}')
        self.milters = [self.portal.milter]
        if both:
            self.milters.append(Reprieve(
                world, redis, url=self.portal.url, auth="enabled = yes",
                folder=self.milters[0].folder, milter='id = "other"'))
            self.milters[1].write(
                socket=f"unix:{self.milters[1].folder}/milter.sock")
        self._write()
        for milter in self.milters:
            milter.start()
        self.portal.start()
        self.lists = Lists(redis, *self.milters)
        self.mxs = [self._postfix(sasl)]
        if both:
            self.mxs.append(self._sendmail())

    # ---- making it ----

    def _folder(self, name):
        path = self.world.path(name)
        os.mkdir(path)
        os.chown(path, *owner("nobody"))
        return path

    def _geo(self):
        folder = self.world.path("geo")
        os.mkdir(folder)
        self.write_geo(folder)
        return folder

    def write_geo(self, folder):
        """By a rename, as an update does."""
        places = {"198.18.0.0/15": ("NL", 64500),
                  "192.0.2.0/24": ("NL", 64500),
                  "198.19.1.0/24": ("BR", 64501),
                  "198.19.2.0/24": ("NL", 64502),
                  "198.19.3.0/24": ("PT", 64503)}
        for name, form in (
                ("country", '{0} {{"country_code": "{1}"}}\n'),
                ("asn", '{0} {{"autonomous_system_number": {2},'
                 ' "autonomous_system_organization": "Example Networks"}}\n')):
            text = "".join(form.format(net, *of) for net, of in places.items())
            worlds.run(sys.executable,
                       f"{self.world.srcdir}/t/support/mmdb.py",
                       f"{folder}/{name}.new", "Test", input=text.encode())
            os.rename(f"{folder}/{name}.new", f"{folder}/{name}.mmdb")

    def _postfix(self, sasl):
        milter = self.milters[0]
        port = self.postfix.listener(
            milter.postfix, "smtpd_sasl_auth_enable=yes",
            f"cyrus_sasl_config_path={sasl}",
            f"smtpd_sasl_local_domain={worlds.HOST}")
        self.postfix.start()
        return Mx(self, "Postfix", self.postfix, port, port, milter,
                  self.lists)

    def _sendmail(self):
        server = Sendmail(
            self.world, "unix:" + self.milters[1].where, "T",
            timeouts="S:30s;R:30s;E:5m",
            mc="define(`confAUTH_MECHANISMS', `PLAIN LOGIN')dnl\n"
            "TRUST_AUTH_MECH(`PLAIN LOGIN')dnl\n"
            f"define(`confAUTH_REALM', `{worlds.HOST}')dnl")
        server.start()
        return Mx(self, "Sendmail", server, server.port, server.port6,
                  self.milters[1], self.lists)

    # ---- its configuration ----

    def _write(self):
        more = MORE.format(**self.fixed, **{
            k: v for k, v in self.changes.items() if k != "mode"})
        self.portal.settings["more"] = more
        self.portal.milter.settings["mode"] = self.changes["mode"]
        self.portal.write()
        for milter in self.milters[1:]:
            milter.write(mode=self.changes["mode"],
                         more=self.portal.milter.settings["more"])

    def configure(self, **changes):
        """Returns the former values of what was changed."""
        old = {k: self.changes[k] for k in changes}
        marks = [len(m.log()) for m in self.milters]
        self.changes.update(changes)
        self._write()
        for milter, mark in zip(self.milters, marks):
            milter.reload()
            milter.wait_log("is in effect", after=mark)
        return old

    def with_conf(self, changes, function, *args):
        old = self.configure(**changes)
        try:
            function(*args)
        finally:
            self.configure(**old)

    # ---- what it has learnt ----

    def learn(self):
        """Twelve messages of either kind."""
        for kind, words in (("spam", "cheap pills casino winner"),
                            ("ham", "minutes of our meeting attached")):
            folder = self.world.path(f"learn-{kind}")
            os.mkdir(folder)
            for i in range(12):
                self.world.write(f"{folder}/{i}", letter(
                    f"x{i}@y{i}.example", f"{words} {i}",
                    body=f"{words} number {i}.\r\n{words}.\r\n"
                ).replace("\r\n", "\n"))
            self.milters[0].ctl("learn", kind, folder)
        for milter in self.milters:
            milter.wait_log("the model is read")

    # ---- people ----

    def client(self, **more):
        return Client(f"198.18.{next(self.nets)}.10", **more)

    def proved(self):
        """SPF passes: nobody asks such a sender to come again."""
        return self.client(sender="joe@proved.example")

    def careless(self, **more):
        """With a bare letter 4.5: no name of its own (1), greets with an
        address (2), no Date (1.5)."""
        client = self.client(**more)
        client.helo = client.ip
        return client

    def honest(self):
        return Client("192.0.2.10", HELO, "joe@good.example")

    def signed(self, text=None):
        return self.signer.dkimpy(
            (text or letter("joe@good.example")).encode())

    def page(self, ref):
        """What the sender reads behind the address, without markup."""
        until(lambda: self.redis.ask("EXISTS", f"rp:case:{ref}"), ref)
        answer = self.portal.get(f"/r/{ref}")
        equal(answer.status, 200, f"/r/{ref}")
        text = re.sub(r"<[^>]*>", " ", answer.body)
        return re.sub(r"\s+", " ", html.unescape(text))


def lists_zone():
    """For "example": RFC 5782 s5, who is listed, and a list that says no."""
    listed = {**{i: "127.0.0.2" for i in (10, 11, 30, 31)},
              **{i: "127.0.0.4" for i in (20, 21)}}
    return "2.0.0.127.bl A 127.0.0.2\n" + "".join(
        f"{i}.0.19.198.bl A {answer}\n" for i, answer in listed.items()) + (
        "*.error A 127.255.255.254\n"
        'proved TXT "v=spf1 ip4:198.18.0.0/15 -all"\n')


def make_users(world):
    """Users for both MTAs; the folder that Postfix reads."""
    text = "pwcheck_method: auxprop\nmech_list: PLAIN LOGIN\n"
    folder = world.path("sasl")
    for name in ("/etc/sasl2/Sendmail.conf", "/etc/mail/sasl/Sendmail.conf.2",
                 "/etc/mail/sasl/Sendmail.conf", f"{folder}/smtpd.conf"):
        world.write(name, text)
    for user in USERS:
        subprocess.run(["saslpasswd2", "-p", "-c", "-u", worlds.HOST, user],
                       input=b"secret", check=True)
    os.chmod("/etc/sasldb2", 0o644)
    return folder
