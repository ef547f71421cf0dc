# SPDX-License-Identifier: BSD-2-Clause
"""reprievectl as an operator uses it: words in, exit code and text out."""
import json
import os
import re
import socket
import subprocess
import sys
import threading

sys.dont_write_bytecode = True  # the sources may be read-only
from ctltest import (DONE, DOWN, NO, PROGRAM, REFUSED, SOURCE, USAGE, Place, case,
                     gives, run, wait_for)

place = Place()
redis = place.redis

COMMANDS = ["check", "explain", "list", "add", "allow", "remove", "import",
            "export", "nodes", "watch", "lists", "mta-config", "doctor", "config",
            "test-message", "tickets"]


def fresh():
    redis("FLUSHALL")
    if os.path.exists(place.folder + "/lists.snap"):
        raise AssertionError("a tool must not write the milter's snapshot")


# ---- words ----

@case("no command, an unknown one and an unknown option are usage errors")
def _():
    for words in ([], ["frob"], ["--frob"], ["add", "192.0.2.1", "--frob"],
                  ["list", "block", "x"], ["check"], ["add", "--reason"],
                  ["list", "--limit", "12x"], ["add", "192.0.2.1", "--reason", "x", "--ttl", "0"],
                  ["add", "192.0.2.1", "--reason", "x", "--ttl", "99999d"]):
        answer = place(*words)
        gives(answer, USAGE)
        assert "usage:" in answer.err, answer


@case("--help tells about the whole and about each command")
def _():
    answer = place("--help")
    gives(answer, DONE)
    for name in COMMANDS:
        assert re.search(r"^  %s +\S" % name, answer.out, re.M), name
        own = place(name, "--help")
        gives(own, DONE)
        assert own.out.startswith("usage: reprievectl"), own


@case("an error is JSON, too, where JSON was asked for")
def _():
    answer = place("--json", "add", "192.0.2.300", "--reason", "x")
    gives(answer, USAGE)
    assert "192.0.2.300" in answer.json()["error"], answer
    answer = place("add", "--json", "--frob")
    gives(answer, USAGE)
    assert "frob" in answer.json()["error"], answer


@case("a wrong configuration file is told with its line")
def _():
    path = place.file("wrong.conf", 'host = "a.example"\nfrob = 1\n')
    for words in (["list"], ["nodes"]):
        answer = place(*words, conf=path)
        gives(answer, USAGE)
        assert "wrong.conf:2" in answer.err, answer
    answer = place("config", "check", conf=path)
    gives(answer, NO)
    assert "wrong.conf:2" in answer.out, answer
    gives(place("config", "check", conf=place.folder + "/none"), NO)


@case("config --effective prints a file that loads to the same")
def _():
    first = place("config", "--effective")
    gives(first, DONE)
    second = place("config", "--effective", conf=place.file("again.conf", first.out))
    gives(second, DONE)
    assert second.out == first.out and "postmaster.example.net" in first.out, first


@case("completion in bash and the manual know every command and option")
def _():
    script = os.path.join(SOURCE, "etc/reprievectl.bash-completion")
    with open(os.path.join(SOURCE, "man/reprievectl.8"), encoding="utf-8") as page:
        manual = page.read()

    def complete(*words):
        asked = '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _reprievectl; ' \
            'printf "%s\\n" "${COMPREPLY[@]}"'
        return set(subprocess.run(["bash", "-c", asked, script, "reprievectl", *words],
                                  stdout=subprocess.PIPE, check=True,
                                  timeout=60).stdout.decode().split())
    assert set(COMMANDS) < complete(""), complete("")
    for name in COMMANDS:
        assert re.search(r"^\.It Cm %s\b" % name, manual, re.M), name
        options = set(re.findall(r"^  (--[a-z-]+)", place(name, "--help").out, re.M))
        known = complete("-c", "x", name, "192.0.2.1", "--") - {"--json", "--help"}
        assert options == known, (name, options, known)
        for option in options:
            assert re.search(r"Fl Fl (\S+ (Ar \S+ )?, )*%s\b|, %s\b" % (option[2:], option[2:]),
                             manual), (name, option)
    assert complete("add", "192.0.2.1", "--class", "r") == {"review"}
    assert complete("mta-config", "") >= {"postfix", "sendmail"}
    assert complete("import", "/dev/nul") == {"/dev/null"}


# ---- add, allow, remove ----

