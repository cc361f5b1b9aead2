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

NAMES = (
    "chromium-headless-shell",  # opens a page in four fifths of the others' time
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
ARGS = (
    "--no-sandbox",  # there is none for root in a container, and the pages are ours
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PLAYWRIGHT = (sys.executable, "-m", "playwright")
APT = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get")


class NoBrowserError(Exception):
    """No browser that starts; the message names what was tried."""


def candidates() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each browser to try: its name for people, and Playwright's options to launch it."""
    for name in NAMES:
        if path := shutil.which(name):
            yield path, {"executable_path": path, "args": list(ARGS)}
    yield "Playwright's own Chromium", {"args": list(ARGS)}


def launch(playwright: Playwright, *flags: str) -> Browser:
    """Start the first browser that works, with these flags beside the usual ones.

    Raises:
        NoBrowserError: none does.
    """
    tried = []
    for name, options in candidates():
        try:
            return playwright.chromium.launch(**{**options, "args": [*options["args"], *flags]})
        except Error as error:
            tried.append(f"{name}: {str(error).strip().partition(chr(10))[0]}")
    raise NoBrowserError("no browser starts (" + "; ".join(tried) + ")")


def present() -> str:
    """The version of the browser that the tests will use.

    Raises:
        NoBrowserError: there is none.
    """
    with sync_playwright() as playwright, launch(playwright) as browser:
        return browser.version


def in_ci() -> bool:
    """Whether what is missing is a failure, not a reason to skip."""
    return os.environ.get("CI", "").lower() == "true"


def _ways() -> Iterator[list[tuple[str, ...]]]:
    """Each way to install a browser: the commands to run one after the other."""
    yield []  # it may be there
    yield [(*PLAYWRIGHT, "install", "chromium")]
    if shutil.which("apt-get") and _is_root():
        install = (*APT, "install", "-y", "--no-install-recommends")
        yield [(*APT, "update"), (*install, "chromium-headless-shell")]
        yield [(*install, "chromium")]
        yield [(*PLAYWRIGHT, "install-deps", "chromium")]  # for a download that lacks libraries


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def main() -> int:
    """Make sure that a browser is there; the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    fault = ""
    for commands in _ways():
        if any(subprocess.run(command, check=False).returncode for command in commands):
            continue  # the command itself has said why
        try:
            logger.info("the browser tests use Chromium %s", present())
            return 0
        except NoBrowserError as error:
            fault = str(error)
    logger.error("%s; install Chromium or Google Chrome and run this command again", fault)
    if not in_ci():
        logger.error("the browser tests will be skipped")
    return int(in_ci())


if __name__ == "__main__":
    sys.exit(main())
