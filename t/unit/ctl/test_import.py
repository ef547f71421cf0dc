# SPDX-License-Identifier: BSD-2-Clause
"""reprievectl import: whole or not at all, whatever the file and the moment."""
import json
import re
import signal
import sys
import time

sys.dont_write_bytecode = True  # the sources may be read-only
from ctltest import (DONE, REFUSED, USAGE, Place, case, gives, run, wait_for)

place = Place()
redis = place.redis
LINES = 300000


def fresh():
    redis("FLUSHALL")


def load(text, *words, source="feed1", form="cidr", code=DONE):
    path = place.file("input", text)
    answer = place("--json", "import", path, "--format", form, "--source", source, *words)
    gives(answer, code)
    return answer.json()


def blocks():
    return {key.decode()[len("rp:block:"):] for key in redis("KEYS", "rp:block:*")}


def members(name="feed1"):
    return {m.decode()[len("block:"):] for m in redis("SMEMBERS", "rp:feed:%s:set" % name)}


@case("a list of networks is read with comments, reasons and odd line ends")
def _():
    fresh()
    data = load(b"\xef\xbb\xbf# head\r\n\r\n192.0.2.1\r\n192.0.2.0/25 ; SBL1 \n ; x\n"
                b"2001:DB8::/48 # caf\xc3\xa9\t2\n::ffff:192.0.2.1\n198.51.100.9/24")
    assert data["entries"] == 4 and data["added"] == 4 and data["repeated"] == 1, data
    assert blocks() == {"192.0.2.1", "192.0.2.0/25", "2001:db8::/48", "198.51.100.0/24"}
    assert members() == blocks()
    entry = redis.hash("rp:block:192.0.2.0/25")
    assert entry["reason"] == "SBL1" and entry["origin"] == "feed:feed1", entry
    assert entry["class"] == "feed" and entry["since"], entry
    assert 6 * 86400 < redis("TTL", "rp:block:192.0.2.0/25") <= 7 * 86400
    assert redis.hash("rp:block:2001:db8::/48")["reason"] == "caf\u00e9\t2"
    assert redis.hash("rp:feed:feed1")["entries"] == "4"
    (line,) = redis.audit()
    assert line["what"] == "import" and line["key"] == "rp:feed:feed1", line
    assert json.loads(line["after"])["added"] == 4, line
    assert redis("EXISTS", "rp:feed:feed1:new", "rp:feed:feed1:lock") == 0


DROP = ['{"cidr":"192.0.2.0/24","sblid":"SBL256894","rir":"apnic"}',
        '{"cidr":"2001:db8::/32","sblid":"SBL2","rir":"ripencc"}']
META = '{"type":"metadata","timestamp":1700000000,"size":150,"records":%d,"copyright":"c"}'


@case("drop-json is read, and a file that was cut off is refused")
def _():
    fresh()
    whole = "\n".join(DROP + [META % 2]) + "\n"
    data = load(whole, form="drop-json")
    assert data["added"] == 2, data
    entry = redis.hash("rp:block:192.0.2.0/24")
    assert entry["ref"] == "SBL256894" and "SBL256894" in entry["reason"], entry
    before = sorted(redis("KEYS", "*"))
    for text in ("\n".join(DROP), "\n".join(DROP + [META % 3]), "\n".join([META % 2] + DROP),
                 "\n".join(DROP[:1] + ["{", META % 2]), "\n".join(DROP + ["[]", META % 3]),
                 "\n".join(DROP + ['{"type":"metadata"}']),
                 "\n".join(['{"cidr":"192.0.2.0/24","cidr":"1.2.3.0/24"}', META % 1]),
                 "\n".join(['{"sblid":"SBL1"}', META % 1]),
                 "\n".join(['{"cidr":"192.0.2.0/24","sblid":"a\\u0000b"}', META % 1]),
                 "[" * 100000):
        data = load(text, form="drop-json", code=REFUSED)
        assert data["refused_lines"], data
    assert sorted(redis("KEYS", "*")) == before


@case("one bad line: all of them are named, nothing is imported")
def _():
    fresh()
    text = (b"192.0.2.1\nfrob\n192.0.2.2 192.0.2.9\n1.2.3.4/33\n192.0.2.3 # a\x1b[2J\n"
            b"192.0.2.4 # a\x00b\n" + b"9" * 10000 + b"\n192.0.2.01\n::ffff:0:0/90\n")
    data = load(text, code=REFUSED)
    assert [re.match(r"line (\d+)", l)[1] for l in data["refused_lines"]] == list("23456789"), data
    assert redis("DBSIZE") == 0
    data = load(text, "--skip-bad")
    assert data["refused"] == 8 and blocks() == {"192.0.2.1"}, data


