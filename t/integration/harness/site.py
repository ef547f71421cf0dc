# SPDX-License-Identifier: BSD-2-Clause
"""One MTA with its milter: what a client sees, and what is delivered."""

from .smtp import MESSAGE, Session
from .tap import equal


class Site:
    """One MTA with its milter and the lists they share."""

    def __init__(self, name, server, port, port6, milter, lists=None):
        self.name = name
        self.server = server
        self.port = port
        self.port6 = port6
        self.milter = milter
        self.lists = lists

    def session(self, source, ehlo=True):
        target = ("::1", self.port6) if ":" in source else (
            "127.0.0.1", self.port)
        session = Session(target, source)
        if ehlo:
            session.ehlo()
        return session

    def at_rcpt(self, source, recipient="b@box.test"):
        with self.session(source) as session:
            equal(session.mail().code, 250, "MAIL")
            return session.rcpt(recipient).text

    def deliver(self, source, token, text=MESSAGE, **more):
        """A whole message that must pass; as it was delivered."""
        with self.session(source) as session:
            reply = session.deliver(text.replace("hello", token), **more)
            equal(reply.code, 250, f"delivery of {token}: {reply}")
        return self.server.find(token)

    def log_since(self, mark):
        return self.milter.log()[mark:]

    def mark(self):
        return len(self.milter.log())
