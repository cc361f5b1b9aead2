"""The short form of `make soak`: nothing is lost by kills, full disks and hostile inputs.

What these do, and how they judge it, is in `soak/`.
"""

from collections.abc import Iterator

import pytest

from soak import checkpoints, files, folders, kills, payloads
from soak.__main__ import main
from soak.lab import Lab, small_lab
from soak.table import Row, markdown


@pytest.fixture
def lab() -> Iterator[Lab]:
    with small_lab() as made:
        yield made


pytestmark = pytest.mark.slow


def assert_good(rows: list[Row]) -> None:
    faults = [fault for row in rows for fault in row.faults]
    assert all(row.good for row in rows), "\n".join([markdown(rows), *faults])


def test_killed_at_any_moment_every_run_ends_as_if_it_had_not_been(lab: Lab) -> None:
    """SIGKILL, also while a checkpoint is being written; no finished epoch is lost."""
    rows = kills.torture(lab, 16, 0)
    assert_good(rows)
    assert "writing a checkpoint" in rows[0].measured


def test_full_disk_is_said_and_gone_on_from(capsys: pytest.CaptureFixture[str]) -> None:
    """By way of the command, which prints the table."""
    assert main(["--short", "disk"]) == 0
    assert "| disk full while training, by RLIMIT_FSIZE | 2 | 0 faults |" in capsys.readouterr().out


def test_damaged_pictures(lab: Lab) -> None:
    assert_good([files.pictures_row(lab, 300, on_page=3)])


def test_damaged_checkpoints(lab: Lab) -> None:
    assert_good([checkpoints.checkpoints_row(lab, 40, on_page=2)])


def test_damaged_dataset_files(lab: Lab) -> None:
    assert_good([files.datasets_row(lab, 40)])


def test_damaged_folders(lab: Lab) -> None:
    assert_good([folders.runs_row(lab, 12), folders.studies_row(lab, 6)])


def test_names_that_lead_elsewhere(lab: Lab) -> None:
    assert_good([folders.names_row(lab, 6)])


def test_hostile_addresses_and_drawings(lab: Lab) -> None:
    assert_good([payloads.addresses_row(lab, 5), payloads.canvas_row(lab, 8)])


def test_unknown_parts_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["weather"])
    assert refused.value.code == 2
    assert "there is no part weather" in capsys.readouterr().err


def test_a_part_that_breaks_off_tells_what_broke_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(short: bool) -> list[Row]:
        try:
            raise AssertionError("the run did not start")
        finally:
            raise OSError("Directory not empty")

    monkeypatch.setattr(kills, "rows", broken)
    assert main(["kills"]) == 1
    said = "AssertionError: the run did not start; then OSError: Directory not empty"
    assert said in capsys.readouterr().err
