#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Reports of abuse by the form: a real portal behind nginx, the real intake,
messages that really passed Postfix; hostile bodies sent by curl; and a person
with a keyboard.
"""

import os
import re
import subprocess
import sys

from harness import world as worlds
from harness.browser import Browser
from harness.dns import Dns
from harness.front import NAME, Nginx, certificate
from harness.lists import Lists
from harness.milter import Reprieve
from harness.portal import Portal, letter, letters
from harness.postfix import Postfix
from harness.site import Site
from harness.smtp import MESSAGE
from harness.tap import Tap, equal, true
from harness.wait import until
from test_acl import endless, guarded, unrefused
from test_browser import LANGUAGES, clean

ID = r"/report/([0-9A-Z]{17})"
MORE = """
greylist { enabled = no }
reports { intake = "%s" per_client = 100000 }
"""
# Nobody in the tests' DNS has a name.
QUIET = ('check "helo" { shadow = yes }\ncheck "reverse" { shadow = yes }\n'
         'check "iprev" { shadow = yes }\n')


def find(text, pattern, what):
    """The first group of it."""
    found = re.search(pattern, text)
    true(found, lambda: f"{what}: no /{pattern}/ in {text}")
    return found.group(1)


class Home:
    """Postfix with a milter, a portal behind nginx, a browser."""

    def __init__(self, world):
        self.world = world
        self.redis = guarded(world)
        self.postfix = Postfix(world)
        plain = self.postfix.listener("")
        self.portal = Portal(
            world, self.redis, smtp=plain,
            more=QUIET + MORE % world.program("ctl/reprieve-intake"))
        self.portal.milter.start()
        self.portal.start()
        self.front = Nginx(world, self.portal.port).start()
        port = self.postfix.listener(self.portal.milter.postfix)
        self.postfix.start()
        self.site = Site("Postfix", self.postfix, port, None,
                         self.portal.milter,
                         Lists(self.redis, self.portal.milter))
        self.shots = os.path.join(world.builddir, "browser")
        os.makedirs(self.shots, exist_ok=True)
        self.next_host = 0
        self.move()
        until(lambda: self.portal.milter.metric("reprieve_trace_key") == 1,
              lambda: "a key: " + self.portal.milter.log()[-2000:])

    def move(self):
        """The visitor goes to another network, where nginx has seen none."""
        self.source = self.address()

    def address(self):
        self.next_host += 1
        return f"192.0.2.{self.next_host}"

    def passed(self, source):
        """A message that passed the milter, as it was delivered: a file."""
        token = self.world.unique("report")
        mail = self.site.deliver(source, token)
        true("X-Reprieve-Trace:" in mail, mail)
        return self.file(f"{token}.eml", mail)

    def file(self, name, text):
        path = self.world.path(name)
        with open(path, "w", encoding="latin-1", newline="") as file:
            file.write(text)
        return path

    # ---- through nginx, as curl asks ----

    def curl(self, *args, path="/report"):
        """(status, location, body)"""
        out = self.world.path(self.world.unique("curl"))
        done = subprocess.run(
            ["curl", "-sS", "--max-time", "60", "--cacert",
             certificate(self.world)[0], "--interface", self.source,
             "--resolve",
             f"{NAME}:{self.front.port}:127.0.0.1", "-o", out, "-w",
             "%{http_code} %{redirect_url}", *args,
             f"https://{NAME}:{self.front.port}{path}"],
            capture_output=True, text=True, check=False)
        true(done.stdout, f"curl: {done.stderr}")
        status, _, where = done.stdout.partition(" ")
        with open(out, encoding="utf-8", errors="replace") as file:
            return int(status), where, file.read()

    def stamp(self):
        status, _, page = self.curl()
        equal(status, 200, page)
        return find(page, r'name="stamp" value="([^"]+)"', "the stamp")

    def fields(self, **more):
        args = []
        for name, value in {"stamp": self.stamp(), "website": "",
                            **more}.items():
            args += ["-F", f"{name}={value}"]
        return args

    def report(self, *args, **fields):
        """Sends a report; the path of its page."""
        status, where, page = self.curl(*self.fields(**fields), *args)
        equal(status, 303, page)
        return "/report/" + find(where, ID, "where it leads")

    def page(self, path, having, seconds=30):
        """The page, once it has that text."""
        def look():
            status, _, text = self.curl(path=path)
            return text if status == 200 and re.search(having, text) else None
        return until(look, lambda: f"/{having}/ on {path}: "
                     f"{self.curl(path=path)[2]}"
                     f" {self.portal.log()[-3000:]}", seconds)


# ---- what a report says ----

def came_through(home):
    file = home.passed(home.address())
    path = home.report("-F", f"files=@{file};type=message/rfc822",
                       kind="junk", text="not wanted", mail="joe@box.test")
    page = home.page(path, "came through this site")
    true("It counts against the server that sent it" in page, page)
    true("192.0.2." not in page and "joe@" not in page, page)
    until(lambda: home.redis.cli("EXISTS", f"rp:upload:{path[8:]}") == "0",
          "the upload is gone")
    equal(home.redis.cli("HGET", f"rp:report:{path[8:]}", "reporter"),
          "joe@box.test", "the reporter, for the administrator")


def left_this_site(home):
    file = home.passed("127.0.0.1")
    path = home.report("-F", f"files=@{file}", kind="phish")
    page = home.page(path, "left this site")
    true("It counts against the account that sent it" in page, page)
    true("a@" not in page, page)
    # Who has pasted it says the same again.
    with open(file, encoding="latin-1") as text:
        again = home.report("--form-string", "pasted=" + text.read(),
                            kind="phish")
    home.page(again, "left this site")


def several(home):
    first, second = home.passed(home.address()), home.passed("127.0.0.1")
    other = home.file("other.eml", MESSAGE.replace("\r\n", "\n"))
    path = home.report("-F", f"files=@{first}", "-F", f"files=@{second}",
                       "-F", f"files=@{other}", kind="junk")
    page = home.page(path, "Message 3")
    for words in ("came through this site", "left this site",
                  "carries no mark of this site"):
        true(words in page, page)


def no_mark(home):
    other = home.file("none.eml", "Subject: x\n" + MESSAGE.replace(
        "\r\n", "\n"))
    path = home.report("-F", f"files=@{other}", kind="abuse",
                       text="look at this, please")
    page = home.page(path, "carries no mark of this site")
    ticket = find(page, r'href="(/t/[0-9A-Z]{17})', "the ticket")
    home.page(ticket, "look at this, please")


def words_alone(home):
    path = home.report(kind="abuse", text="somebody knocks at my ports")
    page = home.page(path, "We found no message in it")
    true("/t/" in page, page)


def forged(home):
    """A mark that was copied to another message counts for nothing."""
    file = home.passed(home.address())
    with open(file, encoding="latin-1") as text:
        mail = re.sub(r"(?m)^Message-I[Dd]: .*$", "Message-ID: <x@y>",
                      text.read())
    path = home.report("-F", f"files=@{home.file('forged.eml', mail)}",
                       kind="junk")
    page = home.page(path, "made for another one")
    true("counts against nobody" in page, page)


def later(home):
    """While the intake cannot be run, the report waits."""
    def intake(path):
        home.portal.write(more=QUIET + MORE % path)
        home.portal.process.signal(10)  # SIGUSR1

    home.redis.cli("DEL", "rp:mailq:later")
    intake("/nonexistent/intake")
    until(lambda: "is in use" in home.portal.log(), "the new conf", 10)
    path = home.report(kind="abuse", text="it can wait")
    home.page(path, "is read in a moment")
    until(lambda: home.redis.cli("ZCARD", "rp:mailq:later") == "1",
          lambda: home.portal.log()[-2000:])
    equal(home.redis.cli("EXISTS", f"rp:upload:{path[8:]}"), "1",
          "it is kept")
    intake(home.world.program("ctl/reprieve-intake"))
    job = home.redis.cli("ZRANGE", "rp:mailq:later", "0", "0")
    home.redis.cli("ZADD", "rp:mailq:later", "1", job)
    home.page(path, "We found no message in it")


MAILED = """\
Authentication-Results: mx.example.net; dmarc={result} header.from=box.test
From: Joe <{mail}>
To: abuse@mx.example.net
Subject: buy my pills
Message-ID: <{mail}>
Content-Language: es