@case("add writes reason, origin, since, by and an end, and the audit")
def _():
    fresh()
    answer = place("add", "192.0.2.7", "--reason", "spam run", "--class", "review")
    gives(answer, DONE)
    assert "30d" in answer.out, answer
    entry = redis.hash("rp:block:192.0.2.7")
    assert entry["reason"] == "spam run" and entry["class"] == "review", entry
    assert entry["origin"] == "admin" and "@" in entry["by"], entry
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry["since"]), entry
    assert 29 * 86400 < redis("TTL", "rp:block:192.0.2.7") <= 30 * 86400
    (line,) = redis.audit()
    assert line["what"] == "add" and line["key"] == "rp:block:192.0.2.7", line
    assert line["who"] == entry["by"] and line["why"] == "spam run", line
    assert line["before"] == "" and json.loads(line["after"])["reason"] == "spam run"


@case("add takes every spelling of an address to its one key")
def _():
    fresh()
    for text, key in (("::ffff:198.51.100.1", "198.51.100.1"),
                      ("64:ff9b::198.51.100.2", "198.51.100.2"),
                      ("2001:DB8:0::5", "2001:db8::5"),
                      ("198.51.100.77/24", "198.51.100.0/24"),
                      ("198.51.100.3/32", "198.51.100.3")):
        gives(place("add", text, "--reason", "x"), DONE)
        assert redis("EXISTS", "rp:block:" + key) == 1, (text, redis("KEYS", "*"))


@case("add again replaces the entry and says what it was")
def _():
    fresh()
    place("add", "192.0.2.7", "--reason", "one", "--lock", "--note", "n", "--code", "BLOCKED_SELF")
    answer = place("--json", "add", "192.0.2.7", "--reason", "two", "--ttl", "never", "--shadow")
    gives(answer, DONE)
    assert answer.json()["before"]["reason"] == "one", answer
    assert answer.json()["before"]["lock"] == "yes", answer
    entry = redis.hash("rp:block:192.0.2.7")
    assert entry["reason"] == "two" and entry["shadow"] == "yes", entry
    assert "lock" not in entry and "note" not in entry, entry
    assert redis("TTL", "rp:block:192.0.2.7") == -1
    redis("SET", "rp:block:192.0.2.8", "typed by hand", "EX", "100")
    answer = place("--json", "add", "192.0.2.8", "--reason", "r")
    assert answer.json()["before"]["reason"] == "typed by hand", answer


@case("a very wide network wants --force, which the entry then carries")
def _():
    fresh()
    for net in ("0.0.0.0/0", "192.0.0.0/7", "2000::/15", "::/0"):
        gives(place("add", net, "--reason", "x"), REFUSED)
        gives(place("allow", net, "--reason", "x"), REFUSED)
    assert redis("DBSIZE") == 0
    gives(place("add", "192.0.0.0/7", "--reason", "x", "--force"), DONE)
    assert redis.hash("rp:block:192.0.0.0/7")["force"] == "yes"
    gives(place("add", "10.0.0.0/8", "--reason", "x"), DONE)


@case("add refuses a missing reason, a bad class, domain, network or control")
def _():
    fresh()
    for words in (["192.0.2.1"], ["192.0.2.1", "--reason", ""],
                  ["192.0.2.1", "--reason", "x", "--class", "evil"],
                  ["192.0.2.1", "--reason", "x", "--rcpt", "no domain"],
                  ["192.0.2.1/33", "--reason", "x"], ["192.0.2.01", "--reason", "x"],
                  ["192.0.2.1", "--reason", "a\x1b[2Jb"], ["192.0.2.1", "--reason", "a\nb"]):
        gives(place("add", *words), USAGE)
    assert redis("DBSIZE") == 0


@case("lists of a recipient domain have their own keys")
def _():
    fresh()
    gives(place("allow", "192.0.2.7", "--reason", "partner", "--rcpt", "Example.ORG."), DONE)
    assert redis("EXISTS", "rp:allow@example.org:192.0.2.7") == 1
    gives(place("remove", "192.0.2.7", "--rcpt", "example.org"), NO)
    gives(place("remove", "192.0.2.7", "--allow", "--rcpt", "example.org"), DONE)
    assert redis("KEYS", "rp:allow*") == []


@case("add warns when an allow entry makes it idle")
def _():
    fresh()
    place("allow", "192.0.2.0/24", "--reason", "x")
    answer = place("add", "192.0.2.7", "--reason", "x")
    gives(answer, DONE)
    assert "allow beats block" in answer.out, answer


