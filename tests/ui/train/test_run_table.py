"""What a run's downloads hold."""

import io
from pathlib import Path

import pandas as pd
import pytest

from lenet.runs.history import History, read_history
from lenet.runs.run import Run
from lenet.ui.run_cache import best_checkpoint
from lenet.ui.train import run_table
from tests.ui.test_run_cache import STEP, epoch, record


@pytest.fixture
def metrics(tmp_path: Path) -> History:
    """Two epochs of two steps, the learning rate changed after the first step."""
    change = {"step": 1, "epoch": 1, "lr_set": 0.05}
    record(run := Run(tmp_path), STEP, change, STEP | {"step": 2, "lr": 0.05}, epoch(1, 0.8))
    record(run, *(STEP | {"step": step, "epoch": 2} for step in (3, 4)), epoch(2, None))
    return read_history(run.metrics_file)


def test_csv_has_a_row_a_step_with_the_epochs_figures_at_its_last(metrics: History) -> None:
    text = run_table.csv(metrics)
    table = pd.read_csv(io.StringIO(text))
    assert [line.split(",")[0] for line in text.splitlines()] == ["step", "1", "2", "3", "4"]
    assert table["lr"].tolist() == [0.1, 0.05, 0.1, 0.1]
    assert table["lr_set"].tolist()[0] == 0.05
    assert table["lr_set"].isna().tolist() == [False, True, True, True]
    assert table["val_accuracy"].tolist()[1] == 0.8
    assert table["val_accuracy"].isna().tolist() == [True, False, True, True]
    assert table["train_loss"].isna().tolist() == [True, False, True, False]


def test_csv_of_a_run_before_its_first_epoch(tmp_path: Path) -> None:
    record(run := Run(tmp_path), STEP)
    table = pd.read_csv(io.StringIO(run_table.csv(read_history(run.metrics_file))))
    assert table["loss"].tolist() == [0.5]


def test_of_equally_good_epochs_the_first_is_the_best(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert best_checkpoint(run) is None
    record(run, epoch(1, 0.7), epoch(2, 0.8), epoch(3, 0.8), epoch(4, 0.9))
    for number in (1, 2, 3):  # the fourth is not saved yet
        run.epoch_checkpoint(number).touch()
    assert best_checkpoint(run) == run.epoch_checkpoint(2)
    run.epoch_checkpoint(2).unlink()
    assert best_checkpoint(run) == run.epoch_checkpoint(3)
