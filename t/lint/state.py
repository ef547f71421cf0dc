#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""No state at file scope but what t/lint/state.allow names.

Read from the objects, not from the text: what the compiler put where it can
be written is state, whatever it looks like in the source.
"""

import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True

import tree as lint

FOLDERS = ("lib", "milter", "portal", "ctl")
# value, flags, section, size, name
SYMBOL = re.compile(r"^[0-9a-f]+ .{7} (\.\S+)\t[0-9a-f]+ +(?:\.\w+ +)?(\S+)$")
WRITABLE = re.compile(r"^\.(data|bss|tdata|tbss)(?!\.rel\.ro)")


def allowed(tree):
    """Pairs (source, name); each line is "path name  why"."""
    found = {}
    path = "t/lint/state.allow"
    if not tree.has(path):
        return found
    for number, line in enumerate(tree.text(path).splitlines(), 1):
        words = line.split(None, 2)
        if words and not words[0].startswith("#"):
            found[tuple(words[:2])] = number
    return found


def source_of(tree, folder, name):
    """lib/base/libbase_a-log.o -> lib/base/log.c, or None."""
    stem = name[:-2]
    for base in (stem, stem.split("-", 1)[-1]):
        path = os.path.join(folder, base + ".c")
        if tree.has(path):
            return path
    return None


def objects(tree):
    found = []
    for top in FOLDERS:
        for at, _, names in os.walk(os.path.join(tree.build, top)):
            folder = os.path.relpath(at, tree.build)
            for name in sorted(names):
                source = source_of(tree, folder, name)
                if name.endswith(".o") and source:
                    found.append((os.path.join(at, name), source))
    return sorted(found)


def symbols(path):
    said = subprocess.run(["objdump", "-t", path], stdout=subprocess.PIPE,
                          text=True, errors="replace", check=True).stdout
    for line in said.splitlines():
        match = SYMBOL.match(line)
        # "d" marks the sections themselves; __x is the sanitizers' own.
        if match and " d  " not in line and \
                not re.match(r"__|\.L|_?\.", match.group(2)):
            yield match.group(1), match.group(2).split(".")[0]


def state(tree):
    allow = allowed(tree)
    breaches = []
    found = objects(tree)
    if not found:
        return ["no object below %s: make all first" % tree.build]
    seen = set()
    try:
        for path, source in found:
            for section, name in symbols(path):
                if not WRITABLE.match(section):
                    continue
                seen.add((source, name))
                if (source, name) not in allow:
                    breaches.append("%s:1: %s is state (%s)"
                                    % (source, name, section))
    except FileNotFoundError:
        return ["objdump is missing: apt-get install binutils"]
    sources = {source for _, source in found}
    for (source, name), number in allow.items():
        if (source, name) not in seen and \
                (source in sources or not tree.has(source)):
            breaches.append("t/lint/state.allow:%d: %s has no %s any more"
                            % (number, source, name))
    return sorted(set(breaches))


RULES = [("no state is at file scope but what is allowed", state)]

if __name__ == "__main__":
    lint.run(RULES)
