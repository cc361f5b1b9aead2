"""Having a study's runs done, by processes of this machine or on a Dask cluster."""

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
from lenet.runs.status import own_status
from lenet.studies import worker
from lenet.studies.folder import Result, StudyFolder
from lenet.studies.plan import PlannedRun

log = logging.getLogger(__name__)

Backend = Literal["local", "dask"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)

CONNECT_SECONDS = 10
SILENCE = 60.0
"""Seconds without any sign of a run on the cluster before a person is told."""
GRACE = 3.0
"""Seconds that a run on the cluster has to begin, and to hear at once that it shall stop."""
LEAVE = 60.0
"""Seconds that a cluster's runs have to save and stop before the study ends without them."""
_ADDRESS = re.compile(r"[a-z]+://[^\s/]+:\d+")


@dataclass(frozen=True)
class Outcome:
    """What became of a run: its result, or else why there is none; neither if it was stopped."""

    planned: PlannedRun
    result: Result | None = None
    reason: str | None = None


Start = Callable[[PlannedRun], "Future[tuple[int, str] | None]"]
"""Has a run trained; the future holds what `worker.train` returns."""


@dataclass(frozen=True)
class Pool:
    """Where runs are trained; `advice` says what to do when nothing moves there."""

    start: Start
    advice: Callable[[], str] | None = None


def check_backend(backend: Backend, address: str | None) -> None:
    """Whether a study can be conducted so, before anything is written.

    Raises:
        ConfigError: backend and address do not fit together, or that is no address.
    """
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
    """Do what is unfinished in a study.

    Returns:
        "finished", or "stopped" if somebody asked for that, and the exit status of the process.

    Args:
        watch: called with the outcome of each run as it comes.
        address: the Dask scheduler's, `tcp://…`; its workers share `folder` under its path.
            By default the runs are trained on this machine, within its slots.
        workers: runs at a time on this machine; the number of slots by default.
        flags: further flags for each training, as `--data_dir`.
        handed_over: whether a page has started this process; a stop asked since then holds.

    Raises:
        RunError: the study is going on already.
        StudyError: runs of it failed, or the cluster cannot do it.
    """
    folder = StudyFolder(folder.folder.resolve())
    stop = Event()
    signals: list[int] = []

    def note(number: int) -> None:
        signals.append(number)
        stop.set()

    pool = (
        _cluster(folder, flags, stop, address)
        if address
        else _here(folder, flags, stop, workers or launcher.slots())
    )
    with (
        folder.process.hold(f"{folder.folder} is being conducted already; stop that first"),
        _reporting(folder, forget=not handed_over) as report,
        stop_signals(note),
        pool as how,
    ):
        pending = {how.start(planned): planned for planned in folder.unfinished()}
        for outcome in _outcomes(folder, pending, how, stop, report):
            report.outcomes.append(outcome)
            watch(outcome)
    if not folder.unfinished():
        return "finished", 0
    return "stopped", exit_status(signals[0]) if signals else 0


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
        on_cluster = worker.train_on_cluster

        def train(*given: Any) -> tuple[int, str] | None:
            """Sent by value, as it is no module's; `on_cluster` alone would go by its name."""
            return on_cluster(*given)

        def start(planned: PlannedRun) -> "Future[tuple[int, str] | None]":
            folder.prepare(planned)
            arguments = _arguments(folder, planned, flags)
            where = str(folder.run(planned).log_file), str(folder.folder)
            return executor.submit(train, arguments, *where, versions)  # type: ignore[no-any-return]

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
    """A connection to the cluster.

    Raises:
        ConfigError: Dask is not installed.
        StudyError: nobody answers there, or there are no workers.
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
    folder: StudyFolder,
    pending: "dict[Future[tuple[int, str] | None], PlannedRun]",
    pool: Pool,
    stop: Event,
    report: "_Report",
) -> Iterator[Outcome]:
    """The outcomes of the runs in the order in which they come."""
    moved, asked = _Moved(folder), 0.0
    while pending:
        done, _ = wait(pending, launcher.POLL, FIRST_COMPLETED)
        for future in done:
            yield _outcome(folder, pending.pop(future), future)
        if stop.is_set() or folder.stop_asked:
            stop.set()
            if not asked:
                asked = time.monotonic()
                folder.ask_to_stop()
            waited = time.monotonic() - asked
            live = any(folder.run(one).live for one in pending.values())
            if pool.advice and waited > (LEAVE if live else GRACE):
                return
        elif pool.advice:
            still = moved.not_since(list(pending.values()), anew=bool(done))
            report.say(
                f"nothing has moved for {SILENCE:.0f} s; {pool.advice()}, or stop the study"
                if still
                else None
            )


class _Moved:
    """When a run of a study was last seen to move."""

    def __init__(self, folder: StudyFolder) -> None:
        self._folder = folder
        self._sign, self._seen, self._looked = 0, time.monotonic(), 0.0

    def not_since(self, runs: list[PlannedRun], *, anew: bool) -> bool:
        """Whether for `SILENCE` no run has ended, as `anew` says, and none has written a file."""
        now = time.monotonic()
        if not anew and now > self._looked + SILENCE / 20:
            sign = max(_last_write(self._folder.run(planned).folder) for planned in runs)
            anew, self._sign, self._looked = sign != self._sign, sign, now
        if anew:
            self._seen = now
        return now > self._seen + SILENCE


def _last_write(folder: Path) -> int:
    """When a file of a run was last written or its lock touched, in nanoseconds."""
    with suppress(OSError, ValueError):
        return max(path.stat().st_mtime_ns for path in folder.iterdir())
    return 0


def _outcome(
    folder: StudyFolder, planned: PlannedRun, future: "Future[tuple[int, str] | None]"
) -> Outcome:
    """What a run's future tells.

    Raises:
        StudyError: the cluster cannot do the study.
    """
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
    """What a training's exit status and the JSON object that it printed tell."""
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


class _Report:
    """The study's status, and what became of its runs."""

    def __init__(self, folder: StudyFolder) -> None:
        self.outcomes: list[Outcome] = []
        self._folder = folder
        self._status = own_status().changed(state="running")
        self.write()

    def write(self, **changes: Any) -> None:
        self._status = self._status.changed(**changes)
        self._folder.process.write_status(self._status)

    def say(self, message: str | None) -> None:
        """Tell a person who watches what goes on, or with None that all is well again."""
        if message != self._status.message:
            self.write(message=message)
            if message:
                log.warning("note: %s", message)


@contextmanager
def _reporting(folder: StudyFolder, *, forget: bool) -> Iterator[_Report]:
    """Show the study as running, and in the end what became of it.

    Raises:
        StudyError: runs have failed.
    """
    if forget:
        folder.process.forget_asked()
    report = _Report(folder)
    try:
        yield report
        failed = [outcome for outcome in report.outcomes if outcome.reason]
        if failed:
            first = failed[0]
            count = f"{len(failed)} of {len(report.outcomes)} runs"
            raise StudyError(
                f"{count} failed, the others are kept; {first.planned.label}, "
                f"seed {first.planned.config.seed}: {first.reason}"
            )
    except BaseException as error:
        with suppress(StorageError):
            report.write(state="failed", message=str(error) or "interrupted")
        raise
    report.write(state="stopped" if folder.unfinished() else "finished", message=None)
