"""What the pages know of runs, read once for all visitors."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from unittest.mock import Mock

import pytest

from lenet import files
from lenet.runs import history
from lenet.runs.run import Run
from lenet.runs.status import own_status
from lenet.ui.run_cache import metrics_of, outcome_of
from tests.small import small_config

STEP: dict[str, object] = {"step": 1, "epoch": 1, "loss": 0.5, "lr": 0.1, "images_per_second": 9.0}


def epoch(number: int, accuracy: float | None) -> dict[str, object]:
    figures = {"train_loss": 0.6, "val_loss": accuracy, "val_accuracy": accuracy, "seconds": 2.0}
    return {"epoch": number, "step": 2 * number, **figures}


def record(run: Run, *events: Mapping[str, object]) -> None:
    with run.metrics_file.open("a") as file:
        file.write("".join(json.dumps(event) + "\n" for event in events))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(tmp_path / "20260101-000000-lab-0001")
    run.prepare(small_config(epochs=9))
    run.write_status(own_status().changed(state="running"))
    return run


@pytest.fixture
def parse(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """Parses from now on, and remembers what."""
    monkeypatch.setattr(history, "parse_json", spy := Mock(wraps=files.parse_json))
    return spy


def test_the_next_visitor_need_not_have_a_run_read_again(run: Run, parse: Mock) -> None:
    record(run, STEP, epoch(1, 0.8))
    assert metrics_of(run).counts() == (1, 1, 0, 0)
    assert metrics_of(run).counts() == (1, 1, 0, 0)
    parse.assert_called_once()
    record(run, epoch(2, 0.9))
    assert metrics_of(run).best_accuracy == 0.9
    assert b'"epoch": 1' not in parse.call_args.args[0]


def test_outcome_follows_a_run_to_its_end_and_beyond(run: Run, parse: Mock) -> None:
    assert outcome_of(run, live=run.live) == (0, None)
    record(run, STEP, epoch(1, 0.8))
    assert outcome_of(run, live=run.live) == (1, 0.8)
    run.write_status(run.status().changed(state="stopped"))
    os.utime(run.metrics_file, (1, 1))  # one that has just changed may change again
    assert outcome_of(run, live=run.live) == (1, 0.8)
    times = parse.call_count
    assert outcome_of(run, live=run.live) == (1, 0.8)
    assert parse.call_count == times
    record(run, epoch(2, 0.9))  # it was resumed and has ended again
    assert outcome_of(run, live=run.live) == (2, 0.9)
    run.delete()
    assert outcome_of(run, live=run.live) == (0, None)
