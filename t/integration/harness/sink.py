# SPDX-License-Identifier: BSD-2-Clause
"""A small SMTP server that takes every letter and keeps it.

In the place of an MTA where letters are only to be counted and read; mails()
as Postfix has it, so that portal.letters and portal.letter work with both.
"""

import socketserver
import threading


class _Session(socketserver.StreamRequestHandler):
    timeout = 60

    def say(self, text):
        self.wfile.write(text.encode("ascii") + b"\r\n")

    def handle(self):
        sink = self.server.sink
        self.say("220 sink.box.test ESMTP")
        sender, rcpts = "", []
        for line in self.rfile:
            text = line.decode("latin-1").rstrip("\r\n")
            word = text[:4].upper()
            with sink.lock:
                sink.lines.append(text)
            if word == "MAIL":
                sender, rcpts = text, []
                self.say("250 2.1.0 ok")
            elif word == "RCPT":
                rcpts.append(text)
                self.say("250 2.1.5 ok")
            elif word == "DATA":
                self.say("354 go on")
                self.take(sender, rcpts)
            elif word == "QUIT":
                self.say("221 2.0.0 bye")
                return
            else:
                self.say("250 sink.box.test")

    def take(self, sender, rcpts):
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        else:
            return  # the client died on the way: no letter
        sink = self.server.sink
        with sink.lock:
            sink.taken.append((sender, tuple(rcpts),
                               b"".join(lines).decode("latin-1")))
        self.say("250 2.0.0 taken")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A client that was killed: nothing to tell."""


class _Some:
    def __init__(self, texts):
        self.texts = texts

    def mails(self):
        return self.texts


class Sink:
    def __init__(self, world):
        self.port = world.port()
        self.taken = []  # (MAIL line, RCPT lines, text)
        self.lines = []  # every command
        self.lock = threading.Lock()
        self.server = _Server(("127.0.0.1", self.port), _Session)
        self.server.sink = self
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def mails(self):
        """Every letter taken, oldest first, as text."""
        with self.lock:
            return [text for _, _, text in self.taken]

    def only(self, to):
        """As mails(), of those to an address alone."""
        with self.lock:
            return _Some([text for _, rcpts, text in self.taken
                          if any(to.lower() in r.lower() for r in rcpts)])

    def count(self, to):
        """Letters to an address, or to all that end so."""
        return len(self.only(to).mails())

    def close(self):
        self.server.shutdown()
        self.server.server_close()
