#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Real mail to measure with: the public corpus of SpamAssassin.

    t/support/setup corpus FOLDER        fetches it into FOLDER (npm)
    corpus.py FOLDER OUT [--now SECONDS] writes OUT, the same each time

OUT/CLASS/NAME.eml is each message as our MTA would have seen it, LF lines;
CLASS is easy, hard (ham) or spam. OUT/index.tsv has a line each:

    file  class  half  group  ip  helo  sender

half is 0 (learn) or 1 (judge). Messages that nearly say the same are of one
group, and a group is never on both sides. ip and helo are those of the host
that handed the message to the collectors, "-" where no such hop is known.

What the collectors added is taken away: their Received fields and envelope
line, the traces of delivery and of their mail programs, what their filters
said, a Message-ID that their MTA made, their own masked addresses. Dates
are moved, by whole weeks, so that the last hop is of today.
"""

import argparse
import calendar
import collections
import email.utils
import hashlib
import os
import re
import sys
import time
import zlib

CLASSES = {"easy-ham-1": "easy", "easy-ham-2": "easy", "hard-ham-1": "hard",
           "spam-1": "spam", "spam-2": "spam"}

# Whose Received fields are not of the way to us but of the way within.
COLLECTORS = re.compile(
    r"(^|\.)(slashnull\.org|netnoteinc\.com|webnote\.net|jmason\.org"
    r"|labs\.spamassassin\.taint\.org|zzzzason\.org|localhost|jalapeno"
    r"|phobos|pro-ns\.net|lerctr\.org|kluge\.net|petting-zoo\.net"
    r"|linux\.midrange\.com|timhunt\.net|mothlight\.dyndns\.org)$", re.I)

# Fields that delivery, the collectors' filters or their readers add.
DROPPED = re.compile(
    r"^(return-path|delivered-to|delivery-date|envelope-to|x-original-to"
    r"|x-envelope-to|x-apparently-to|x-rcpt-to|x-spam.*|x-pyzor|status"
    r"|x-status|x-keywords|x-uid|x-uidl|lines|content-length|xref"
    r"|x-evolution.*|x-mozilla.*|replied|forwarded|x-mailscanner.*"
    r"|x-virus-scanned|x-mime-autoconverted|x-old-spam.*|old-return-path"
    r"|x-fetchmail.*|x-folder|x-filter.*)$", re.I)

# The collectors' own mailboxes, masked when the corpus was made.
MAILBOX = re.compile(
    rb"\b(zzzz|yyyy|qqqqqqqqqq|jm\d?)([-+.][A-Za-z0-9_.-]*)?"
    rb"@(localhost\b|((localhost|mail|dogma|labs|phobos)\.)*"
    rb"(netnoteinc\.com|spamassassin\.taint\.org|jmason\.org|webnote\.net"
    rb"|slashnull\.org|example\.com))")

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
DATE = re.compile(r"\b(\d{1,2})( +)(%s)( +)(\d{4})\b" % "|".join(MONTHS))
WEEK_S = 7 * 86400

BY = re.compile(r"\bby\s+([^\s;()\[\]]+)")
ADDRESS = re.compile(r"\[(\d{1,3}(?:\.\d{1,3}){3})\]|\((\d{1,3}(?:\.\d{1,3}){3})\)")
PRIVATE = re.compile(r"^(0|10|127|192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))\.")

SHINGLE = 4
SKETCH = 64
ALIKE = 0.45


def split_message(raw):
    """(fields as (name, raw text without its last LF), body)."""
    raw = raw.replace(b"\r\n", b"\n")
    head, _, body = raw.partition(b"\n\n")
    fields = []
    for line in head.decode("latin-1").split("\n"):
        if line[:1] in (" ", "\t") and fields:
            fields[-1][1] += "\n" + line
        elif re.match(r"[!-9;-~]+:", line):
            fields.append([line.split(":")[0], line])
        elif not line.startswith("From "):
            break
    return [tuple(f) for f in fields], body


def unfolded(text):
    return re.sub(r"\n[ \t]+", " ", text)


def is_inner(received):
    by = BY.search(received)
    return by is not None and COLLECTORS.search(by.group(1)) is not None


def client_of(received):
    """(ip, helo) of the host that this hop got it from."""
    head = received.split(" by ")[0]
    found = [a or b for a, b in ADDRESS.findall(head)]
    found = [ip for ip in found if not PRIVATE.match(ip) and
             all(int(n) < 256 for n in ip.split("."))]
    helo = re.search(r"helo[= ]([^\s)\]]+)", head, re.I) or \
        re.search(r"^Received:\s+from\s+([^\s()]+)", head, re.I)
    return (found[0] if found else "-"), (helo.group(1) if helo else "-")


def strip_inner(fields):
    """Without the hops of the collectors; the hop by which they got it."""
    hops = [i for i, (name, _) in enumerate(fields)
            if name.lower() == "received"]
    texts = [unfolded(fields[i][1]) for i in hops]
    inner = 0
    while inner < len(hops) and is_inner(texts[inner]):
        inner += 1
    if inner == 0 and hops:
        inner = 1
    outside = texts[inner - 1] if inner else ""
    gone = set(hops[:inner])
    return [f for i, f in enumerate(fields) if i not in gone], outside


def time_of(text):
    parsed = email.utils.parsedate_tz(text)
    if parsed is None:
        return None
    try:
        return email.utils.mktime_tz(parsed)
    except (ValueError, OverflowError):
        return None


def arrival_of(outside, fields):
    when = time_of(outside.rsplit(";", 1)[-1]) if ";" in outside else None
    if when is None or not 9e8 < when < 1.1e9:
        dates = [t for n, t in fields if n.lower() == "date"]
        when = time_of(dates[0].split(":", 1)[1]) if dates else None
    # 23 September 2002 stands for what has no readable date.
    return when if when is not None and 9e8 < when < 1.1e9 else 1032739200


def moved(text, shift_s):
    def one(match):
        try:
            day = calendar.timegm((int(match.group(5)),
                                   MONTHS.index(match.group(3)) + 1,
                                   int(match.group(1)), 12, 0, 0))
        except (ValueError, OverflowError):
            return match.group(0)
        new = time.gmtime(day + shift_s)
        width = len(match.group(1))
        return "%0*d%s%s%s%04d" % (width, new.tm_mday, match.group(2),
                                   MONTHS[new.tm_mon - 1], match.group(4),
                                   new.tm_year)
    return DATE.sub(one, text)


def is_made_inside(name, text):
    if name.lower() != "message-id":
        return False
    host = text.rsplit("@", 1)[-1].strip(" \n\t<>")
    return COLLECTORS.search(host) is not None


class Message:
    def __init__(self, name, kind, raw, now_s):
        self.name, self.kind = name, kind
        fields, body = split_message(raw)
        sender = [re.sub(r"[<>\s]", "", t.split(":", 1)[1])
                  for n, t in fields if n.lower() == "return-path"]
        self.sender = (sender[0] if sender else "") or "-"
        fields, outside = strip_inner(fields)
        self.ip, self.helo = client_of(outside)
        shift = (int(now_s - arrival_of(outside, fields)) // WEEK_S) * WEEK_S
        kept = [moved(t, shift) if n.lower() in
                ("date", "received", "resent-date", "x-original-date") else t
                for n, t in fields
                if not DROPPED.match(n) and not is_made_inside(n, t)]
        text = "\n".join(kept).encode("latin-1") + b"\n\n" + body
        self.text = MAILBOX.sub(b"user@example.net", text)
        self.sketch = sketch_of(fields, body)
        self.group = -1


def sketch_of(fields, body):
    """The SKETCH lowest hashes of the word shingles (bottom-k sketch)."""
    text = re.sub(rb"=\n", b"", body[:65536])
    text = re.sub(rb"<[^>]{0,500}>|^[>| ]+", b" ", text, flags=re.M)
    words = re.findall(rb"[a-z\x80-\xff]{2,}", text.lower())
    subject = [t.lower().encode("latin-1") for n, t in fields
               if n.lower() == "subject"]
    words += re.findall(rb"[a-z]{2,}", subject[0]) if subject else []
    hashes = {zlib.crc32(b" ".join(words[i:i + SHINGLE]))
              for i in range(max(1, len(words) - SHINGLE + 1))}
    # crc32 is no good order by itself; a multiplication mixes it.
    return sorted({h * 2654435761 % 4294967291 for h in hashes})[:SKETCH]


def likeness(a, b):
    both = sorted(set(a) | set(b))[:SKETCH]
    common = set(a) & set(b)
    return sum(1 for h in both if h in common) / max(1, len(both))


def find(parent, i):
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


def group(messages):
    parent = list(range(len(messages)))
    by_hash = collections.defaultdict(list)
    for i, message in enumerate(messages):
        seen = set()
        for h in message.sketch[:24]:
            # What very many have says nothing: a list's footer.
            for j in by_hash[h][-50:]:
                if j in seen or find(parent, i) == find(parent, j):
                    continue
                seen.add(j)
                if likeness(message.sketch, messages[j].sketch) >= ALIKE:
                    parent[find(parent, i)] = find(parent, j)
            by_hash[h].append(i)
    for i, message in enumerate(messages):
        message.group = find(parent, i)


def halve(messages):
    groups = collections.defaultdict(list)
    for message in messages:
        groups[message.group].append(message)
    order = sorted(groups.values(), key=lambda g: hashlib.sha256(
        min(m.name for m in g).encode()).digest())
    counts = collections.Counter()
    for members in order:
        kind = members[0].kind
        half = 0 if counts[kind, 0] <= counts[kind, 1] else 1
        for message in members:
            message.half = half
            counts[message.kind, half] += 1


def read_all(folder, now_s):
    data = os.path.join(folder, "package", "data")
    messages = []
    for part in sorted(CLASSES):
        names = [n for n in os.listdir(os.path.join(data, part))
                 if n.endswith(".txt")]
        for name in sorted(names):
            with open(os.path.join(data, part, name), "rb") as f:
                messages.append(Message("%s-%s" % (part, name[:-4]),
                                        CLASSES[part], f.read(), now_s))
    group(messages)
    halve(messages)
    return messages


def write_all(messages, out):
    for kind in sorted(set(CLASSES.values())):
        os.makedirs(os.path.join(out, kind), exist_ok=True)
    lines = []
    for m in messages:
        path = "%s/%s.eml" % (m.kind, m.name)
        with open(os.path.join(out, path), "wb") as f:
            f.write(m.text)
        lines.append("\t".join(re.sub(r"[^!-~]", "?", str(v)) for v in (
            path, m.kind, m.half, m.group, m.ip, m.helo, m.sender)))
    with open(os.path.join(out, "index.tsv"), "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("out")
    parser.add_argument("--now", type=int, default=None)
    options = parser.parse_args()
    now_s = options.now if options.now is not None else int(time.time())
    messages = read_all(options.folder, now_s)
    write_all(messages, options.out)
    counts = collections.Counter((m.kind, m.half) for m in messages)
    groups = len({m.group for m in messages})
    print("corpus: %d messages in %d groups; %s" % (
        len(messages), groups, ", ".join(
            "%s %d+%d" % (k, counts[k, 0], counts[k, 1])
            for k in ("easy", "hard", "spam"))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