@case("remove takes every spelling away, and names what still covers")
def _():
    fresh()
    place("add", "192.0.2.7", "--reason", "x")
    place("add", "192.0.2.0/24", "--reason", "wide")
    redis("SET", "rp:block:::ffff:192.0.2.7", "by hand")
    redis("SET", "rp:block:192.0.2.7/32", "by hand")
    answer = place("--json", "remove", "192.0.2.7", "--reason", "sorry")
    gives(answer, DONE)
    keys = {r["key"] for r in answer.json()["removed"]}
    assert keys == {"rp:block:192.0.2.7", "rp:block:192.0.2.7/32",
                    "rp:block:::ffff:192.0.2.7"}, answer
    assert any("192.0.2.0/24" in m for m in answer.json()["messages"]), answer
    assert redis("KEYS", "rp:block*") == [b"rp:block:192.0.2.0/24"]
    line = redis.audit()[-1]
    assert line["what"] == "remove" and line["after"] == "", line
    assert line["why"] == "sorry" and "reason" in json.loads(line["before"]), line
    before = len(redis.audit())
    gives(place("remove", "192.0.2.7"), NO)
    assert len(redis.audit()) == before, "nothing changed, so nothing is recorded"


# ---- list, export ----

@case("list shows entries in order and says why nonsense is ignored")
def _():
    fresh()
    redis("SET", "rp:block:192.0.2.9", "nine")
    redis("SET", "rp:block:192.0.2.10", "ten", "EX", 7200)
    redis("HSET", "rp:block:junk", "reason", "r")
    redis("LPUSH", "rp:block:192.0.2.11", "x")
    redis("SET", "rp:block:1.2.3.4/99", "x")
    redis("SET", "rp:block:0.0.0.0/0", "x")
    redis("SET", "rp:case:X", "not a list")
    answer = place("--json", "list")
    gives(answer, DONE)
    data = answer.json()
    assert data["total"] == 6 and data["ignored"] == 4, answer
    by = {e["key"]: e for e in data["entries"]}
    assert "ignored_because" not in by["rp:block:192.0.2.9"], answer
    assert 7000 < by["rp:block:192.0.2.10"]["ttl_s"] <= 7200, answer
    assert "force" in by["rp:block:0.0.0.0/0"]["ignored_because"], answer
    for key in ("rp:block:junk", "rp:block:192.0.2.11", "rp:block:1.2.3.4/99"):
        assert by[key]["ignored_because"], key
    order = [e["key"] for e in data["entries"]]
    assert order.index("rp:block:192.0.2.9") < order.index("rp:block:192.0.2.10"), order
    human = place("list").out
    assert human.count("IGNORED") == 4 and "nine" in human, human


@case("list filters by kind, domain, network and number")
def _():
    fresh()
    for i in range(5):
        redis("SET", "rp:block:192.0.2.%d" % i, "x")
    redis("SET", "rp:block:192.0.2.0/24", "x")
    redis("SET", "rp:block:198.51.100.1", "x")
    redis("SET", "rp:allow:192.0.2.1", "x")
    redis("SET", "rp:block@example.org:192.0.2.1", "x")

    def keys(*words):
        answer = place("--json", "list", *words)
        gives(answer, DONE)
        return [e["key"] for e in answer.json()["entries"]]
    assert keys("allow") == ["rp:allow:192.0.2.1"]
    assert keys("--rcpt", "example.org") == ["rp:block@example.org:192.0.2.1"]
    assert len(keys("block", "--match", "192.0.2.1")) == 3
    assert len(keys("--match", "198.51.100.0/24")) == 1
    assert len(keys("block", "--limit", "3")) == 3
    gives(place("list", "frob"), USAGE)
    gives(place("list", "--match", "frob"), USAGE)


@case("what a stranger wrote into Redis cannot talk to the terminal")
def _():
    fresh()
    redis("SET", "rp:block:192.0.2.1", b"a\x1b[2J\x07\r\nb\xff\x00\xe2\x80\xaec\xc2\x9bd caf\xc3\xa9")
    redis("SET", b"rp:block:\x1b]0;x\x07", "x")
    for words in (["list"], ["check", "192.0.2.1", "--quick"], ["remove", "192.0.2.1"]):
        answer = place(*words)
        assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f\xff]|\xe2\x80\xae|\xc2\x9b",
                             answer.raw), answer.raw
        assert "caf\u00e9" in answer.out or "xc3" in answer.out, answer
    answer = place("--json", "list")
    gives(answer, DONE)
    answer.json()


