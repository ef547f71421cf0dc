#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The site as an attacker tries it.

The real portal, milter and Redis; letters go to a sink. What it promises:
nobody can search the list, no other site can press its buttons, no field gets
out of its place, it is no cannon for letters, whatever is done at once or
looked at is done once or not at all, and it says so when Redis is away.
"""

import collections
import concurrent.futures
import html
import html.parser
import http.client
import math
import os
import random
import re
import statistics
import sys
import threading
import time
import urllib.parse

from harness import wire
from harness import world as worlds
from harness.dns import Dns
from harness.lists import Lists
from harness.milter import REFERENCE, retired
from harness.portal import Portal, letters
from harness.redis import Redis
from harness.sink import Sink
from harness.tap import Tap, equal, match, true
from harness.wait import until

RID = r"[0-9A-HJKMNP-TV-Z]{17}"
TOKEN = r"[0-9a-hjkmnp-tv-z]{26}"
LINK = rf"http://127\.0\.0\.1:\d+/c/{TOKEN}(?!\S*/cancel)\S*"
CANCEL = rf"http://127\.0\.0\.1:\d+/c/{TOKEN}/cancel\S*"
TICKET_LINK = rf"http://127\.0\.0\.1:\d+/tc/{TOKEN}\S*"
VOUCH_LINK = rf"http://127\.0\.0\.1:\d+/s/{TOKEN}\S*"
FAULTY = range(400, 500)

# Every key that the portal and the milter may ever make.
NET = r"[0-9a-f.:]+(?:/\d+)?"
HASH = r"[0-9a-f]{16,64}"
KEYS = re.compile("rp:(?:" + "|".join((
    rf"block:{NET}", rf"allow:{NET}",
    rf"allow@{HASH}\.mailbox\.invalid:{NET}",
    rf"case:{RID}", rf"case:{RID}:\w+", r"lists:generation", r"audit",
    r"node:ids", r"node:[\w.-]+", r"mailq", r"mailq:(?:slow|later|last)",
    rf"rate:(?:post|check|[\w-]+-client|delist-network(?:-ref)?):{NET}:\d+",
    r"rate:delist-all::\d+", rf"rate:[\w-]+-mailbox:{HASH}:\d+",
    r"rate:[\w-]+-domain:[a-z0-9_.-]+:\d+",
    rf"delist:{RID}", r"delist:requests", r"delist:exceptions",
    rf"delist:open:{NET}(?::ref)?", rf"delist:quiet:{HASH}",
    r"trace:keys", rf"account:{HASH}", rf"traffic:\d+:\w+:[a-z0-9.:/_-]+",
    rf"token:{HASH}", rf"hist:{NET}(?::log|:done)?", rf"parole:{NET}",
    rf"ticket:{RID}(?::log)?", r"ticket:open", r"ticket:all",
    rf"ticket:of:{RID}", rf"sponsor:{RID}", rf"sponsor:of:{RID}")) + ")")


# ---- the place ----

def own_limits(portal, *but):
    """Takes the test's limits out of the configuration: the program's own
    count, except those named."""
    with open(portal.milter.conf, encoding="latin-1") as file:
        text = file.read()
    names = (r"per_client|per_mailbox|per_domain|per_network|busy_at|queue_at"
             r"|posts_max|checks_max")
    text = re.sub(rf"(?m)\b(?:{names}) = \d+", lambda m: m.group(0)
                  if m.group(0).split()[0] in but else "", text)
    portal.world.write(portal.milter.conf, text)


class Home:
    """Redis, a sink, one milter, one portal."""

    def __init__(self, world, dns, is_limited=False, **settings):
        self.world = world
        self.dns = dns
        settings.setdefault("auth", "")
        self.redis = Redis(world).start()
        self.sink = Sink(world)
        settings.setdefault("portal", 'local_domains = {"box.test"}')
        self.portal = Portal(world, self.redis, smtp=self.sink.port,
                             **settings)
        if is_limited:
            own_limits(self.portal)
        self.portal.milter.start()
        self.portal.start()
        self.lists = Lists(self.redis, self.portal.milter)
        self.count = 0

    def address(self):
        """Listed by nobody yet, and a client may have it."""
        self.count += 1
        return f"198.51.100.{self.count}"

    def refused(self, address=None):
        """Lists an address and has it refused: (address, reference)."""
        address = address or self.address()
        self.lists.block(address)
        self.lists.settle()
        line = wire.verdict(self.portal.milter.where, address)
        ref = match(line, rf"554 .*/r/({REFERENCE}).*", "refusal").group(1)
        until(lambda: self.redis.ask("EXISTS", f"rp:case:{ref}"), "the case")
        return address, ref

    def ask_removal(self, address, mail, **more):
        """The form for an address; the RID."""
        answer = self.portal.submit(
            "/delist", {"mail": mail, "ip": address, "attest": "yes"}, **more)
        equal(answer.status, 303, f"/delist for {address}: {answer.body}")
        return match(answer.location, rf"/status/({RID})(?:\?.*)?",
                     "the page of the request").group(1)

    def letter(self, mail, having=LINK, seconds=20):
        """The first letter to that address with a match: its header, its
        text, and the match."""
        def find():
            for header in letters(self.sink.only(mail)):
                text = header.get_content()
                found = re.search(having, text)
                if found:
                    return header, text, found.group(0)
            return None
        def subjects():
            return [str(m["Subject"]) for m in letters(self.sink.only(mail))]

        return until(find, lambda: f"a letter to {mail} with /{having}/; there"
                     f" are {subjects()}; {self.portal.log()[-800:]}", seconds)

    def link(self, mail, having=LINK):
        return self.letter(mail, having)[2]

    def ticket(self, mail, ref=""):
        answer = self.portal.submit(
            "/support", {"do": "ticket", "mail": mail, "subject": SUBJECT,
                         "ref": ref, "text": "it is still refused"})
        equal(answer.status, 200, f"/support: {answer.body}")

    def keys(self):
        return set(self.redis.keys("*"))

    def in_place(self, what):
        odd = sorted(k for k in self.keys() if not KEYS.fullmatch(k))
        equal(odd, [], f"keys out of place after {what}")

    def dump(self):
        """All that is in Redis but counters and what lives by itself, once no
        letter waits."""
        settle_queue(self)
        return dump(self.redis)

    def unchanged(self, before, what):
        after = self.dump()
        odd = {k: (before.get(k), after.get(k))
               for k in before.keys() | after.keys()
               if before.get(k) != after.get(k)}
        equal(odd, {}, f"what changed in Redis by {what}")


SUBJECT = "refused"


def dump(redis):
    ask = redis.connect()
    out = {}
    try:
        for key in sorted(ask("KEYS", "*")):
            if re.match(rb"rp:(?:rate:|node:|mailq:last$|trace:|account:|traffic:)", key):
                continue
            kind = ask("TYPE", key)
            out[key.decode()] = READ[kind](ask, key)
    finally:
        ask.close()
    return out


def read_hash(ask, key):
    flat = ask("HGETALL", key)
    fields = dict(zip(flat[::2], flat[1::2]))
    fields.pop(b"views", None)
    return fields


READ = {
    b"string": lambda ask, key: ask("GET", key),
    b"hash": read_hash,
    b"list": lambda ask, key: ask("LRANGE", key, 0, -1),
    b"set": lambda ask, key: sorted(ask("SMEMBERS", key)),
    b"zset": lambda ask, key: ask("ZRANGE", key, 0, -1, "WITHSCORES"),
    b"stream": lambda ask, key: ask("XRANGE", key, "-", "+"),
}


def audit(redis):
    """The lines of the audit, as dicts, oldest first."""
    out = []
    for _, flat in redis.ask("XRANGE", "rp:audit", "-", "+") or []:
        text = [item.decode("latin-1") for item in flat]
        out.append(dict(zip(text[::2], text[1::2])))
    return out


def sane(answer, what, among=()):
    """An answer that a person can live with."""
    true(answer.status < 500 or answer.status in among,
         lambda: f"{what}: {answer.status} {answer.body[:400]}")
    return answer


# ---- 1. nobody can search the list ----

def plain(answer, address):
    """What is left of an answer when the request's own is taken out."""
    text = answer.body.replace(address, "ADDRESS")
    text = re.sub(rf"(?<=/status/){RID}", "RID", text)
    text = re.sub(r'name="stamp" value="[^"]*"', "STAMP", text)
    text = re.sub(TOKEN, "TOKEN", text)
    text = re.sub(r'<time datetime="[^"]*">[^<]*</time>', "TIME", text)
    text = re.sub(r"(?<=come from )\S+(?=; now)", "NET", text)
    headers = [(n, re.sub(RID, "RID", v)) for n, v in answer.headers
               if n not in ("Date", "Content-Length")]
    return answer.status, sorted(headers), text


