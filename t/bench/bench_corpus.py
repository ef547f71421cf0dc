#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What is missed of real spam, and what of honest mail is taken for it.

The public corpus of SpamAssassin (corpus.py): one half to learn, the other to
judge. Beside ours Debian's rspamd and spamassassin, each with its own rules
and nothing that asks DNS, then trained on the same half. Printed for the half
that is judged: spam missed where 0.1, 0.5, 1 and 2 % of ham would be hit,
1-AUC, both with 95 % intervals (bootstrap over groups of messages that nearly
say the same); what is hit at the default thresholds; CPU time.

    --only NAMES   some of: reprieve,reprieve+,rspamd,rspamd+,sa,sa+
    --messages N   at most N of each class
    --show N       the N worst of ours: ham with the highest score, spam with
                   the lowest
"""

import argparse
import json
import os
import random
import re
import shutil
import socket
import sys
import threading
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "integration"))
sys.path.insert(0, HERE)

import table
from harness import wire
from harness import world as worlds
from harness.milter import Reprieve
from harness.redis import Redis
from harness.world import run, wait_listening

AT = (0.001, 0.005, 0.01, 0.02)
BOOTSTRAPS = 400
NOBODY = "192.0.2.1"
RCPT = "user@example.net"
ASKS_DNS = ("rbl", "surbl", "spf", "dkim", "dmarc", "arc", "fuzzy_check",
            "asn", "url_redirector", "mx_check", "phishing", "greylist",
            "ratelimit", "replies", "history_redis", "neural",
            "reputation", "hfilter", "dkim_signing", "arc_signing", "rspamd_update")


class Message:
    def __init__(self, folder, line):
        path, self.kind, half, group, self.ip, self.helo, self.sender = \
            line.rstrip("\n").split("\t")
        self.path = os.path.join(folder, path)
        self.half, self.group = int(half), int(group)
        self.ip = NOBODY if self.ip == "-" else self.ip
        self.helo = "mail.example.com" if self.helo == "-" else self.helo
        self.sender = "" if self.sender == "-" else self.sender

    def text(self):
        with open(self.path, "rb") as file:
            return re.sub(rb"\r?\n", b"\r\n", file.read())


def load(folder, limit):
    with open(f"{folder}/index.tsv", encoding="ascii") as file:
        messages = [Message(folder, line) for line in file]
    if limit:
        seen = {}
        kept = []
        for m in messages:
            key = m.kind, m.half
            seen[key] = seen.get(key, 0) + 1
            if seen[key] <= limit:
                kept.append(m)
        messages = kept
    return messages


# ---- figures ----

def missed(ham, spam, share):
    """Spam below the score that no more than that share of ham has."""
    ham = sorted(ham, reverse=True)
    limit = ham[int(len(ham) * share)]
    return sum(1 for s in spam if s <= limit) / len(spam)


def auc_lack(ham, spam):
    """The chance that a ham scores higher than a spam; a tie is half."""
    ranks = sorted([(s, 0) for s in ham] + [(s, 1) for s in spam])
    total, below, i = 0.0, 0, 0
    while i < len(ranks):
        j = i
        while j < len(ranks) and ranks[j][0] == ranks[i][0]:
            j += 1
        hams = sum(1 for k in range(i, j) if ranks[k][1] == 0)
        total += (j - i - hams) * (below + hams / 2)
        below += hams
        i = j
    return 1 - total / (len(ham) * len(spam))


def interval(results, figure):
    groups = {}
    for kind, group, score in results:
        groups.setdefault(group, []).append((kind, score))
    names = sorted(groups)
    values = []
    dice = random.Random(1)
    for _ in range(BOOTSTRAPS):
        ham, spam = [], []
        for name in dice.choices(names, k=len(names)):
            for kind, score in groups[name]:
                (spam if kind == "spam" else ham).append(score)
        if ham and spam:
            values.append(figure(ham, spam))
    values.sort()
    return values[int(len(values) * 0.025)], values[int(len(values) * 0.975)]


# ---- the contestants ----

def deaf_dns(world):
    """A name server that answers at once, and never knows: the port."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    port = world.port()
    sock.bind(("127.0.0.1", port))

    def serve():
        while True:
            question, peer = sock.recvfrom(4096)
            # QR RD RA, SERVFAIL, the question again
            sock.sendto(question[:2] + b"\x81\x82" + question[4:6]
                        + bytes(6) + question[12:], peer)

    threading.Thread(target=serve, daemon=True).start()
    return port