@case("export writes what import reads, and one JSON object a line")
def _():
    fresh()
    place("add", "192.0.2.0/25", "--reason", "one; two # three")
    place("allow", "192.0.2.1", "--reason", "x")
    redis("SET", "rp:block:junk", "x")
    text = place("export").out
    assert text == "192.0.2.0/25 # one; two # three\n", text
    lines = place("export", "--format", "json").out.splitlines()
    assert {json.loads(line)["key"] for line in lines} == {
        "rp:block:192.0.2.0/25", "rp:allow:192.0.2.1", "rp:block:junk"}, lines
    gives(place("export", "--format", "x"), USAGE)
    assert place("export", "--origin", "feed:x").out == ""
    assert place("export", "--kind", "allow").out == "192.0.2.1 # x\n"


# ---- nodes, lists, watch, mta-config, doctor ----

@case("nodes shows who is behind and why")
def _():
    fresh()
    gives(place("nodes"), NO)
    redis("HSET", "rp:node:mx1", "state", "live", "version", "7", "entries", "3",
          "lag_ms", "0", "at", "1700000000")
    redis("EXPIRE", "rp:node:mx1", 59)
    answer = place("nodes")
    gives(answer, DONE)
    assert "mx1" in answer.out and "live" in answer.out, answer
    redis("HSET", "rp:node:mx2", "state", "stale", "version", "5")
    redis("EXPIRE", "rp:node:mx2", 50)
    answer = place("--json", "nodes")
    gives(answer, NO)
    data = answer.json()
    assert data["behind"] == 1 and "mx2" in data["messages"][0], answer
    assert 8 <= data["nodes"][1]["age_s"] <= 12, answer
    redis("HSET", "rp:node:mx2", "state", "live", "lag_ms", "5000")
    gives(place("nodes"), NO)
    redis("HSET", "rp:node:mx2", "lag_ms", "0")
    redis("EXPIRE", "rp:node:mx2", 20)
    gives(place("nodes"), NO)


@case("lists accept-empty wants a yes, then marks the lists as right")
def _():
    fresh()
    redis("SET", "rp:lists:generation", "old")
    gives(place("lists", "accept-empty"), REFUSED)
    assert redis("GET", "rp:lists:generation") == b"old"
    gives(place("lists", "frob"), USAGE)
    gives(place("lists", "accept-empty", "--yes"), DONE)
    assert re.fullmatch(rb"admin-[0-9a-f]{16}", redis("GET", "rp:lists:generation"))
    line = redis.audit()[-1]
    assert line["what"] == "accept-empty" and line["before"] == "old", line


@case("watch prints changes as they happen, by redis-cli and by us")
def _():
    fresh()
    watcher = place.start("--json", "watch", "--count", "4")
    lines = []

    def read():
        for line in watcher.stdout:
            lines.append(json.loads(line))
    reader = threading.Thread(target=read)
    reader.start()
    assert b"watching" in watcher.stderr.readline()
    redis("SET", "rp:block:192.0.2.1", "by hand", "EX", 100)
    wait_for(lambda: len(lines) == 1, "the first line")
    redis("DEL", "rp:block:192.0.2.1")
    wait_for(lambda: len(lines) == 2, "the second line")
    place("add", "192.0.2.2", "--reason", "spam")
    wait_for(lambda: len(lines) == 4, "the last lines")
    reader.join()
    assert watcher.wait() == DONE
    watcher.stderr.close()
    assert [e["event"] for e in lines] == ["set", "gone", "set", "audit"], lines
    assert lines[0]["reason"] == "by hand" and lines[0]["ttl_s"] > 90, lines
    assert lines[3]["what"] == "add" and lines[3]["why"] == "spam", lines


@case("mta-config has the lines of both MTAs, with what goes wrong without")
def _():
    answer = place("mta-config", "postfix")
    gives(answer, DONE)
    assert "smtpd_milters = unix:%s/milter.sock\n" % place.folder in answer.out, answer
    assert "milter_default_action = tempfail\n" in answer.out, answer
    assert "recipient_delimiter = +" in answer.out
    answer = place("mta-config", "sendmail")
    gives(answer, DONE)
    assert ("INPUT_MAIL_FILTER(`reprieve', `S=unix:%s/milter.sock, F=T, "
            "T=S:30s;R:30s;E:5m')" % place.folder) in answer.out, answer
    assert "reprieve-intake" in answer.out
    gives(place("mta-config", "exim"), USAGE)
    text = open(place.conf).read()
    inet = place.file("inet.conf", re.sub(r'socket = "[^"]*"', 'socket = "inet:8894@127.0.0.1"', text))
    answer = place("mta-config", "postfix", conf=inet)
    assert "smtpd_milters = inet:127.0.0.1:8894\n" in answer.out, answer
    assert "44 ms" in place("mta-config", "sendmail", conf=inet).out
    chroot = place.file("chroot.conf", re.sub(
        r'socket = "[^"]*"', 'socket = "unix:/var/spool/postfix/reprieve/m.sock"', text))
    answer = place("mta-config", "postfix", conf=chroot)
    assert "smtpd_milters = unix:reprieve/m.sock\n" in answer.out, answer