def rank_test(one, two):
    """Mann and Whitney: how many standard errors the ranks of two samples
    are apart; 0 when they are of one kind."""
    ranked = sorted([(v, 0) for v in one] + [(v, 1) for v in two])
    ranks = sum(i + 1 for i, (_, kind) in enumerate(ranked) if kind == 0)
    n, m = len(one), len(two)
    mean = n * (n + m + 1) / 2
    return (ranks - mean) / math.sqrt(n * m * (n + m + 1) / 12)


FAR = 5.0  # standard errors; chance alone gets there twice in 10^6


class Quick:
    """One form, sent many times: the stamp is good for as long as it is."""

    def __init__(self, portal, path, action=None):
        self.portal = portal
        self.action = action or path
        self.stamp = portal.get(path).field("stamp")

    def __call__(self, fields, **more):
        start = time.perf_counter()
        answer = self.portal.post(
            self.action, {"stamp": self.stamp, "website": "", **fields},
            **more)
        return answer, time.perf_counter() - start


def fill_lists(home, listed, has_past=True):
    """Many entries at once, as an import makes them, some with a past."""
    ask = home.redis.connect()
    now = int(time.time() * 1000)
    for i, address in enumerate(listed):
        net = address[:-1] + "/64" if ":" in address else address
        ask("HSET", f"rp:block:{net}", "reason", "spam run", "class", "self")
        if has_past and i % 2:
            ask("HSET", f"rp:hist:{net}", "level", 3, "listed_ms", now,
                "listings", 3, "evidence_ms", now)
            ask("LPUSH", f"rp:hist:{net}:log", f"{now} listed 3")
    ask.close()
    home.lists.settle()


def compare(tap, what, samples):
    """samples: name -> times in seconds. No two of them may differ so that an
    observer could tell."""
    tap.say(f"{what}: medians " + ", ".join(
        f"{name} {statistics.median(took) * 1e3:.3f} ms"
        for name, took in samples.items()))
    names = list(samples)
    for other in names[1:]:
        far = rank_test(samples[names[0]], samples[other])
        tap.say(f"{what}: {names[0]} and {other} are {far:+.1f} standard"
                " errors apart")
        true(abs(far) < FAR, f"{what}: {other} can be told from {names[0]} "
             f"by time, {far:+.1f} standard errors")


def no_search(tap, home, kinds, rounds=300):
    """kinds: name -> the n-th address of it. Interleaved, so that what else
    goes on here hits all alike."""
    fill_lists(home, [kinds[name](i) for name in kinds if "listed" == name
                      for i in range(rounds)])
    post = Quick(home.portal, "/delist")
    took = {name: [] for name in kinds}
    pages = {name: [] for name in kinds}
    seen = collections.defaultdict(set)
    order = list(kinds)
    for i in range(rounds):
        random.shuffle(order)
        for name in order:
            address = kinds[name](i)
            answer, seconds = post({"ip": address, "attest": "yes",
                                    "mail": f"u{i}@{name}.example"})
            took[name].append(seconds)
            seen[repr(plain(answer, address))].add(name)
            start = time.perf_counter()
            page = home.portal.get(answer.location)
            pages[name].append(time.perf_counter() - start)
            seen[repr(plain(page, address))].add(name)
    odd = [text for text, names in seen.items() if len(names) != len(kinds)]
    equal(odd, [], "answers that only some kinds of address get")
    compare(tap, "POST /delist", took)
    compare(tap, "GET /status", pages)


def same_letters(home, kinds):
    """The letters, too, are the same for each kind."""
    fill_lists(home, [kinds["listed"], kinds["past"]])
    texts = collections.defaultdict(set)
    for name, address in kinds.items():
        mail = f"letter@{name}.example"
        home.ask_removal(address, mail)
        mail, text, _ = home.letter(mail)
        text = re.sub(RID, "RID", re.sub(TOKEN, "TOKEN", text))
        text = re.sub(r"\d+ \w+\s+\d{4},\s+\d\d:\d\d UTC", "TIME", text)
        # Lines are filled, and addresses are not of one length.
        text = " ".join(text.replace(address, "ADDRESS").split())
        names = [n for n in mail.keys()]
        subject = mail["Subject"].replace(address, "ADDRESS")
        texts[repr((names, subject, text))].add(name)
    equal(len(texts), 1, f"letters that differ: {dict(texts)}")


def no_search_whatif(tap, home, kinds, rounds=40):
    """/whatif tells about a foreign address nothing that is on the lists."""
    post = Quick(home.portal, "/whatif")
    took = {name: [] for name in kinds}
    seen = collections.defaultdict(set)
    for i in range(rounds):
        for name in random.sample(list(kinds), len(kinds)):
            address = kinds[name](i)
            answer, seconds = post({"ip": address, "helo": "a.example.org",
                                    "sender": "", "author": "example.org",
                                    "ref": ""})
            equal(answer.status, 200, answer.body)
            true("The answer" in answer.body, answer.body)
            took[name].append(seconds)
            text = repr(plain(answer, address))
            names = re.sub(r"[0-9a-f.]+\.(?:in-addr|ip6)\.arpa", "ARPA", text)
            seen[names].add(name)
    odd = [text for text, names in seen.items() if len(names) != len(kinds)]
    equal(odd, [], "answers that only some kinds of address get")
    compare(tap, "POST /whatif", took)


def references(home):
    """A reference opens what belongs to it. One that is wrong, one that never
    was and one that is over are one to the visitor, and no page with a foreign
    one tells about another address."""
    address, ref = home.refused()
    gone = home.refused()[1]
    home.redis.ask("DEL", f"rp:case:{gone}")
    never = gone
    for path in ("/r/{}", "/sponsor/{}"):
        pages = {repr(plain(home.portal.get(path.format(r)), r))
                 .replace(r, "REF") for r in (gone, never)}
        equal(len(pages), 1, f"{path} tells one unknown from the other")
    for path in (f"/delist?ref={gone}", f"/whatif?ref={gone}",
                 f"/support?ref={gone}"):
        equal(home.portal.get(path).status, 200, path)
    page = home.portal.get(f"/whatif?ref={ref}")
    true(address in page.body, "the form of the case")
    # With a reference of another address the lists are not asked.
    other = home.address()
    home.lists.block(other)
    home.lists.settle()
    free = home.address()
    asked = Quick(home.portal, "/whatif")
    texts = {plain(asked({"ip": ip, "helo": "a.example.org", "sender": "",
                          "author": "example.org", "ref": ref})[0], ip)[2]
             .replace(ip, "IP") for ip in (other, free)}
    equal(len({re.sub(r"[0-9.]+\.in-addr", "ARPA", t) for t in texts}), 1,
          "/whatif with the reference of another address")


def requests_of_others(home):
    """Who guesses a mailbox and an address gets a page of his own, never that
    of who asked before: it would show what becomes of that request, and its
    ticket."""
    address, _ = home.refused()
    mail = "owner@guess.example"
    first = home.ask_removal(address, mail)
    equal(home.ask_removal(address, mail), first, "the visitor himself, again")
    other = home.ask_removal(address, mail, source="203.0.113.66")
    true(other != first, "a stranger is led to the request of another")
    link = home.link(mail)
    home.portal.submit(link, {}, action=link.removeprefix(home.portal.url))
    true("off our list" in home.portal.get(f"/status/{first}").body, "granted")
    page = home.portal.get(f"/status/{other}").body
    true("is not confirmed yet" in page, page)
    settle_queue(home)
    equal(home.sink.count(mail), 2, "letters: the link, the answer")


# ---- 2. no other site can press the buttons ----

