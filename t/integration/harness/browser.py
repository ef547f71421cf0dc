# SPDX-License-Identifier: BSD-2-Clause
"""Debian's chromium, driven by playwright-core (t/browser/driver.js).

REPRIEVE_BROWSER (default $top_builddir/browser) is the folder whose
node_modules "t/support/setup browser FOLDER" has filled.
"""

import json
import os
import subprocess


class BrowserError(AssertionError):
    """What the browser could not do."""


def modules(world):
    folder = os.environ.get("REPRIEVE_BROWSER",
                            os.path.join(world.builddir, "browser"))
    found = os.path.join(folder, "node_modules")
    if not os.path.isdir(os.path.join(found, "playwright-core")):
        raise AssertionError(
            f"no playwright-core in {found}: t/support/setup browser {folder}")
    return found


class Browser:
    """One chromium; page() makes a visitor of it. A command of the driver is
    a method: browser.open(url="...")."""

    def __init__(self, world):
        self.log = open(world.path("browser.log"), "w", encoding="utf-8")
        home = world.path("browser-home")
        os.makedirs(home, exist_ok=True)
        self.process = subprocess.Popen(
            ["node", os.path.join(world.srcdir, "t", "browser", "driver.js"),
             modules(world)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
            text=True, env={**os.environ, "HOME": home})
        self.version = self._do("start")

    def _do(self, name, /, **args):
        self.process.stdin.write(json.dumps({"do": name, **args}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise BrowserError(f"the browser ended at {name}")
        answer = json.loads(line)
        if "error" in answer:
            raise BrowserError(answer["error"])
        return answer["ok"]

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda **args: self._do(name, **args)

    def close(self):
        if self.process.poll() is None:
            try:
                self._do("stop")
            except (BrowserError, BrokenPipeError):
                pass
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


def pdf_pages(path):
    """How many pages a PDF of chromium has."""
    with open(path, "rb") as file:
        data = file.read()
    return data.count(b"/Type /Page\n") + data.count(b"/Type /Page/") + \
        data.count(b"/Type /Page ")
