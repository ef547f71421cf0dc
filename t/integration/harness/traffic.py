# SPDX-License-Identifier: BSD-2-Clause
"""A listed and a clean client that never stop asking, and what they heard."""

import threading
import time

from . import wire


class Traffic:
    """Runs between with and its end. Answers are (when, took, address,
    answer); answer is "broken" when the milter closed the connection."""

    def __init__(self, milter, listed, clean, threads=1):
        self.milter = milter
        self.listed = listed
        self.clean = clean
        self.answers = []
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self._run, daemon=True)
                        for _ in range(threads)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join(30)

    def _run(self):
        while not self.ending.is_set():
            for address in (self.listed, self.clean):
                start = time.monotonic()
                try:
                    answer, took = wire.timed(self.milter.where, address)
                except (wire.Broken, OSError) as error:
                    answer, took = f"broken: {error}", 0.0
                    self.ending.wait(0.01)
                self.answers.append((start, took, address, answer))
            self.ending.wait(0.002)

    # ---- what to ask of it ----

    def assert_quick(self, seconds=1.0):
        slow = [a for a in self.answers if a[1] > seconds]
        if slow:
            raise AssertionError(f"{len(slow)} of {len(self.answers)} answers"
                                 f" later than {seconds} s: {slow[:3]}")

    def assert_right(self, start=0.0, end=float("inf")):
        """Listed refused, clean accepted, nothing broken, in that time."""
        seen = [a for a in self.answers if start <= a[0] <= end]
        if len(seen) < 4:
            raise AssertionError(f"only {len(seen)} answers to look at")
        wrong = [a for a in seen if not self._is_right(a)]
        if wrong:
            raise AssertionError(
                f"{len(wrong)} of {len(seen)} answers were wrong, the first"
                f" {wrong[0][0] - seen[0][0]:.2f} s after the start:"
                f" {wrong[:2]}; log: {self.milter.log()[-1500:]}")

    def _is_right(self, row):
        _, _, address, answer = row
        if address == self.listed:
            return answer.startswith("554 5.7.1")
        return answer == "continue"
