"""A small study, and the processes that do it."""

import subprocess
from pathlib import Path
from typing import Any

from lenet.runs.history import read_history
from lenet.studies.folder import Result, StudyFolder
from lenet.studies.plan import Cell, Study, make_study
from tests.small import PATIENCE, in_background, same_weights, trained, wait_until

QUICK: dict[str, Any] = {"device": "cpu", "epochs": 2, "batch_size": 20, "val_size": 40}
LONG: dict[str, Any] = {**QUICK, "epochs": 15}
"""Long enough to be interrupted."""
QUICK_FLAGS = [part for name, value in QUICK.items() for part in (f"--{name}", str(value))]


def small_study(seeds: tuple[int, ...] = (0,), **values: Any) -> Study:
    cells = [
        Cell(label=f"dropout {dropout}", values={**QUICK, **values, "dropout": dropout})
        for dropout in (0.0, 0.1, 0.2)
    ]
    return make_study("tiny", "Tiny", cells, seeds)


def result_of(**values: float | None) -> Result:
    """What came out of a run, overridden by `values`."""
    usual = {"train_loss": 1, "val_loss": 1, "val_accuracy": 0.5, "test_accuracy": 0.4}
    return Result.model_validate({**usual, "seconds": 1, **values})


def prepared(folder: Path, study: Study) -> StudyFolder:
    kept = StudyFolder(folder)
    kept.keep(study)
    return kept


def flags(folder: Path, *more: object) -> list[str]:
    return ["--mode", "study", "--study", str(folder), *map(str, more)]


def training(
    folder: StudyFolder, *more: object, runs: int = 1, epochs: int = 1, before: str = ""
) -> "subprocess.Popen[str]":
    """A study in a process, whose first runs have trained so many epochs."""
    process = in_background(*flags(folder.folder, *more), before=before)
    wait_until(lambda: min(epochs_done(folder)[:runs]) >= epochs, "runs that train")
    return process


def ended(process: "subprocess.Popen[str]", status: int) -> str:
    """What a process has written to standard error when it has exited with `status`."""
    _, errors = process.communicate(timeout=5 * PATIENCE)
    assert process.returncode == status, errors
    return errors


def epochs_done(folder: StudyFolder) -> list[int]:
    return [len(folder.run(planned).checkpoints()) for planned in folder.study.runs()]


def assert_as_if_never_interrupted(folder: StudyFolder) -> None:
    """Every run is finished, and its weights are those of one training without a break."""
    for planned in folder.study.runs():
        run = folder.run(planned)
        assert run.status().state == "finished"
        assert folder.result(planned)
        steps = list(read_history(run.metrics_file).steps["step"])
        assert steps == list(range(1, len(steps) + 1))
    from lenet.network import checkpoint

    first = folder.study.runs()[0]
    last = folder.run(first).epoch_checkpoint(first.config.epochs)
    assert same_weights(checkpoint.load(last).model(), trained(first.config).model)
