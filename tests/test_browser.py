"""Finding a browser for the end-to-end tests, and installing one where there is none."""

import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import browser
from tests.browser import NoBrowserError


class Machine:
    """A machine without a browser on which some commands work, and one of them brings it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, bin_dir: Path) -> None:
        self.asked: list[str] = []
        self.works: set[str] = set()
        self.brings = ""
        self.browser = False
        monkeypatch.setenv("PATH", str(bin_dir))
        monkeypatch.delenv("CI", raising=False)
        monkeypatch.setattr(browser, "_is_root", lambda: True)
        monkeypatch.setattr(browser, "present", self.present)
        monkeypatch.setattr(subprocess, "run", self.run)

    def present(self) -> str:
        if not self.browser:
            raise NoBrowserError("no browser starts (chromium: broken)")
        return "1.0"

    def run(self, command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        asked = " ".join(command[2:4] if command[1] == "-m" else command[:2])
        self.asked.append(asked)
        self.browser = self.browser or asked == self.brings
        return subprocess.CompletedProcess(command, asked not in self.works, "E: no route\nbye\n")


@pytest.fixture
def bin_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, bin_dir: Path) -> Machine:
    return Machine(monkeypatch, bin_dir)


def put_program(bin_dir: Path, name: str) -> str:
    program = bin_dir / name
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


def test_the_systems_chromium_is_tried_before_playwrights_own(
    monkeypatch: pytest.MonkeyPatch, bin_dir: Path
) -> None:
    monkeypatch.setenv("PATH", str(bin_dir))
    chrome = put_program(bin_dir, "google-chrome")
    chromium = put_program(bin_dir, "chromium")

    found = list(browser.candidates())

    assert [options.get("executable_path") for _, options in found] == [chromium, chrome, None]
    assert all("--no-sandbox" in options["args"] for _, options in found)


def test_a_browser_that_is_there_is_not_installed_again(machine: Machine) -> None:
    machine.browser = True

    assert browser.main() == 0
    assert machine.asked == []


def test_without_a_browser_playwright_downloads_its_own(machine: Machine) -> None:
    machine.works = {"playwright install"}
    machine.brings = "playwright install"

    assert browser.main() == 0
    assert machine.asked == ["playwright install"]


def test_where_playwright_cannot_download_debians_chromium_is_installed(
    machine: Machine, bin_dir: Path
) -> None:
    put_program(bin_dir, "apt-get")
    machine.works = {"apt-get update", "apt-get install"}
    machine.brings = "apt-get install"

    assert browser.main() == 0
    assert machine.asked == ["playwright install", "apt-get update", "apt-get install"]


def test_a_user_who_is_not_root_is_not_troubled_with_apt(
    machine: Machine, bin_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_program(bin_dir, "apt-get")
    monkeypatch.setattr(browser, "_is_root", lambda: False)

    assert browser.main() == 0
    assert machine.asked == ["playwright install"]


@pytest.mark.parametrize(("ci", "status"), [("true", 1), ("", 0)])
def test_no_browser_at_all_fails_only_in_ci(
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    ci: str,
    status: int,
) -> None:
    monkeypatch.setenv("CI", ci)
    caplog.set_level("INFO")

    assert browser.main() == status
    assert "playwright install chromium: E: no route" in caplog.text
    assert "no browser starts (chromium: broken); install Chromium" in caplog.text
    assert ("will be skipped" in caplog.text) == (status == 0)
