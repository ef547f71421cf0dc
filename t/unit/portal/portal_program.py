# SPDX-License-Identifier: BSD-2-Clause
"""The program reprieve-portal with a real redis-server, over HTTP."""

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

SOURCE = os.environ.get("top_srcdir", ".")
BUILD = os.environ.get("top_builddir", ".")
sys.path.insert(0, os.path.join(SOURCE, "t", "integration"))
sys.dont_write_bytecode = True

from harness import wait  # noqa: E402
from harness.tap import Tap, equal, match, true  # noqa: E402

PROGRAM = os.path.join(BUILD, "reprieve-portal")
REF = "0" * 17
STYLE = r'<link rel="stylesheet" href="/static/style.css">'


class Site:
    """A folder with a redis-server, a conf, and the portal on a port that
    the system chose."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="reprieve-portal.")
        self.user = ""
        if os.geteuid() == 0:
            # The portal gives root up, and then reads and writes here.
            self.user = "nobody"
            shutil.chown(self.folder, self.user)
        self.redis_socket = os.path.join(self.folder, "redis.sock")
        self.conf = os.path.join(self.folder, "reprieve.conf")
        self.log = os.path.join(self.folder, "log")
        self.redis = None
        self.portal = None
        self.port = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.metrics = free.getsockname()[1]
        self.secret = os.path.join(self.folder, "secret")

    def start_redis(self):
        self.redis = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.redis_socket,
             "--unixsocketperm", "777", "--save", "", "--dir", self.folder],
            stdout=subprocess.DEVNULL)
        wait.until(lambda: self.cli("PING") == "PONG", "redis-server")

    def stop_redis(self):
        if self.redis:
            self.redis.kill()
            self.redis.wait()
        self.redis = None

    def cli(self, *args):
        done = subprocess.run(["redis-cli", "-s", self.redis_socket, *args],
                              capture_output=True, text=True, check=False)
        return done.stdout.strip()

    def write_conf(self, host="mx.example.net", more="",
                   listen="inet:0@127.0.0.1", portal=""):
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write(f'host = "{host}"\n'
                       'portal_url = "https://postmaster.example.net"\n'
                       'milter { socket = "unix:/nowhere"'
                       f' secret_file = "{self.secret}" }}\n'
                       'lists { snapshot = "" }\n'
                       f'redis {{ servers = {{"unix:{self.redis_socket}"}} }}\n'
                       f'portal {{ listen = "{listen}"'
                       f' user = "{self.user}" {portal}'
                       f' metrics = "inet:{self.metrics}@127.0.0.1" }}\n'
                       'log { target = "stderr" level = "debug" }\n' + more)

    def start(self):
        with open(self.log, "w", encoding="utf-8") as log:
            self.portal = subprocess.Popen([PROGRAM, "-c", self.conf],
                                           stderr=log)
        found = wait.until(
            lambda: re.search(r"listens on (inet:(\d+)@|unix:)", self.logged())
            or self.portal.poll() is not None,
            lambda: "the portal listens:\n" + self.logged())
        true(found is not True, lambda: "it ended:\n" + self.logged())
        self.port = int(found.group(2) or 0)

    def logged(self):
        with open(self.log, encoding="utf-8") as file:
            return file.read()

    def get(self, path, method="GET", body=None, **fields):
        """status, headers, body"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=10)
        try:
            connection.request(method, path, body, {
                name.replace("_", "-"): value
                for name, value in fields.items()})
            answer = connection.getresponse()
            return (answer.status, dict(answer.getheaders()),
                    answer.read().decode("utf-8"))
        finally:
            connection.close()

    def stop(self, number=signal.SIGTERM):
        self.portal.send_signal(number)
        code = self.portal.wait(10)
        self.portal = None
        return code

    def close(self):
        if self.portal:
            self.portal.kill()
            self.portal.wait()
        self.stop_redis()
        shutil.rmtree(self.folder)


def run(*args):
    return subprocess.run([PROGRAM, *args], capture_output=True, text=True,
                          check=False, timeout=20)


def options(site):
    site.write_conf()
    equal(run("-n", "-c", site.conf).returncode, 0, "-n of a good conf")
    match(run("-V").stdout, r"reprieve-portal \d+\.\d+\.\d+\n", "-V")
    shown = run("-h")
    equal(shown.returncode, 0, "-h")
    true("SIGUSR1" in shown.stdout, "-h tells about SIGUSR1")
    for wrong in (["-x"], ["word"], ["-c"]):
        done = run(*wrong)
        equal(done.returncode, 2, f"exit of {wrong}")
        true("usage:" in done.stderr, f"{wrong} prints the usage")


def bad_conf(site):
    site.write_conf(more="nonsense = 1\n")
    with open(site.conf, encoding="utf-8") as file:
        line = len(file.readlines())
    for args in (["-n", "-c", site.conf], ["-c", site.conf]):
        done = run(*args)
        equal(done.returncode, 1, f"exit of {args}")
        match(done.stderr, rf".*\.conf:{line}: .*nonsense.*\n", "message")