def foreign_forms(home):
    """What a page of another site can make a browser send is refused."""
    post = Quick(home.portal, "/delist")
    fields = {"ip": home.address(), "attest": "yes", "mail": "x@csrf.example"}
    cases = {
        "Origin of another site": {"Origin": "https://evil.example"},
        "Origin that begins like ours":
            {"Origin": home.portal.url + ".evil.example"},
        "Origin with another port": {"Origin": "http://127.0.0.1:1"},
        "Origin with another scheme":
            {"Origin": home.portal.url.replace("http:", "https:")},
        "Origin null of another site":
            {"Origin": "null", "Sec_Fetch_Site": "cross-site"},
        "our Origin, said to come from another site":
            {"Origin": home.portal.url, "Sec_Fetch_Site": "cross-site"},
        "Sec-Fetch-Site cross-site": {"Sec_Fetch_Site": "cross-site"},
        "Sec-Fetch-Site same-site": {"Sec_Fetch_Site": "same-site"},
        "Sec-Fetch-Site of nonsense": {"Sec_Fetch_Site": "same-origin, x"},
        "Origin empty of host": {"Origin": "http://"},
    }
    for target in targets(home):
        target.open()
        before_it = home.dump()
        for name, headers in list(cases.items())[:7]:
            answer = target.post(urllib.parse.urlencode(
                {"stamp": target.stamp, "website": "", **target.fields}),
                **headers)
            equal(answer.status, 403, f"{target.name}, {name}")
        home.unchanged(before_it, f"forms for {target.name}")
    before = home.dump()
    for name, headers in cases.items():
        answer, _ = post(fields, **headers)
        equal(answer.status, 403, f"{name}: {answer.body}")
    home.unchanged(before, "what was refused")


def own_forms(home):
    """A browser that says "Origin: null" of our own form, as Referrer-Policy
    makes it, and one that says nothing, are let in."""
    post = Quick(home.portal, "/delist")
    for i, headers in enumerate((
            {"Origin": "null", "Sec_Fetch_Site": "same-origin"},
            {"Origin": "null"}, {}, {"Origin": home.portal.url},
            {"Origin": home.portal.url, "Sec_Fetch_Site": "same-origin"})):
        answer, _ = post({"ip": home.address(), "attest": "yes",
                          "mail": f"own{i}@csrf.example"}, **headers)
        equal(answer.status, 303, f"{headers}: {answer.body}")


STAMPED = ("/delist", "/support", "/whatif")


def stamps(home):
    """A stamp is for one form, one network and a time; nothing else is one."""
    fields = {"ip": home.address(), "attest": "yes", "mail": "s@csrf.example",
              "do": "ticket", "subject": SUBJECT, "text": "words",
              "ref": "", "helo": "a.example.org", "author": "a.example.org"}
    before = home.dump()
    good = {path: home.portal.get(path).field("stamp") for path in STAMPED}
    for path in STAMPED:
        seconds, net, mark = good[path].split("-")
        bad = {
            "none": None, "empty": "", "dashes": "--",
            "of another form": good[STAMPED[STAMPED.index(path) - 1]],
            "made younger": f"{int(seconds) + 1}-{net}-{mark}",
            "of no network": f"{seconds}--{mark}",
            "with another network": f"{seconds}-{net[::-1]}-{mark}",
            "without its mark": f"{seconds}-{net}-",
            "with a cut mark": f"{seconds}-{net}-{mark[:-1]}",
            "with more behind it": f"{seconds}-{net}-{mark}0",
            "with a sign": f"+{seconds}-{net}-{mark}",
            "of a time past the end": f"{2 ** 63}-{net}-{mark}",
            "in capitals": good[path].upper(),
        }
        for name, stamp in bad.items():
            sent = dict(fields, website="")
            if stamp is not None:
                sent["stamp"] = stamp
            if stamp == good[path]:
                continue
            answer = home.portal.post(path, sent)
            equal(answer.status, 403, f"{path}, stamp {name}: {answer.body}")
        answer = home.portal.post(
            path, dict(fields, website="", stamp=good[path]),
            source="203.0.113.77")
        equal(answer.status, 422, f"{path}, of another network")
        true("your network has changed" in answer.body, answer.body)
    home.unchanged(before, "what was refused")


def hidden_field(home):
    """A machine that fills in what nobody sees is answered as if all went
    well; nothing is stored and no letter goes."""
    before, letters_before = home.dump(), len(home.sink.mails())
    trap = {"website": "http://spam.example/"}
    answer = home.portal.submit(
        "/delist", {"mail": "m@trap.example", "ip": home.address(),
                    "attest": "yes", **trap})
    equal(answer.status, 303, answer.body)
    match(answer.location, rf"/status/{RID}", "as if well")
    answer = home.portal.submit(
        "/support", {"do": "ticket", "mail": "m@trap.example",
                     "subject": SUBJECT, "text": "buy", **trap})
    equal(answer.status, 200, answer.body)
    _, ref = home.refused()
    between = home.dump()
    answer = home.portal.submit(f"/sponsor/{ref}",
                                {"mail": "m@box.test", **trap})
    equal(answer.status, 200, answer.body)
    home.unchanged(between, "/sponsor with the hidden field")
    new = {k for k in between if k not in before}
    true(all(k.startswith(("rp:case:", "rp:block:")) for k in new),
         f"nothing was stored: {new}")
    equal(len(home.sink.mails()), letters_before, "no letter")


def old_and_replayed(home):
    """Too old is refused, and what was filled in is kept. A stamp may be used
    again while it is young: what must happen once has a token for that."""
    portal = home.portal
    page = portal.get("/delist")
    fields = {"mail": "keep@old.example", "ip": home.address(),
              "attest": "yes", "website": "", "stamp": page.field("stamp")}
    first = portal.post("/delist", fields)
    again = portal.post("/delist", fields)
    equal((first.status, again.status), (303, 303), "the same form again")
    equal(again.location, first.location, "it is the same request")
    # As much older as a clock can make it: one that was made long ago.
    old = Portal(home.world, home.redis, smtp=home.sink.port,
                 milter=portal.milter,
                 portal="form_max_s = 60")
    old.start()
    try:
        until(lambda: old.post("/delist", fields).status == 303,
              "a young one is good here, too")
        late = f"{int(fields['stamp'].split('-')[0]) - 61}"
        forged = "-".join([late] + fields["stamp"].split("-")[1:])
        equal(old.post("/delist", {**fields, "stamp": forged}).status, 403,
              "nobody makes one himself")
    finally:
        old.stop()


# ---- 3. no field gets out of its place ----

# No reference and no token has a "u" or an "l" in it.
MARK = "zulu9"
# What a value may be; MARK finds it again wherever it comes out.
PAYLOADS = [MARK + text for text in (
    "\r\nX-Zulu9: yes", "\r\n\r\n<html>", "\nBcc: zulu9@evil.example",
    "\0end", "%0d%0aX-Zulu9:%20yes", "%250d%250aX-Zulu9:%2520yes", "%00",
    "{{site_name}}", "{{>head}}", "{{_ Support}}", "{{#errors}}x{{/errors}}",
    "{site_name}", "{ip}{ref}{mail}", "<script>alert(1)</script>",
    "\"><img src=x>", "' onfocus='alert(1)", "\" autofocus onfocus=\"alert(1)",
    "&lt;b&gt;&#60;", "</textarea><b>", "</option><b>", "x" * 3000, "x" * 9000,
    "*", "?[a]", "rp:*", "'] redis.call('FLUSHALL') --",
    "\"; return redis.call('KEYS')", "$(touch /tmp/zulu9)", "`id`", "; id",
    "| id", "\r\n.\r\nMAIL FROM:<zulu9@x>", "\r\nRCPT TO:<zulu9@evil.example>",
    "<zulu9@evil.example>", "\u202Egpj.exe", "\u2028\u2029", "\u0085",
    "javascript:alert(1)", "//evil.example/", "/../../etc/passwd", "%s%n%d",
    "\x1b[2J", "\x7f", "\ufeff")]
MAILS = [text for payload in PAYLOADS for text in (
    payload + "@evil.example", "a@" + payload)]
RAW = [b"zulu9" + text for text in (
    b"%80", b"%C0%AF", b"%ED%A0%80", b"%F5%80%80%80", b"%", b"%g0", b"%u0041",
    b"\xff", b"%FE%FF", b"+%0D", b"%00")]

SPECIAL = {"<": "&lt;|&#60;", ">": "&gt;|&#62;", "\"": "&quot;|&#34;",
           "'": "&#39;|&#x27;", "&": "&amp;|&#38;"}


