#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Is each source as clang-format writes it?"""

import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True

import tree as lint

# Other major versions break lines in other places.
VERSION = "14"
NAMES = ("clang-format-" + VERSION, "clang-format")


def tool():
    """(command, what is wrong with it)"""
    for name in NAMES:
        try:
            said = subprocess.run([name, "--version"], stdout=subprocess.PIPE,
                                  text=True, check=True).stdout
        except (FileNotFoundError, subprocess.CalledProcessError):
            continue
        found = re.search(r"version (\d+)", said)
        if found and found.group(1) == VERSION:
            return name, None
        return name, "%s is %s, the layout is that of %s: apt-get install " \
            "clang-format-%s" % (name, said.strip(), VERSION, VERSION)
    return None, "clang-format is missing: apt-get install clang-format-%s" \
        % VERSION


def layout(tree):
    name, wrong = tool()
    if wrong:
        return [wrong]
    paths = [os.path.join(tree.root, p) for p in tree.files(".c", ".h")]
    done = subprocess.run(
        [name, "--dry-run", "--ferror-limit=0",
         "--style=file"] + paths, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    breaches = []
    seen = set()
    for match in re.finditer(r"^(.+?):(\d+):\d+: (?:warning|error): (.*)$",
                             done.stderr, re.M):
        path = os.path.relpath(match.group(1), tree.root)
        # The first place of a file is enough: clang-format -i mends all.
        if path not in seen:
            seen.add(path)
            breaches.append("%s:%s: %s" % (path, match.group(2),
                                           match.group(3)))
    if done.returncode != 0 and not breaches:
        breaches.append(done.stderr.strip() or "clang-format failed")
    return breaches


RULES = [("each source is laid out as .clang-format says", layout)]

if __name__ == "__main__":
    lint.run(RULES)
