# SPDX-License-Identifier: BSD-2-Clause
"""Polls a condition until a deadline. Nothing here sleeps to let time pass."""

import time


# A busy machine may take this many times longer; nothing hangs on it.
PATIENCE = 3


class TooLate(AssertionError):
    pass


def until(condition, what, seconds=10.0, every=0.02):
    """The first true value of condition(); TooLate names what was awaited."""
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            text = what() if callable(what) else what
            raise TooLate(f"not within {seconds * PATIENCE:g} s: {text}")
        time.sleep(every)


def holds(condition, what, seconds, every=0.1):
    """Asserts that condition() stays true for that long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not condition():
            raise AssertionError(f"did not hold for {seconds:g} s: {what}")
        time.sleep(every)


class Stopwatch:
    def __init__(self):
        self.start = time.monotonic()

    def __call__(self):
        return time.monotonic() - self.start
