#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Is every text of the site there in every language, and fits it?

Compares po/*.po with po/reprieve.pot, which the build makes from templates,
the portal's C and the table of codes.
"""

import glob
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True

import tree as lint

LINE = re.compile(r'^(#~ )?(msgctxt|msgid|msgstr)?\s*"(.*)"$')
VALUE = re.compile(r"\{[a-z0-9_]+\}")
TAG = re.compile(r"</?[a-z][^<>]*>|&#?\w+;")
LANGUAGES = ("es", "pt_BR")
ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


def unescape(text):
    return re.sub(r"\\(.)", lambda m: ESCAPES.get(m.group(1), m.group(0)),
                  text)


def entries(path):
    """(line, msgid, msgstr) of each entry that is in use."""
    found = []
    field = None
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            match = LINE.match(line.rstrip("\n"))
            if not match or match.group(1):
                field = None
                continue
            if match.group(2) == "msgid":
                found.append([number, "", ""])
            if match.group(2):
                field = {"msgid": 1, "msgstr": 2}.get(match.group(2))
            if field and found:
                found[-1][field] += unescape(match.group(3))
    return [e for e in found if e[1]]


def po_files(tree):
    return [(os.path.join("po", l + ".po"),
             os.path.join(tree.root, "po", l + ".po")) for l in LANGUAGES]


def pot(tree):
    return os.path.join(tree.build, "po", "reprieve.pot")


def complete(tree):
    """msgcmp: a text of the pot that is missing, empty or fuzzy."""
    if not os.path.exists(pot(tree)):
        return ["po/reprieve.pot is not there: make po/reprieve.pot"]
    breaches = []
    for name, path in po_files(tree):
        if not os.path.exists(path):
            breaches.append("%s:1: is not there" % name)
            continue
        done = subprocess.run(
            ["msgcmp", path, pot(tree)], stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, check=False,
            env=dict(os.environ, LC_ALL="C.UTF-8", LANGUAGE="C"))
        lines = done.stderr.strip().splitlines()
        if done.returncode != 0:
            breaches += lines[:20] or ["%s:1: msgcmp failed" % name]
            if len(lines) > 20:
                breaches.append("%s:1: and %d lines more"
                                % (name, len(lines) - 20))
    return breaches


def same(pattern, what):
    def rule(tree):
        breaches = []
        for name, path in po_files(tree):
            for line, english, other in entries(path):
                if not other:
                    continue
                want = sorted(pattern.findall(english))
                got = sorted(pattern.findall(other))
                if want != got:
                    breaches.append("%s:%d: %s %s, not %s" % (
                        name, line, what, " ".join(got) or "none",
                        " ".join(want) or "none"))
        return breaches
    return rule


def blanks(tree):
    """A sentence that loses its full stop, or a blank at an end."""
    breaches = []
    for name, path in po_files(tree):
        for line, english, other in entries(path):
            if other and (english[-1] in ".:?!") != (other[-1] in ".:?!"):
                breaches.append("%s:%d: ends in %r, the English in %r"
                                % (name, line, other[-1], english[-1]))
            if other and other.strip() != other:
                breaches.append("%s:%d: blanks at an end" % (name, line))
    return breaches


def known(tree):
    """What has no place in the site any more is dropped (make update-po)."""
    if not os.path.exists(pot(tree)):
        return []
    wanted = {english for _, english, _ in entries(pot(tree))}
    return ["%s:%d: no text of the site: %.50s" % (name, line, english)
            for name, path in po_files(tree)
            for line, english, _ in entries(path) if english not in wanted]


def catalogues(tree):
    """No language that nobody builds."""
    found = {os.path.basename(p)[:-3]
             for p in glob.glob(os.path.join(tree.root, "po", "*.po"))}
    return ["po/%s.po:1: the program knows no such language" % name
            for name in sorted(found - set(LANGUAGES))]


same_values = same(VALUE, "values")
same_markup = same(TAG, "markup")

RULES = [
    ("every text is translated into every language", complete),
    ("a translation has the values of its text", same_values),
    ("a translation has the markup of its text", same_markup),
    ("a translation ends as its text does", blanks),
    ("every translation is of a text of the site", known),
    ("each catalogue is of a language of the site", catalogues),
]

if __name__ == "__main__":
    lint.run(RULES)