@case("the first faults are shown and the others counted")
def _():
    fresh()
    data = load("frob\n" * 100000, code=REFUSED)
    assert len(data["refused_lines"]) == 51 and "99950" in data["refused_lines"][-1], data


@case("networks that cannot be meant are refused without --force")
def _():
    fresh()
    nets = ["0.0.0.0/0", "::/0", "192.0.0.0/7", "2000::/15", "10.1.2.3", "127.0.0.1",
            "169.254.0.0/17", "192.168.0.0/24", "224.0.0.1", "::1", "fe80::/64", "fd00::/32",
            "203.0.113.7", "203.0.112.0/20"]  # the last two meet milter.trusted
    for net in nets:
        data = load("192.0.2.1\n%s\n" % net, code=REFUSED)
        assert net in data["refused_lines"][0], data
    assert redis("DBSIZE") == 0
    data = load("\n".join(nets), "--force")
    assert data["added"] == len(nets) and data["refused"] == 0, data
    assert redis.hash("rp:block:0.0.0.0/0")["force"] == "yes"
    assert "force" not in redis.hash("rp:block:10.1.2.3")


@case("an empty file never empties a feed, by no option")
def _():
    fresh()
    load("192.0.2.1\n192.0.2.2\n")
    for text in ("", "# nothing\n", "\n\n", "frob\n"):
        load(text, "--force", "--skip-bad", code=REFUSED)
    assert blocks() == {"192.0.2.1", "192.0.2.2"}


@case("a feed that shrinks too much is refused without --force")
def _():
    fresh()
    load("".join("192.0.2.%d\n" % i for i in range(100)))
    data = load("".join("192.0.2.%d\n" % i for i in range(49)), code=REFUSED)
    assert "100" in data["error"] and "49" in data["error"], data
    assert len(blocks()) == 100
    data = load("".join("192.0.2.%d\n" % i for i in range(50)))
    assert data["removed"] == 50 and data["same"] == 50 and len(blocks()) == 50, data
    load("192.0.2.1\n", "--max-shrink", "98")
    load("192.0.2.1\n192.0.2.2\n192.0.2.3\n192.0.2.4\n")
    load("192.0.2.1\n", code=REFUSED)
    load("192.0.2.1\n", "--force")


@case("a second import changes what changed and keeps the rest as it was")
def _():
    fresh()
    load("192.0.2.1 # a\n192.0.2.2 # b\n192.0.2.3 # c\n")
    since = redis.hash("rp:block:192.0.2.1")["since"]
    redis("HSET", "rp:block:192.0.2.1", "since", "earlier")
    data = load("192.0.2.1 # a\n192.0.2.2 # B\n192.0.2.4 # d\n", "--ttl", "1d")
    assert (data["same"], data["changed"], data["added"], data["removed"]) == (1, 1, 1, 1), data
    assert redis.hash("rp:block:192.0.2.1")["since"] == "earlier" and since
    assert redis.hash("rp:block:192.0.2.2")["reason"] == "B"
    assert redis("TTL", "rp:block:192.0.2.1") <= 86400
    load("192.0.2.1\n192.0.2.2\n192.0.2.4\n", "--ttl", "never")
    assert redis("TTL", "rp:block:192.0.2.1") == -1


@case("entries of an admin and of other feeds are never touched")
def _():
    fresh()
    place("add", "192.0.2.1", "--reason", "mine", "--ttl", "never")
    redis("SET", "rp:block:192.0.2.2", "typed")
    redis("LPUSH", "rp:block:192.0.2.3", "odd")
    load("192.0.2.4\n", source="other")
    data = load("".join("192.0.2.%d\n" % i for i in range(1, 6)))
    assert data["kept"] == 4 and data["added"] == 1, data
    assert redis.hash("rp:block:192.0.2.1")["reason"] == "mine"
    assert redis("TTL", "rp:block:192.0.2.1") == -1
    assert redis("GET", "rp:block:192.0.2.2") == b"typed"
    assert redis.hash("rp:block:192.0.2.4")["origin"] == "feed:other"
    place("add", "192.0.2.5", "--reason", "mine now")
    data = load("192.0.2.6\n", "--force")
    assert data["removed"] == 0, data
    assert blocks() == {"192.0.2.%d" % i for i in range(1, 7)}
    answer = place("remove", "192.0.2.6")
    assert "returns with its next import" in answer.out.replace("\n", " "), answer


