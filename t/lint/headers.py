#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Does each header compile when nothing is included before it?"""

import os
import shlex
import subprocess
import sys

sys.dont_write_bytecode = True

import tree as lint

FLAGS = ["-std=gnu11", "-fsyntax-only", "-Wall", "-Wextra", "-Werror"]


def command(tree):
    cc = shlex.split(os.environ.get("CC", "cc"))
    config = os.path.join(tree.build, "config.h")
    paths = [os.path.join(tree.root, "lib"), os.path.join(tree.build, "lib"),
             tree.root, os.path.join(tree.root, "t")]
    flags = ["-I" + path for path in paths]
    if os.path.exists(config):
        flags += ["-include", config]
    return cc + FLAGS + flags


def alone(tree):
    breaches = []
    base = command(tree)
    for path in tree.files(".h"):
        # By its path as others write it; -x c: it is no precompiled header.
        done = subprocess.run(
            base + ["-x", "c", "-"], text=True, errors="replace",
            input='#include "%s"\n' % os.path.join(
                os.path.abspath(tree.root), path),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            lines = [l for l in done.stderr.splitlines() if "error" in l]
            breaches.append("%s:1: %s" % (
                path, lines[0] if lines else done.stderr[:200]))
    return breaches


RULES = [("each header compiles alone", alone)]

if __name__ == "__main__":
    lint.run(RULES)
