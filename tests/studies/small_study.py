"""A small study, and the processes that do it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from lenet.paths import ROOT
from lenet.runs.history import read_history
from lenet.studies.folder import StudyFolder
from lenet.studies.plan import Cell, Study, make_study
from tests.small import same_weights, trained

QUICK: dict[str, Any] = {"device": "cpu", "epochs": 2, "batch_size": 20, "val_size": 40}
LONG: dict[str, Any] = {**QUICK, "epochs": 15}
"""Long enough to be interrupted."""


def small_study(seeds: tuple[int, ...] = (0,), **values: Any) -> Study:
    cells = [
        Cell(label=f"dropout {dropout}", values={**QUICK, **values, "dropout": dropout})
        for dropout in (0.0, 0.1, 0.2)
    ]
    return make_study("tiny", "Tiny", cells, seeds)


def prepared(folder: Path, study: Study) -> StudyFolder:
    kept = StudyFolder(folder)
    kept.keep(study)
    return kept


def flags(folder: Path, *more: object) -> list[str]:
    return ["--mode", "study", "--study", str(folder), *map(str, more)]


def in_background(*arguments: str, before: str = "") -> "subprocess.Popen[str]":
    """The command line with the small dataset in a process, after the Python text `before`."""
    run = "import runpy; runpy.run_module('tests.small_lab', run_name='__main__')"
    return subprocess.Popen(
        [sys.executable, "-c", f"{before}\n{run}", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


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
