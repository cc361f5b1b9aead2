"""The browser of the end-to-end tests: the system's Chromium or Chrome, else Playwright's own.

`python -m tests.browser` makes sure that one is there, installing it where it can. Without
one it exits with 1 where `CI=true`; elsewhere it says that the browser tests will be skipped.
"""

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Browser, Error, Playwright, sync_playwright

logger = logging.getLogger(__name__)

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGS = (
    "--no-sandbox",  # there is none for root in a container, and the pages are ours
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
INSTALL_SECONDS = 900


class NoBrowserError(Exception):
    """No browser that starts; the message names what was tried."""


def candidates() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each browser to try: its name for people, and Playwright's options to launch it."""
    for name in NAMES:
        if path := shutil.which(name):
            yield path, {"executable_path": path, "args": list(ARGS)}
    yield "Playwright's own Chromium", {"args": list(ARGS)}


def launch(playwright: Playwright) -> Browser:
    """Start the first browser that works.

    Raises:
        NoBrowserError: none does.
    """
    tried = []
    for name, options in candidates():
        try:
            return playwright.chromium.launch(**options)
        except Error as error:
            tried.append(f"{name}: {str(error).strip().partition(chr(10))[0]}")
    raise NoBrowserError("no browser starts (" + "; ".join(tried) + ")")


def present() -> str:
    """The version of the browser that the tests will use.

    Raises:
        NoBrowserError: there is none.
    """
    with sync_playwright() as playwright:
        browser = launch(playwright)
        try:
            return browser.version
        finally:
            browser.close()


def in_ci() -> bool:
    """Whether what is missing is a failure, not a reason to skip."""
    return os.environ.get("CI", "").lower() == "true"


def _ways() -> Iterator[list[list[str]]]:
    """Each way to install a browser: the commands to run one after the other."""
    playwright = [sys.executable, "-m", "playwright"]
    yield [[*playwright, "install", "chromium"]]
    if shutil.which("apt-get") and _is_root():
        yield [
            ["apt-get", "update"],
            ["apt-get", "install", "-y", "--no-install-recommends", "chromium"],
        ]
        yield [[*playwright, "install-deps", "chromium"]]  # for a download that lacks libraries


def _run(commands: list[list[str]]) -> str:
    """Run commands until one fails; why it did, or nothing."""
    for command in commands:
        logger.info("%s", " ".join(command))
        try:
            done = subprocess.run(
                command,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=INSTALL_SECONDS,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if done.returncode != 0:
            return f"{' '.join(command)}: {_complaint(done.stdout)}"
    return ""


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _complaint(output: str) -> str:
    """The last line of a command's output that says what is wrong."""
    lines = output.strip().splitlines() or ["it said nothing"]
    return next((line for line in reversed(lines) if line.startswith(("E:", "Error"))), lines[-1])


def main() -> int:
    """Make sure that a browser is there; the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    fault = ""
    for commands in ([], *_ways()):
        if failed := _run(commands):
            logger.info("%s", failed)
            continue
        try:
            logger.info("the browser tests use Chromium %s", present())
        except NoBrowserError as error:
            fault = str(error)
        else:
            return 0
    logger.error("%s; install Chromium or Google Chrome and run this command again", fault)
    if in_ci():
        return 1
    logger.error("the browser tests will be skipped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