def escaped(text):
    """What text may look like in a page, to its end or to where it is cut."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    one = [f"(?:{SPECIAL[c]})" if c in SPECIAL else re.escape(c) for c in text]
    return "".join(one)


def not_reflected(answer, payload, what):
    """Where the payload comes out it is text and whole."""
    rest = payload.split(MARK, 1)[1]
    pattern = re.compile(escaped(rest.rstrip()))
    for found in re.finditer(MARK, answer.body):
        tail = answer.body[found.end():]
        if pattern.match(tail):
            continue
        # Cut, or its own name once more: then at least nothing of markup.
        piece = tail[:12]
        bad = rest[:1] in "<>\"'" and re.search(r"[<>\"']",
                                                html.unescape(piece))
        true(not bad and not rest.startswith("{"),
             f"{what}: comes out as {MARK}{tail[:80]!r}")


class Foreign(html.parser.HTMLParser):
    """Finds markup that no template of ours has."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.pages = 0

    def handle_starttag(self, tag, attrs):
        self.pages += tag == "html"
        for name, value in attrs:
            value = value or ""
            if name.startswith("on") or name == "style" or \
                    value.lower().lstrip().startswith("javascript:"):
                self.found.append((tag, name, value))
            if name in ("src", "action") and not value.startswith("/"):
                self.found.append((tag, name, value))
            if MARK in name:
                self.found.append((tag, name, value))
        if tag in ("b", "i", "iframe", "object", "base", "svg", "script") \
                or MARK in tag:
            self.found.append((tag, attrs))


def is_text(answer, words):
    """No piece of markup or of a header is a stranger's."""
    parser = Foreign()
    parser.feed(answer.body)
    equal(parser.found, [], f"{words!r} makes markup")
    true(parser.pages <= 1, f"{words!r} makes a page")
    # RTL override and the like would turn the words of others around.
    true(not re.search("[\x00-\x08\x7f-\x9f\u2028-\u202e\ufeff]",
                       answer.body), f"{words!r}: what nobody sees comes out")
    for name, value in answer.headers:
        true(MARK not in (name + value).lower(),
             f"{words!r}: header {name}: {value}")


class Target:
    """A form: where it is, where it goes, and what it is sent with."""

    def __init__(self, portal, path, fields, action=None, is_kept=False):
        self.name = re.sub(rf"{RID}|{TOKEN}", "...", path)
        self.portal = portal
        self.action = action or path
        self.fields = fields
        self.is_kept = is_kept  # what was said before stays on the page
        self.stamp = None
        self.path = path

    def open(self):
        page = self.portal.get(self.path)
        self.stamp = page.field("stamp")
        true(self.stamp, f"{self.path} has no form: {page.body[:2000]}")

    def post(self, body, **headers):
        return self.portal.ask("POST", self.action, body, **headers)

    def with_field(self, name, value):
        fields = {"stamp": self.stamp, "website": "", **self.fields,
                  name: value}
        return self.post(urllib.parse.urlencode(fields))

    def raw_field(self, name, value):
        fields = {"stamp": self.stamp, "website": "", **self.fields}
        fields.pop(name, None)
        body = urllib.parse.urlencode(fields).encode() + b"&"
        return self.post(body + name.encode() + b"=" + value)


def targets(home):
    """Every form of the site that is open to somebody."""
    portal = home.portal
    address, ref = home.refused()
    out = [
        Target(portal, "/delist", {"mail": "t@t.example", "ip": address,
                                   "attest": "yes", "ref": ""}),
        Target(portal, "/support", {"do": "find", "refusal": "5.7.1"}),
        Target(portal, "/support", {
            "do": "ticket", "mail": "t@t.example", "subject": SUBJECT,
            "ref": "", "text": "words"}),
        Target(portal, f"/sponsor/{ref}", {"mail": "t@box.test"}),
        Target(portal, "/whatif", {
            "ip": address, "helo": "a.example.org", "sender": "example.org",
            "author": "example.org", "ref": ref}),
        Target(portal, f"/r/{ref}", {}, action=f"/r/{ref}/test"),
    ]
    rid = home.ask_removal(address, "target@t.example")
    out.append(Target(portal, f"/status/{rid}", {"do": "address"}))
    link = home.link("target@t.example").removeprefix(portal.url)
    out.append(Target(portal, link, {"do": "x"}))
    home.ticket("target@t.example")
    link = home.link("target@t.example", TICKET_LINK).removeprefix(portal.url)
    out.append(Target(portal, link, {"do": "x"}))
    home.ticket("open@t.example")
    link = home.link("open@t.example", TICKET_LINK)
    page = portal.submit(link, {}, action=link.removeprefix(portal.url))
    out.append(Target(portal, page.location.split("?")[0],
                      {"text": "words"}, is_kept=True))
    portal.submit(f"/sponsor/{ref}", {"mail": "target@box.test"})
    link = home.link("target@box.test", VOUCH_LINK).removeprefix(portal.url)
    out.append(Target(portal, link, {"do": "x"}))
    return out


def injected(home, target):
    target.open()
    asked = 0
    for name in list(target.fields) + ["lang", "stamp", "website"]:
        values = PAYLOADS + (MAILS if name == "mail" else [])
        if name not in target.fields:
            values = PAYLOADS[::4]
        for value in values:
            what = f"{target.name} {name}={value[:60]!r}"
            answer = sane(target.with_field(name, value), what)
            is_text(answer, what)
            if not target.is_kept:
                not_reflected(answer, value, what)
            asked += 1
        for value in RAW:
            what = f"{target.name} {name}={value!r}"
            answer = sane(target.raw_field(name, value), what)
            is_text(answer, what)
            asked += 1
        home.in_place(f"{target.name} {name}")
    return asked


# What a client may say in SMTP, and a milter hands on.
SAID = [p for p in PAYLOADS if len(p) < 200]


def said_in_smtp(home, address, words):
    """Greeting and sender are those words; the reference of the refusal."""
    words = words.replace("\0", "").encode().decode("latin-1")
    with wire.Wire(home.portal.milter.where) as w:
        w.negotiate()
        w.connect(address)
        w.helo(words)
        w.mail(f"\"{words}\"@evil.example")
        line = w.rcpt(f"{words}@box.test")
    return match(line, rf"554 .*/r/({REFERENCE}).*", words).group(1)


def evidence(home):
    """What a client said in SMTP, and what his DNS says, is text on every
    page that shows it."""
    addresses = [home.address() for _ in SAID]
    evil = f"{MARK}<script>alert(1)</script>"
    for address in addresses:
        home.lists.block(address, "reason", evil, "class", "self", "by", evil)
        home.dns.host(address, f"{MARK}<b>.evil.example")
    home.dns.zone[("evil.example", "TXT")] = [f"v=spf1 {evil} -all"]
    home.dns.zone[("_dmarc.evil.example", "TXT")] = [
        f"v=DMARC1; p=reject; rua=mailto:{evil}"]
    home.lists.settle()
    asked = Quick(home.portal, "/whatif")
    seen = 0
    for address, words in zip(addresses, SAID):
        ref = said_in_smtp(home, address, words)
        until(lambda r=ref: home.redis.ask("EXISTS", f"rp:case:{r}"), "case")
        answers = [home.portal.get(p.format(ref)) for p in (
            "/r/{}", "/sponsor/{}", "/delist?ref={}", "/whatif?ref={}",
            "/support?refusal={}", "/support?ref={}")]
        equal(answers[0].status, 200, answers[0].body)
        answers.append(home.portal.submit(f"/r/{ref}", {},
                                          action=f"/r/{ref}/test"))
        equal(answers[-1].status, 200, answers[-1].body)
        answers.append(asked({"ip": address, "helo": "a.evil.example",
                              "sender": "evil.example", "ref": ref,
                              "author": "evil.example"})[0])
        equal(answers[-1].status, 200, answers[-1].body)
        for answer in answers:
            seen += answer.body.count(MARK)
            is_text(answer, words)
        home.in_place(f"{words!r} in SMTP")
    true(seen > 0, "nothing of it is shown at all")
    return seen


HEADERS = {"from", "to", "reply-to", "subject", "date", "message-id",
           "mime-version", "content-type", "content-transfer-encoding",
           "content-language", "auto-submitted", "x-auto-response-suppress",
           "in-reply-to", "references"}
ADMIN = "postmaster@mx.example.net"


