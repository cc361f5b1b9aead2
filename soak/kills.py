"""SIGKILL of a training at random moments of its life, and what is left of the run."""

import json
import os
import random
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from lenet.files import temporaries
from lenet.network import checkpoint
from lenet.runs import launcher
from lenet.runs.recorder import clear_remains
from lenet.runs.run import Run
from soak.lab import Lab, execution, small_lab
from soak.table import Row
from tests.small import same_weights, small_config

CONFIG = small_config(epochs=12, dropout=0.2, augment="flip_shift")

Begin = Callable[[Run], psutil.Process]
"""Starts a prepared run, or goes on with it, in a process."""


def rows(short: bool) -> list[Row]:
    """Kills of forked workers, many in little time, and of processes as the page starts them."""
    forks, processes = (10, 2) if short else (200, 40)
    with small_lab() as lab:
        return [
            torture(lab, "kill -9 of a training", forked, forks),
            torture(lab, "kill -9 of a training, imports included", _as_the_page_does, processes),
        ]


def torture(lab: Lab, done: str, begin: Begin, kills: int) -> Row:
    """Start runs, kill and resume them until they are finished, and compare what came out."""
    row, rng, equal = Row(done), random.Random(0), 0
    folder = lab.home / done
    expected, runs = Run(folder / "expected"), [_prepared(folder / "undisturbed")]
    execution(expected).start(CONFIG)  # imports here what forked workers need not import again
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launcher, "PROGRAM", "tests.small_lab")
        began = time.monotonic()
        _finish(runs[0], begin)
        life = time.monotonic() - began
        while row.times < kills and not row.faults:
            runs.append(_prepared(folder / str(len(runs))))
            while not _is_finished(runs[-1]) and not row.faults:
                if row.times == kills:
                    _finish(runs[-1], begin)
                else:  # early moments are more frequent, or most would be finished before
                    aimed = row.times % 4 == 0  # waits until a checkpoint is being written
                    _strike(runs[-1], begin, None if aimed else life * rng.betavariate(1, 3), row)
            with row.checked(runs[-1].id):
                assert_same(runs[-1], expected)
                equal += 1
    row.measured = f"{equal} of {len(runs) - 1} runs end bit for bit as if undisturbed"
    return row


def forked(run: Run) -> psutil.Process:
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
    flags = ["--mode", "train", "--resume", str(run.folder)]
    return psutil.Process(launcher.spawn(run.log_file, flags).pid)


def _prepared(folder: Path) -> Run:
    run = Run(folder)
    run.prepare(CONFIG)  # as the page does before it starts the process
    return run


def _finish(run: Run, begin: Begin) -> None:
    if status := begin(run).wait():
        raise RuntimeError(f"a training ended with exit status {status}")


def _strike(run: Run, begin: Begin, seconds: float | None, row: Row) -> None:
    """Kill a process of it after so long, or while it writes a checkpoint, unless it has ended."""
    process = begin(run)
    with suppress(psutil.TimeoutExpired, psutil.NoSuchProcess):
        if seconds is not None:
            process.wait(seconds)
        while not _writing(run) and process.status() != psutil.STATUS_ZOMBIE:
            pass  # a checkpoint is written within milliseconds: no time to sleep
    finished = set(run.checkpoints().values())
    with suppress(psutil.NoSuchProcess):
        process.kill()
    process.wait()
    if (doing := _doing(run)) != "finished":
        row.times += 1
        row.said[doing] += 1
    else:  # it may have been putting the detector into its last checkpoint, which is whole
        clear_remains(run)
    for path in finished | set(run.checkpoints().values()):
        with row.checked("a finished epoch is lost"):
            checkpoint.load(path)
    if run.used and (state := run.status().state) not in ("crashed", "finished"):
        row.faults.append(f"{run.id} is {state} after being killed: {run.log_tail()}")


def _is_finished(run: Run) -> bool:
    return run.used and run.status().state == "finished"


def assert_same(run: Run, expected: Run) -> None:
    """A run of `CONFIG` has finished as an uninterrupted one does."""
    assert _is_finished(run), run.status().state
    for epoch in range(1, CONFIG.epochs + 1):
        ours, theirs = (checkpoint.load(r.epoch_checkpoint(epoch)).model() for r in (run, expected))
        assert same_weights(ours, theirs), f"other weights after epoch {epoch}"
    assert _events(run) == _events(expected), "other metrics"
    assert not temporaries(run.folder), "temporary files are left"


def _events(run: Run) -> list[dict[str, Any]]:
    """What is recorded of a run, without times."""
    times = {"seconds": None, "images_per_second": None}
    return [{**json.loads(line), **times} for line in run.metrics_file.read_text().splitlines()]


def _writing(run: Run) -> bool:
    """Whether a checkpoint is being written, or was when its process was killed."""
    return any(run.folder.glob(".model_epoch*"))


def _doing(run: Run) -> str:
    """What the process was doing when it was killed, as its folder tells."""
    if not run.used:
        return "before the first word"
    if _is_finished(run):
        return "finished"
    if _writing(run):
        return "writing a checkpoint"
    return "training" if run.metrics_file.exists() else "starting"