please have a look
"""


def thanked(home):
    """Who reports by mail, and is known, gets a letter that leads to the page;
    who is not known gets none."""
    # The results below are believed where the milter checks.
    with open(home.portal.milter.conf_as("portal"), encoding="utf-8") as file:
        text = file.read()
    true("auth { enabled = no }" in text, text)
    conf = home.world.path("checks.conf")
    home.world.write(conf, text.replace("auth { enabled = no }",
                                        "auth { enabled = yes }"))

    def mail(to, result):
        done = subprocess.run(
            [home.world.program("ctl/reprieve-intake"), "-c", conf, "-r",
             "abuse@mx.example.net"],
            input=MAILED.format(mail=to, result=result), text=True,
            env={**os.environ, "SENDER": to}, capture_output=True,
            check=False)
        equal(done.returncode, 0, done.stdout + done.stderr)

    mail("forged@box.test", "fail")
    mail("joe@box.test", "pass")
    found, text = letter(home.postfix, "joe@box.test", ID)
    true("pills" not in text and "have a look" not in text, text)
    equal(found["Auto-Submitted"], "auto-replied", "the letter")
    path = "/report/" + find(text, ID, "the link")
    home.page(path, "We found no message in it")
    equal([m["To"] for m in letters(home.postfix, "forged@box.test")], [],
          "letters to whom is not known")


def never(home):
    status, _, page = home.curl(path="/report/" + "0" * 17)
    equal(status, 404, page)
    equal(home.curl(path="/report/nonsense")[0], 404, "nonsense")


# ---- hostile ----

def raw(home, body, kind="multipart/form-data; boundary=b"):
    path = home.file(home.world.unique("body"), body)
    return home.curl("-H", f"Content-Type: {kind}", "--data-binary",
                     "@" + path)[0]


def part(head, body=""):
    return f"--b\r\n{head}\r\n\r\n{body}\r\n"


def field(name, value):
    return part(f'Content-Disposition: form-data; name="{name}"', value)


HOSTILE = [
    ("no end", field("kind", "junk"), 400),
    ("a field twice", field("kind", "junk") * 2 + "--b--", 400),
    ("1,000 parts", "".join(field(f"f{i}", "x") for i in range(1000))
     + "--b--", 413),
    ("1,000 files", "".join(
        part(f'Content-Disposition: form-data; name="files"; filename="{i}"',
             "From: a") for i in range(1000)) + "--b--", 413),
    ("a header of 100 KB", part("X-A: " + "a" * 102400) + "--b--", 413),
    ("LF only", field("kind", "junk").replace("\r\n", "\n") + "--b--", 400),
    ("a NUL", field("text", "a\0b") + "--b--", 400),
    ("no UTF-8", field("text", "\xff\xfe") + "--b--", 400),
    ("a nested multipart", part(
        "Content-Disposition: form-data; name=files\r\n"
        "Content-Type: multipart/mixed; boundary=c", "--c\r\n\r\n--c--")
     + "--b--", 400),
    ("a boundary of blanks", "--b--", 415),
    ("nothing", "", 400),
    ("a good body without a stamp", field("kind", "junk")
     + field("text", "x") + "--b--", 403),
]


def hostile(home, name, body, wanted):
    before = home.redis.cli("XLEN", "rp:mailq:slow")
    kind = "multipart/form-data; boundary=b"
    if wanted == 415:
        kind = 'multipart/form-data; boundary="   "'
    equal(raw(home, body, kind), wanted, name)
    equal(home.redis.cli("XLEN", "rp:mailq:slow"), before, "jobs")


def too_large(home):
    """nginx says so before all of it has come."""
    path = home.file("large.eml", "From: a\n\n" + "a" * 2_000_000)
    equal(home.curl(*home.fields(kind="junk"), "-F", f"files=@{path}")[0],
          413, "2 MB")
    # Between its limit and ours.
    path = home.file("large.eml", "From: a\n\n" + "a" * 1_200_000)
    equal(home.curl(*home.fields(kind="junk"), "-F", f"files=@{path}")[0],
          413, "1.2 MB")
    path = home.file("large.eml", "From: a\n\n" + "a" * 1_000_000)
    home.page(home.report("-F", f"files=@{path}", kind="junk"),
              "carries no mark")


def no_message(home):
    path = home.file("a.msg", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 100)
    status, _, page = home.curl(*home.fields(kind="junk"), "-F",
                                f"files=@{path}")
    equal(status, 422, page)
    true('href="#files"' in page, page)


def hides_links(home):
    path = home.report(kind="abuse", text="no link in a log, please")
    home.page(path, "We found no message in it")
    until(lambda: '"GET /report/..." 200' in home.front.log(),
          lambda: home.front.log()[-1000:])
    true(path[8:] not in home.front.log(), "the log of nginx")
    true("/report/" not in home.portal.log(), "the log of the portal")


# ---- a person ----

def keyboard(home, browser):
    """Tab, Space and Enter; what follows in the dialogue for files is not the
    page's."""
    file = home.passed(home.address())
    browser.page(headers={"X-Forwarded-For": "203.0.113.9"})
    equal(browser.open(url=home.portal.url + "/"), 200, "the first page")

    def tab_to(wanted, most=60):
        for _ in range(most):
            browser.press(key="Tab")
            focus = browser.focus()
            true(focus["outline"], f"no outline around {focus}")
            true(focus["seen"], f"out of sight: {focus}")
            if wanted(focus):
                return
        raise AssertionError("the key Tab never comes there")

    tab_to(lambda f: f["href"].endswith("/report"))
    browser.pressGo(key="Enter")
    tab_to(lambda f: f["id"] == "kind-junk")
    browser.press(key="Space")
    tab_to(lambda f: f["id"] == "files")
    browser.choose(key="Enter", file=file)
    tab_to(lambda f: f["id"] == "text")
    browser.type(text="I did not ask for this")
    clean(browser, "the form of a report")
    browser.screenshot(file=os.path.join(home.shots, "report.png"))
    tab_to(lambda f: f["tag"] == "button")
    where = browser.pressGo(key="Enter")
    find(where, ID, "where it leads")
    until(lambda: browser.reload() == 200 and
          "came through this site" in browser.text(),
          lambda: browser.text() + home.portal.log()[-2000:], 30)
    clean(browser, "the page of a report")
    browser.screenshot(file=os.path.join(home.shots, "report-status.png"))


