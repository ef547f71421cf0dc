#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What can be read from the text of the sources."""

import os
import re
import sys

sys.dont_write_bytecode = True

import tree as lint

LICENCE = "SPDX-License-Identifier: BSD-2-Clause"
FILE_LINES_MAX = 700
PROGRAMS = ("lib", "milter", "portal", "ctl")
FORBIDDEN = re.compile(
    r"(?<![\w.>])(strcpy|strcat|stpcpy|v?sprintf|strtok(?:_r)?|ato[ifl]"
    r"|atoll|gets|alloca|strncpy|strncat|scanf)\s*\(")
SHELL = re.compile(r"(?<![\w.>])(system|popen|wordexp)\s*\(")


def licence(tree):
    breaches = []
    endings = (".c", ".h", ".def", ".py", ".sh", ".am", ".ac", ".m4", ".lua")
    paths = tree.files(*endings)
    paths += tree.files(*endings, under=("etc", "man"))
    paths += [p for p in ("Makefile.am", "configure.ac", "run", "test",
                          ".ci/run") if tree.has(p)]
    for path in paths:
        head = tree.text(path).split("\n", 3)[:3]
        if not any(LICENCE in line for line in head):
            breaches.append("%s:1: none of the first lines has %s"
                            % (path, LICENCE))
    return breaches


def calls(tree, pattern, paths):
    breaches = []
    for path in paths:
        code = tree.code(path)
        for match in pattern.finditer(code):
            breaches.append("%s:%d: %s()" % (
                path, lint.line_of(code, match.start()), match.group(1)))
    return breaches


def forbidden(tree):
    return calls(tree, FORBIDDEN, tree.files(".c", ".h"))


def shell(tree):
    return calls(tree, SHELL, tree.files(".c", ".h", under=PROGRAMS))


def file_length(tree):
    breaches = []
    for path in tree.files(".c", under=PROGRAMS):
        lines = tree.text(path).count("\n")
        if lines > FILE_LINES_MAX:
            breaches.append("%s:%d: more than %d lines"
                            % (path, lines, FILE_LINES_MAX))
    return breaches


def once_only(tree):
    return ["%s:1: no #pragma once" % path for path in tree.files(".h")
            if not re.search(r"^#pragma once$", tree.text(path), re.M)]


def enumerators(tree):
    """The constants of all enums that have a name, that is, are a type."""
    found = set()
    for path in tree.files(".h", ".c"):
        for match in re.finditer(r"\benum\s+\w+\s*\{([^}]*)\}",
                                 tree.code(path)):
            for part in match.group(1).split(","):
                word = re.match(r"\s*(\w+)", part)
                if word:
                    found.add(word.group(1))
    return found


def closing(code, at):
    """Offset behind the brace that closes the one at offset at."""
    depth = 0
    for i in range(at, len(code)):
        if code[i] == "{":
            depth += 1
        elif code[i] == "}":
            depth -= 1
            if depth == 0:
                return i + 1
    return len(code)


def switch_body(code, at):
    """The text of a switch without the switches inside it."""
    opening = code.find("{", at)
    end = closing(code, opening)
    body = code[opening + 1:end - 1]
    inner = re.search(r"\bswitch\b", body)
    while inner:
        start = body.find("{", inner.end())
        stop = closing(body, start)
        blanked = re.sub(r"[^\n]", " ", body[inner.start():stop])
        body = body[:inner.start()] + blanked + body[stop:]
        inner = re.search(r"\bswitch\b", body)
    return opening + 1, body


def no_default(tree):
    known = enumerators(tree)
    breaches = []
    for path in tree.files(".c", ".h"):
        code = tree.code(path)
        for match in re.finditer(r"\bswitch\s*\(", code):
            offset, body = switch_body(code, match.end())
            default = re.search(r"\bdefault\s*:", body)
            labels = re.findall(r"\bcase\s+([^:]+?)\s*:", body)
            if default and labels and all(l in known for l in labels):
                breaches.append(
                    "%s:%d: default in a switch over our enum (%s ...)" % (
                        path, lint.line_of(code, offset + default.start()),
                        labels[0]))
    return breaches


def machine_paths(tree):
    """A path of the machine it was written on is of no use elsewhere."""
    breaches = []
    pattern = re.compile(r"(?<![\w.])/(work|home/\w+)/")
    for path in tree.files(".c", ".h", ".py", ".sh", ".am"):
        if path.startswith("t/lint/"):
            continue
        text = tree.text(path)
        for match in pattern.finditer(text):
            breaches.append("%s:%d: %s" % (
                path, lint.line_of(text, match.start()), match.group(0)))
    return breaches


def listed_in_make(tree):
    """What no fragment names is neither built nor shipped."""
    text = ""
    for at, folders, names in os.walk(tree.root):
        folders[:] = [f for f in folders if not f.startswith((".", "build"))]
        for name in names:
            if name.endswith(".am"):
                with open(os.path.join(at, name), encoding="utf-8") as file:
                    text += file.read()
    words = set(re.split(r"[\s\\=:]+", text))
    return ["%s:1: no .am fragment names it" % path
            for path in tree.files(".c", ".h", ".def")
            if path not in words]


RULES = [
    ("each source says its licence", licence),
    ("no function is called that cannot be bounded", forbidden),
    ("no program calls a shell", shell),
    ("no source is longer than %d lines" % FILE_LINES_MAX, file_length),
    ("each header is read once", once_only),
    ("no switch over an enum of ours has a default", no_default),
    ("no source names a path of one machine", machine_paths),
    ("each source is named by a make fragment", listed_in_make),
]

if __name__ == "__main__":
    lint.run(RULES)