class Ours:
    name = "reprieve"
    limits = (("mark", 5), ("quarantine", 10), ("reject", 15))

    def __init__(self, world, trained):
        self.name += "+" if trained else ""
        self.trained = trained
        self.world = world
        self.redis = Redis(world).start()
        self.milter = Reprieve(
            world, self.redis, mode="monitor", trusted="", log="warning",
            auth="enabled = no",
            more='dns { forward = {"127.0.0.1@%d"} }\n' % deaf_dns(world) +
            'greylist { enabled = no }\nreputation { enabled = no }\n'
            "content { enabled = %s }\n" % ("yes" if trained else "no"))
        self.path = f"{self.milter.folder}/milter.sock"
        self.milter.write(socket="unix:" + self.path)

    def learn(self, messages):
        start = time.monotonic()
        for kind, word in (("spam", "spam"), ("easy", "ham"),
                           ("hard", "ham")):
            folder = self.world.path(self.world.unique("learn"))
            os.mkdir(folder)
            for i, m in enumerate(messages):
                if m.kind == kind:
                    os.symlink(m.path, f"{folder}/{i}.eml")
            run(self.world.program("ctl/reprievectl"), "-c", self.milter.conf,
                "learn", word, folder, timeout=600)
        return time.monotonic() - start

    def start(self):
        self.milter.start()
        if self.trained:
            self.wait_for_model()

    def wait_for_model(self):
        deadline = time.monotonic() + 60
        wait_listening(("127.0.0.1", self.milter.metrics_port),
                       self.milter.process, 30)
        while not re.search(r"^reprieve_content_model_version [1-9]",
                            self.milter.metrics(), re.M):
            if time.monotonic() > deadline:
                raise AssertionError("the model was not read")
            time.sleep(0.2)

    def cpu_s(self):
        return table.cpu_s(self.milter.process.pid)

    def judge(self, m):
        with wire.Wire(self.path, 30).negotiate() as w:
            w.connect(m.ip)
            w.helo(m.helo)
            w.mail(m.sender)
            w.rcpt(RCPT)
            answer = w.message(m.text())
            values = w.added("X-Reprieve")
        found = re.search(r"score=(-?[\d.]+)", values[0]) if values else None
        if found is None:
            raise AssertionError(f"{m.path}: {answer}, X-Reprieve {values}")
        return float(found.group(1))

    def stop(self):
        self.milter.process.kill()


RSPAMD = """\
.include "{dir}/options.inc"
options {{ pidfile = "{dir}/pid"; tempdir = "{dir}";
  dns {{ nameserver = ["127.0.0.1:1"]; timeout = 0.1s; retransmits = 1; }}
  control_socket = "{dir}/control mode=0600"; hs_cache_dir = "{dir}";
  cache_file = "{dir}/symbols"; dynamic_conf = "{dir}/dynamic";
  history_file = "{dir}/history"; stats_file = "{dir}/stats"; local_addrs = []; }}
"""


