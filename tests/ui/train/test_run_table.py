"""What a run's downloads hold."""

import io
import json
from pathlib import Path

import pandas as pd
import pytest

from lenet.runs.history import History, read_history
from lenet.runs.run import Run
from lenet.ui.run_cache import best_checkpoint
from lenet.ui.train import run_table


@pytest.fixture
def metrics(tmp_path: Path) -> History:
    """Two epochs of two steps, the learning rate changed after the first step."""
    step = {"loss": 0.5, "lr": 0.1, "images_per_second": 1000.0}
    events = [
        {"step": 1, "epoch": 1, **step},
        {"step": 1, "epoch": 1, "lr_set": 0.05},
        {"step": 2, "epoch": 1, **step, "lr": 0.05},
        _epoch(1, 0.8),
        {"step": 3, "epoch": 2, **step},
        {"step": 4, "epoch": 2, **step},
        _epoch(2, None),
    ]
    file = tmp_path / "metrics.jsonl"
    file.write_text("".join(json.dumps(event) + "\n" for event in events))
    return read_history(file)


def _epoch(number: int, accuracy: float | None) -> dict[str, object]:
    figures = {"train_loss": 0.6, "val_loss": accuracy, "val_accuracy": accuracy, "seconds": 2.0}
    return {"epoch": number, "step": 2 * number, **figures}


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
    file = tmp_path / "metrics.jsonl"
    file.write_text('{"step": 1, "epoch": 1, "loss": 2.3, "lr": 0.1, "images_per_second": 9.0}\n')
    table = pd.read_csv(io.StringIO(run_table.csv(read_history(file))))
    assert len(table) == 1
    assert table["loss"].tolist() == [2.3]


def test_of_equally_good_epochs_the_first_is_the_best(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert best_checkpoint(run) is None
    epochs = [_epoch(1, 0.7), _epoch(2, 0.8), _epoch(3, 0.8), _epoch(4, 0.9)]
    run.metrics_file.write_text("".join(json.dumps(event) + "\n" for event in epochs))
    for epoch in (1, 2, 3):  # the fourth is not saved yet
        run.epoch_checkpoint(epoch).touch()
    assert best_checkpoint(run) == run.epoch_checkpoint(2)
    run.epoch_checkpoint(2).unlink()
    assert best_checkpoint(run) == run.epoch_checkpoint(3)