def letters_are_clean(home):
    """Letters to others than us hold nothing that a form said but the address
    that they go to; no letter has a header that is not ours."""
    with home.sink.lock:
        taken = list(home.sink.taken)
        lines = list(home.sink.lines)
    true(taken, "no letter at all")
    for mail in letters(home.sink):
        names = {n.lower() for n in mail.keys()}
        equal(names - HEADERS, set(), f"header fields of {mail['Subject']}")
        for name, value in mail.items():
            true(name == "To" or MARK not in value, f"{name}: {value}")
        if ADMIN not in mail["To"]:
            true(MARK not in mail.get_content(), mail.get_content())
        equal(len(mail.get_all("To")), 1, "To")
    for sender, rcpts, _ in taken:
        equal(len(rcpts), 1, f"{sender}: {rcpts}")
        match(rcpts[0], r"RCPT TO:<[^<>\s]+@[^<>\s]+>", "RCPT")
    odd = [line for line in lines if line.upper().split(":")[0].split()[:1]
           not in (["EHLO"], ["HELO"], ["MAIL"], ["RCPT"], ["DATA"], ["QUIT"])]
    equal(odd, [], "commands to the MTA")
    true(not os.path.exists("/tmp/zulu9"), "a shell was there")


def injection(tap, home):
    asked = sum(injected(home, t) for t in targets(home))
    tap.say(f"{asked} values in fields")
    settle_queue(home)
    letters_are_clean(home)
    home.in_place("all of it")
    true("5xx" not in home.portal.log(), "log")


def settle_queue(home, seconds=30):
    """Until no letter waits."""
    def none():
        if home.redis.ask("XLEN", "rp:mailq") == 0 and \
                home.redis.ask("XLEN", "rp:mailq:slow") == 0:
            return True
        return False
    until(none, lambda: f"letters are sent; {home.portal.log()[-1500:]}",
          seconds)


# ---- 4. what is no request of ours ----

ROUTES = ("/", "/help", "/help/", "/privacy", "/contact", "/e", "/e/",
          "/static/style.css", "/.well-known/security.txt", "/healthz",
          "/r/X/test", "/r/X", "/whatif", "/delist", "/c/X", "/status/X",
          "/support", "/t/X", "/tc/X", "/sponsor/X", "/s/X")


def raw(portal, text):
    """Octets as they are; (status, whole answer)."""
    connection = http.client.HTTPConnection("127.0.0.1", portal.port,
                                            timeout=20)
    connection.connect()
    try:
        connection.sock.sendall(text)
        data = b""
        while True:
            piece = connection.sock.recv(65536)
            if not piece:
                break
            data += piece
    except (ConnectionResetError, BrokenPipeError):
        pass
    finally:
        connection.close()
    found = re.match(rb"HTTP/1\.[01] (\d+)", data)
    return int(found.group(1)) if found else None, data


def methods(home):
    portal = home.portal
    for path in ROUTES:
        head = portal.ask("HEAD", path)
        get = portal.get(path)
        equal((head.status, head.body), (get.status, ""), f"HEAD {path}")
        for method in ("PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get",
                       "PROPFIND"):
            answer = portal.ask(method, path)
            true(answer.status in (400, 405, 501), f"{method} {path}: "
                 f"{answer.status}")
        status, data = raw(portal, f"CONNECT {path} HTTP/1.1\r\n"
                           "Host: a\r\n\r\n".encode())
        true(status in (400, 404, 405, None), f"CONNECT {path}: {data[:200]}")


def bodies(home):
    """Fields twice, too many, of another type, too long."""
    portal = home.portal
    before = home.dump()
    for path in ("/delist", "/support", "/whatif", "/c/X", "/t/X"):
        stamp = portal.get("/delist").field("stamp")
        good = f"stamp={stamp}&website=&mail=a%40b.example"

        def post(body, **more):
            return portal.ask("POST", path, body, **more)

        equal(post(good + "&mail=c%40d.example").status, 400, "a field twice")
        equal(post("website=&website=").status, 400, "an empty one twice")
        many = "&".join(f"f{i}=x" for i in range(33))
        true(post(many).status in (400, 413), "33 fields")
        for kind in ("multipart/form-data; boundary=x", "text/plain",
                     "application/json", "", "application/x-www-form-urlenco",
                     "application/x-www-form-urlencoded; charset=utf-7"):
            equal(post(good, Content_Type=kind).status, 415, f"{path} {kind}")
        equal(post("text=" + "x" * 200000).status, 413, "200000 octets")
        equal(post("mail=" + "%41" * 9000).status, 413, "27000 octets")
        for odd in ("=", "=x", "&&&", "A=1", "mail%00=1", "mail", "%", "%4",
                    "mail=%zz", "x" * 200 + "=1", ";mail=1", "[]=1"):
            true(post(odd).status in FAULTY, f"{path} {odd[:20]!r}")
    home.unchanged(before, "what was refused")


def garbage(home):
    """Nothing that can stand behind a route is more than unknown."""
    dice = random.Random(4)
    octets = bytes(range(1, 256))
    words = [b"..", b"%2e%2e", b"%2F", b"%00", b"%0d%0a", b"//", b"?", b"#x",
             b"*", b"{{x}}", b"%25", b"0" * 17, b"0" * 26, b"Z" * 17, b"test",
             b"/test", b"/cancel", b"'", b"%C3%28", b"~", b"a" * 2000]
    tails = []
    for _ in range(480):
        tail = b"".join(
            dice.choice(words) if dice.random() < .5 else
            bytes(dice.choices(octets, k=dice.randrange(1, 24)))
            for _ in range(dice.randrange(1, 5)))
        tails.append(re.sub(rb"[\x00-\x20\x7f]", b"%20", tail))
    tails += [w for w in words]
    starts = [p for p in ROUTES if p.endswith("X")]
    starts += ["/help/", "/e/", "/static/", "/delist", "/support?refusal=",
               "/?lang=", "/delist?ref=", "/delist?lang=", "/whatif?ref=",
               "/c/" + "0" * 26 + "?r="]

    def one(number):
        tail = tails[number % len(tails)]
        start = starts[number % len(starts)].rstrip("X").encode()
        status, data = raw(home.portal, b"GET " + start + tail
                           + b" HTTP/1.1\r\nHost: a\r\n\r\n")
        loose = b"?" in start or b"?" in tail or b"#" in tail
        loose = loose or start in (b"/help/", b"/e/")
        wanted = (200, 303, 400, 404, 405) if loose else (400, 404, 405)
        if status not in wanted:
            return f"{start + tail!r}: {status} {data[:200]!r}"
        if re.search(rb"(?im)^x-|^set-cookie", data.split(b"\r\n\r\n")[0]
                     .replace(b"X-Content-Type-Options", b"")):
            return f"{start + tail!r}: {data[:400]!r}"
        return None

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        bad = [b for b in pool.map(one, range(len(tails) * 2)) if b]
    equal(bad, [], "answers to garbage")


def languages(home):
    for wanted in ("xx", "en'", "<b>", "../es", "es%0d%0aX: y", "%00", "%ff",
                   "pt-BR" * 500, "", "EN"):
        answer = home.portal.get(
            "/?lang=" + urllib.parse.quote(wanted, "%"))
        true(answer.status in (200, 400), f"{wanted}: {answer.status}")
        true(answer.header("Content-Language") in ("en", "es", "pt-BR"),
             f"{wanted}: {answer.headers}")
        true("<b>" not in answer.body and "../es" not in answer.body, wanted)
    for header in ("es;q=9999999999", ",,,,", "*;q=0", "es" * 4000,
                   "pt-PT;q=0.1,\xff;q=1", "-" * 100, "en;q=nan"):
        answer = home.portal.get("/", Accept_Language=header)
        true(answer.status in (200, 400, 431), f"{header}: {answer.status}")


# ---- 5. no cannon for letters ----

class Cannon:
    """A portal with the program's own limits, and who shoots with it."""

    def __init__(self, home):
        self.home = home
        self.client = 0
        self.target = 0

    def fire(self, mail, ip=None, source=None, **more):
        """One request of a new visitor for a new address, unless told; its
        status."""
        if source is None:
            self.client += 1
            source = f"11.1.{self.client // 250}.{self.client % 250 + 1}"
        if ip is None:
            self.target += 1
            ip = f"12.1.{self.target // 250}.{self.target % 250 + 1}"
        return self.home.portal.submit(
            "/delist", {"mail": mail, "ip": ip, "attest": "yes"},
            source=source, **more)

    def counted(self, to, wanted, what):
        settle_queue(self.home)
        equal(self.home.sink.count(to), wanted, what)