def handed_over():
    return place.file("fd.conf", re.sub(
        r'socket = "[^"]*"', 'socket = "fd:3"', open(place.conf).read(), count=1))


def sample(name, pattern):
    with open(os.path.join(SOURCE, "etc", name)) as text:
        return re.findall(pattern, text.read(), re.M)


@case("mta-config names the shipped socket where systemd hands it over")
def _():
    conf = handed_over()
    answer = place("mta-config", "postfix", conf=conf)
    gives(answer, DONE)
    assert "# This is the socket of reprieve-milter.socket" in answer.out, answer
    assert "milter.group" not in answer.out, answer
    lines = sample("postfix.cf", r"^(?:smtpd_milters|milter_\w+_\w+) = .*$")
    assert "smtpd_milters = unix:reprieve/milter.sock" in lines and len(lines) == 5, lines
    for wanted in lines:
        assert wanted in answer.out.splitlines(), (wanted, answer)
    path, = sample("reprieve-milter.socket", r"^ListenStream=(.*)$")
    assert path == "/var/spool/postfix/reprieve/milter.sock", path
    answer = place("mta-config", "sendmail", conf=conf)
    gives(answer, DONE)
    assert "dnl This is the socket of reprieve-milter.socket" in answer.out, answer
    for wanted in sample("sendmail.mc", r"^INPUT_MAIL_FILTER.*$"):
        assert wanted in answer.out.splitlines(), (wanted, answer)
    path = sample("reprieve-sendmail.conf", r"^ListenStream=(.+)$")[0]
    assert "`S=unix:%s, F=T" % path in answer.out, answer


class FakeMilter:
    """Answers the negotiation, or whatever it is told to."""

    def __init__(self, path, answer):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen(5)
        self.answer = answer
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        link, _ = self.socket.accept()
        asked = link.recv(17)
        if asked[:5] == b"\0\0\0\x0dO":
            link.sendall(self.answer)
        try:
            link.recv(100)
        except OSError:
            pass  # it hangs up on what is no milter
        link.close()
        self.socket.close()


def doctor():
    answer = place("--json", "doctor")
    return answer, {c["topic"]: c for c in answer.json()["checks"][::-1]}


@case("doctor finds a milter that is away, wrong or fine")
def _():
    fresh()
    path = place.folder + "/milter.sock"
    answer, topic = doctor()
    gives(answer, NO)
    assert topic["milter"]["level"] == "FAIL" and topic["milter"]["remedy"], answer
    for text, level in ((b"220 mx.example.net ESMTP\r\n", "FAIL"),
                        (b"\0\0\0\x0dO\0\0\0\6\0\0\0\1\0\0\0\0", "OK")):
        FakeMilter(path, text)
        answer, topic = doctor()
        assert topic["milter"]["level"] == level, answer
        os.unlink(path)


