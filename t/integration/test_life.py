#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The milter's life: start, reload, garbage, crowds, death, restart, end."""

import os
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time

from harness import wire
from harness import world as worlds
from harness.dns import Dns
from harness.lists import Lists
from harness.milter import Activated, Reprieve, refusal, retired
from harness.postfix import Postfix
from harness.redis import Redis
from harness.smtp import MESSAGE, Closed, Session
from harness.tap import Tap, equal, match, true
from harness.traffic import Traffic
from harness.wait import Stopwatch, until

LISTED = "203.0.113.7"
CLEAN = "203.0.113.8"


class Home:
    """One Redis with one listing for all cases."""

    def __init__(self, world):
        self.world = world
        self.redis = Redis(world).start()
        self.redis.cli("SET", f"rp:block:{LISTED}", "spam run")

    def milter(self, kind=Reprieve, **settings):
        milter = kind(self.world, self.redis, **settings)
        milter.start()
        self.follow(milter)
        return milter

    def follow(self, milter):
        until(lambda: wire.verdict(milter.where, LISTED)[:3] == "554",
              lambda: f"the list is served; log {milter.log()[-2000:]}", 10)


def stopped(milter, seconds=10):
    """Ends it; it must still have been alive."""
    true(milter.process.alive(), f"died: {milter.log()[-3000:]}")
    equal(milter.process.stop(seconds), 0, "exit code")


# ---- command line ----

def version(home):
    text = worlds.run(home.world.program("reprieve-milter"), "-V")
    match(text, r"reprieve-milter [0-9.]+\n", "-V")


def checks_file(home):
    """-n: every error with its line, and an exit code."""
    milter = Reprieve(home.world, home.redis)
    argv = [home.world.program("reprieve-milter"), "-n", "-c", milter.conf]
    equal(subprocess.run(argv, capture_output=True, check=False).returncode,
          0, "a good file")
    with open(milter.conf, "a", encoding="ascii") as file:
        file.write("nonsense = 1\nmilter { backlog = 0 }\n")
    done = subprocess.run(argv, capture_output=True, check=False)
    true(done.returncode != 0, "a bad file passes")
    with open(milter.conf, encoding="ascii") as file:
        last = len(file.readlines())
    lines = re.findall(rf"(?m)^{re.escape(milter.conf)}:(\d+): .",
                       done.stderr.decode())
    equal(sorted({int(n) for n in lines}), [last - 1, last],
          f"lines named: {done.stderr.decode()}")


def no_such_user(home):
    milter = Reprieve(home.world, home.redis, user="nosuchuser")
    process = milter.start(ready=False).process
    equal(process.popen.wait(10) != 0, True, "exit code")
    true("nosuchuser" in process.log(), process.log())


# ---- privileges and systemd ----

def privileges(home):
    milter = home.milter()
    with open(f"/proc/{milter.process.pid}/status", encoding="ascii") as file:
        status = file.read()
    match(re.search(r"Uid:\s+(.*)", status)[1], r"65534(\s+65534){3}", "Uid")
    match(re.search(r"Gid:\s+(.*)", status)[1], r"65534(\s+65534){3}", "Gid")
    match(re.search(r"Groups:[ \t]*(.*)", status)[1].strip(),
          "(65534)?", "Groups")
    match(re.search(r"CapEff:\s+(.*)", status)[1], "0+", "CapEff")
    milter.retire()


def notifies(home):
    path = home.world.path("notify")
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(path)
    os.chmod(path, 0o777)
    sock.settimeout(10)
    seen = []

    def next_with(word):
        while True:
            seen.append(sock.recv(4096).decode())
            if word in seen[-1].split("\n"):
                return seen[-1]

    milter = Reprieve(home.world, home.redis)
    milter.start(env={"NOTIFY_SOCKET": path})
    next_with("READY=1")
    home.follow(milter)
    milter.reload()
    text = next_with("RELOADING=1")
    match(text, r".*MONOTONIC_USEC=\d+.*", "reload")
    next_with("READY=1")
    process = milter.process
    process.signal(15)
    next_with("STOPPING=1")
    equal(process.popen.wait(10), 0, "exit code")
    sock.close()


# ---- reload ----

def reload_and_wait(milter, pattern="is in effect"):
    mark = len(milter.log())
    milter.reload()
    return milter.wait_log(pattern, after=mark)


def reload_good(home):
    """200 reloads under load: no answer is lost, none is wrong."""
    milter = home.milter()
    with Traffic(milter, LISTED, CLEAN, threads=4) as traffic:
        for i in range(200):
            milter.write(more=f"# round {i}\n" + (
                'domain "soft.test" { mode = "monitor" }' if i % 2 else ""))
            reload_and_wait(milter)
    traffic.assert_right()
    traffic.assert_quick()
    match(wire.verdict(milter.where, LISTED, "x@soft.test"), "continue",
          "the last file is in force")
    match(wire.verdict(milter.where, LISTED), refusal(LISTED), "others")
    milter.retire()