def per_client(c):
    """Five an hour; then words, no letter; a proxy's word counts, not that of
    the visitor. A whole IPv6 /64 is one visitor."""
    first = [c.fire(f"a{i}@client.example", source="11.9.9.9")
             for i in range(8)]
    equal([a.status for a in first], [303] * 5 + [429] * 3, "of one client")
    true("Too many requests" in first[-1].body, first[-1].body)
    true("{wait}" not in first[-1].body, first[-1].body)
    # What the visitor wrote himself stands before what the proxy adds.
    forged = [c.fire(f"b{i}@client.example", source=f"11.8.0.{i}, 11.9.9.9")
              .status for i in range(3)]
    equal(forged, [429] * 3, "with forged X-Forwarded-For")
    c.counted("@client.example", 5, "letters of one client")
    v6 = [c.fire(f"c{i}@client6.example", source=f"2001:db8:9:9::{i + 1}")
          .status for i in range(7)]
    equal(v6, [303] * 5 + [429] * 2, "of one /64")
    c.counted("@client6.example", 5, "letters of one /64")


def per_mailbox(c):
    """Three a day, however it is spelt, and nobody is told."""
    spelt = ("ann@Mailbox.Example", "ann@mailbox.example",
             "Ann@mailbox.example", "ANN@MAILBOX.EXAMPLE",
             "ann+1@mailbox.example",
             "ann+two@mailbox.example", "aNN+3@mailbox.example.",
             " ann@mailbox.example ", "ann@mailbox.example")
    for mail in spelt:
        equal(c.fire(mail).status, 303, mail)
    c.counted("@mailbox.example", 3, "letters to one mailbox")


def per_domain(c):
    for i in range(34):
        equal(c.fire(f"u{i}@domain.example").status, 303, f"request {i}")
    c.counted("@domain.example", 30, "letters to one domain")


def per_network(c):
    """One letter while a request is open, whoever asks; with IPv6 for the
    whole /64."""
    for i in range(6):
        spelt = ("12.200.0.1", "::ffff:12.200.0.1", "::FFFF:0cc8:1")[i % 3]
        equal(c.fire(f"u{i}@net{i}.example", ip=spelt).status, 303, spelt)
        equal(c.fire(f"u{i}@netv{i}.example", ip=f"2001:db8:77::{i + 1}")
              .status, 303, "")
    settle_queue(c.home)
    sent = [sum(c.home.sink.count(f"@{kind}{i}.example") for i in range(6))
            for kind in ("net", "netv")]
    equal(sent, [1, 1], "letters about one network")
    # The owner may cancel; then it is free for another, four a day.
    for i in range(1, 7):
        last = [m for m in letters(c.home.sink)
                if re.search(r"@net\d+\.example", m["To"])][-1]
        cancel(c.home, re.search(CANCEL, last.get_content()).group(0))
        c.fire(f"w{i}@net{10 + i}.example", ip="12.200.0.1")
        settle_queue(c.home)
    sent = sum(1 for m in letters(c.home.sink)
               if re.search(r"@net\d+\.example", m["To"]))
    equal(sent, 4, "letters about one network in a day")


def cancel(home, link):
    return home.portal.submit(link, {}, action=link.removeprefix(
        home.portal.url), source="11.250.0.1")


def after_cancel(c):
    """Who says "not me" is left alone, by each form that sends letters, and
    whatever the spelling."""
    home = c.home
    c.fire("quiet@quiet.example")
    home.portal.submit(link := home.link("quiet@quiet.example", CANCEL), {},
                       action=link.removeprefix(home.portal.url),
                       source="11.251.0.1")
    true(home.redis.keys("rp:delist:quiet:*"), "the mailbox is remembered")
    before = home.sink.count("@quiet.example")
    equal(before, 1, "letters before")
    for mail in ("quiet@quiet.example", "Quiet@quiet.example",
                 "quiet+x@quiet.example"):
        equal(c.fire(mail).status, 303, mail)
        c.client += 1
        answer = home.portal.submit(
            "/support", {"do": "ticket", "mail": mail, "subject": SUBJECT,
                         "ref": "", "text": "words"},
            source=f"11.252.0.{c.client % 250 + 1}")
        equal(answer.status, 200, answer.body)
    c.counted("@quiet.example", before, "letters after")


def tickets_are_no_cannon(c):
    """Letters of tickets have the same bounds."""
    home = c.home

    def file(mail, source):
        return home.portal.submit(
            "/support", {"do": "ticket", "mail": mail, "subject": SUBJECT,
                         "ref": "", "text": "words"}, source=source).status

    one = [file(f"u{i}@tclient.example", "11.60.0.1") for i in range(8)]
    equal(one, [200] * 5 + [429] * 3, "of one client")
    c.counted("@tclient.example", 5, "letters of one client")
    for i in range(8):
        equal(file("ann@tbox.example" if i % 2 else f"Ann+{i}@tbox.example",
                   f"11.61.0.{i + 1}"), 200, "a ticket")
    c.counted("@tbox.example", 5, "letters to one mailbox")
    for i in range(34):
        equal(file(f"u{i}@tdomain.example", f"11.62.0.{i + 1}"), 200, "ticket")
    c.counted("@tdomain.example", 30, "letters to one domain")


def costly(c):
    """Twenty questions that cost DNS in an hour, sixty forms; then words."""
    home = c.home
    asked = Quick(home.portal, "/whatif")
    asked.stamp = home.portal.get("/whatif", source="11.80.0.1").field("stamp")
    got = [asked({"ip": "12.99.0.1", "helo": "a.example.org", "sender": "",
                  "author": "example.org", "ref": ""},
                 source="11.80.0.1")[0] for _ in range(22)]
    equal([a.status for a in got], [200] * 20 + [429] * 2, "/whatif")
    true("Too many requests" in got[-1].body, got[-1].body)
    stamp = home.portal.get("/support", source="11.80.0.2").field("stamp")
    got = [home.portal.post("/support", {
        "stamp": stamp, "website": "", "do": "find", "refusal": "nothing"},
        source="11.80.0.2").status for _ in range(62)]
    equal(got, [200] * 60 + [429] * 2, "forms")


def routed(c):
    """No mailbox that another server would send on: "victim%there@here" is a
    letter to there, outside of every limit."""
    before = len(c.home.sink.mails())
    for mail in ("ann%victim.example@box.test", "victim.example!ann@box.test",
                 "ann%victim.example%b@box.test", "|id@box.test",
                 "/tmp/x@box.test", "-oQx@box.test", "@a,@b:ann@box.test",
                 "ann@box.test@victim.example"):
        equal(c.fire(mail).status, 422, mail)
    settle_queue(c.home)
    equal(len(c.home.sink.mails()), before, "letters")


def untrusted_proxy(home):
    """Who is no proxy of ours says what he likes in X-Forwarded-For: he is
    one visitor."""
    home.portal.write(portal='proxies = {"192.0.2.99"} '
                      'local_domains = {"box.test"}')
    own_limits(home.portal)
    home.portal.stop()
    home.portal.start()
    got = [home.portal.submit(
        "/delist", {"mail": f"u{i}@proxy.example", "ip": f"12.90.0.{i + 1}",
                    "attest": "yes"}, source=f"11.70.0.{i + 1}").status
           for i in range(8)]
    equal(got, [303] * 5 + [429] * 3, "requests with forged addresses")


# ---- 6. one token, two hundred at once ----

def at_once(portals, path, stamp, count=200):
    """The same POST from many threads that begin together."""
    gate = threading.Barrier(count)
    out = [None] * count

    def one(i):
        gate.wait(30)
        out[i] = portals[i % len(portals)].post(
            path, {"stamp": stamp, "website": ""})

    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return out


