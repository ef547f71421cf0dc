#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The site behind real nginx and real Apache with the snippets that we ship:
what is malformed is refused or arrives as one request, nobody can pretend to
be somebody else, and no log holds a link."""

import concurrent.futures
import re
import sys

from harness import front as fronts
from harness import world as worlds
from harness.front import Apache, Nginx, exchange, plain, statuses, tls
from harness.milter import Reprieve
from harness.redis import Redis
from harness.tap import Tap, equal, true
from harness.wait import until
from harness.world import wait_listening

HOST = f"Host: {fronts.NAME}\r\n"
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
FILES = "Content-Type: multipart/form-data; boundary=b\r\n"
CLOSE = "Connection: close\r\n"
TOKEN = "K7Q2M9X4T6R8W3ZA"


class Backend:
    """t/integration/echo_site."""

    def __init__(self, world):
        self.port = world.port()
        self.process = world.start(
            world.program("t/integration/echo_site"), str(self.port))
        wait_listening(("127.0.0.1", self.port), self.process)

    def seen(self):
        return self.process.log().splitlines()


class Way:
    """One way to the backend: through a front, or directly."""

    def __init__(self, name, backend, connect, front=None):
        self.name = name
        self.backend = backend
        self.connect = connect
        self.front = front

    def ask(self, request, source="127.0.0.1"):
        """The answer, and what the backend saw meanwhile."""
        before = len(self.backend.seen())
        if isinstance(request, str):
            request = request.encode("latin-1")
        answer = exchange(self.connect(source), request)
        return answer, self.backend.seen()[before:]


# ---- what is well formed arrives ----

def get(path="/", more="", method="GET"):
    return f"{method} {path} HTTP/1.1\r\n{HOST}{more}{CLOSE}\r\n"


def arrives(way, request, wanted, source="192.0.2.9"):
    answer, seen = way.ask(request, source)
    equal(statuses(answer), [200], f"answer {answer!r}")
    equal(seen, [wanted], "what the backend saw")


def in_chunks(way):
    """nginx puts it together; of Apache we want a length."""
    answer, seen = way.ask(
        f"POST /p HTTP/1.1\r\n{HOST}{FORM}{CLOSE}"
        "Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n")
    if isinstance(way.front, Nginx):
        equal(seen, ["[POST][/p][][127.0.0.1][3]"], f"answer {answer!r}")
    else:
        equal((statuses(answer), seen), ([411], []), f"answer {answer!r}")


def forged(way):
    """Of X-Forwarded-For the last hop is who the front talks with."""
    for more in ("X-Forwarded-For: 203.0.113.1\r\n",
                 "X-Forwarded-For: 203.0.113.1\r\n"
                 "x-forwarded-for: 203.0.113.2, 203.0.113.3\r\n",
                 "X-Forwarded-For: " + "203.0.113.1, " * 400 + "\r\n"):
        arrives(way, get("/who", more), "[GET][/who][][192.0.2.9][0]")
    arrives(way, get("/who"), "[GET][/who][][2001:db8::9][0]", "2001:db8::9")


# ---- what is malformed does not ----

SMUGGLED = f"GET /smuggled HTTP/1.1\r\n{HOST}\r\n"
# name, request, statuses that are a refusal; None: it may also arrive, as one
# request of one meaning (both fronts send a body with a length of their own).
MALFORMED = [
    ("Content-Length and Transfer-Encoding",
     f"POST /p HTTP/1.1\r\n{HOST}{FORM}Content-Length: 5\r\n"
     f"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{SMUGGLED}", None),
    ("a Transfer-Encoding that hides",
     f"POST /p HTTP/1.1\r\n{HOST}{FORM}Content-Length: 5\r\n"
     f"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{SMUGGLED}", (400, 501)),
    ("a Transfer-Encoding behind a blank",
     f"POST /p HTTP/1.1\r\n{HOST}{FORM}Content-Length: 5\r\n"
     f"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{SMUGGLED}", (400,)),
    ("two Content-Length",
     f"POST /p HTTP/1.1\r\n{HOST}{FORM}Content-Length: 3\r\n"
     f"Content-Length: 8\r\n\r\na=b{SMUGGLED}", (400,)),
    ("Content-Length: +3",
     f"POST /p HTTP/1.1\r\n{HOST}{FORM}Content-Length: +3\r\n\r\na=b", (400,)),
    ("Content-Length: -1",
     f"POST /p HTTP/1.1\r\n{HOST}{FORM}Content-Length: -1\r\n\r\na=b", (400,)),
    ("no Host", "GET / HTTP/1.1\r\n\r\n", (400,)),
    ("two Host", f"GET / HTTP/1.1\r\n{HOST}Host: other.example\r\n\r\n",
     (400,)),
    ("a blank before the colon of Host",
     f"GET / HTTP/1.1\r\nHost : {fronts.NAME}\r\n\r\n", (400,)),
    ("a NUL in a header", f"GET / HTTP/1.1\r\n{HOST}Origin: a\0b\r\n\r\n",
     (400,)),
    ("a folded header", f"GET / HTTP/1.1\r\n{HOST}X-A: b\r\n c\r\n\r\n", None),
    ("a bare CR in a header",
     f"GET / HTTP/1.1\r\n{HOST}X-A: b\rX-B: c\r\n\r\n", (400,)),
    ("%00 in the path", f"GET /a%00b HTTP/1.1\r\n{HOST}\r\n", (400, 404)),
    ("a header of 20 KB",
     f"GET / HTTP/1.1\r\n{HOST}X-A: {'a' * 20480}\r\n\r\n", (400, 431)),
    ("a URL of 20 KB", f"GET /{'a' * 20480} HTTP/1.1\r\n{HOST}\r\n", (414,)),
    ("a bad chunk",
     f"POST /p HTTP/1.1\r\n{HOST}{FORM}Transfer-Encoding: chunked\r\n\r\n"
     "xyz\r\na=b\r\n0\r\n\r\n", (400, 411)),
    ("a body of 100 KB",
     f"POST /p HTTP/1.1\r\n{HOST}{FORM}Content-Length: 102400\r\n\r\n"
     + "a" * 102400, (413,)),
    ("files of 100 KB to another page",
     f"POST /report/ HTTP/1.1\r\n{HOST}{FILES}Content-Length: 102400\r\n\r\n"
     + "a" * 102400, (413,)),
    ("files of 2 MB",
     f"POST /report HTTP/1.1\r\n{HOST}{FILES}Content-Length: 2000000\r\n\r\n"
     + "a" * 2000000, (413,)),
    ("a body of 100 KB in chunks",
     f"POST /p HTTP/1.1\r\n{HOST}{FORM}Transfer-Encoding: chunked\r\n\r\n"
     f"19000\r\n{'a' * 102400}\r\n0\r\n\r\n", (411, 413)),
    ("another method", f"DELETE / HTTP/1.1\r\n{HOST}{CLOSE}\r\n", (400, 405)),
    ("TRACE", f"TRACE / HTTP/1.1\r\n{HOST}{CLOSE}\r\n", (400, 405)),
    ("CONNECT", f"CONNECT 127.0.0.1:25 HTTP/1.1\r\n{HOST}{CLOSE}\r\n",
     (400, 404, 405)),
    ("HTTP/0.9", "GET /\r\n\r\n", None),
]
# What our own server alone does not see: libmicrohttpd ends a value at a NUL.
NAKED = {"a NUL in a header": None}


def refused(way, request, wanted):
    """Nothing arrives, or, where it may, no more than was answered."""
    answer, seen = way.ask(request, "198.51.100.7")
    got = statuses(answer)
    true(not any("smuggled" in line for line in seen), f"smuggled: {seen}")
    if wanted is None:
        true(len(seen) <= 1, f"more than one arrived for {got}: {seen}")
        return
    equal(seen, [], f"what arrived for {got}")
    true(got and got[0] in wanted, f"wanted {wanted}, saw {answer[:300]!r}")


# ---- logs, limits, ports ----

def cuts_links(way):
    """Of a link only its kind is logged, however it is written."""
    for kind in ("c", "s", "r", "report", "status", "t"):
        for path in (f"/{kind}/{TOKEN}", f"//{kind}/{TOKEN}/x",
                     f"/{kind}/{TOKEN}?lang=es", f"/./{kind}/{TOKEN}",
                     "/%" + f"{ord(kind[0]):02x}{kind[1:]}/{TOKEN}"):
            way.ask(get(path))
    way.ask(get(f"/help/rdns?q={TOKEN}", f"Referer: https://x/{TOKEN}\r\n"))
    log = until(lambda: "/help/rdns" in way.front.log() and way.front.log(),
                "the page is logged")
    true(TOKEN not in log, lambda: "logged: " + "\n".join(
        line for line in log.splitlines() if TOKEN in line))
    for kind in ("c", "s", "r", "report", "status", "t"):
        true(re.search(rf'"GET /{kind}(/\.\.\.)?" 200 ', log),
             f"no line of /{kind} in {log[-2000:]}")


def redirects(way):
    answer = exchange(plain(way.front.plain),
                      f"GET /help HTTP/1.1\r\nHost: evil.example\r\n"
                      f"{CLOSE}\r\n".encode())
    equal(statuses(answer), [301], answer)
    true(f"\r\nLocation: https://{fronts.NAME}/help\r\n" in answer, answer)


def hides_health(way):
    answer, seen = way.ask(get("/healthz"))
    true(statuses(answer)[0] in (403, 404), answer)
    equal(seen, [], "what arrived")


def slows_a_flood(way):
    """More at once than a person asks for is told so, others are not."""
    answers = [statuses(way.ask(get(), "203.0.113.66")[0])[0]
               for _ in range(80)]
    equal(sorted(set(answers)), [200, 429], "statuses")
    equal(statuses(way.ask(get(), "203.0.113.67")[0]), [200], "another")


def says_that_it_is_away(way):
    way.backend.process.stop()
    answer, _ = way.ask(get())
    true(statuses(answer)[0] in (502, 503), answer)


def cut_off(ways):
    """All at once, since each takes its time."""
    text = get("/drip").replace("\r\n\r\n", "\r\nX-Slow: ").encode()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        done = {way.name: pool.submit(fronts.drip, way.connect("127.0.0.1"),
                                      text) for way in ways}
        left = [name for name, future in done.items() if not future.result()]
    equal(left, [], "still open after 30 s")
    true(not any("/drip" in s for way in ways for s in way.backend.seen()),
         "a request without an end arrived")


def serves_the_portal(world, kind):
    """The real portal: its page and all that it says to the browser."""
    port = world.port()
    redis = Redis(world).start()
    conf = Reprieve(world, redis, more=f'portal {{ user = "nobody"'
                    f' listen = "inet:{port}@127.0.0.1" }}').conf
    portal = world.start(world.program("reprieve-portal"), "-c", conf)
    wait_listening(("127.0.0.1", port), portal)
    front = kind(world, port).start()
    answer = exchange(tls(world, front.port),
                      get("/", "Accept-Language: es\r\n").encode())
    equal(statuses(answer), [200], answer[:300])
    for field in ("Content-Security-Policy: default-src 'none'",
                  "Content-Language: es", "Referrer-Policy: no-referrer",
                  "X-Content-Type-Options: nosniff",
                  "Strict-Transport-Security: max-age="):
        true(f"\r\n{field}" in answer, f"no {field} in {answer[:1500]}")
    answer = exchange(tls(world, front.port), get("/no-such-page").encode())
    equal(statuses(answer), [404], answer[:300])
    front.stop()
    equal(portal.stop(), 0, f"the portal's end: {portal.log()[-2000:]}")


def check(tap, way):
    tap.group = way.name
    tap.case("a page arrives", arrives, way, get("/a%20b?c=%41"),
             "[GET][/a b][c=%41][192.0.2.9][0]")
    tap.case("a HEAD arrives as such", arrives, way,
             get("/x", method="HEAD"), "[HEAD as GET][/x][][192.0.2.9][0]")
    tap.case("a form arrives", arrives, way,
             f"POST /p HTTP/1.1\r\n{HOST}{FORM}{CLOSE}Content-Length: 3\r\n"
             "\r\na=b", "[POST][/p][][192.0.2.9][3]")
    tap.case("a form in chunks is put together or refused", in_chunks, way)
    tap.case("a form of 8 KB arrives", arrives, way,
             f"POST /p HTTP/1.1\r\n{HOST}{FORM}{CLOSE}"
             f"Content-Length: 8192\r\n\r\na={'b' * 8190}",
             "[POST][/p][][192.0.2.9][8192]")
    tap.case("files of 1.4 MB arrive at the page that takes them", arrives,
             way, f"POST /report HTTP/1.1\r\n{HOST}{FILES}{CLOSE}"
             f"Content-Length: 1449984\r\n\r\n{'b' * 1449984}",
             "[POST][/report][][192.0.2.9][1449984]")
    tap.case("nobody can pretend to be somebody else", forged, way)
    for name, request, wanted in MALFORMED:
        tap.case(f"{name}: refused", refused, way, request, wanted)
    tap.case("no log holds a link", cuts_links, way)
    tap.case("without TLS visitors are sent to the site's own name",
             redirects, way)
    tap.case("the health page is not for visitors", hides_health, way)


def main():
    world = worlds.enter()
    tap = Tap("the site behind nginx and Apache")
    backend = Backend(world)
    nginx = Nginx(world, backend.port).start()
    apache = Apache(world, backend.port).start()
    ways = [Way(front.snippet, backend,
                lambda source, f=front: tls(world, f.port, source), front)
            for front in (nginx, apache)]
    alone = Way("alone", backend, lambda source: plain(backend.port, source))
    for way in ways:
        check(tap, way)
    tap.group = alone.name
    for name, request, wanted in MALFORMED:
        tap.case(f"{name}: refused", refused, alone, request,
                 NAKED.get(name, wanted))
    tap.group = "all"
    tap.case("a request that drips in is cut off", cut_off, [*ways, alone])
    tap.group = nginx.snippet
    tap.case("a flood from one address is slowed", slows_a_flood, ways[0])
    for way in ways:
        tap.group = way.name
        tap.case("a portal that is away is told", says_that_it_is_away, way)
    tap.group = "portal"
    for kind in (Nginx, Apache):
        tap.case(f"its pages are served behind {kind.__name__}",
                 serves_the_portal, world, kind)
    world.close()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
