"""Training a study's runs, in processes of this machine or on a Dask cluster."""

import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from signal import SIGTERM
from threading import Event
from typing import Any, Literal, get_args

from lenet import __version__
from lenet.errors import ConfigError, LabError, StorageError, StudyError
from lenet.paths import ROOT
from lenet.runs import launcher
from lenet.runs.signals import exit_status, stop_signals
from lenet.runs.status import State, own_status
from lenet.studies import worker
from lenet.studies.folder import Result, StudyFolder
from lenet.studies.plan import PlannedRun

log = logging.getLogger(__name__)

Backend = Literal["local", "dask"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)

CONNECT_SECONDS = 10
SILENCE = 60.0
"""Seconds without a sign of any run on the cluster before a person is told."""
GRACE = 3.0
"""Seconds to wait, after a stop, for a run on the cluster that has not begun."""
LEAVE = 60.0
"""Seconds to wait, after a stop, for runs on the cluster that train and have to be saved."""
_ADDRESS = re.compile(r"[a-z]+://[^\s/]+:\d+")


@dataclass(frozen=True)
class Outcome:
    """What became of a run: its result, or the reason why it failed; neither if it was stopped."""

    planned: PlannedRun
    result: Result | None = None
    reason: str | None = None


Start = Callable[[PlannedRun], "Future[tuple[int, str] | None]"]
"""Starts to train a run; the future holds what `worker.train` returns."""


@dataclass(frozen=True)
class Pool:
    """Where runs are trained; `advice`, on a cluster, says what to do when nothing moves there."""

    start: Start
    advice: Callable[[], str] | None = None


def check_backend(backend: Backend, address: str | None) -> None:
    """Raises ConfigError if backend and address do not fit together, or that is no address."""
    if (address is None) == (backend == "dask"):
        raise ConfigError("--backend dask and --address tcp://HOST:PORT belong together; give both")
    if address and not _ADDRESS.fullmatch(address):
        raise ConfigError(f"{address} is no address; give one like tcp://10.0.0.1:8786")


def run_study(
    folder: StudyFolder,
    watch: Callable[[Outcome], None],
    *,
    address: str | None = None,
    workers: int | None = None,
    flags: Sequence[str] = (),
    handed_over: bool = False,
) -> tuple[str, int]:
    """Train what is unfinished in a study.

    Returns:
        "finished", or "stopped" if somebody asked for that, and the exit status of the process.

    Args:
        watch: called with the outcome of each run as it comes.
        address: of a Dask scheduler, `tcp://…`, whose workers see `folder` under the same path.
            Without one the runs are trained on this machine.
        workers: runs at a time on this machine; the number of slots by default.
        flags: further flags for each training, as `--data_dir`.
        handed_over: a page has started this process; a stop that was asked since then counts.

    Raises:
        RunError: another process works on the study.
        StudyError: runs of it failed, or the cluster cannot do it.
    """
    folder = StudyFolder(folder.folder.resolve())
    stop = Event()
    signals: list[int] = []
    outcomes: list[Outcome] = []
    status = own_status()

    def note(number: int) -> None:
        signals.append(number)
        stop.set()

    def report(**changes: Any) -> None:
        nonlocal status
        status = status.changed(**changes)
        folder.process.write_status(status)

    pool = (
        _cluster(folder, flags, stop, address)
        if address
        else _here(folder, flags, stop, workers or launcher.slots())
    )
    with folder.process.hold(f"the study in {folder.folder} is going on already; stop it first"):
        if not handed_over:
            folder.process.forget_asked()
        try:
            report(state="running")
            with stop_signals(note), pool as how:
                for outcome in _outcomes(folder, how, stop, report):
                    outcomes.append(outcome)
                    watch(outcome)
            _check(outcomes)
        except BaseException as error:
            ending = {"state": "failed", "message": str(error)}
            if isinstance(error, KeyboardInterrupt):
                ending = {"state": "stopped"}
            with suppress(StorageError):
                report(**ending)
            raise
        state: State = "stopped" if folder.unfinished() else "finished"
        report(state=state, message=None)
    return state, exit_status(signals[0]) if signals and state == "stopped" else 0


def _check(outcomes: Sequence[Outcome]) -> None:
    """Raises StudyError if runs have failed."""
    if failed := [outcome for outcome in outcomes if outcome.reason]:
        planned = failed[0].planned
        raise StudyError(
            f"{len(failed)} of {len(outcomes)} runs failed, the others are kept; "
            f"{planned.label}, seed {planned.config.seed}: {failed[0].reason}"
        )


@contextmanager
def _here(folder: StudyFolder, flags: Sequence[str], stop: Event, workers: int) -> Iterator[Pool]:
    def train(planned: PlannedRun) -> tuple[int, str] | None:
        if stop.is_set():
            return None
        folder.prepare(planned)
        arguments = _arguments(folder, planned, ["--queue", "1", *flags])
        return worker.train(arguments, str(folder.run(planned).log_file), str(ROOT), stop.is_set)

    with ThreadPoolExecutor(workers) as pool:
        try:
            yield Pool(lambda planned: pool.submit(train, planned))
        finally:
            stop.set()