def one_removal(home):
    address, ref = home.refused()
    before = len(audit(home.redis))
    home.ask_removal(address, "once@once.example")
    link = home.link("once@once.example")
    path = link.removeprefix(home.portal.url)
    stamp = home.portal.get(path).field("stamp")
    answers = at_once([home.portal], path, stamp)
    equal(collections.Counter(a.status if a else None for a in answers),
          {303: 200}, "answers")
    equal(len({a.location for a in answers}), 1, "all are led to one page")
    page = home.portal.get(answers[0].location)
    true("off our list" in page.body, page.body)
    new = audit(home.redis)[before:]
    equal(len([a for a in new if a["what"] == "delist"
               or "grant" in a["what"]]), 1, f"lines in the audit: {new}")
    log = home.redis.ask("LRANGE", f"rp:hist:{address}:log", 0, -1)
    equal(len([x for x in log if b"delisted" in x]), 1, f"history: {log}")
    equal(home.redis.ask("ZCARD", f"rp:hist:{address}:done"), 1, "the quota")
    equal(home.redis.ask("EXISTS", f"rp:parole:{address}"), 1, "parole")
    settle_queue(home)
    equal(home.sink.count("once@once.example"), 2, "the link and the answer")


def one_ticket(home):
    home.ticket("once@ticket.example")
    path = home.link("once@ticket.example", TICKET_LINK).removeprefix(
        home.portal.url)
    before = len(audit(home.redis))
    stamp = home.portal.get(path).field("stamp")
    answers = at_once([home.portal], path, stamp)
    equal(collections.Counter(a.status if a else None for a in answers),
          {303: 200}, "answers")
    equal(len({a.location for a in answers}), 1, "all are led to one page")
    new = audit(home.redis)[before:]
    equal(len(new), 1, f"lines in the audit: {new}")


def one_sponsor(home):
    address, ref = home.refused()
    home.portal.submit(f"/sponsor/{ref}", {"mail": "once@box.test"})
    path = home.link("once@box.test", VOUCH_LINK).removeprefix(
        home.portal.url)
    before = len(audit(home.redis))
    stamp = home.portal.get(path).field("stamp")
    answers = at_once([home.portal], path, stamp)
    equal(collections.Counter(a.status if a else None for a in answers),
          {200: 200}, "answers")
    new = audit(home.redis)[before:]
    equal(len(new), 1, f"lines in the audit: {new}")
    equal(len(home.redis.keys(f"rp:allow@*:{address}")), 1, "one exception")


# ---- 7. to look changes nothing ----

def looking(home):
    """Scanners of mail look at every link of every letter and page, five
    times."""
    portal = home.portal
    address, ref = home.refused()
    rid = home.ask_removal(address, "scan@scan.example")
    home.ticket("scan@scan.example", ref)
    home.portal.submit(f"/sponsor/{ref}", {"mail": "scan@box.test"})
    home.link("scan@scan.example")
    home.link("scan@scan.example", TICKET_LINK)
    home.link("scan@box.test", VOUCH_LINK)
    settle_queue(home)
    waiting = {f"/r/{ref}", f"/r/{ref}/test", f"/sponsor/{ref}",
               f"/status/{rid}", f"/delist?ref={ref}", f"/whatif?ref={ref}",
               f"/support?ref={ref}", f"/support?refusal={ref}", "/"}
    for mail in letters(home.sink):
        if "scan" in mail["To"] or ADMIN in mail["To"]:
            waiting.update(u.removeprefix(portal.url) for u in
                           re.findall(r"http://\S+", mail.get_content()))
    before = home.dump()
    seen = set()
    while waiting:
        path = waiting.pop()
        if path in seen or not path.startswith("/"):
            continue
        seen.add(path)
        page = sane(portal.get(path), path)
        sane(portal.ask("HEAD", path), path)
        found = re.findall(r'(?:href|src|action)="([^"#]+)', page.body)
        if len(seen) < 300:
            waiting.update(html.unescape(p) for p in found)
    true(any("/c/" in p for p in seen) and any("/tc/" in p for p in seen) and
         any("/s/" in p for p in seen) and len(seen) > 60, f"{sorted(seen)}")
    capable = [p for p in seen if re.search(RID + "|" + TOKEN, p)]
    for path in capable * 4:
        portal.get(path)
        portal.ask("HEAD", path)
    home.unchanged(before, f"{len(seen)} pages")
    match(wire.verdict(portal.milter.where, address), "554 .*", "refused")
    return len(seen)


# ---- 8. killed in the middle ----

class Flows:
    """Requests from the form to the answer, while portals are killed."""

    def __init__(self, home, portals):
        self.home = home
        self.portals = portals
        self.dice = random.Random(8)
        self.ending = threading.Event()
        self.kills = 0
        self.locks = [threading.Lock() for _ in portals]

    def killer(self):
        while not self.ending.wait(self.dice.uniform(0.02, 0.12)):
            i = self.dice.randrange(len(self.portals))
            self.portals[i].kill()
            self.portals[i].start()
            self.kills += 1

    def persist(self, act, what, seconds=40):
        """Does it with one portal or the other until one has answered."""
        deadline = time.monotonic() + seconds
        i = self.dice.randrange(len(self.portals))
        last = None
        while time.monotonic() < deadline:
            i = (i + 1) % len(self.portals)
            try:
                answer = act(self.portals[i])
            except (OSError, http.client.HTTPException) as error:
                last = error
                time.sleep(0.01)  # a portal that is away: as a browser
                continue
            if answer.status != 503:
                return answer
            last = answer.body
        raise AssertionError(f"{what}: never answered: {last}")

    def file(self, i):
        mail = f"f{i}@flow{i}.example"
        answer = self.persist(lambda p: p.submit(
            "/delist", {"mail": mail, "ip": address_of(i), "attest": "yes"}),
            "the form")
        equal(answer.status, 303, answer.body)
        return answer.location

    def confirm(self, i):
        mail = f"f{i}@flow{i}.example"
        found = None
        while found is None:
            found = self.find(mail)
        answer = self.persist(
            lambda p: self.press(p, found), "the button")
        equal(answer.status, 303, answer.body)
        page = self.persist(lambda p: p.get(answer.location), "the result")
        equal(page.status, 200, page.body)
        return page.body

    def find(self, mail):
        try:
            return self.home.link(mail)
        except AssertionError:
            if self.home.sink.count(mail):
                raise
            age_jobs(self.home.redis)
            return None

    def press(self, portal, link):
        path = urllib.parse.urlsplit(link)
        path = f"{path.path}?{path.query}"
        page = portal.get(path)
        if page.status == 303:
            return page  # done already, by a portal that died answering
        return portal.post(path, {"stamp": page.field("stamp") or "",
                                  "website": ""})


def address_of(i):
    return f"12.44.{i // 200}.{i % 200 + 1}"


def age_jobs(redis):
    """As if the time had passed after which a job is another's."""
    for stream in ("rp:mailq", "rp:mailq:slow"):
        for ident, worker, _, _ in redis.ask("XPENDING", stream, "portal", "-",
                                             "+", 1000):
            redis.ask("XCLAIM", stream, "portal", worker, 0, ident, "IDLE",
                      200000, "JUSTID")


KILLS = 5  # there must be more of them
MANY = 1000  # requests at most, until there are


def killed(tap, home, count=100):
    second = Portal(home.world, home.redis, smtp=home.sink.port,
                    milter=home.portal.milter, url=home.portal.url,
                    portal=home.portal.settings["portal"])
    second.start()
    fill_lists(home, [address_of(i) for i in range(MANY)], False)
    before = len(audit(home.redis))
    flows = Flows(home, [home.portal, second])
    killer = threading.Thread(target=flows.killer, daemon=True)
    killer.start()
    try:
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            locations = list(pool.map(flows.file, range(count)))
            aging = threading.Thread(target=keep_aging,
                                     args=(home.redis, flows.ending),
                                     daemon=True)
            aging.start()
            pages = list(pool.map(flows.confirm, range(count)))
            while flows.kills <= KILLS and count + 10 <= MANY:
                more = range(count, count + 10)
                locations += pool.map(flows.file, more)
                pages += pool.map(flows.confirm, more)
                count += 10
    finally:
        flows.ending.set()
        killer.join()
    equal(len(set(locations)), count, "a request of its own for each")
    bad = [p for p in pages if "off our list" not in p]
    equal(len(bad), 0, f"{bad[:1]}")
    new = [a for a in audit(home.redis)[before:]]
    per = collections.Counter(a["key"] for a in new if a["what"] != "ticket")
    true(all(n == 1 for n in per.values()), f"done more than once: {per}")
    for i in range(count):
        address = address_of(i)
        log = home.redis.ask("LRANGE", f"rp:hist:{address}:log", 0, -1)
        equal(len([x for x in log if b"delisted" in x]), 1,
              f"history of {address}: {log}")
        equal(home.redis.ask("ZCARD", f"rp:hist:{address}:done"), 1,
              f"removals of {address}")
        equal(home.redis.ask("EXISTS", f"rp:block:{address}"), 0, address)
    until(lambda: (age_jobs(home.redis), all(
        home.sink.count(f"f{i}@flow{i}.example") >= 2
        for i in range(count)))[1],
        "each has the link and the answer", 30, every=0.2)
    twice = sum(home.sink.count(f"f{i}@flow{i}.example") - 2
                for i in range(count))
    tap.say(f"{flows.kills} kills, {twice} letters more than once")
    true(flows.kills > KILLS, f"only {flows.kills} kills")
    settle_queue(home)
    equal(second.stop(), 0, second.log()[-2000:])


