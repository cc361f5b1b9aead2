"""The short form of `make soak`: nothing is lost by kills, full disks and hostile inputs.

What these do, and how they judge it, is in `soak/`.
"""

from collections.abc import Iterator

import pytest

from soak import damaged, kills
from soak.__main__ import main
from soak.lab import Lab, small_lab
from soak.table import Row, markdown


@pytest.fixture
def lab() -> Iterator[Lab]:
    with small_lab() as made:
        yield made


pytestmark = pytest.mark.slow


def assert_good(row: Row) -> None:
    assert row.good, "\n".join([markdown([row]), *row.faults])


def test_killed_at_any_moment_every_run_ends_as_if_it_had_not_been(lab: Lab) -> None:
    """SIGKILL, also while a checkpoint is being written; no finished epoch is lost."""
    row = kills.torture(lab, "kills", kills.forked, 16)
    assert_good(row)
    assert row.said["writing a checkpoint"]


def test_full_disk_is_said_and_gone_on_from(capsys: pytest.CaptureFixture[str]) -> None:
    """By way of the command, which prints the table."""
    assert main(["--short", "disk"]) == 0
    assert "| disk full while training, by RLIMIT_FSIZE | 2 | 0 | 2 said so |" in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize("kind", damaged.KINDS)
def test_what_is_damaged_or_hostile_does_no_harm(kind: str, lab: Lab) -> None:
    row = damaged.row(lab, kind, share=12 if "pictures" in kind else 1.5)
    assert_good(row)
    assert row.times >= 9


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
    said = capsys.readouterr().err
    first, then = "AssertionError: the run did not start", "OSError: Directory not empty"
    assert -1 < said.find(first) < said.find(then)
