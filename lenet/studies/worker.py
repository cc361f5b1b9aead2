"""What a worker does, on this machine or another: see that one run is done.

The run itself is a process of its own, `python -m lenet --mode train …`, as any run is. It
holds a pipe to its worker and stops when that is gone, so that a run which a killed worker
has left is not trained twice at a time.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from lenet.errors import LabError, NewerFileError, RunError
from lenet.files import explained, not_through_links
from lenet.paths import ROOT
from lenet.runs.launcher import POLL, training_arguments
from lenet.runs.run import Control, Run
from lenet.studies.folder import Result, StudyFolder
from lenet.studies.plan import PlannedRun


@dataclass(frozen=True)
class Order:
    """What a worker needs to know beside the run.

    `folder` is the study's, the same path on every machine; `program` the module to run;
    `queued` whether the machine's slots are to be respected, which a cluster has no use for.
    """

    folder: Path
    program: str
    queued: bool
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of a run: its result, or else why there is none."""

    planned: PlannedRun
    result: Result | None
    reason: str | None = None


def stop_with_standard_input() -> None:
    """In a training: take the end of standard input, as of a killed worker's pipe, as a stop."""

    def wait() -> None:
        while os.read(0, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def do(order: Order, planned: PlannedRun) -> Outcome:
    """Train a run, or go on with it, and evaluate it on the test set, unless that is done.

    A failure is an outcome, not an exception: the other runs go on.
    """
    study = StudyFolder(order.folder)
    run = study.run(planned)
    try:
        _wait_for_predecessor(run)
        if result := study.result(planned):
            return Outcome(planned, result)
        if study.stop_asked:
            return Outcome(planned, None)
        if not _has_begun(run, planned):
            run.prepare(planned.config)
        return _train(order, planned, study, run)
    except LabError as error:
        return Outcome(planned, None, str(error))


def _train(order: Order, planned: PlannedRun, study: StudyFolder, run: Run) -> Outcome:
    with explained(run.folder):
        run.folder.mkdir(parents=True, exist_ok=True)
        log_file = open(run.log_file, "ab", opener=not_through_links)  # noqa: SIM115
    with log_file as log, TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-m", order.program, *_arguments(order, planned, run)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=log,
            start_new_session=True,
        )
        told = False
        while True:
            with suppress(subprocess.TimeoutExpired):
                process.wait(POLL)
                break
            if not told and study.stop_asked and run.live:
                run.ask(Control("stop"))
                told = True
        output.seek(0)
        printed = output.read()
    if not printed:
        reason = run.log_tail(1).removeprefix("error: ")
        return Outcome(planned, None, reason or "its process was killed")
    found = json.loads(printed)
    if found["state"] != "finished":
        return Outcome(planned, None)
    return Outcome(planned, study.keep_result(run, found["test_accuracy"]))


def _arguments(order: Order, planned: PlannedRun, run: Run) -> list[str]:
    what = ["--mode", "train", "--resume", str(run.folder)]
    if not _has_begun(run, planned):
        what = training_arguments(planned.config, run.folder)
    tied = ["--evaluate", "1", "--tied", "1", "--queue", str(int(order.queued)), "--json"]
    return [*what, *tied, *order.flags]


def _has_begun(run: Run, planned: PlannedRun) -> bool:
    """Whether the folder holds the beginning of this very run."""
    try:
        return run.used and run.config() == planned.config
    except NewerFileError:
        raise
    except RunError:
        return False


def _wait_for_predecessor(run: Run) -> None:
    """Until no process is at the run: that of a killed worker ends within moments."""
    while run.used and run.live:
        time.sleep(POLL / 3)
    if run.used and (status := run.status()).state == "crashed":
        with run.hold():
            run.write_status(status)  # a lost machine need not be waited for once more