def keep_aging(redis, ending):
    while not ending.wait(0.5):
        age_jobs(redis)


# ---- 9. Redis is away ----

def pages_with_redis(home, address, ref, rid, link):
    """(method, path, fields): all that needs an answer of Redis."""
    path = link.removeprefix(home.portal.url)
    return {
        "the case": ("GET", f"/r/{ref}", None),
        "the request": ("GET", f"/status/{rid}", None),
        "the link": ("GET", path, None),
        "the form of a sponsor": ("GET", f"/sponsor/{ref}", None),
        "a ticket": ("GET", f"/t/{ref}", None),
        "the form, sent": ("POST", "/delist", {
            "mail": "away@away.example", "ip": address, "attest": "yes"}),
        "a pasted refusal": ("POST", "/support",
                             {"do": "find", "refusal": ref}),
        "a ticket, sent": ("POST", "/support", {
            "do": "ticket", "mail": "away@away.example", "subject": SUBJECT,
            "ref": "", "text": "words"}),
        "a sponsor, sent": ("POST", f"/sponsor/{ref}",
                            {"mail": "away@box.test"}),
        "the button": ("POST", path, {}),
    }


STILL = ("/", "/help/", "/help/delisting", "/e/BLOCKED_SELF", "/support",
         "/privacy", "/static/style.css", "/delist")
STAMP_OF = {"/delist": "/delist", "/support": "/support"}


def ask_page(home, stamps_, row):
    method, path, fields = row
    if method == "GET":
        return home.portal.get(path)
    return home.portal.post(
        path, {"stamp": stamps_[path], "website": "", **fields})


def away(tap, home, break_it, mend, only_writes=False):
    address, ref = home.refused()
    home.count += 1
    mail = f"redis{home.count}@away.example"
    rid = home.ask_removal(address, mail)
    rows = pages_with_redis(home, address, ref, rid, home.link(mail))
    settle_queue(home)
    stamps_ = {path: home.portal.get(path).field("stamp")
               for method, path, _ in rows.values() if method == "POST"}
    before = home.dump()
    break_it()
    try:
        slowest = 0
        for name, row in rows.items():
            start = time.monotonic()
            answer = ask_page(home, stamps_, row)
            slowest = max(slowest, time.monotonic() - start)
            if only_writes and row[0] == "GET":
                true(answer.status in (200, 404, 503), f"{name}: "
                     f"{answer.status} {answer.body[:500]}")
                continue
            equal(answer.status, 503, f"{name}: {answer.body}")
            true("try again" in answer.body.lower(), answer.body)
        for path in STILL:
            equal(home.portal.get(path).status, 200, path)
        tap.say(f"the slowest answer took {slowest * 1e3:.0f} ms")
    finally:
        mend()
    until(lambda: ask_page(home, stamps_, rows["the form, sent"]).status
          == 303, lambda: "it is back: " + home.portal.log()[-1500:], 20)
    if home.redis.ask("EXISTS", f"rp:delist:{rid}"):
        after = home.dump()
        odd = [k for k in before if before[k] != after.get(k) and
               not k.startswith(("rp:mailq", "rp:delist:requests",
                                 "rp:lists", "rp:case:"))]
        equal(odd, [], "what was there is as it was")
        answer = ask_page(home, stamps_, rows["the button"])
        equal(answer.status, 303, answer.body)


def redis_faults(tap, home):
    redis = home.redis

    def restart():
        redis.start()

    def full():
        used = redis.ask("INFO", "memory").decode()
        used = int(re.search(r"used_memory:(\d+)", used).group(1))
        redis.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
        redis.ask("CONFIG", "SET", "maxmemory", used // 2)

    def roomy():
        redis.ask("CONFIG", "SET", "maxmemory", 0)

    def forbid():
        redis.ask("ACL", "SETUSER", "default", "-@write", "-@scripting")

    def permit():
        redis.ask("ACL", "SETUSER", "default", "+@all")

    for name, break_it, mend, only_writes in (
            ("frozen", redis.freeze, redis.thaw, False),
            ("full", full, roomy, True),
            ("a replica",
             lambda: redis.ask("REPLICAOF", "127.0.0.1", 1),
             lambda: redis.ask("REPLICAOF", "NO", "ONE"), True),
            ("of other rights", forbid, permit, True),
            ("stopped", redis.kill, restart, False)):
        tap.case(f"Redis is {name}: 503, in time, and well again by itself",
                 away, tap, home, break_it, mend, only_writes)


# ---- all of it ----

KINDS4 = {"unlisted": lambda i: f"12.20.{i // 200}.{i % 200 + 1}",
          "listed": lambda i: f"12.30.{i // 200}.{i % 200 + 1}"}
KINDS6 = {"unlisted": lambda i: f"2001:db8:a{i:03x}::",
          "listed": lambda i: f"2001:db8:b{i:03x}::"}


def list_cases(tap, home):
    tap.group = "the list cannot be searched"
    tap.case("with IPv4", no_search, tap, home, KINDS4)
    tap.case("with IPv6", no_search, tap, home, KINDS6)
    tap.case("by letters", same_letters, home,
             {"unlisted": "12.31.0.9", "listed": "12.31.0.1",
              "past": "12.31.0.2"})
    tap.case("by /whatif", no_search_whatif, tap, home, KINDS4)
    tap.case("by references", references, home)
    tap.case("by requests of others", requests_of_others, home)


def form_cases(tap, home):
    tap.group = "forms"
    tap.case("of another site are refused", foreign_forms, home)
    tap.case("of ours are taken", own_forms, home)
    tap.case("need a stamp of ours", stamps, home)
    tap.case("with the hidden field do nothing", hidden_field, home)
    tap.case("too old, and sent twice", old_and_replayed, home)
    tap.group = "requests"
    tap.case("fields stay in their place", injection, tap, home)
    tap.case("words of SMTP and DNS are text", evidence, home)
    tap.case("of every method", methods, home)
    tap.case("with bodies that are none", bodies, home)
    tap.case("with garbage", garbage, home)
    tap.case("in languages that are none", languages, home)
    tap.group = "no state"
    tap.case("is changed by looking", looking, home)
    tap.group = "200 at once"
    tap.case("one removal", one_removal, home)
    tap.case("one ticket", one_ticket, home)
    tap.case("one sponsorship", one_sponsor, home)


def cannon_cases(tap, world, dns):
    tap.group = "no cannon"
    home = Home(world, dns, is_limited=True)
    cannon = Cannon(home)
    for name, function in (
            ("of one client", per_client), ("for one mailbox", per_mailbox),
            ("for one domain", per_domain), ("about one network", per_network),
            ("after a cancel", after_cancel),
            ("by tickets", tickets_are_no_cannon),
            ("by questions that cost something", costly),
            ("by routes in an address", routed)):
        tap.case(name, function, cannon)
    tap.case("behind a proxy that is none", untrusted_proxy, home)
    return home


def main():
    world = worlds.enter()
    dns = Dns()
    tap = Tap("the site, attacked")
    home = Home(world, dns)
    list_cases(tap, home)
    form_cases(tap, home)
    limited = cannon_cases(tap, world, dns)
    tap.group = "killed in the middle"
    tap.case("nothing is lost, nothing is done twice", killed, tap, home)
    tap.group = ""
    redis_faults(tap, home)
    for place in (home, limited):
        place.portal.milter.retire()
        tap.case("the portal ended with 0 at SIGTERM", lambda p=place: equal(
            p.portal.stop(), 0, p.portal.log()[-2000:]))
    tap.case("the milters ended with 0 at SIGTERM", retired, world)
    world.close()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
