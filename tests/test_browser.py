"""Finding a browser for the end-to-end tests, and installing one where there is none."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import browser
from tests.browser import NoBrowserError


class Machine:
    """A machine without a browser on which some commands work; the last of them brings it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, programs: Path) -> None:
        self.asked: list[str] = []
        self.works: list[str] = []
        self.root = True
        self.browser = False
        self.programs = programs
        programs.mkdir()
        monkeypatch.setenv("PATH", str(programs))
        monkeypatch.delenv("CI", raising=False)
        monkeypatch.setattr(browser, "_is_root", lambda: self.root)
        monkeypatch.setattr(browser, "present", self.present)
        monkeypatch.setattr(subprocess, "run", self.run)

    def present(self) -> str:
        if not self.browser:
            raise NoBrowserError("no browser starts (chromium: broken)")
        return "1.0"

    def run(self, command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        asked = " ".join(command[2:4] if command[1] == "-m" else command[:2])
        self.asked.append(asked)
        self.browser = self.browser or asked in self.works[-1:]
        return subprocess.CompletedProcess(command, asked not in self.works, "E: no route\nbye\n")

    def put_program(self, name: str) -> str:
        program = self.programs / name
        program.write_text("#!/bin/sh\nexit 1\n")
        program.chmod(0o755)
        return str(program)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    return Machine(monkeypatch, tmp_path / "bin")


def test_the_systems_chromium_is_tried_before_playwrights_own(machine: Machine) -> None:
    chrome, chromium = (machine.put_program(name) for name in ("google-chrome", "chromium"))
    found = list(browser.candidates())
    assert [options.get("executable_path") for _, options in found] == [chromium, chrome, None]
    assert all("--no-sandbox" in options["args"] for _, options in found)


def test_a_browser_that_is_there_is_not_installed_again(machine: Machine) -> None:
    machine.browser = True
    assert browser.main() == 0
    assert machine.asked == []


@pytest.mark.parametrize(
    ("works", "root"),
    [
        (["playwright install"], True),
        (["apt-get update", "apt-get install"], True),
        ([], False),
    ],
    ids=["playwright's own", "debian's", "no apt for who is not root"],
)
def test_what_can_be_installed_is(works: list[str], root: bool, machine: Machine) -> None:
    machine.put_program("apt-get")
    machine.works, machine.root = works, root
    assert browser.main() == 0
    assert machine.asked == list(dict.fromkeys(["playwright install", *works]))


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
