# SPDX-License-Identifier: BSD-2-Clause
"""What all lints share: the files, C without its comments, and TAP.

A rule is a function that takes a Tree and returns its breaches, each a line
"file:line: what was seen". selftest.py hands each rule a tree that breaks it.
"""

import os
import re
import sys

FOLDERS = ("lib", "milter", "portal", "ctl", "t")


class Tree:
    """The sources below root; build is where objects and config.h are."""

    def __init__(self, root, build):
        self.root = root
        self.build = build
        self.cache = {}

    def files(self, *endings, under=FOLDERS):
        """Paths relative to root, sorted, of files that end so."""
        found = []
        for folder in under:
            for at, folders, names in os.walk(os.path.join(self.root, folder)):
                folders[:] = [f for f in folders
                              if f not in ("__pycache__", "data", "corpus")]
                for name in names:
                    if name.endswith(endings) and not name.startswith("."):
                        path = os.path.join(at, name)
                        found.append(os.path.relpath(path, self.root))
        return sorted(found)

    def text(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8",
                  errors="replace") as file:
            return file.read()

    def code(self, path):
        """C with comments and the insides of literals blanked out."""
        if path not in self.cache:
            self.cache[path] = strip(self.text(path))
        return self.cache[path]

    def has(self, path):
        return os.path.exists(os.path.join(self.root, path))


TOKEN = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def strip(text):
    """Lines and columns stay where they were."""
    def blank(match):
        token = match.group(0)
        if token[0] in "\"'":
            inner = re.sub(r"[^\n]", " ", token[1:-1])
            return token[0] + inner + token[0]
        return re.sub(r"[^\n]", " ", token)
    return TOKEN.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def includes(tree, path):
    """(line, is_system, name) of each include of a file, in order."""
    text = tree.text(path)
    return [(line_of(text, m.start(2)), m.group(1) == "<", m.group(2))
            for m in INCLUDE.finditer(text)]


def from_environment():
    root = os.environ.get("top_srcdir", ".")
    build = os.environ.get("top_builddir", ".")
    tree = Tree(root, build)
    if not tree.files(".c"):
        print("Bail out! no sources below top_srcdir=%s" % root)
        sys.exit(99)
    return tree


def run(rules):
    """Prints one case a rule; rules is a list of (name, function)."""
    tree = from_environment()
    failed = 0
    print("1..%d" % len(rules))
    for number, (name, rule) in enumerate(rules, 1):
        breaches = rule(tree)
        print("%sok %d - %s" % ("not " if breaches else "", number, name))
        for breach in breaches:
            print("# " + breach)
        failed += bool(breaches)
        sys.stdout.flush()
    sys.exit(1 if failed else 0)
