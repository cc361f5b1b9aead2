"""SIGKILL of a training at random moments of its life, and what is left of the run."""

import os
import random
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from lenet.errors import LabError
from lenet.files import temporaries
from lenet.network import checkpoint
from lenet.runs import launcher
from lenet.runs.history import read_metrics
from lenet.runs.run import Run
from lenet.runs.worker import Execution
from soak.lab import Lab, small_lab
from soak.table import Row, Tally
from tests.small import same_weights, small_config, small_split, trained

CONFIG = small_config(epochs=12, dropout=0.2, augment="flip_shift")
AIMED = 4
"""Every so many kills wait until a checkpoint is being written."""
MEASURED = ("epoch", "step", "train_loss", "val_loss", "val_accuracy")
"""What an epoch's event holds beside times, which are never the same."""

Begin = Callable[[Run], psutil.Process]
"""Starts a prepared run, or goes on with it, in a process."""


def rows(short: bool) -> list[Row]:
    with small_lab() as lab:
        return torture(lab, 10, 2) if short else torture(lab, 200, 40)


def torture(lab: Lab, kills: int, launched: int) -> list[Row]:
    """Kills of forked workers, many in little time, and of processes as the page starts them.

    Args:
        kills: of forked workers.
        launched: of the very processes that the page starts, from their first import on.
    """
    expected = Run(lab.home / "expected")
    execution(expected).start(CONFIG)  # imports here what forked workers need not import again
    last = checkpoint.load(expected.epoch_checkpoint(CONFIG.epochs)).model()
    assert same_weights(last, trained(CONFIG).model), "two uninterrupted runs differ"
    parts: list[tuple[str, Begin, int]] = [
        ("kill -9 of a training", _forked, kills),
        ("kill -9 of a training, imports included", _as_the_page_does, launched),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launcher, "PROGRAM", "tests.small_lab")
        return [Victims(lab, begin, expected).killed(n, done) for done, begin, n in parts if n]


def execution(run: Run) -> Execution:
    return Execution(run, small_split, lambda event, steps: None)


def _forked(run: Run) -> psutil.Process:
    """A worker forked from this process, where torch is loaded already."""
    if child := os.fork():
        return psutil.Process(child)
    try:
        execution(run).resume() if run.used else execution(run).start(CONFIG)
    except BaseException:
        os._exit(1)
    os._exit(0)


def _as_the_page_does(run: Run) -> psutil.Process:
    """`python -m lenet`, on the small dataset."""
    again = ["--mode", "train", "--resume", str(run.folder)]
    flags = again if run.used else launcher.training_arguments(CONFIG, run.folder)
    return psutil.Process(launcher.spawn(run, flags).pid)


class Victims(Tally):
    """Runs that are killed again and again, each until it is finished.

    `said` counts what the killed processes were doing, `lost` finished epochs that were gone.
    """

    def __init__(self, lab: Lab, begin: Begin, expected: Run) -> None:
        super().__init__()
        self.lab, self.begin, self.expected = lab, begin, expected
        self.rng, self.lost = random.Random(0), 0
        before = time.monotonic()
        self._finish(self._prepared("undisturbed"))
        self.life = time.monotonic() - before

    def killed(self, kills: int, done: str) -> Row:
        """Start runs, kill and resume them until they are finished, and compare what came out."""
        runs = equal = 0
        while self.said.total() < kills and not self.faults:
            runs += 1
            run = self._prepared(str(runs))
            while not _is_finished(run) and not self.faults:
                self._strike(run) if self.said.total() < kills else self._finish(run)
            different = differences(run, self.expected)
            equal += not different
            self.faults += different
        hits = ", ".join(f"{count} {what}" for what, count in self.said.most_common())
        measured = f"{equal} of {runs} runs end bit for bit as if undisturbed; hit {hits}"
        whole, total = not self.faults, self.said.total()
        return Row(done, total, self.lost, "finished epochs", measured, whole, self.faults)

    def _prepared(self, name: str) -> Run:
        run = Run(self.lab.home / f"{name}{self.begin.__name__}")
        run.prepare(CONFIG)  # as the page does before it starts the process
        return run

    def _finish(self, run: Run) -> None:
        if status := self.begin(run).wait():
            raise RuntimeError(f"a training ended with exit status {status}")

    def _strike(self, run: Run) -> None:
        """Kill a process of it at a moment of its life, if it has not ended by then."""
        process = self.begin(run)
        with suppress(psutil.TimeoutExpired, psutil.NoSuchProcess):
            if self.said.total() % AIMED:
                # Early moments are more frequent, or most runs would be finished before.
                process.wait(self.life * self.rng.betavariate(1, 3))
            while not _writing(run) and process.status() != psutil.STATUS_ZOMBIE:
                pass  # a checkpoint is written within milliseconds: no time to sleep
        finished = set(run.checkpoints().values())
        with suppress(psutil.NoSuchProcess):
            process.kill()
        process.wait()
        if (doing := _doing(run)) != "finished":
            self.said[doing] += 1
        self._check_kept(run, finished)

    def _check_kept(self, run: Run, finished: set[Path]) -> None:
        """Every epoch that was finished before the kill is there and can be loaded."""
        gone = finished - set(run.checkpoints().values())
        for path in run.checkpoints().values():
            try:
                checkpoint.load(path)
            except LabError as error:
                gone.add(path)
                self.faults.append(str(error))
        self.lost += len(gone)
        if run.used and (state := run.status().state) not in ("crashed", "finished"):
            self.faults.append(f"{run.id} is {state} after being killed: {run.log_tail()}")


def _is_finished(run: Run) -> bool:
    return run.used and run.status().state == "finished"


def differences(run: Run, expected: Run) -> list[str]:
    """In what a finished run of `CONFIG` differs from an uninterrupted one."""
    if not _is_finished(run):
        return [f"{run.id} is {run.status().state}"]
    found = []
    for epoch in range(1, CONFIG.epochs + 1):
        ours, theirs = (checkpoint.load(r.epoch_checkpoint(epoch)).model() for r in (run, expected))
        if not same_weights(ours, theirs):
            found.append(f"{run.id}: other weights after epoch {epoch}")
    if _records(run) != _records(expected):
        found.append(f"{run.id}: other metrics")
    if left := temporaries(run.folder):
        found.append(f"{run.id}: {len(left)} temporary files are left")
    return found


def _records(run: Run) -> list[object]:
    """What is recorded of a run, without times."""
    metrics = read_metrics(run.metrics_file)
    epochs = [[event[name] for name in MEASURED] for event in metrics.epochs]
    return [*epochs, *(list(metrics.steps[name]) for name in ("step", "loss", "lr"))]


def _writing(run: Run) -> bool:
    """Whether a checkpoint is being written, or was when its process was killed."""
    with suppress(OSError):
        return any(path.name.startswith(".model_epoch") for path in run.folder.iterdir())
    return False


def _doing(run: Run) -> str:
    """What the process was doing when it was killed, as its folder tells."""
    if not run.used:
        return "before the first word"
    if _is_finished(run):
        return "finished"
    if _writing(run):
        return "writing a checkpoint"
    return "training" if len(read_metrics(run.metrics_file)) else "starting"