class Rspamd:
    name = "rspamd"
    limits = (("mark", 6), ("reject", 15))

    def __init__(self, world, trained):
        self.name += "+" if trained else ""
        self.trained = trained
        self.world = world
        self.redis = Redis(world).start()
        self.dir = world.path(world.unique("rspamd"))
        shutil.copytree("/etc/rspamd", self.dir)
        self.port, self.controller = world.port(), world.port()
        over = f"{self.dir}/override.d"
        os.makedirs(over, exist_ok=True)

        def put(name, text):
            world.write(f"{over}/{name}", text)

        put("options.inc", """\
tempdir = "{d}"; pidfile = "{d}/pid"; cache_file = "{d}/symbols";
hs_cache_dir = "{d}"; dynamic_conf = "{d}/dynamic"; history_file = "{d}/hist";
stats_file = "{d}/stats"; control_socket = "{d}/control mode=0600";
local_addrs = ["127.0.0.2"];
dns {{ nameserver = ["127.0.0.1:1"]; timeout = 0.1s; retransmits = 1; }}
""".format(d=self.dir))
        put("redis.conf", f'servers = "127.0.0.1:{self.redis.port}";\n')
        put("logging.inc", f'type = "file"; filename = "{self.dir}/log";\n'
            'level = "error";\n')
        put("worker-normal.inc",
            f'bind_socket = "127.0.0.1:{self.port}"; count = 1;\n')
        put("worker-controller.inc",
            f'bind_socket = "127.0.0.1:{self.controller}"; count = 1;\n'
            'secure_ip = ["127.0.0.1"];\n')
        put("worker-proxy.inc", "enabled = false;\n")
        put("worker-fuzzy.inc", "enabled = false;\n")
        put("classifier-bayes.conf", 'backend = "redis"; autolearn = false;\n'
            + ("" if trained else "min_learns = 100000000;\n"))
        for module in ASKS_DNS:
            put(f"{module}.conf", "enabled = false;\n")
        shutil.chown(self.dir, "_rspamd", "_rspamd")

    def start(self):
        self.process = self.world.start(
            "rspamd", "-f", "-c", f"{self.dir}/rspamd.conf", "-u", "_rspamd",
            "-g", "_rspamd", "--var", f"CONFDIR={self.dir}",
            "--var", f"LOCAL_CONFDIR={self.dir}", "--var", f"DBDIR={self.dir}",
            "--var", f"RUNDIR={self.dir}", "--var", f"LOGDIR={self.dir}")
        for port in (self.port, self.controller):
            wait_listening(("127.0.0.1", port), self.process, 60)

    def ask(self, port, path, text, headers):
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/{path}", data=text, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def learn(self, messages):
        start, refused = time.monotonic(), 0
        for m in messages:
            path = "learnspam" if m.kind == "spam" else "learnham"
            try:
                self.ask(self.controller, path, m.text(), {})
            except (urllib.error.HTTPError, ValueError):
                refused += 1  # a message it has learnt, or one too short
        print(f"  {refused} of {len(messages)} messages were not learnt")
        return time.monotonic() - start

    def cpu_s(self):
        children = run("pgrep", "-P", str(self.process.pid), check=False)
        return sum(table.cpu_s(int(pid)) for pid in children.split())

    def judge(self, m):
        headers = {"IP": m.ip, "Helo": m.helo, "From": m.sender or "<>",
                   "Rcpt": RCPT}
        try:
            return float(self.ask(self.port, "checkv2", m.text(),
                                  headers)["score"])
        except (ValueError, OSError) as error:
            # A worker that ended is started anew by its master.
            print(f"  {m.path}: no answer ({error}), asked again")
            time.sleep(2)
            return float(self.ask(self.port, "checkv2", m.text(),
                                  headers)["score"])

    def stop(self):
        self.process.kill()


SA = """\
use_bayes {bayes}
bayes_auto_learn 0
bayes_path {dir}/bayes
skip_rbl_checks 1
dns_available no
use_razor2 0
use_pyzor 0
report_safe 0
required_score 5
trusted_networks 127.0.0.1
internal_networks 127.0.0.1
"""


class SpamAssassin:
    name = "spamassassin"
    limits = (("mark", 5),)

    def __init__(self, world, trained):
        self.name += "+" if trained else ""
        self.world = world
        self.dir = world.path(world.unique("sa"))
        os.mkdir(self.dir)
        for name in os.listdir("/etc/spamassassin"):
            if name.endswith(".pre"):
                shutil.copy(f"/etc/spamassassin/{name}", self.dir)
        world.write(f"{self.dir}/local.cf", SA.format(
            dir=self.dir, bayes=int(trained)))
        self.port = world.port()
        self.options = (f"--siteconfigpath={self.dir}",
                        "--configpath=/usr/share/spamassassin")

    def start(self):
        self.process = self.world.start(
            "spamd", "-L", "-x", "-i", "127.0.0.1", "-p",
            str(self.port), "-m", "1", "--min-children=1", *self.options,
            "-r", f"{self.dir}/pid", "-s", f"{self.dir}/log")
        wait_listening(("127.0.0.1", self.port), self.process, 120)

    def learn(self, messages):
        start = time.monotonic()
        for kind in ("spam", "ham"):
            folder = f"{self.dir}/{kind}"
            os.mkdir(folder)
            for i, m in enumerate(messages):
                if (m.kind == "spam") == (kind == "spam"):
                    self.world.write(f"{folder}/{i}", (
                        self.received(m) + m.text()).replace(
                            b"\r\n", b"\n").decode("latin-1"))
            run("sa-learn", "-L", "--no-sync", f"--{kind}", *self.options,
                folder, timeout=3600)
        run("sa-learn", "--sync", *self.options, timeout=600)
        return time.monotonic() - start

    @staticmethod
    def received(m):
        """The hop to us, from which it takes client and greeting."""
        date = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())
        # Nobody's name in DNS is known. (As if each had the one that it
        # says, spamassassin misses more.)
        return (f"Return-Path: <{m.sender}>\r\n"
                f"Received: from {m.helo} (unknown [{m.ip}])\r\n"
                f"\tby mx.example.net (Postfix) with ESMTP id 4ABCDEF12\r\n"
                f"\tfor <{RCPT}>; {date}\r\n").encode("latin-1")

    def cpu_s(self):
        """With the children that have ended."""
        children = run("pgrep", "-P", str(self.process.pid), check=False)
        return table.cpu_s(self.process.pid) + sum(
            table.cpu_s(int(pid)) for pid in children.split())

    def judge(self, m):
        text = self.received(m) + m.text()
        with socket.create_connection(("127.0.0.1", self.port), 300) as s:
            s.sendall(b"CHECK SPAMC/1.5\r\nContent-length: %d\r\n\r\n"
                      % len(text) + text)
            s.shutdown(socket.SHUT_WR)
            answer = b""
            while True:
                more = s.recv(65536)
                if not more:
                    break
                answer += more
        found = re.search(rb"Spam: \w+ ; (-?[\d.]+) /", answer)
        if found is None:
            raise AssertionError(f"{m.path}: {answer[:200]}")
        return float(found.group(1))

    def stop(self):
        self.process.stop()