@case("--allow makes exceptions, and moves a feed from one list to the other")
def _():
    fresh()
    load("192.0.2.1\n192.0.2.2\n")
    data = load("192.0.2.1\n192.0.2.2\n", "--allow")
    assert data["added"] == 2 and data["removed"] == 2 and blocks() == set(), data
    assert redis.hash("rp:allow:192.0.2.1")["origin"] == "feed:feed1"


@case("--dry-run counts and writes nothing")
def _():
    fresh()
    load("192.0.2.1\n192.0.2.2\n")
    before = sorted(redis("KEYS", "*")), len(redis.audit())
    data = load("192.0.2.2\n192.0.2.3\n", "--dry-run")
    assert (data["added"], data["same"], data["removed"]) == (1, 1, 1), data
    assert (sorted(redis("KEYS", "*")), len(redis.audit())) == before
    load("192.0.2.1\n", "--dry-run", "--max-shrink", "10", code=REFUSED)


@case("wrong words and unreadable files are told")
def _():
    fresh()
    for words in (["--format", "cidr"], ["--source", "x"], ["--format", "frob", "--source", "x"],
                  ["--format", "cidr", "--source", "a:b"], ["--format", "cidr", "--source", ""],
                  ["--format", "cidr", "--source", "x", "--class", "frob"],
                  ["--format", "cidr", "--source", "x", "--max-shrink", "101"]):
        gives(place("import", "-", *words, stdin=b"192.0.2.1\n"), USAGE)
    for path in ("/none/such", place.folder):
        gives(place("import", path, "--format", "cidr", "--source", "x"), REFUSED)
    answer = place("import", "-", "--format", "cidr", "--source", "x", stdin=b"192.0.2.1\n")
    gives(answer, DONE)
    assert redis("DBSIZE") == 4, redis("KEYS", "*")


def big(offset):
    return "".join("%d.%d.%d.%d # r\n" % (60 + offset, i >> 16, i >> 8 & 255, i & 255)
                   for i in range(LINES))


@case("an import killed in the middle leaves the old feed; the next one mends")
def _():
    fresh()
    load("192.0.2.1\n192.0.2.2\n192.0.2.3\n")
    path = place.file("big", big(0))
    process = place.start("import", path, "--format", "cidr", "--source", "feed1")
    wait_for(lambda: redis("SCARD", "rp:feed:feed1:new") > 1000, "the import to begin")
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.communicate()
    staged = redis("SCARD", "rp:feed:feed1:new")
    assert 1000 < staged < LINES, staged
    assert {"192.0.2.1", "192.0.2.2", "192.0.2.3"} <= blocks()
    assert members() == {"192.0.2.1", "192.0.2.2", "192.0.2.3"}
    assert redis.hash("rp:feed:feed1")["entries"] == "3"
    assert len(redis.audit()) == 1
    assert 0 < redis("PTTL", "rp:feed:feed1:lock") <= 15000, "a lock that ends by itself"
    redis("DEL", "rp:feed:feed1:lock")
    data = load("192.0.2.2\n192.0.2.3\n192.0.2.4\n")
    assert blocks() == {"192.0.2.2", "192.0.2.3", "192.0.2.4"} == members(), len(blocks())
    assert data["removed"] == staged + 1, (data, staged)


@case("two imports of one feed: the second waits for the first")
def _():
    fresh()
    path = place.file("big", big(0))
    first = place.start("import", path, "--format", "cidr", "--source", "feed1")
    wait_for(lambda: redis("EXISTS", "rp:feed:feed1:lock"), "the first to begin")
    data = load("".join("192.0.2.%d\n" % i for i in range(9)), "--force")
    assert first.wait() == DONE
    first.communicate()
    assert data["removed"] == LINES and len(blocks()) == 9, data
    assert [line["what"] for line in redis.audit()] == ["import", "import"]


@case("%d lines come in, and again, and nothing else stands in their way" % LINES)
def _():
    fresh()
    path = place.file("big", big(1))
    for round_ in ("first", "second"):
        begun = time.monotonic()
        answer = place("--json", "import", path, "--format", "cidr", "--source", "feed1")
        gives(answer, DONE)
        print("# %s import of %d lines: %.1f s" % (round_, LINES, time.monotonic() - begun))
        data = answer.json()
        assert data["added" if round_ == "first" else "same"] == LINES, data
    begun = time.monotonic()
    answer = place("list", "--limit", "1")
    print("# list of one: %.1f s" % (time.monotonic() - begun))
    assert "%d more" % (LINES - 1) in answer.out, answer.out[-300:]


run()