def public_address(site):
    site.write_conf(listen="inet:0@0.0.0.0")
    done = run("-c", site.conf)
    equal(done.returncode, 1, "exit")
    true("allow_direct" in done.stderr, done.stderr)


def no_root(site):
    """Only root can try; anybody else is not root already."""
    if os.geteuid() != 0:
        return
    for user in ("", "root", "no-such-user"):
        site.user, before = user, site.user
        site.write_conf()
        site.user = before
        done = run("-c", site.conf)
        equal(done.returncode, 3, f"exit as {user!r}")
        true("root" in done.stderr, done.stderr)


def gives_root_up(site):
    with open(f"/proc/{site.portal.pid}/status", encoding="ascii") as file:
        status = file.read()
    true(not re.search(r"^[UG]id:.*\b0\b", status, re.M), status)


def taken_port(site):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        site.write_conf(listen=f"inet:{port}@127.0.0.1")
        done = run("-c", site.conf)
    equal(done.returncode, 3, "exit")
    true("Address already in use" in done.stderr, done.stderr)


def start_page(site):
    status, headers, body = site.get("/")
    equal(status, 200)
    equal(headers["Content-Type"], "text/html; charset=utf-8")
    equal(headers["Content-Language"], "en")
    true("refused?</h1>" in body, body)
    true("noindex" not in body, "search engines may show it")
    true("noindex" in site.get("/nowhere")[2], "and no other")
    true(re.search(STYLE, body), "the style is linked")
    true("<script" not in body and "style=" not in body, "no script, no inline")
    equal(site.get("/", "HEAD")[2], "", "the body of HEAD")


def languages(site):
    for fields, path, want in (
            ({"Accept_Language": "es-MX,es;q=0.9,en;q=0.1"}, "/", "es"),
            ({"Accept_Language": "pt"}, "/", "pt-BR"),
            ({"Accept_Language": "es"}, "/?lang=pt-BR", "pt-BR"),
            ({"Accept_Language": "fr"}, "/nowhere", "en"),
            ({"Accept_Language": "es"}, "/nowhere", "es")):
        _, headers, body = site.get(path, **fields)
        equal(headers["Content-Language"], want, f"{fields} {path}")
        true(f'<html lang="{want}">' in body, body)


def files(site):
    for path, kind in (("/static/style.css", "text/css; charset=utf-8"),
                       ("/static/logo.svg", "image/svg+xml")):
        status, headers, body = site.get(path)
        equal(status, 200, path)
        equal(headers["Content-Type"], kind, path)
        true(body, path)


def every_answer_has_headers(site):
    for path in ("/", "/static/style.css", "/static/none", "/r/" + REF,
                 "/nowhere", "/a%00b", "/?a=%00", "/healthz", "/e/"):
        headers = site.get(path)[1]
        for name, value in (
                ("Content-Security-Policy", "default-src 'none'; "
                 "style-src 'self'; script-src 'self'; img-src 'self'; "
                 "form-action 'self'; base-uri 'none'; "
                 "frame-ancestors 'none'"),
                ("Referrer-Policy", "no-referrer"),
                ("X-Content-Type-Options", "nosniff"),
                ("Cache-Control", "no-store"),
                ("Vary", "Accept-Language")):
            equal(headers.get(name), value, f"{name} of {path}")
        true("Set-Cookie" not in headers, f"no cookie from {path}")


def unknown_case(site):
    for ref in (REF, "0" * 16 + "1", "x"):
        status, _, body = site.get("/r/" + ref)
        equal(status, 404, ref)
        true("whole link" in body, body)


def paths_stay_inside(site):
    """What hides in a path is the visitor's, and not for the log."""
    site.get("/r/" + REF)
    site.get("/c/" + "k" * 26)
    wait.until(lambda: "route=confirm" in site.logged(),
               lambda: "the pages are logged:\n" + site.logged())
    for secret in (REF, "k" * 26):
        true(secret not in site.logged(), f"{secret} is in the log")


def bad_method(site):
    status, headers, _ = site.get(
        "/", "POST", "a=1",
        Content_Type="application/x-www-form-urlencoded")
    equal(status, 405)
    equal(headers.get("Allow"), "GET, HEAD")


def own_texts(site):
    own = os.path.join(site.folder, "site")
    for part in ("templates", "static", "help/en"):
        os.makedirs(os.path.join(own, part))
    with open(os.path.join(own, "static", "style.css"), "w",
              encoding="utf-8") as file:
        file.write("h1 { color: #123456 }\n")
    with open(os.path.join(own, "help", "en", "hours.md"), "w",
              encoding="utf-8") as file:
        file.write("# Hours\n\nWrite to {postmaster}, see [more](/e/).\n")
    broken = os.path.join(own, "templates", "start.html")
    with open(broken, "w", encoding="utf-8") as file:
        file.write("one\n{{#two}}\n")
    site.write_conf(portal=f'site = "{own}" name = "Our Mail"')
    before = site.logged().count("goes on")
    site.portal.send_signal(signal.SIGUSR1)
    wait.until(lambda: site.logged().count("goes on") > before,
               lambda: "the fault is told:\n" + site.logged())
    true(broken in site.logged(), "the log names the file")
    os.unlink(broken)
    site.portal.send_signal(signal.SIGUSR1)
    wait.until(lambda: "Our Mail" in site.get("/")[2], "the new name")
    true("#123456" in site.get("/static/style.css")[2], "the own style")
    body = site.get("/help/hours?lang=en")[2]
    true("Write to postmaster@mx.example.net" in body, body)
    true('href="/e/?lang=en"' in body, body)
    site.write_conf()
    site.portal.send_signal(signal.SIGUSR1)
    wait.until(lambda: "Our Mail" not in site.get("/")[2], "the old name")


