#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""How long and how branched a function may be, counted by pmccabe."""

import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True

import tree as lint

LINES_MAX = 60
COMPLEXITY_MAX = 12
# complexity with a switch as one branch, the classic one, statements, first
# line, lines, file(line): name
ROW = re.compile(r"^(\d+)\t(\d+)\t(\d+)\t(\d+)\t(\d+)\t(.+)\((\d+)\): (.+)$")


def measured(tree):
    """(path, line, name, lines, complexity) of each function, or None."""
    paths = tree.files(".c", ".h")
    try:
        done = subprocess.run(
            ["pmccabe"] + [os.path.join(tree.root, p) for p in paths],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            errors="replace", check=False)
    except FileNotFoundError:
        return None
    found = []
    for line in done.stdout.splitlines():
        match = ROW.match(line)
        if match:
            found.append((os.path.relpath(match.group(6), tree.root),
                          int(match.group(4)), match.group(8),
                          int(match.group(5)), int(match.group(1))))
    return found


def is_case_table(path, name):
    """main of a unit test is a table with a line or two a case."""
    return path.startswith("t/unit/") and name == "main"


def judge(tree, what):
    functions = measured(tree)
    if functions is None:
        return ["pmccabe is missing: apt-get install pmccabe"]
    if not functions:
        return ["pmccabe found no function at all"]
    return what(functions)


def lengths(tree):
    return judge(tree, lambda functions: [
        "%s:%d: %s has %d lines, at most %d" % (path, line, name, lines,
                                                LINES_MAX)
        for path, line, name, lines, _ in functions
        if lines > LINES_MAX and not is_case_table(path, name)])


def complexities(tree):
    return judge(tree, lambda functions: [
        "%s:%d: %s has complexity %d, at most %d" % (path, line, name, cyclo,
                                                     COMPLEXITY_MAX)
        for path, line, name, _, cyclo in functions
        if cyclo > COMPLEXITY_MAX])


RULES = [
    ("no function is longer than %d lines" % LINES_MAX, lengths),
    ("no function branches more than %d times" % COMPLEXITY_MAX,
     complexities),
]

if __name__ == "__main__":
    lint.run(RULES)