ALL = {"reprieve": (Ours, False), "reprieve+": (Ours, True),
       "rspamd": (Rspamd, False), "rspamd+": (Rspamd, True),
       "sa": (SpamAssassin, False), "sa+": (SpamAssassin, True)}


# ---- one run ----

def percent(value):
    return f"{100 * value:.2f}"


def show_worst(scored, count):
    for title, kind, worst in (("ham", ("easy", "hard"), -1),
                               ("spam", ("spam",), 1)):
        rows = sorted((r for r in scored if r[0].kind in kind),
                      key=lambda r: worst * r[1])[:count]
        for message, score in rows:
            print(f"    {title} {score:8.3f} {message.path}")


def measure(world, name, messages, show):
    kind, trained = ALL[name]
    contestant = kind(world, trained)
    learnt_s = 0
    if isinstance(contestant, Ours) and trained:
        learnt_s = contestant.learn([m for m in messages if m.half == 0])
    contestant.start()
    if not isinstance(contestant, Ours) and trained:
        learnt_s = contestant.learn([m for m in messages if m.half == 0])
    judged = [m for m in messages if m.half == 1]
    for m in judged[:20]:
        contestant.judge(m)
    cpu_s, start = contestant.cpu_s(), time.monotonic()
    scored = [(m, contestant.judge(m)) for m in judged]
    took_s = time.monotonic() - start
    cpu_s = contestant.cpu_s() - cpu_s
    contestant.stop()
    results = [(m.kind, m.group, s) for m, s in scored]
    ham = [s for k, _, s in results if k != "spam"]
    spam = [s for k, _, s in results if k == "spam"]
    print(f"\n{contestant.name}", flush=True)
    if trained:
        print(f"  learnt in {learnt_s:.2f} s")
    for share in AT:
        low, high = interval(results, lambda h, s: missed(h, s, share))
        print(f"  missed at {100 * share:.1f} % of ham: "
              f"{percent(missed(ham, spam, share))} %"
              f"   [{percent(low)}, {percent(high)}]")
    low, high = interval(results, auc_lack)
    print(f"  1-AUC: {percent(auc_lack(ham, spam))} %"
          f"   [{percent(low)}, {percent(high)}]")
    for word, limit in contestant.limits:
        parts = []
        for k in ("easy", "hard", "spam"):
            scores = [s for kk, _, s in results if kk == k]
            parts.append(f"{k} {sum(1 for s in scores if s >= limit)}"
                         f" of {len(scores)}")
        print(f"  {word} at {limit}: {', '.join(parts)}")
    print(f"  CPU {1000 * cpu_s / len(judged):.2f} s for 1,000 messages; "
          f"{len(judged) / took_s:.0f} messages/s, one at a time", flush=True)
    if show:
        show_worst(scored, show)
    return cpu_s / len(judged)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--only", default=",".join(ALL))
    parser.add_argument("--messages", type=int, default=0)
    parser.add_argument("--show", type=int, default=0)
    options = parser.parse_args()
    world = worlds.enter()
    folder = world.path("corpus")
    print(run("/usr/bin/python3", os.path.join(HERE, "corpus.py"),
              os.path.abspath(options.corpus), folder, timeout=600), end="")
    messages = load(folder, options.messages)
    os.chmod(folder, 0o755)
    costs = {}
    for name in options.only.split(","):
        costs[name] = measure(world, name, messages, options.show)
    if "reprieve" in costs:
        for name, cost in costs.items():
            print(f"CPU of {name}: {cost / costs['reprieve']:.1f} x reprieve")
    world.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