def numbers(site):
    with socket.create_connection(("127.0.0.1", site.metrics)) as client:
        client.settimeout(10)
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        text = b""
        while True:
            more = client.recv(65536)
            if not more:
                break
            text += more
    text = text.decode()
    for line in (r'^reprieve_portal_pages_total\{route="start"\} [1-9]\d*$',
                 r'^reprieve_portal_answers_total\{class="4xx"\} [1-9]\d*$',
                 r'^reprieve_portal_forms_total\{answer="forged"\} \d+$',
                 r"^reprieve_portal_redis_up 1$",
                 r"^reprieve_portal_jobs_waiting 0$"):
        true(re.search(line, text, re.M), lambda: f"no {line} in\n{text}")
    equal(site.get("/metrics")[0], 404, "not among the pages")


def redis_down(site):
    equal(site.get("/healthz")[2], "portal ok\nredis ok\n")
    site.stop_redis()
    equal(site.get("/")[0], 200, "the start page needs no Redis")
    match(site.get("/healthz")[2], r"portal ok\nredis (?!ok).+\n")
    equal(site.logged().count("redis_down"), 1, "log lines about it")
    site.start_redis()
    wait.until(lambda: site.get("/healthz")[2].endswith("redis ok\n"),
               "Redis is back")
    true("redis_up" in site.logged(), "the log says that Redis is back")


def reload(site):
    site.write_conf(host="new.example.net")
    site.portal.send_signal(signal.SIGUSR1)
    wait.until(lambda: "postmaster@new.example.net" in site.get("/")[2],
               "the new host is on the page")


def bad_reload(site):
    site.write_conf(host="mx.example.net", more="nonsense = 1\n")
    before = site.logged().count("the old one goes on")
    site.portal.send_signal(signal.SIGUSR1)
    wait.until(lambda: site.logged().count("the old one goes on") > before,
               lambda: "the log says so:\n" + site.logged())
    true("nonsense" in site.logged(), "the log names the fault")
    true("postmaster@new.example.net" in site.get("/")[2], "the old conf")


def stops(site):
    port = site.port
    equal(site.stop(), 0, "exit after SIGTERM")
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except ConnectionRefusedError:
        return
    raise AssertionError("somebody listens still")


def unix_socket(site):
    path = os.path.join(site.folder, "portal.sock")
    site.write_conf(listen="unix:" + path)
    site.start()
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(path)
        client.sendall(b"GET / HTTP/1.1\r\nHost: portal\r\n\r\n")
        match(client.recv(64)[:15].decode(), r"HTTP/1.1 200 OK", "answer")
    equal(site.stop(signal.SIGINT), 0, "exit after SIGINT")
    true(not os.path.exists(path), "the socket is gone")


def main():
    tap = Tap("portal/reprieve-portal")
    site = Site()
    try:
        tap.case("options do what -h says", options, site)
        tap.case("a bad conf is refused with its line", bad_conf, site)
        tap.case("a public address needs allow_direct", public_address, site)
        tap.case("a port that is taken is an error", taken_port, site)
        tap.case("it does not serve as root", no_root, site)
        site.start_redis()
        site.write_conf()
        site.start()
        tap.case("root is given up", gives_root_up, site)
        tap.case("the start page is plain and complete", start_page, site)
        tap.case("it speaks the visitor's language", languages, site)
        tap.case("style and logo are files", files, site)
        tap.case("every answer has the security headers",
                 every_answer_has_headers, site)
        tap.case("an unknown reference is a 404 in plain words",
                 unknown_case, site)
        tap.case("the log holds no reference and no token",
                 paths_stay_inside, site)
        tap.case("a page cannot be posted to", bad_method, site)
        tap.case("an operator's own texts come in with SIGUSR1, a fault in "
                 "them does not", own_texts, site)
        tap.case("Prometheus finds the numbers, and only there", numbers,
                 site)
        tap.case("Redis may go and come back", redis_down, site)
        tap.case("SIGUSR1 brings a new conf in", reload, site)
        tap.case("SIGUSR1 with a bad conf changes nothing", bad_reload, site)
        tap.case("SIGTERM stops it", stops, site)
        tap.case("it serves on a unix socket", unix_socket, site)
    finally:
        site.close()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