def reload_keeps_session(home):
    """A session keeps the settings it began with."""
    milter = home.milter()
    with wire.open_session(milter.where, LISTED) as session:
        match(session.rcpt(), refusal(LISTED), "before")
        milter.write(mode="monitor")
        reload_and_wait(milter)
        match(session.rcpt("c@box.test"), refusal(LISTED), "after")
    equal(wire.verdict(milter.where, LISTED), "continue", "a new session")
    milter.retire()


def reload_bad(home):
    """Every error with its line; the old settings stay."""
    milter = home.milter()
    with Traffic(milter, LISTED, CLEAN) as traffic:
        milter.write(mode="monitor", more="nonsense = 1")
        found = reload_and_wait(milter, r"[^ \n]*reprieve\.conf:(\d+):")
        with open(milter.conf, encoding="ascii") as file:
            line = file.read().split("\n")[int(found[1]) - 1]
        equal(line, "nonsense = 1", "the line that is named")
        os.unlink(milter.conf)
        reload_and_wait(milter, "stays as it was")
    traffic.assert_right()
    milter.write(mode="monitor", more="")
    reload_and_wait(milter)
    until(lambda: wire.verdict(milter.where, LISTED) == "continue",
          "the repaired file is in force")
    milter.retire()


# ---- sockets ----

def stale_socket(home):
    """kill -9 leaves the socket; the next start takes its place."""
    milter = Reprieve(home.world, home.redis)
    milter.write(socket=f"unix:{milter.folder}/milter.sock")
    milter.start()
    home.follow(milter)
    milter.kill()
    true(os.path.exists(milter.where), "the socket is gone: nothing to test")
    milter.start()
    home.follow(milter)
    milter.retire()


def taken_socket(home):
    """A second one does not take the socket of a living one."""
    milter = Reprieve(home.world, home.redis)
    milter.write(socket=f"unix:{milter.folder}/milter.sock")
    milter.start()
    home.follow(milter)
    second = Reprieve(home.world, home.redis)
    second.write(socket=milter.settings["socket"])
    second.start(ready=False)
    true(second.process.popen.wait(10) != 0, "the second one serves")
    match(wire.verdict(milter.where, LISTED), refusal(LISTED), "the first")
    milter.retire()


def not_a_socket(home):
    """A file of somebody else's is not removed."""
    milter = Reprieve(home.world, home.redis)
    path = home.world.write(f"{milter.folder}/milter.sock", "precious")
    milter.write(socket=f"unix:{path}")
    milter.start(ready=False)
    true(milter.process.popen.wait(10) != 0, "it serves")
    with open(path, encoding="ascii") as file:
        equal(file.read(), "precious", "the file")


def handed_over(home):
    """Sessions that come while we are away wait in the socket."""
    milter = home.milter(Activated)
    milter.kill()
    early = wire.Wire(milter.where, 20)
    early.send(b"O", wire.OFFER)
    milter.start()
    letter, data = early.read()
    equal(letter, b"O", "negotiation after the restart")
    early.steps = struct.unpack_from("!III", data)[2]
    early.connect(LISTED)
    early.helo()
    early.mail()
    match(early.rcpt(), refusal(LISTED) + "|continue", "RCPT")
    early.close()
    home.follow(milter)
    milter.retire()


# ---- metrics ----

def metrics(home):
    milter = home.milter()
    wire.verdict(milter.where, CLEAN)
    with wire.open_session(milter.where, CLEAN) as session:
        session.rcpt()
        session.end()
    text = milter.metrics()
    done = subprocess.run(["promtool", "check", "metrics"], check=False,
                          input=text.encode(), capture_output=True)
    equal((done.returncode, done.stderr.decode()), (0, ""), "promtool")
    refused = re.search(
        r'reprieve_recipients_total\{action="reject"\} (\d+)', text)
    true(refused and int(refused[1]) > 0, text)
    before = milter.metric("reprieve_connections_total")
    for _ in range(10):
        wire.verdict(milter.where, CLEAN)
    equal(milter.metric("reprieve_connections_total"), before + 10,
          "connections counted")
    milter.retire()


# ---- death ----

