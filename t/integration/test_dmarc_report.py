#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Reports about DMARC: mail comes in by Postfix, and a day later its senders
read of it what Mail::DMARC and the schema of RFC 9990 understand; of a single
failure, at once, when the site wants that.
"""

import base64
import email
import gzip
import json
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

from harness import sign
from harness import world as worlds
from harness.dns import Dns
from harness.milter import Reprieve
from harness.nsd import Nsd
from harness.postfix import Postfix
from harness.redis import Redis
from harness.sink import Sink
from harness.site import Site
from harness.tap import Tap, equal, match, true
from harness.wait import until
from harness.world import wait_listening

GOOD, OTHER = "192.0.2.10", "192.0.2.66"
DAY_S = 86400
# Of these the mail is; what each is about stands in the cases.
ZONE = """
ag-main		TXT	"v=spf1 ip4:192.0.2.10 -all"
s1._domainkey.ag-main	CNAME	rsa.keys
_dmarc.ag-main	TXT	"v=DMARC1; p=reject; sp=quarantine; fo=1; rua=mailto:d@ag-main.example, mailto:d@sub.ag-main.example,mailto:d@ext-yes.example,mailto:d@ext-no.example,mailto:d@ext-else.example"
ag-main.example._report._dmarc.ext-yes	TXT	"v=DMARC1"
ag-main.example._report._dmarc.ext-else	TXT	"v=DMARC1; rua=mailto:other@ext-else.example"
ag-main.example._report._dmarc.ext-no	TXT	"not for us"
is.ag-main	A	192.0.2.1
_dmarc.ag-test	TXT	"v=DMARC1; p=quarantine; t=y; rua=mailto:d@ag-test.example"
_dmarc.ag-small	TXT	"v=DMARC1; p=none; rua=mailto:small@ag-small.example!1k,mailto:big@ag-small.example!10m"
_dmarc.ag-none	TXT	"v=DMARC1; p=none"
_dmarc.ag-odd	TXT	"v=DMARC1; p=none; rua=https://ag-odd.example/x,mailto:a@ag-odd.example%0d%0aDATA,mailto:%3Cx%3E@ag-odd.example,mailto:,mailto:a@b@ag-odd.example"
_dmarc.ag-away	TXT	"v=DMARC1; p=none; rua=mailto:d@ag-away.example"
_dmarc.ag-later	TXT	"v=DMARC1; p=none; rua=mailto:d@ag-later.example"
_dmarc.fail-main	TXT	"v=DMARC1; p=none; ruf=mailto:f@fail-main.example,mailto:f@ext-yes.example,mailto:f@ext-no.example"
fail-main.example._report._dmarc.ext-yes	TXT	"v=DMARC1"
_dmarc.fail-spf	TXT	"v=DMARC1; p=none; fo=s; ruf=mailto:f@fail-spf.example"
"""
MANY = 40
ZONE += "".join(f'_dmarc.n{i}.ag-later TXT "v=DMARC1; p=none;'
                ' rua=mailto:d@ag-later.example"\n' for i in range(MANY))
SPACE = "{urn:ietf:params:xml:ns:dmarc-2.0}"
PERL = r"""
use Mail::DMARC::Report; use Mail::DMARC::Report::Receive; use JSON::PP;
no warnings; local $/; my $in = <STDIN>;
*Mail::DMARC::Report::save_aggregate = sub { 1 };
my $r = Mail::DMARC::Report::Receive->new; $r->handle_body($in);
my $a = $r->report->aggregate;
print encode_json({ org => $a->metadata->org_name, id =>
  $a->metadata->report_id, begin => $a->metadata->begin, domain =>
  $a->policy_published->domain, p => $a->policy_published->p, rows => [ map { {
  ip => $_->row->source_ip, count => $_->row->count, spf =>
  $_->row->policy_evaluated->spf, dkim => $_->row->policy_evaluated->dkim, do =>
  $_->row->policy_evaluated->disposition, from => $_->identifiers->header_from
  } } @{$a->record} ] });
