# SPDX-License-Identifier: BSD-2-Clause
"""TAP: one line a case. A case is a function that raises when it fails.

Arguments of the test program are regular expressions: only cases whose name
one of them matches are run (for a developer; make runs all).
"""

import re
import sys
import time
import traceback


class Tap:
    def __init__(self, title):
        self.title = title
        self.count = 0
        self.failed = 0
        self.group = ""
        self.notes = []
        self.only = [re.compile(a) for a in sys.argv[1:]]
        print("TAP version 13", flush=True)
        print(f"# {title}", flush=True)

    def note(self, text):
        """Kept until the end of the case, printed only when it fails."""
        self.notes.append(text)

    def say(self, text):
        for line in str(text).splitlines():
            print(f"# {line}", flush=True)

    def wanted(self, name):
        full = self._full(name)
        return not self.only or any(o.search(full) for o in self.only)

    def case(self, name, function, *args, **kwargs):
        if not self.wanted(name):
            return
        self.count += 1
        self.notes = []
        start = time.monotonic()
        try:
            function(*args, **kwargs)
        except Exception as error:  # any failure is this case's, go on
            self.failed += 1
            print(f"not ok {self.count} - {self._full(name)}", flush=True)
            self._explain(error)
            return
        took = time.monotonic() - start
        print(f"ok {self.count} - {self._full(name)}", flush=True)
        if took > 5:
            self.say(f"took {took:.1f} s")

    def finish(self):
        print(f"1..{self.count}", flush=True)
        if not self.count:
            print("Bail out! no case was run", flush=True)
        self.say(f"{self.count - self.failed} passed, {self.failed} failed")
        return 1 if self.failed or not self.count else 0

    def _full(self, name):
        clean = name.replace("#", "no.")
        return f"{self.group}: {clean}" if self.group else clean

    def _explain(self, error):
        if isinstance(error, AssertionError):
            self.say(str(error) or "assertion without words")
            frames = traceback.extract_tb(error.__traceback__)
            self.say("at " + " < ".join(
                f"{f.name}:{f.lineno}" for f in reversed(frames)))
        else:
            self.say("".join(traceback.format_exception(error)))
        for note in self.notes:
            self.say(note)


def equal(seen, wanted, what=""):
    if seen != wanted:
        raise AssertionError(f"{what}: wanted {wanted!r}, saw {seen!r}")


def match(text, pattern, what=""):
    """The whole text must match; returns the match."""
    found = re.fullmatch(pattern, text, re.S)
    if not found:
        raise AssertionError(f"{what}: wanted /{pattern}/, saw {text!r}")
    return found


def true(value, what):
    if not value:
        raise AssertionError(what() if callable(what) else what)