def kills(home, count=50, messages=500):
    """kill -9 again and again while mail comes through Postfix: what was
    taken is delivered once, the rest was told to come again."""
    milter = home.milter(Activated)
    postfix = Postfix(home.world)
    port = postfix.listener(milter.postfix)
    postfix.start()
    milter.keep()
    todo = list(range(messages))
    taken, later, odd = [], [], []
    ending = threading.Event()

    def send():
        while not ending.is_set():
            try:
                number = todo.pop()
            except IndexError:
                return
            for _ in range(50):
                answer = one(port, f"kill-{number:04d}-end")
                if answer == 250:
                    taken.append(number)
                    break
                if answer not in (421, 451):
                    odd.append((number, answer))
                    break
                later.append(number)

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    killed = 0
    while killed < count and any(s.is_alive() for s in senders):
        pause(random.uniform(0.02, 0.2))
        if milter.process.alive():
            milter.process.kill()
            killed += 1
    for sender in senders:
        sender.join(120)
    milter.let_go()
    equal(odd, [], "answers other than 250, 421, 451")
    equal(len(taken), messages, "messages taken in the end")
    true(killed >= count, f"only {killed} kills were done")
    true(later, "no message was disturbed: nothing was tested")
    until(lambda: len(postfix.mails()) >= messages, lambda: (
        f"{len(postfix.mails())} delivered; {postfix.queue()[-500:]}"), 60)
    tokens = re.findall(r"kill-(\d{4})-end", "\n".join(postfix.mails()))
    equal(sorted(int(t) for t in tokens), list(range(messages)),
          "each delivered once")
    postfix.stop()
    milter.process.stop()


def pause(seconds):
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() > end, "time", seconds + 1, 0.005)


def one(port, token):
    """The code that decided about one message."""
    try:
        with Session(("127.0.0.1", port), CLEAN) as session:
            session.ehlo()
            return session.deliver(MESSAGE.replace("hello", token)).code
    except (Closed, OSError):
        return 421


def ends_quickly(home):
    """SIGTERM with sessions open."""
    milter = home.milter()
    with wire.open_session(milter.where, CLEAN):
        watch = Stopwatch()
        stopped(milter, 8)
        true(watch() < 8, f"{watch():.1f} s")


# ---- garbage and crowds ----

def packet(command, data=b"", size=None):
    return struct.pack("!I", len(data) + 1 if size is None else size) \
        + command + data


def negotiated():
    return packet(b"O", wire.OFFER)


CONNECT = packet(b"C", b"[192.0.2.9]\x004\x61\xa8192.0.2.9\0")
GARBAGE = {
    "nothing": b"",
    "HTTP": b"GET / HTTP/1.0\r\n\r\n",
    "SMTP": b"EHLO x\r\nQUIT\r\n",
    "zeroes": bytes(4096),
    "ones": b"\xff" * 4096,
    "a length of 0": packet(b"O", size=0),
    "a huge length": packet(b"O", wire.OFFER, size=0x7fffffff),
    "half a packet": negotiated()[:9],
    "a short offer": packet(b"O", b"\0\0\0\6"),
    "version 0": packet(b"O", bytes(12)),
    "an unknown command": negotiated() + packet(b"\x01", b"x"),
    "end of message first": negotiated() + packet(b"E") * 3,
    "body first": negotiated() + packet(b"B", b"x" * 60000),
    "MAIL without CONNECT": negotiated() + packet(b"M", b"<a@b.c>\0"),
    "RCPT without MAIL": negotiated() + CONNECT + packet(b"R", b"<a@b>\0"),
    "a RCPT of 65,000 octets": negotiated() + CONNECT
    + packet(b"M", b"<>\0") + packet(b"R", b"<" + b"x" * 65000 + b">\0"),
    "a header of 65,000 octets": negotiated() + CONNECT
    + packet(b"L", b"X\0" + b"y" * 65000 + b"\0"),
    "arguments without end": negotiated() + CONNECT + packet(b"M", b"<a@b>"),
    "an empty MAIL": negotiated() + CONNECT + packet(b"M"),
    "CONNECT twice": negotiated() + CONNECT * 2,
    "CONNECT without address": negotiated() + packet(b"C", b"x\0"),
    "CONNECT of unknown family": negotiated() + packet(b"C", b"x\0U"),
    "CONNECT with a bad address": negotiated()
    + packet(b"C", b"x\x004\0\0999.1.1.1\0"),
    "CONNECT over a unix socket": negotiated()
    + packet(b"C", b"x\0L\0\0/tmp/x\0") + packet(b"M", b"<a@b>\0")
    + packet(b"R", b"<a@b>\0") + packet(b"E"),
    "macros without end": negotiated() + packet(b"D", b"C{x}"),
    "macros of no stage": negotiated() + packet(b"D", b"?a\0b\0"),
    "a thousand macros": negotiated()
    + packet(b"D", b"C" + b"".join(b"{m%d}\0v\0" % i for i in range(1000))),
    "negotiation twice": negotiated() * 2 + CONNECT,
    "abort at once": negotiated() + packet(b"A") * 5,
    "quit and go on": negotiated() + CONNECT + packet(b"K") * 3 + CONNECT,
    "50 transactions in one write": negotiated() + CONNECT + (
        packet(b"M", b"<a@b.org>\0") + packet(b"R", b"<c@d.org>\0")
        + packet(b"L", b"X-Reprieve\0 x\0") + packet(b"N")
        + packet(b"E")) * 50,
    "2,000 fields": negotiated() + CONNECT + packet(b"M", b"<a@b.org>\0")
    + packet(b"R", b"<c@d.org>\0")
    + packet(b"L", b"X-Reprieve\0 x\0") * 2000 + packet(b"N") + packet(b"E"),
}


