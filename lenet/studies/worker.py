"""Training one run of a study in a process of its own, `python -m lenet --mode train …`.

`train` and `train_on_cluster` use the standard library alone: they are sent to a cluster by value,
so that its scheduler and workers need not import the lab.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from lenet.runs.launcher import POLL
from lenet.runs.run import Run

SAVING = 60.0
"""Seconds that a training has to save its state and stop before it is killed."""
VERSIONS = "import lenet, importlib.metadata as m; print(lenet.__version__, m.version('torch'))"
"""A program that prints the versions of the lab and of torch."""


def train(
    arguments: list[str], log: str, cwd: str, stopped: Callable[[], bool]
) -> tuple[int, str] | None:
    """Run `python` with the arguments until it ends or `stopped` says that it shall.

    Its standard input is a pipe. When that is closed, here or because this process was killed, the
    training saves its state and stops. Returns its exit status and what it printed; None if it was
    stopped before it began.
    """
    if stopped():
        return None

    def not_through_links(path: str, flags: int) -> int:
        return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)

    with open(log, "ab", opener=not_through_links) as errors, TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
        while not stopped():
            with suppress(subprocess.TimeoutExpired):
                process.wait(POLL)
                break
        process.stdin.close()  # type: ignore[union-attr]
        try:
            process.wait(SAVING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        output.seek(0)
        return process.returncode, output.read().decode()


def train_on_cluster(
    arguments: list[str], log: str, study: str, versions: list[str]
) -> tuple[int, str] | None:
    """`train` in a cluster's worker, in the folder in which that was started.
    LookupError if it has no lab or another one, or does not see the study's folder.
    """
    from distributed import get_worker

    def stopped() -> bool:
        with suppress(OSError, ValueError):
            return bool(json.loads(Path(study, "control.json").read_text())["wish"] == "stop")
        return False

    where = f"the worker {get_worker().address}, started in {Path.cwd()},"
    found = subprocess.run(
        [sys.executable, "-c", VERSIONS], check=False, capture_output=True, text=True
    )
    if found.returncode:
        reason = found.stderr.splitlines()[-1:]
        raise LookupError(
            f"{where} cannot import the lab ({''.join(reason)}); start it in the lab's folder"
        )
    if found.stdout.split() != versions:
        raise LookupError(
            "{} has lab {} with torch {}, this study lab {} with torch {}; "
            "install the same versions there".format(where, *found.stdout.split(), *versions)
        )
    if not Path(study, "study.json").exists():
        raise LookupError(
            f"{where} does not see {study}; give an --output_dir on storage that all machines share"
        )
    return train(arguments, log, ".", stopped)


def stop_with_standard_input() -> None:
    """In a training: take the end of standard input, as of a killed worker's pipe, as a stop."""

    def wait() -> None:
        while os.read(0, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def wait_for_predecessor(run: Run) -> None:
    """Until no process is at the run: that of a killed worker ends within moments."""
    while run.used and run.live:
        time.sleep(POLL / 3)
    if run.used and (status := run.status()).state == "crashed":
        with run.hold():
            run.write_status(status)  # a lost machine need not be waited for once more