@case("doctor warns of eviction, nonsense and a missing generation key")
def _():
    fresh()
    redis("SET", "rp:block:junk", "x")
    redis("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    answer = place("doctor")
    assert re.search(r"^WARN redis .*allkeys-lru", answer.out, re.M), answer
    assert re.search(r"^WARN lists .*nonsense", answer.out, re.M), answer
    assert re.search(r"^WARN lists .*lists:generation", answer.out, re.M), answer
    redis("CONFIG", "SET", "maxmemory-policy", "noeviction")
    redis("SET", "rp:lists:generation", "g")
    redis("DEL", "rp:block:junk")
    answer = place("doctor")
    assert not re.search(r"^(WARN|FAIL) (redis|lists|clock) ", answer.out, re.M), answer


@case("doctor says what is wrong with the configuration")
def _():
    answer = place("doctor", conf=place.file("bad.conf", "frob = 1\n"))
    gives(answer, NO)
    assert re.search(r"^FAIL config .*bad.conf:1", answer.out, re.M), answer


# ---- check, explain ----

def check(*words):
    answer = place("--json", "check", *words)
    assert answer.code in (DONE, NO), answer
    return answer.code, answer.json()


@case("check names the entry that wins and the rule")
def _():
    fresh()
    assert check("192.0.2.7")[0] == DONE
    assert redis("DBSIZE") == 0, "a question must leave nothing behind"
    redis("HSET", "rp:block:192.0.2.0/24", "reason", "net", "class", "policy")
    redis("SET", "rp:block:192.0.2.7", "host")
    for quick in ([], ["--quick"]):
        code, data = check("192.0.2.7", *quick)
        assert code == NO and data["answer"] == "blocked", data
        assert data["winner"] == "rp:block:192.0.2.7", data
        assert data["rule"].startswith("3"), data
        assert [e["key"] for e in data["entries"]] == [
            "rp:block:192.0.2.7", "rp:block:192.0.2.0/24"], data
    redis("SET", "rp:allow:192.0.0.0/16", "friends")
    code, data = check("192.0.2.7")
    assert code == DONE and data["answer"] == "allowed", data
    assert data["rule"].startswith("2"), data
    redis("SET", "rp:block@example.org:192.0.2.0/24", "not here")
    code, data = check("192.0.2.7", "--rcpt", "example.org")
    assert code == NO and data["rule"].startswith("1"), data
    assert data["winner"] == "rp:block@example.org:192.0.2.0/24", data
    assert check("192.0.2.7")[0] == DONE


@case("check finds other spellings, and leaves out shadows and nonsense")
def _():
    fresh()
    redis("SET", "rp:lists:generation", "g")
    redis("SET", "rp:block:::ffff:192.0.2.9", "mapped")
    for text in ("192.0.2.9", "::ffff:192.0.2.9", "64:ff9b::192.0.2.9", "[192.0.2.9]"):
        code, data = check(text)
        assert code == NO and data["ip"] == "192.0.2.9", data
    redis("HSET", "rp:block:192.0.2.10", "reason", "x", "shadow", "yes")
    code, data = check("192.0.2.10")
    assert code == DONE and data["answer"] == "clear" and data["shadow"], data
    redis("SET", "rp:block:0.0.0.0/0", "everybody")
    assert check("198.51.100.1")[0] == DONE
    redis("SET", "rp:block:2001:db8::/32", "six")
    assert check("2001:db8::1")[0] == NO
    gives(place("check", "192.0.2"), USAGE)
    gives(place("check", "192.0.2.0/24"), USAGE)


def located():
    """The configuration with databases: 192.0.2.0/24 is NL and AS64500."""
    folder = os.path.abspath(SOURCE + "/t/data/geo")
    with open(place.conf) as f:
        text = f.read()
    return place.file("geo.conf", text + 'geo { country = "%s/country.mmdb" '
                      'asn = "%s/asn.mmdb" }\n' % (folder, folder))


@case("check knows countries, networks by number, and domains")
def _():
    fresh()
    conf = located()

    def ask(*words):
        answer = place("--json", "check", *words, conf=conf)
        return answer.code, answer.json()

    code, data = ask("192.0.2.7")
    assert code == DONE and data["country"] == "NL" and data["asn"] == 64500, data
    redis("SET", "rp:block:country:NL", "a country")
    redis("SET", "rp:block:asn:64500", "a network")
    for quick in ([], ["--quick"]):
        code, data = ask("192.0.2.7", *quick)
        assert code == NO and data["winner"] == "rp:block:asn:64500", data
        assert [e["key"] for e in data["entries"]] == [
            "rp:block:asn:64500", "rp:block:country:NL"], data
        assert data["rule"].startswith("3"), data
        assert ask("203.0.113.1", *quick)[0] == DONE
    redis("SET", "rp:block:192.0.2.0/24", "narrower")
    for quick in ([], ["--quick"]):
        assert ask("192.0.2.7", *quick)[1]["winner"] == "rp:block:192.0.2.0/24"
    redis("SET", "rp:allow:domain:good.example", "friends")
    for words in (["--helo", "mx.good.example"], ["--from", "good.example"]):
        assert ask("192.0.2.7", *words)[0] == NO, words
    code, data = ask("192.0.2.7", "--ptr", "MX.good.example")
    assert code == DONE and data["winner"] == "rp:allow:domain:good.example", data
    gives(place("check", "192.0.2.7", "--helo", "a b"), USAGE)


@case("countries, networks by number, and domains are added and removed")
def _():
    fresh()
    for word, key in (("asn:64500", "asn:64500"), ("country:nl", "country:NL"),
                      ("domain:Spam.Example", "domain:spam.example")):
        key = "rp:block:" + key
        gives(place("add", word, "--reason", "r", "--class", "policy"), DONE)
        assert redis.hash(key)["class"] == "policy", key
        gives(place("add", word, "--reason", "r", "--rcpt", "example.org"), DONE)
        scoped = key.replace("block:", "block@example.org:")
        gives(place("remove", word, "--rcpt", "example.org"), DONE)
        assert redis("EXISTS", scoped) == 0, scoped
        gives(place("allow", word, "--reason", "r"), DONE)
        answer = place("add", word, "--reason", "again")
        assert "allow beats block" in answer.out, answer
        gives(place("remove", word, "--allow"), DONE)
        gives(place("remove", word), DONE)
        assert redis("EXISTS", key) == 0, key
        gives(place("remove", word), NO)
    redis("SET", "rp:block:domain:SPAM.example", "another spelling")
    redis("SET", "rp:block:country:nl", "another spelling")
    gives(place("remove", "domain:spam.example"), DONE)
    gives(place("remove", "country:NL"), DONE)
    assert not redis("KEYS", "rp:block*"), "all spellings go"
    for word in ("asn:x", "country:NLD", "domain:a b", "ff00:200::1"):
        gives(place("add", word, "--reason", "r"), USAGE)


@case("list shows what an entry is about")
def _():
    fresh()
    redis("SET", "rp:block:country:nl", "x")
    redis("SET", "rp:block:asn:64500", "x")
    redis("SET", "rp:block:domain:spam.example", "x")
    redis("SET", "rp:block:ff00:300::4e4c", "nobody")
    by = {e["key"]: e for e in place("--json", "list").json()["entries"]}
    assert by["rp:block:country:nl"]["country"] == "NL", by
    assert by["rp:block:asn:64500"]["asn"] == "64500", by
    assert by["rp:block:domain:spam.example"]["domain"] == "spam.example", by
    ignored = [key for key, e in by.items() if "ignored_because" in e]
    assert ignored == ["rp:block:ff00:300::4e4c"], by
    human = place("list").out
    for word in ("country:NL", "asn:64500", "spam.example"):
        assert word in human, human
    assert place("export", "--format", "cidr").out.strip() == "", "no line is a network"


ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@case("explain tells a case in order, with cause, remedy and the entry now")
def _():
    fresh()
    body = "7K3M9QXB2HTD4FZ6"
    answers = [place("explain", body + c) for c in ALPHABET + "*~$=U"]
    assert all(a.code == NO for a in answers)
    good = [c for c, a in zip(ALPHABET + "*~$=U", answers) if "no such case" in a.err]
    assert len(good) == 1, good
    ref = body + good[0]
    redis("HSET", "rp:case:" + ref, "ref", ref, "code", "BLOCKED_SELF", "ip", "192.0.2.7",
          "key", "rp:block:192.0.2.7", "reason", "spam\x1b[2J", "findings", "blocked hit\nallowed miss",
          "action", "reject", "future_field", "x", "spf", "fail", "score", "2.5",
          "dkim", "fail d=example.org s=a\npass d=example.com s=b\n")
    redis("SET", "rp:block:192.0.2.7", "spam")
    answer = place("--json", "explain", "https://postmaster.example.net/r/" + ref.lower())
    gives(answer, DONE)
    data = answer.json()
    assert data["ip"] == "192.0.2.7" and data["findings"] == ["blocked hit", "allowed miss"], data
    assert data["cause"] and data["remedy"] and data["precedence"], data
    assert data["authentication"] == {
        "spf": "fail",
        "dkim": ["fail d=example.org s=a", "pass d=example.com s=b"]}, data
    assert data["score"] == "2.5", data
    assert data["entry_now"]["reason"] == "spam" and data["future_field"] == "x", data
    assert "meaning" not in data, data
    redis("HSET", "rp:case:" + ref, "findings",
          'helo=hit detail=not_host rule="score 1.5" seen="localhost"\n'
          'helo=miss rule="ignore"\ndnswl=hit detail=listed rule="score -1.0"\n'
          'helo=hit detail=of_tomorrow\nspf=hit detail=fail rule="score 4.0"')
    data = place("--json", "explain", ref).json()
    assert len(data["findings"]) == 5 and len(data["meaning"]) == 2, data
    assert data["meaning"][0].startswith("helo not_host: The server greeted with "), data
    assert data["meaning"][1].startswith("dnswl listed: "), data
    redis("DEL", "rp:block:192.0.2.7")
    answer = place("explain", ref)
    gives(answer, DONE)
    assert "gone" in answer.out and "\x1b" not in answer.out, answer
    assert "authentication:\n" in answer.out and "pass d=example.com s=b" in answer.out, answer


# ---- when Redis says no, or nothing ----

ALWAYS = [["list"], ["check", "192.0.2.1", "--quick"], ["check", "192.0.2.1"], ["nodes"], ["export"],
          ["add", "192.0.2.1", "--reason", "x"], ["allow", "192.0.2.1", "--reason", "x"],
          ["remove", "192.0.2.1"], ["lists", "accept-empty", "--yes"],
          ["explain", "7K3M9QXB2HTD4FZ6T"], ["watch"],
          ["import", "-", "--format", "cidr", "--source", "x"]]


@case("without Redis every command that asks it exits with 3 and says so")
def _():
    gone = place.file("gone.conf", open(place.conf).read().replace(
        redis.path, place.folder + "/nobody"))
    for words in ALWAYS:
        answer = place(*words, conf=gone, stdin=b"192.0.2.1\n")
        gives(answer, DOWN)
        assert "nobody" in answer.err, answer
        answer = place("--json", *words, conf=gone, stdin=b"192.0.2.1\n")
        if words[0] not in ("watch", "export"):
            assert answer.json()["error"], answer
    answer = place("--json", "doctor", conf=gone)
    gives(answer, NO)


@case("a user that Redis allows to read only is refused with 4")
def _():
    fresh()
    redis("SET", "rp:block:192.0.2.1", "x")
    redis("ACL", "SETUSER", "reader", "on", ">pw", "~rp:*", "+@read", "+@connection", "+role")
    conf = place.file("reader.conf", open(place.conf).read().replace(
        "redis {", 'redis { user = "reader" password = "pw"'))
    gives(place("list", conf=conf), DONE)
    for words in (["add", "192.0.2.2", "--reason", "x"], ["remove", "192.0.2.1"],
                  ["lists", "accept-empty", "--yes"],
                  ["import", "-", "--format", "cidr", "--source", "x"]):
        answer = place(*words, conf=conf, stdin=b"192.0.2.9\n")
        gives(answer, REFUSED)
        assert "refuses" in answer.err, answer
    # A user that may run scripts, but not write our keys.
    redis("ACL", "SETUSER", "other", "on", ">pw", "~rp:block*", "~rp:feed*", "+@all")
    conf = place.file("other.conf", open(place.conf).read().replace(
        "redis {", 'redis { user = "other" password = "pw"'))
    answer = place("add", "192.0.2.2", "--reason", "x", conf=conf)
    gives(answer, REFUSED)
    assert redis("KEYS", "*") == [b"rp:block:192.0.2.1"]
    conf = place.file("nobody.conf", open(place.conf).read().replace(
        "redis {", 'redis { user = "nobody" password = "x"'))
    gives(place("list", conf=conf), REFUSED)


@case("the admin user of etc/reprieve.acl may do everything of ours")
def _():
    fresh()
    redis("SET", "rp:lists:generation", "g")
    with open(os.path.join(SOURCE, "etc/reprieve.acl")) as lines:
        (words,) = [line.split() for line in lines if line.startswith("user reprieve-admin")]
    redis("ACL", "SETUSER", *words[1:])
    conf = place.file("admin.conf", open(place.conf).read().replace(
        "redis {", 'redis { user = "reprieve-admin" password = "CHANGE-ME"'))
    for words, code in ((["add", "192.0.2.2", "--reason", "x"], DONE),
                        (["check", "192.0.2.2"], NO), (["list"], DONE), (["export"], DONE),
                        (["remove", "192.0.2.2"], DONE), (["nodes"], NO),
                        (["import", "-", "--format", "cidr", "--source", "x"], DONE),
                        (["lists", "accept-empty", "--yes"], DONE)):
        gives(place(*words, conf=conf, stdin=b"198.51.100.9\n"), code)
    answer = place("doctor", conf=conf)
    assert not re.search(r"^(WARN|FAIL) (redis|lists|clock) ", answer.out, re.M), answer
    watcher = place.start("watch", "--count", "1", conf=conf)
    assert b"watching" in watcher.stderr.readline()
    redis("SET", "rp:block:192.0.2.1", "x")
    out, _ = watcher.communicate(timeout=20)
    assert b"192.0.2.1" in out, out


@case("a pipe that closes early ends the program without a crash")
def _():
    fresh()
    for i in range(200):
        redis("SET", "rp:block:192.0.2.%d" % i, "x" * 900)
    shell = subprocess.run(
        ["sh", "-c", '"$0" -c "$1" list | head -n 1; exit 0', PROGRAM, place.conf],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=True)
    assert shell.stdout.startswith(b"block 192.0.2.0 "), shell.stdout


run()