@contextmanager
def _cluster(
    folder: StudyFolder, flags: Sequence[str], stop: Event, address: str
) -> Iterator[Pool]:
    with _client(address, stop) as client:
        executor = client.get_executor(pure=False)
        versions = [__version__, version("torch")]
        train = worker.train_on_cluster

        def start(planned: PlannedRun) -> "Future[tuple[int, str] | None]":
            folder.prepare(planned)
            arguments = _arguments(folder, planned, flags)
            log_file, study = str(folder.run(planned).log_file), str(folder.folder)
            # A lambda is sent by value; the function itself would be sent by its name.
            return executor.submit(lambda: train(arguments, log_file, study, versions))  # type: ignore[no-any-return]

        def advice() -> str:
            with suppress(OSError, TimeoutError):
                if count := len(client.ncores()):
                    return f"look at the logs of the {count} workers at {address}"
            return f"start `dask worker {address}` in the lab's folder, and look at the scheduler"

        try:
            yield Pool(start, advice)
        except BaseException:
            with suppress(StorageError):
                folder.ask_to_stop()  # the runs that train
            raise
        finally:
            executor.shutdown(wait=False)


def _arguments(folder: StudyFolder, planned: PlannedRun, more: Sequence[str]) -> list[str]:
    resume = ["--mode", "train", "--resume", str(folder.run(planned).folder)]
    return ["-m", launcher.PROGRAM, *resume, "--evaluate", "1", "--tied", "1", "--json", *more]


@contextmanager
def _client(address: str, stop: Event) -> Iterator[Any]:
    """A connection to the cluster; ConfigError if Dask is not installed, StudyError if nobody
    answers or there are no workers.
    """
    try:
        import cloudpickle
        from distributed import Client
    except ImportError:
        raise ConfigError(
            "--backend dask needs Dask; pip install -r requirements-cluster.txt"
        ) from None
    cloudpickle.register_pickle_by_value(worker)
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # its tracebacks tell no more
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError):
        raise StudyError(
            f"no cluster answers at {address}; start `dask scheduler` there and try again"
        ) from None
    with client:
        deadline = time.monotonic() + CONNECT_SECONDS
        while not client.ncores() and not stop.wait(launcher.POLL):
            if time.monotonic() > deadline:
                raise StudyError(
                    f"the cluster at {address} has no workers; "
                    f"start `dask worker {address}` in the lab's folder"
                )
        yield client


def _outcomes(
    folder: StudyFolder, pool: Pool, stop: Event, report: Callable[..., None]
) -> Iterator[Outcome]:
    """The outcomes of the unfinished runs in the order in which they come."""
    pending = {pool.start(planned): planned for planned in folder.unfinished()}
    asked = looked = 0.0
    moved, last_write = time.monotonic(), 0
    told: str | None = None
    while pending:
        done, _ = wait(pending, launcher.POLL, FIRST_COMPLETED)
        for future in done:
            yield _outcome(folder, pending.pop(future), future)
        now = time.monotonic()
        runs = [folder.run(planned) for planned in pending.values()]
        if stop.is_set() or folder.stop_asked:
            stop.set()
            if not asked:
                asked = now
                folder.ask_to_stop()
            patience = LEAVE if any(run.live for run in runs) else GRACE
            if pool.advice and now > asked + patience:
                return
        elif pool.advice:
            if done:
                moved = now
            elif now > looked + SILENCE / 20:
                looked, before = now, last_write
                last_write = max(_last_write(run.folder) for run in runs)
                if last_write != before:
                    moved = now
            message = None
            if now > moved + SILENCE:
                message = (
                    f"nothing has moved for {SILENCE:.0f} s; {pool.advice()}, or stop the study"
                )
            if message != told:
                told = message
                report(message=message)
                if message:
                    log.warning("note: %s", message)


def _last_write(folder: Path) -> int:
    """When a file in the folder was last written, the lock included, in nanoseconds."""
    with suppress(OSError, ValueError):
        return max(path.stat().st_mtime_ns for path in folder.iterdir())
    return 0


def _outcome(
    folder: StudyFolder, planned: PlannedRun, future: "Future[tuple[int, str] | None]"
) -> Outcome:
    """The outcome in a run's future; StudyError if the cluster cannot do the study."""
    try:
        ended = future.result()
    except LookupError as error:
        raise StudyError(str(error.args[0])) from None
    except LabError as error:
        return Outcome(planned, reason=str(error))
    except CancelledError:
        raise StudyError(
            "the cluster's scheduler is gone; start it and its workers again, and run the same "
            "command, finished runs are kept"
        ) from None
    except Exception as error:  # whatever the cluster has met
        log.info("a run's task failed", exc_info=True)
        return Outcome(planned, reason=f"the cluster gave it up ({type(error).__name__})")
    return _ended(folder, planned, *ended) if ended else Outcome(planned)


def _ended(folder: StudyFolder, planned: PlannedRun, status: int, printed: str) -> Outcome:
    """The outcome by a training's exit status and the JSON object that it printed."""
    try:
        found = json.loads(printed)
        if found["state"] == "stopped":
            return Outcome(planned)
        return Outcome(planned, folder.keep_result(planned, found))
    except (ValueError, KeyError):
        if status in (exit_status(SIGTERM), -SIGTERM):  # it had nothing to save
            return Outcome(planned)
        reason = folder.run(planned).last_words(1).removeprefix("error: ")
        return Outcome(planned, reason=reason or f"its process ended with {status}")