def garbage(home):
    milter = home.milter()
    chance = random.Random(1)
    rows = list(GARBAGE.items())
    rows += [(f"random {i}", chance.randbytes(chance.randrange(1, 3000)))
             for i in range(100)]
    whole = GARBAGE["50 transactions in one write"]
    for i in range(200):
        start = bytearray(whole[:chance.randrange(20, 900)])
        start[chance.randrange(17, len(start))] ^= 1 << chance.randrange(8)
        rows.append((f"flipped {i}", bytes(start)))
    for name, data in rows:
        with socket.create_connection(milter.where, 5) as sock:
            try:
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                sock.settimeout(0.2 if name in GARBAGE else 0.01)
                while sock.recv(65536):
                    pass
            except OSError:
                pass
        true(milter.process.alive(), f"{name}: died; {milter.log()[-3000:]}")
    match(wire.verdict(milter.where, LISTED), refusal(LISTED), "afterwards")
    milter.retire()


def open_files(milter):
    return len(os.listdir(f"/proc/{milter.process.pid}/fd"))


def crowd(home, count=1000):
    """Idle sessions; others are answered at once, and all is given back."""
    milter = home.milter()
    before = open_files(milter)
    idle = []
    for _ in range(count):
        idle.append(wire.open_session(milter.where, CLEAN, 30))
    took = max(wire.timed(milter.where, address)[1]
               for address in (LISTED, CLEAN) * 10)
    true(took < 1, f"a benign client waited {took:.2f} s")
    for session in idle:
        session.close()
    until(lambda: open_files(milter) <= before + 3, lambda: (
        f"{before} open files before, {open_files(milter)} after"), 20)
    milter.retire()


def half_sessions(home, count=1000):
    """Clients that vanish at every stage leave nothing behind."""
    milter = home.milter()
    before = open_files(milter)
    for i in range(count):
        session = wire.Wire(milter.where)
        if i % 5:
            session.negotiate()
        if i % 5 > 1:
            session.connect(LISTED if i % 2 else CLEAN)
        if i % 5 > 2:
            session.mail()
            session.rcpt()
        if i % 5 > 3:
            session.header("X", "y")
        session.sock.close()
    until(lambda: open_files(milter) <= before + 3, lambda: (
        f"{before} open files before, {open_files(milter)} after"), 20)
    until(lambda: milter.metric("reprieve_open_sessions") in (0, None),
          lambda: f"open: {milter.metric('reprieve_open_sessions')}")
    milter.retire()


def never_read(home):
    """Clients that send without reading do not starve the others."""
    milter = home.milter()
    socks = []
    burst = GARBAGE["50 transactions in one write"]
    for _ in range(50):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.connect(milter.where)
        sock.setblocking(False)
        try:
            sock.send(burst)
        except BlockingIOError:
            pass
        socks.append(sock)
    took = max(wire.timed(milter.where, address, 30)[1]
               for address in (LISTED, CLEAN) * 5)
    true(took < 5, f"a benign client waited {took:.2f} s")
    for sock in socks:
        sock.close()
    milter.retire()


CASES = [
    ("-V prints the version", version),
    ("-n names every error of a file", checks_file),
    ("a user that does not exist is an error", no_such_user),
    ("started as root it serves as nobody", privileges),
    ("it tells systemd of start, reload and end", notifies),
    ("200 reloads under load", reload_good),
    ("a session keeps the settings it began with", reload_keeps_session),
    ("a bad file changes nothing and is named", reload_bad),
    ("a stale unix socket is replaced", stale_socket),
    ("a living server's socket is not taken", taken_socket),
    ("a file in place of the socket is not removed", not_a_socket),
    ("clients wait in a handed over socket", handed_over),
    ("metrics are what Prometheus wants", metrics),
    ("garbage at the port", garbage),
    ("1,000 idle sessions", crowd),
    ("1,000 sessions broken off", half_sessions),
    ("clients that never read", never_read),
    ("SIGTERM with a session open", ends_quickly),
    ("50 kill -9 during 500 messages lose none", kills),
]


def main():
    world = worlds.enter()
    Dns()
    tap = Tap("the milter's life")
    if shutil.which("promtool") is None:
        tap.say("promtool is missing: apt-get install prometheus")
    home = Home(world)
    for name, case in CASES:
        tap.case(name, case, home)
    tap.case("each milter ended with 0 at SIGTERM", retired, world)
    world.close()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