"""


class Home(Site):
    """sink: where letters go. day: that on which the mail came."""

    def __init__(self, world, tap):
        self.world = world
        self.tap = tap
        self.redis = guarded(world)
        Dns()
        keys = sign.Keys(world)
        self.signer = sign.Signer(keys)
        self.nsd = Nsd(world, {"example": keys.zone() + ZONE}).start()
        self.sink = Sink(world)
        self.site = world.port()
        self.portal = None
        milter = Reprieve(world, self.redis, mode="enforce",
                          auth='enabled = yes\n'
                          'known_lists = {"spf-pass.example"}')
        milter.redis = self.redis
        server = Postfix(world)
        port = server.listener(milter.postfix)
        super().__init__("Postfix", server, port, port, milter)
        self.configure(self.sink.port)
        milter.start()
        server.start()

    def configure(self, smtp, more=""):
        self.milter.write(more=(
            f'dns {{ forward = {{"{self.nsd.forward}"}} }}\n'
            "greylist { enabled = no }\n"
            f'portal {{ smtp = "127.0.0.1:{smtp}" user = "nobody"\n'
            f'listen = "inet:{self.site}@127.0.0.1" }}\n'
            'dmarc { org_name = "Example <Mail>" email = "dmarc@box.test"\n'
            f'contact = "https://postmaster.example.net" {more} }}\n'))

    def send(self, text, ip=GOOD, sender="joe@ag-main.example", code=250):
        with self.session(ip, ehlo=False) as session:
            session.ehlo("mx.good.example")
            reply = session.deliver(text.decode("latin-1"), sender,
                                    ("b@box.test",))
        equal(reply.code, code, f"{reply}; {self.milter.log()[-2000:]}")

    def signed(self, author="a@ag-main.example"):
        return self.signer.dkimpy(sign.message(author),
                                  domain="ag-main.example")

    # ---- what is kept ----

    def rows(self, domain, day=None):
        """{row: messages} of a domain."""
        found = self.redis.hash(
            f"rp:dmarc:{day or today()}:of:{domain}") or {}
        return {text(k): int(v) for k, v in found.items()
                if text(k) not in ("policy", "more")}

    def counted(self, domain, count):
        until(lambda: sum(self.rows(domain).values()) == count,
              lambda: f"{count} messages of {domain}: {self.rows(domain)}")

    def age(self):
        """What came today came yesterday."""
        now, then = today(), yesterday()
        for key in self.redis.keys(f"rp:dmarc:{now}:*"):
            key = text(key)
            self.redis.ask("RENAME", key, key.replace(now, then, 1))

    # ---- reports ----

    def run(self, *words):
        """(exit code, what it says)"""
        done = subprocess.run(
            [self.world.program("ctl/reprievectl"), "-c",
             self.milter.conf_as("admin"), "--json", "dmarc-report", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=120, check=False)
        out = json.loads(done.stdout) if done.stdout else {}
        return done.returncode, {
            (r["domain"], r.get("to", "")): r["outcome"]
            for r in out.get("reports", [])}, done.stdout + done.stderr

    def letter(self, to):
        found = self.sink.only(f"<{to}>").mails()
        equal(len(found), 1, f"letters to {to}")
        return Letter(found[0])


def guarded(world):
    """A Redis with our users; the test itself is its admin."""
    with open(f"{world.srcdir}/etc/reprieve.acl", encoding="ascii") as file:
        text = file.read().replace("CHANGE-ME", "secret")
    redis = Redis(world, "--include", world.write("users.conf", text))
    redis.users = ("milter", "portal", "admin")
    return redis.start()


class Letter:
    def __init__(self, raw):
        self.raw = raw
        self.mail = email.message_from_string(raw)
        parts = [p for p in self.mail.walk()
                 if p.get_content_type() == "application/gzip"]
        equal(len(parts), 1, "attachments")
        self.name = parts[0].get_filename()
        self.xml = gzip.decompress(parts[0].get_payload(decode=True))
        self.root = ElementTree.fromstring(self.xml)

    def at(self, path):
        return self.root.findtext(
            "/".join(SPACE + p for p in path.split("/")))

    def records(self):
        """(ip, messages, disposition, dkim, spf, reasons) sorted."""
        out = []
        for record in self.root.iter(SPACE + "record"):
            row = record.find(SPACE + "row")
            done = row.find(SPACE + "policy_evaluated")
            out.append((row.findtext(SPACE + "source_ip"),
                        int(row.findtext(SPACE + "count")),
                        done.findtext(SPACE + "disposition"),
                        done.findtext(SPACE + "dkim"),
                        done.findtext(SPACE + "spf"),
                        tuple(r.findtext(SPACE + "type")
                              for r in done.iter(SPACE + "reason"))))
        return sorted(out)


def text(octets):
    return octets.decode() if isinstance(octets, bytes) else octets


def day_of(seconds):
    return time.strftime("%Y%m%d", time.gmtime(seconds))


def today():
    return day_of(time.time())


def yesterday():
    return day_of(time.time() - DAY_S)


def dashed(day):
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"


def schema(world, xml):
    path = world.path(world.unique("report") + ".xml")
    with open(path, "wb") as file:
        file.write(xml)
    done = subprocess.run(
        ["xmllint", "--noout", "--nonet", "--schema",
         f"{world.srcdir}/t/data/dmarc/rfc9990.xsd", path],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False)
    equal(done.returncode, 0, done.stdout + xml.decode())


# ---- mail comes in ----

def mail_comes(home):
    for _ in range(3):
        home.send(home.signed())
    # A forger: p=reject and SPF -all are enough, with no name in DNS.
    for _ in range(2):
        home.send(sign.message("a@ag-main.example"), ip="192.0.2.30",
                  sender="joe@spf-pass.example", code=550)
    # By a list that is known; its failure is not held against it.
    home.send(sign.message("a@ag-main.example"),
              sender="joe@spf-pass.example")
    # From a subdomain, where sp= counts.
    home.send(sign.message("a@is.ag-main.example"),
              sender="joe@spf-none.example")
    # p=reject alone is not enough to refuse it here: it is marked.
    home.send(sign.message("a@ag-main.example"),
              sender="joe@spf-none.example")
    home.counted("ag-main.example", 8)
    for domain in ("ag-test", "ag-small", "ag-odd", "ag-away"):
        home.send(sign.message(f"a@{domain}.example"), ip=OTHER,
                  sender="joe@spf-none.example")
        home.counted(f"{domain}.example", 1)


def nobody_asks(home):
    """No rua=, no row; nor for our own users."""
    home.send(sign.message("a@ag-none.example"),
              sender="joe@spf-none.example")
    with home.session("127.0.0.1", ehlo=False) as session:
        session.ehlo("mx.good.example")
        equal(session.deliver(home.signed().decode("latin-1"),
                              "joe@ag-main.example", ("b@box.test",)).code,
              250, "delivery")
    home.send(sign.message("a@ag-small.example"), ip=OTHER,
              sender="joe@spf-none.example")
    home.counted("ag-small.example", 2)
    home.counted("ag-main.example", 8)
    equal(home.rows("ag-none.example"), {}, "rows")


def all_end(home):
    for key in home.redis.keys("rp:dmarc:*"):
        true(0 < home.redis.ask("TTL", key) <= 3 * DAY_S, key)


# ---- before it is sent ----

def not_over(home):
    code, rows, said = home.run("--day", dashed(today()))
    equal((code, rows), (2, {}), said)
    code, rows, said = home.run()
    equal((code, rows), (0, {}), said)
    equal(home.sink.mails(), [], "letters")


def dry(home):
    """Nothing is sent or remembered; what would be lies in a folder."""
    before = sorted(text(k) for k in home.redis.keys("rp:*"))
    folder = home.world.path("dry")
    subprocess.run(["mkdir", folder], check=True)
    code, rows, said = home.run("--day", dashed(today()), "--dry-run",
                                "--output", folder, "--domain",
                                "ag-main.example")
    equal(code, 0, said)
    equal({d for d, _ in rows}, {"ag-main.example"}, said)
    equal(home.sink.mails(), [], "letters")
    names = subprocess.run(["ls", folder], stdout=subprocess.PIPE, text=True,
                           check=True).stdout.split()
    equal(len(names), 1, names)
    with gzip.open(f"{folder}/{names[0]}") as file:
        schema(home.world, file.read())
    equal(sorted(text(k) for k in home.redis.keys("rp:*")), before, "keys")
    plain = home.milter.ctl("dmarc-report", "--day", dashed(today()),
                            "--dry-run", "--domain", "ag-test.example")
    true("<domain>ag-test.example</domain>" in plain, plain)


# ---- the next day ----

def reported(home):
    home.age()
    # One withdrew its wish in between.
    home.redis.ask("RENAME", f"rp:dmarc:{yesterday()}:of:ag-away.example",
                   f"rp:dmarc:{yesterday()}:of:ag-none.example")
    home.redis.ask("SADD", f"rp:dmarc:{yesterday()}:domains",
                   "ag-none.example")
    code, rows, said = home.run()
    equal(code, 0, said)
    no = "has not agreed to have reports about this domain"
    equal(rows, {
        ("ag-main.example", "d@ag-main.example"): "sent",
        ("ag-main.example", "d@sub.ag-main.example"): "sent",
        ("ag-main.example", "d@ext-yes.example"): "sent",
        ("ag-main.example", "d@ext-no.example"): no,
        ("ag-main.example", "other@ext-else.example"): "sent",
        ("ag-test.example", "d@ag-test.example"): "sent",
        ("ag-small.example", "small@ag-small.example"):
            "more than its size limit",
        ("ag-small.example", "big@ag-small.example"): "sent",
        ("ag-none.example", ""): "asks for no reports any more",
        ("ag-odd.example", ""): "no address in rua= can be used",
    }, said)
    equal(len(home.sink.mails()), 6, "letters")


def consent(home):
    """Who has not agreed gets nothing; who names another, that one."""
    for to, count in (("ext-no.example", 0), ("d@ext-yes.example", 1),
                      ("d@ext-else.example", 0),
                      ("other@ext-else.example", 1),
                      ("small@ag-small.example", 0)):
        equal(home.sink.count(to), count, to)


def right_letter(home):
    letter = home.letter("d@ext-yes.example")
    mail = letter.mail
    begin = int(letter.at("report_metadata/date_range/begin"))
    rid = letter.at("report_metadata/report_id")
    equal(day_of(begin), yesterday(), "begin")
    equal((begin % DAY_S, letter.at("report_metadata/date_range/end")),
          (0, str(begin + DAY_S - 1)), "range")
    equal(letter.name, f"mx.example.net!ag-main.example!{begin}!"
          f"{begin + DAY_S - 1}!{rid}.xml.gz", "file name")
    equal(re.sub(r"\s+", " ", mail["Subject"]), "Report Domain: "
          f"ag-main.example Submitter: mx.example.net Report-ID: <{rid}>",
          "Subject")
    equal(mail["Auto-Submitted"], "auto-generated", "Auto-Submitted")
    match(mail["From"], r'"Example <Mail>" <dmarc@box\.test>', "From")
    sender = next(s for s, r, t in home.sink.taken if t == letter.raw)
    match(sender, r"MAIL FROM:<dmarc@box\.test>.*", "envelope")
    true(max(map(len, letter.raw.splitlines())) < 998, "a line is too long")
    # The same report goes to all.
    equal(home.letter("d@ag-main.example").xml, letter.xml, "report")


def right_counts(home):
    letter = home.letter("d@ag-main.example")
    equal(letter.records(), [
        (GOOD, 1, "none", "fail", "fail", ("mailing_list",)),
        (GOOD, 1, "quarantine", "fail", "fail", ()),
        (GOOD, 1, "quarantine", "fail", "fail", ("local_policy",)),
        (GOOD, 3, "pass", "pass", "pass", ()),
        ("192.0.2.30", 2, "reject", "fail", "fail", ()),
    ], letter.xml.decode())
    equal([letter.at("policy_published/" + name) for name in (
        "domain", "discovery_method", "p", "sp", "np", "fo", "adkim", "aspf",
        "testing")], ["ag-main.example", "treewalk", "reject", "quarantine",
                      "quarantine", "1", "r", "r", "n"], "policy")
    equal(letter.at("report_metadata/org_name"), "Example <Mail>", "name")
    dkim = letter.root.find(f".//{SPACE}auth_results/{SPACE}dkim")
    equal([e.text for e in dkim], ["ag-main.example", "s1", "pass"], "dkim")


def test_mode(home):
    letter = home.letter("d@ag-test.example")
    equal(letter.at("policy_published/testing"), "y", "testing")
    equal(letter.records(), [(OTHER, 1, "none", "fail", "fail",
                              ("policy_test_mode",))], letter.xml.decode())


def valid(home):
    for raw in home.sink.mails():
        schema(home.world, Letter(raw).xml)


def round_trip(home):
    """Mail::DMARC, which knows the elements, but no namespace."""
    letter = home.letter("d@ag-main.example")
    xml = letter.xml.replace(b' xmlns="urn:ietf:params:xml:ns:dmarc-2.0"',
                             b"")
    done = subprocess.run(["perl", "-e", PERL], input=xml,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    equal(done.returncode, 0, done.stderr.decode())
    seen = json.loads(done.stdout)
    equal((seen["org"], seen["domain"], seen["p"]),
          ("Example <Mail>", "ag-main.example", "reject"), "head")
    equal(sorted((r["ip"], int(r["count"]), r["dkim"], r["spf"], r["from"])
                 for r in seen["rows"]), [
        (GOOD, 1, "fail", "fail", "ag-main.example"),
        (GOOD, 1, "fail", "fail", "ag-main.example"),
        (GOOD, 1, "fail", "fail", "is.ag-main.example"),
        (GOOD, 3, "pass", "pass", "ag-main.example"),
        ("192.0.2.30", 2, "fail", "fail", "ag-main.example")], "rows")


def own_reader(home):
    """So does the reader of what others report."""
    letter = home.letter("d@ag-main.example")
    path = home.world.path("own.xml")
    with open(path, "wb") as file:
        file.write(letter.xml)
    seen = json.loads(home.milter.ctl("--json", "dmarc-summary", "--file",
                                      path))
    equal([(d["domain"], d["messages"]) for d in seen["domains"]],
          [("ag-main.example", 8)], seen)


def once(home):
    """A second run sends nothing, and the rows are forgotten."""
    count = len(home.sink.mails())
    equal(home.run()[:2], (0, {}), "second run")
    equal(len(home.sink.mails()), count, "letters")
    equal([text(k) for k in home.redis.keys("rp:dmarc:*:of:*")], [], "rows")


def one_at_a_time(home):
    home.redis.ask("SET", "rp:dmarc:run", "another", "EX", 60)
    code, rows, said = home.run()
    home.redis.ask("DEL", "rp:dmarc:run")
    equal((code, rows), (1, {}), said)
    true("another run" in said, said)


def three_at_once(home):
    """Timers of three machines: each letter goes out once."""
    for i in range(MANY):
        name = f"n{i}.ag-later.example"
        home.redis.ask("SADD", f"rp:dmarc:{yesterday()}:domains", name)
        home.redis.ask(
            "HSET", f"rp:dmarc:{yesterday()}:of:{name}", "policy",
            "v=DMARC1; p=none", "by=treewalk\tip=192.0.2.1\tdo=none\t"
            f"dkim=fail\tspf=fail\tfrom={name}", 1)
    before = home.sink.count("d@ag-later.example")
    words = [home.world.program("ctl/reprievectl"), "-c",
             home.milter.conf_as("admin"), "--json", "dmarc-report"]
    runs = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
            for _ in range(3)]
    said = [run.communicate(timeout=120)[0] for run in runs]
    codes = sorted(run.returncode for run in runs)
    equal((codes[0], set(codes) <= {0, 1}), (0, True), said)
    sent = sum(json.loads(s).get("sent", 0) for s in said)
    equal((sent, home.sink.count("d@ag-later.example") - before),
          (MANY, MANY), said)


def comes_later(home):
    """While the MTA is down nothing is lost; a letter that has gone does not
    go again."""
    home.send(sign.message("a@ag-later.example"), ip=OTHER,
              sender="joe@spf-none.example")
    home.counted("ag-later.example", 1)
    home.age()
    # As another run left it, one day before: it had no luck either.
    home.redis.ask("SREM", f"rp:dmarc:{yesterday()}:sent", "ag-later.example")
    home.configure(home.world.port())
    code, rows, said = home.run()
    equal(code, 3, said)
    match(rows[("ag-later.example", "d@ag-later.example")],
          "left for the next run: .*", "outcome")
    home.configure(home.sink.port)
    code, rows, said = home.run()
    equal((code, list(rows.values())), (0, ["sent"]), said)
    equal(home.sink.count("d@ag-later.example"), 1, "letters")
    equal(home.run()[:2], (0, {}), "third run")


def large(home):
    """Rows for more than one letter: each is small enough, all are there."""
    key = f"rp:dmarc:{yesterday()}:of:ag-test.example"
    for i in range(3000):
        noise = base64.b32encode(sign.os.urandom(20)).decode().lower()
        home.redis.ask(
            "HSET", key, f"by=treewalk\tip=192.0.2.{i % 250}\tdo=none\t"
            f"dkim=fail\tspf=fail\tfrom=ag-test.example\tsender={noise}."
            "example\tto=box.test", 1)
    home.redis.ask("HSET", key, "policy", "v=DMARC1; p=none;"
                   " rua=mailto:d@ag-test.example", "more", 7)
    home.redis.ask("SREM", f"rp:dmarc:{yesterday()}:sent", "ag-test.example")
    home.redis.ask("SADD", f"rp:dmarc:{yesterday()}:domains",
                   "ag-test.example")
    home.configure(home.sink.port, "size_max = 65536")
    before = home.sink.count("d@ag-test.example")
    code, _, said = home.run()
    equal(code, 0, said)
    letters = [Letter(raw) for raw in home.sink.only(
        "<d@ag-test.example>").mails()[before:]]
    true(len(letters) > 1, f"{len(letters)} letters")
    equal(sum(len(one.records()) for one in letters), 3000, "records")
    equal(len({one.name for one in letters}), len(letters), "names")
    equal(len({one.mail["Message-ID"] for one in letters}), len(letters),
          "IDs")
    for one in letters:
        true(len(one.raw) <= 65536, f"{len(one.raw)} octets")
        schema(home.world, one.xml)
    match(letters[0].at("report_metadata/error"), "7 messages .*", "error")


# ---- single failures ----

def fail(home, author, sender="joe@spf-none.example", more=""):
    home.send(sign.message(author, more=more), ip=OTHER, sender=sender)


def off_by_default(home):
    mark = home.mark()
    fail(home, "a@fail-main.example")
    home.milter.wait_log("verdict .*dmarc=fail", after=mark)
    equal(home.redis.keys("rp:dmarc:fail*"), [], "keys")


def on(home):
    """The milter hears of it by a reload, the portal begins with it."""
    mark = home.mark()
    home.configure(home.sink.port, "failure_reports = yes failures_hour = 3")
    home.milter.reload()
    home.milter.wait_log("is in effect", after=mark)
    home.portal = home.world.start(
        home.world.program("reprieve-portal"), "-c",
        home.milter.conf_as("portal"), name="portal")
    wait_listening(("127.0.0.1", home.site), home.portal)


def failure(home):
    on(home)
    fail(home, "a@fail-main.example",
         more="Cc: victim@box.test\r\nX-For: victim\r\n")
    until(lambda: home.sink.count("f@ext-yes.example") == 1,
          lambda: home.portal.log() + home.milter.log()[-2000:])
    until(lambda: home.redis.keys("rp:dmarc:failure:*") == [],
          "the report is forgotten")
    equal([home.sink.count(f"f@{d}.example") for d in (
        "fail-main", "ext-yes", "ext-no")], [1, 1, 0], "letters")
    raw = home.sink.only("<f@fail-main.example>").mails()[0]
    sender = next(s for s, r, t in home.sink.taken if t == raw)
    match(sender, r"MAIL FROM:<>.*", "envelope")
    mail = email.message_from_string(raw)
    equal(mail.get_content_type(), "multipart/report", "type")
    equal(mail.get_param("report-type"), "feedback-report", "report-type")
    words, fields, header = mail.get_payload()
    equal([p.get_content_type() for p in (words, fields, header)],
          ["text/plain", "message/feedback-report", "text/rfc822-headers"],
          "parts")
    # Python parses a message/* part as a message: its header are the fields.
    seen = fields.get_payload()[0]
    equal({n: seen[n] for n in (
        "Feedback-Type", "Version", "Auth-Failure", "Identity-Alignment",
        "Delivery-Result", "Source-IP", "Reported-Domain",
        "Original-Mail-From")}, {
            "Feedback-Type": "auth-failure", "Version": "1",
            "Auth-Failure": "dmarc", "Identity-Alignment": "dkim, spf",
            "Delivery-Result": "delivered", "Source-IP": OTHER,
            "Reported-Domain": "fail-main.example",
            "Original-Mail-From": "<redacted@spf-none.example>"}, "fields")
    true("dmarc=fail" in seen["Authentication-Results"], raw)
    true("From: " in header.get_payload(), raw)
    for word in ("victim", "b@box.test", "joe@"):
        true(word not in raw, f"{word} in {raw}")


def no_failure(home):
    """fo=s, and SPF does not fail; a report; a bounce."""
    fail(home, "a@fail-spf.example")
    fail(home, "a@fail-main.example", sender="")
    fail(home, "a@fail-main.example",
         more="Auto-Submitted: auto-generated\r\n")
    # What comes behind them has its report, and they have none.
    fail(home, "a@fail-main.example")
    until(lambda: home.sink.count("f@fail-main.example") == 2, "a letter")
    equal(home.sink.count("f@fail-spf.example"), 0, "letters")


def few(home):
    """No more than failures_hour about one domain."""
    for _ in range(5):
        fail(home, "a@fail-main.example")
    until(lambda: home.sink.count("f@ext-yes.example") == 3, "the third")
    until(lambda: int(home.redis.ask(
        "GET", "rp:dmarc:failures:fail-main.example")) == 7, "all are counted")
    equal(home.sink.count("f@ext-yes.example"), 3, "letters")
    true(0 < home.redis.ask("TTL", "rp:dmarc:failures:fail-main.example")
         <= 3600, "TTL")
    equal(home.portal.stop(), 0, "exit code of the portal")


CASES = [
    ("results are kept by domain and day", mail_comes),
    ("not where nobody asks, nor of trusted clients", nobody_asks),
    ("no key stays for ever", all_end),
    ("a day that is not over is not reported", not_over),
    ("a dry run sends and changes nothing", dry),
    ("the next day reports go out", reported),
    ("strangers have to agree", consent),
    ("the letter is as RFC 9990 wants it", right_letter),
    ("the counts are right, and say why policy was not applied",
     right_counts),
    ("a policy that is only tested", test_mode),
    ("all reports are of the schema", valid),
    ("Mail::DMARC reads the same", round_trip),
    ("our own reader, too", own_reader),
    ("a second run sends nothing", once),
    ("two runs do not interleave", one_at_a_time),
    ("with the MTA down the next run sends", comes_later),
    ("three at once send each letter once", three_at_once),
    ("what is too large goes in several letters", large),
    ("nobody hears of single failures by default", off_by_default),
    ("a failure is reported when the site wants that", failure),
    ("not what is no failure, and no machine's mail", no_failure),
    ("no more in an hour than the site wants", few),
]


def unrefused(home):
    equal(home.redis.ask("ACL", "LOG"), [], "ACL LOG")


def main():
    world = worlds.enter()
    world.serve_syslog()
    tap = Tap("reports about DMARC")
    home = Home(world, tap)
    for name, case in CASES:
        tap.case(name, case, home)
    tap.case("Redis has refused nothing", unrefused, home)
    tap.case("the milter stops at SIGTERM with 0", lambda: equal(
        home.milter.process.stop(), 0, "exit code"))
    home.server.stop()
    world.close()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
