# SPDX-License-Identifier: BSD-2-Clause
"""reprieve-portal beside a milter: same configuration file, same Redis."""

import email
import email.policy
import http.client
import re
import urllib.parse

from . import wait
from .milter import Reprieve
from .world import wait_listening

PORTAL = """\
portal {
  listen = "inet:%(port)d@127.0.0.1"
  user = "nobody"
  smtp = "127.0.0.1:%(smtp)d"
  from = "postmaster@box.test"
  mail_host = "box.test"
  form_min_s = 0
  posts_max = 100000
  checks_max = 100000
  %(portal)s
}
delist {
  per_client = 100000
  per_mailbox = 100000
  per_domain = 100000
  per_network = 100000
  %(flood)s
  %(delist)s
}
support { per_mailbox = 100000 %(support)s }
%(more)s
"""

FLOOD = "busy_at = 1000000\n  queue_at = 1000000"


class Answer:
    """One answer of HTTP."""

    def __init__(self, answer):
        self.status = answer.status
        self.headers = answer.getheaders()
        self.body = answer.read().decode("utf-8")

    def header(self, name):
        found = [v for n, v in self.headers if n.lower() == name.lower()]
        return found[-1] if found else None

    @property
    def location(self):
        return self.header("Location")

    def field(self, name):
        """The value of an input of a form on the page, or None."""
        for tag in re.findall(r"<input\b[^>]*>", self.body):
            if re.search(rf'\bname="{name}"', tag):
                value = re.search(r'\bvalue="([^"]*)"', tag)
                return value.group(1) if value else ""
        return None


class Portal:
    """port and url are there before start(); the milter's conf names both.
    More portals on the same milter: another Portal with first=that milter."""

    def __init__(self, world, redis, smtp=0, milter=None, **settings):
        self.world = world
        self.port = world.port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = {"port": self.port, "smtp": smtp, "portal": "",
                         "delist": "", "flood": FLOOD, "support": "",
                         "more": ""}
        of_milter = {k: v for k, v in settings.items()
                     if k not in self.settings}
        self.settings.update({k: v for k, v in settings.items()
                              if k in self.settings})
        of_milter.setdefault("url", self.url)
        if milter is not None:
            of_milter["folder"] = milter.folder  # the same secret
        self.milter = Reprieve(world, redis, **of_milter)
        self.write()
        self.process = None
        self.old_logs = ""

    def write(self, **settings):
        self.settings.update(settings)
        self.milter.write(more=PORTAL % self.settings)

    def start(self):
        if self.process is not None:
            self.old_logs += self.process.log()
        self.process = self.world.start(
            self.world.program("reprieve-portal"), "-c",
            self.milter.conf_as("portal"),
            name="portal")
        wait_listening(("127.0.0.1", self.port), self.process)
        return self

    def log(self):
        return self.old_logs + (self.process.log() if self.process else "")

    def kill(self):
        self.process.kill()

    def stop(self):
        return self.process.stop()

    # ---- asking ----

    def ask(self, method, path, body=None, source="127.0.0.1", **headers):
        """path may be a whole URL of ours. source: who the visitor is, told
        as a proxy tells it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=30)
        named = {k.replace("_", "-"): v for k, v in headers.items()}
        named.setdefault("X-Forwarded-For", source)
        if body is not None:
            named.setdefault("Content-Type",
                             "application/x-www-form-urlencoded")
        try:
            connection.request(method, path.removeprefix(self.url), body,
                               named)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, fields, **more):
        return self.ask("POST", path, urllib.parse.urlencode(fields), **more)

    def submit(self, path, fields, action=None, **more):
        """Gets the form at path, posts it with what it holds hidden."""
        page = self.get(path, **more)
        hidden = {}
        for tag in re.findall(r'<input\b[^>]*type="hidden"[^>]*>', page.body):
            name = re.search(r'\bname="([^"]*)"', tag).group(1)
            value = re.search(r'\bvalue="([^"]*)"', tag)
            hidden[name] = value.group(1) if value else ""
        hidden.setdefault("website", "")
        return self.post(action or path, {**hidden, **fields}, **more)


def letters(server, to=None):
    """Letters that a server has delivered, oldest first."""
    out = []
    for text in server.mails():
        mail = email.message_from_bytes(text.encode("latin-1"),
                                        policy=email.policy.default)
        if to is None or to in str(mail["To"]):
            out.append(mail)
    return out


def letter(server, to, having, seconds=20):
    """Waits for the letter to that address whose text has a match."""
    def find():
        for mail in letters(server, to):
            text = mail.get_content()
            if re.search(having, text):
                return mail, text
        return None
    return wait.until(
        find, lambda: f"a letter to {to} with /{having}/; there are "
        f"{[str(m['Subject']) for m in letters(server)]}", seconds)
