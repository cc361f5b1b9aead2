"""Finding a browser for the end-to-end tests, and installing one where there is none."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import browser
from tests.browser import NoBrowserError

INSTALLS = [
    "playwright install",
    "apt-get update",
    "apt-get install",
    "apt-get install",
    "playwright install-deps",
]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The commands tried on a machine without a browser, where none of them works."""
    commands: list[str] = []
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(browser, "_is_root", lambda: True)
    let_work(monkeypatch, commands, brings="")
    return commands


def let_work(monkeypatch: pytest.MonkeyPatch, asked: list[str], *works: str, brings: str) -> None:
    """These commands succeed, and `brings` leaves a browser on the machine."""

    def run(command: tuple[str, ...], **_: Any) -> subprocess.CompletedProcess[str]:
        asked.append(" ".join(command[2:4]))
        return subprocess.CompletedProcess(command, asked[-1] not in works)

    def present() -> str:
        if brings not in asked:
            raise NoBrowserError("no browser starts (chromium: broken)")
        return "1.0"

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(browser, "present", present)


def put_program(folder: Path, name: str) -> str:
    program = folder / name
    program.touch(mode=0o755)
    return str(program)


@pytest.mark.usefixtures("asked")
def test_the_systems_chromium_is_tried_before_playwrights_own(tmp_path: Path) -> None:
    chrome, chromium = (put_program(tmp_path, name) for name in ("google-chrome", "chromium"))
    found = list(browser.candidates())
    assert [options.get("executable_path") for _, options in found] == [chromium, chrome, None]
    assert all("--no-sandbox" in options["args"] for _, options in found)


@pytest.mark.parametrize("works", [1, 3, 5])
def test_a_browser_is_installed_in_the_first_way_that_brings_one(
    works: int, asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_program(tmp_path, "apt-get")
    let_work(monkeypatch, asked, *INSTALLS[:works], brings=INSTALLS[works - 1])
    for _ in range(2):  # it is not installed again
        assert browser.main() == 0
        assert asked == INSTALLS[:works]


def test_a_user_who_is_not_root_is_not_troubled_with_apt(
    asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_program(tmp_path, "apt-get")
    monkeypatch.setattr(browser, "_is_root", lambda: False)
    assert browser.main() == 0
    assert asked == INSTALLS[:1]


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("ci", ["true", ""])
def test_no_browser_at_all_fails_only_in_ci(
    ci: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CI", ci)
    assert browser.main() == (ci == "true")
    assert "no browser starts (chromium: broken); install Chromium" in caplog.text
    assert ("will be skipped" in caplog.text) == (ci != "true")
