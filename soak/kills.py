"""SIGKILL of a training at random moments of its life, and what is left of the run."""

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from lenet import checkpoint, launch
from lenet.config import Config
from lenet.errors import LabError
from lenet.execution import Execution
from lenet.metrics import Metrics
from lenet.recording import temporaries
from lenet.runs import Run
from soak.table import Row
from tests.small import same_weights, small_config, small_split, trained, wait_until

CONFIG = small_config(epochs=12, dropout=0.2, augment="flip_shift")
AIMED = 4
"""Every so many kills wait for a checkpoint that is just being written."""
MEASURED = ("step", "epoch", "loss", "lr", "lr_set", "train_loss", "val_loss", "val_accuracy")
"""What an event holds beside times, which are never the same."""


@dataclass
class Victims:
    """Runs that are killed again and again, each until it is finished.

    Attributes:
        folder: in which the runs are.
        hits: what the killed processes were doing.
        lost: finished epochs that were gone after a kill.
        unequal: finished runs that differ from the uninterrupted one.
    """

    folder: Path
    rng: random.Random = field(default_factory=lambda: random.Random(0))
    hits: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    lost: int = 0
    unequal: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        return self.hits.total()

    def next_run(self) -> Run:
        self.runs += 1
        return Run(self.folder / f"run{self.runs}")

    def strike(self, run: Run, process: BaseProcess, moment: float) -> bool:
        """Kill the process so many seconds from now; False if it had ended before."""
        deadline = time.monotonic() + moment
        if self.kills % AIMED == 0:
            while not _writing(run) and process.is_alive() and time.monotonic() < deadline + 1:
                pass  # a checkpoint is written within milliseconds: no time to sleep
        else:
            process.join(moment)
        finished = run.checkpoints()
        with suppress(ProcessLookupError):
            os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        if process.exitcode == 0:
            return False
        self.hits[_doing(run)] += 1
        self._check_kept(run, finished)
        return True

    def _check_kept(self, run: Run, finished: list[Path]) -> None:
        """Every epoch that was finished before the kill is there and can be loaded."""
        gone = set(finished) - set(run.checkpoints())
        for path in run.checkpoints():
            try:
                checkpoint.load(path)
            except LabError as error:
                gone.add(path)
                self.faults.append(str(error))
        self.lost += len(gone)
        state = run.status().state
        if state not in ("crashed", "finished"):
            self.faults.append(f"{run.id} is {state} after kill {self.kills}")

    def check_whole(self, run: Run, config: Config, expected: Path) -> None:
        """The run ended like one that was never interrupted, in its weights and in its records."""
        faults = differences(run, config, expected)
        self.unequal += bool(faults)
        self.faults += faults


def differences(run: Run, config: Config, expected: Path) -> list[str]:
    """In what a finished run differs from the uninterrupted one in the folder `expected`."""
    if (state := run.status().state) != "finished":
        return [f"{run.id} is {state}"]
    found = []
    for epoch in range(1, config.epochs + 1):
        ours, theirs = (Run(folder).epoch_checkpoint(epoch) for folder in (run.folder, expected))
        if not same_weights(checkpoint.load(ours).model(), checkpoint.load(theirs).model()):
            found.append(f"{run.id}: other weights after epoch {epoch}")
    if _events(run) != _events(Run(expected)):
        found.append(f"{run.id}: other records")
    if left := temporaries(run.folder):
        found.append(f"{run.id}: {len(left)} temporary files are left")
    return found


def _events(run: Run) -> list[dict[str, object]]:
    """What is recorded of a run, without times."""
    metrics = Metrics(run.metrics_file).poll()
    epochs = [{name: event.get(name) for name in MEASURED} for event in metrics.epochs]
    columns = (metrics.steps[name] for name in ("step", "loss", "lr"))
    return [*epochs, *({"step": s, "loss": a, "lr": r} for s, a, r in zip(*columns, strict=True))]


def _writing(run: Run) -> bool:
    """Whether a checkpoint is just being written."""
    return any(name.startswith(".model_epoch") for name in _names(run.folder))


def _names(folder: Path) -> list[str]:
    with suppress(OSError):
        return os.listdir(folder)
    return []


def _doing(run: Run) -> str:
    """What the process was doing when it was killed, as its folder tells."""
    if _writing(run):
        return "writing a checkpoint"
    if not (run.folder / "status.json").exists():
        return "before its first word"
    steps = Metrics(run.metrics_file).poll()
    return "training" if len(steps) else "starting"


def forked_rows(kills: int) -> list[Row]:
    """Kills of a worker that is forked here, where torch is loaded: many in little time."""
    with TemporaryDirectory() as folder:
        victims = Victims(Path(folder) / "runs")
        expected = Path(folder) / "expected"
        before = time.monotonic()
        _join(_start(Run(expected), CONFIG))
        life = time.monotonic() - before
        assert same_weights(
            checkpoint.load(Run(expected).epoch_checkpoint(CONFIG.epochs)).model(),
            trained(CONFIG).model,
        )
        while victims.kills < kills:
            run = victims.next_run()
            run.prepare(CONFIG)  # as the page does before it starts the process
            # From before its first word to its last checkpoint; most kills come early, or
            # a run would be finished before it is killed.
            while run.status().state != "finished":
                worker = _start(run, CONFIG)
                if victims.kills >= kills:
                    _join(worker)
                    continue
                victims.strike(run, worker, life * victims.rng.betavariate(1, 3))
            victims.check_whole(run, CONFIG, expected)
        return _rows("kill -9 of a training, any moment", victims)


def _rows(done: str, victims: Victims) -> list[Row]:
    hits = ", ".join(f"{count} {what}" for what, count in victims.hits.most_common())
    whole = not victims.unequal and not victims.faults
    measured = f"{hits}; {victims.runs} runs, {victims.unequal} differ from the uninterrupted one"
    return [
        Row(
            done, victims.kills, victims.lost, "finished epochs", measured, whole, victims.faults
        )
    ]


def _start(run: Run, config: Config) -> BaseProcess:
    """A process that starts the run, or goes on with it; forked, since torch is loaded here."""
    begun = run.used
    work: Callable[[], None] = lambda: (  # noqa: E731
        _execution(run).resume() if begun else _execution(run).start(config)
    )
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    return process


def _execution(run: Run) -> Execution:
    return Execution(run, small_split, lambda event, steps: None)


def _join(worker: BaseProcess) -> None:
    worker.join()
    if worker.exitcode:
        raise RuntimeError(f"a training ended with exit status {worker.exitcode}")


def process_rows(kills: int) -> list[Row]:
    """Kills of the very process that the page starts, from its first import on."""
    with _small_program() as folder:
        victims = Victims(folder / "runs")
        expected = _from_start_to_finish()
        before = expected.status()
        life = before.seconds + START_SECONDS
        while victims.kills < kills:
            run = launch.start(PROCESS_CONFIG)
            victims.runs += 1
            while run.status().state != "finished":
                _strike_process(victims, run, kills, life)
                if run.status().state == "crashed":
                    launch.resume(run)
            victims.check_whole(run, PROCESS_CONFIG, expected.folder)
        return _rows("kill -9 of the process that the page starts", victims)