def narrow(home, browser, language):
    """Form, faults, waiting and result, as narrow as a small phone."""
    path = home.report(kind="abuse", text=f"narrow {language}")
    home.page(path, "We found no message in it")
    browser.page(lang=language, width=320)
    equal(browser.open(url=home.portal.url + "/report"), 200, "the form")
    equal(browser.attribute(at="html", name="lang"), language, "language")
    clean(browser, f"the form in {language}")
    browser.screenshot(file=os.path.join(home.shots,
                                         f"report-{language}.png"))
    browser.check(at="#kind-phish")
    browser.fill(at="#pasted", value="not a message")
    browser.fill(at="#mail", value="joe@box.test")
    browser.go(at="#form button")
    equal(browser.attribute(at="#pasted", name="aria-invalid"), "true",
          "the fault")
    equal(browser.value(at="#pasted"), "not a message", "what was filled in")
    equal(browser.value(at="#mail"), "joe@box.test", "what was filled in")
    clean(browser, f"the form with a fault in {language}")
    equal(browser.open(url=home.portal.url + path), 200, "the result")
    clean(browser, f"the result in {language}")
    equal(browser.open(url=home.portal.url + "/help/abuse-reports"), 200,
          "help")
    clean(browser, f"the help page in {language}")


def check(tap, home, browser):
    def case(name, function, *more):
        def run():
            home.move()
            function(home, *more)
        tap.case(name, run)

    case("a message that came through here is known", came_through)
    case("a message that left this site is known, pasted too", left_this_site)
    case("several messages, each for itself", several)
    case("a message without our mark becomes a ticket", no_mark)
    case("words alone become a ticket", words_alone)
    case("a mark that was copied counts for nothing", forged)
    case("who reports by mail is thanked", thanked)
    case("an unknown report is as one that never was", never)
    for name, body, wanted in HOSTILE:
        case(f"hostile: {name}", hostile, name, body, wanted)
    case("files that are too large are refused", too_large)
    case("a file that is no message is told", no_message)
    case("no log holds the link of a report", hides_links)
    case("the keyboard is enough", keyboard, browser)
    for language in LANGUAGES:
        case(f"nothing is wider than a phone in {language}", narrow,
             browser, language)
    case("while the intake cannot be run a report waits", later)


def main():
    world = worlds.enter()
    Dns()
    tap = Tap("reports of abuse by the form")
    home = Home(world)
    browser = Browser(world)
    try:
        check(tap, home, browser)
    finally:
        browser.close()
    home.portal.milter.retire()
    tap.case("the portal ended with 0 at SIGTERM",
             lambda: equal(home.portal.stop(), 0, home.portal.log()[-2000:]))
    tap.case("Redis refused nothing", unrefused, home.redis,
             (home.portal.milter, home.portal))
    tap.case("what is kept has an end", endless, home.redis)
    home.front.stop()
    world.close()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
