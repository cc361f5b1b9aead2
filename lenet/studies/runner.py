"""Having a study's runs done, through joblib: by processes here or by a Dask cluster."""

import logging
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Literal, get_args

from lenet.errors import ConfigError, StorageError, StudyError
from lenet.runs import launcher
from lenet.runs.signals import stop_signals
from lenet.runs.status import own_status
from lenet.studies.folder import StudyFolder
from lenet.studies.plan import PlannedRun
from lenet.studies.worker import Order, Outcome, do

log = logging.getLogger(__name__)

Backend = Literal["loky", "dask"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)

CONNECT_SECONDS = 10
_ADDRESS = re.compile(r"[a-z]+://[^\s/]+:\d+")
LIVES = 3
"""So often the workers of this machine are started anew after one of them was killed."""


def check_backend(backend: Backend, address: str | None) -> None:
    """Whether a study can be conducted so, before anything is written.

    Raises:
        ConfigError: backend and address do not fit together, or that is no address.
    """
    if (address is None) == (backend == "dask"):
        raise ConfigError("--backend dask and --address tcp://HOST:PORT belong together; give both")
    if address and not _ADDRESS.fullmatch(address):
        raise ConfigError(f"{address} is no address; give one like tcp://10.0.0.1:8786")


def conduct(
    folder: StudyFolder,
    watch: Callable[[Outcome], None],
    *,
    backend: Backend = "loky",
    address: str | None = None,
    workers: int | None = None,
    flags: Sequence[str] = (),
) -> str:
    """Do what is unfinished in a study; "finished", or "stopped" if somebody asked for that.

    Args:
        watch: called with the outcome of each run as it comes.
        backend: `loky`, processes of this machine within its slots, or `dask`.
        address: the Dask scheduler's, `tcp://…`; its workers share `folder` under its path.
        workers: runs at a time on this machine; the number of slots by default.
        flags: further flags for each training, as `--data_dir`.

    Raises:
        RunError: the study is going on already.
        StudyError: runs of it failed, or there is no cluster.
    """
    check_backend(backend, address)
    order = Order(
        folder.folder.resolve(), launcher.PROGRAM, queued=backend == "loky", flags=tuple(flags)
    )
    with (
        folder.process.hold(f"{folder.folder} is being conducted already; stop that first"),
        _reporting(folder) as outcomes,
        stop_signals(lambda _: folder.ask_to_stop()),
    ):
        for outcome in _outcomes(order, folder, backend, address, workers or launcher.slots()):
            outcomes.append(outcome)
            watch(outcome)
    return "stopped" if folder.unfinished() else "finished"


def _outcomes(
    order: Order, folder: StudyFolder, backend: Backend, address: str | None, workers: int
) -> Iterator[Outcome]:
    if address:
        with _client(address) as client:
            yield from _on_dask(order, folder.unfinished(), client)
    else:
        yield from _here(order, folder, workers)


def _here(order: Order, folder: StudyFolder, workers: int) -> Iterator[Outcome]:
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    told: set[str] = set()
    for life in range(1, LIVES + 1):
        runs = [planned for planned in folder.unfinished() if planned.key not in told]
        try:
            for outcome in _parallel(order, runs, n_jobs=workers, initializer=_ignore_ctrl_c):
                told.add(outcome.planned.key)
                yield outcome
        except TerminatedWorkerError:
            log.warning("a worker was killed; its runs are taken up again")
            if life == LIVES:
                raise StudyError(
                    "workers were killed again and again, perhaps for lack of memory; "
                    "use fewer --workers and run the same command again"
                ) from None
        else:
            return


def _on_dask(order: Order, runs: list[PlannedRun], client: Any) -> Iterator[Outcome]:
    from distributed import KilledWorker

    try:
        # All at once: workers that join later then have something to do.
        yield from _parallel(order, runs, backend="dask", client=client, pre_dispatch="all")
    except (KilledWorker, OSError, TimeoutError) as error:
        log.info("the cluster failed", exc_info=True)
        raise StudyError(
            f"the cluster gave up ({type(error).__name__}); look at its workers and run the "
            "same command again, finished runs are kept"
        ) from None


def _parallel(
    order: Order,
    runs: list[PlannedRun],
    *,
    backend: Backend = "loky",
    pre_dispatch: str = "n_jobs",
    n_jobs: int = -1,
    **options: Any,
) -> Iterator[Outcome]:
    """Outcomes in the order in which they come; one run is one task."""
    from joblib import Parallel, delayed, parallel_config

    with parallel_config(backend=backend, n_jobs=n_jobs, **options):
        parallel = Parallel(
            batch_size=1, pre_dispatch=pre_dispatch, return_as="generator_unordered"
        )
        yield from parallel(delayed(do)(order, planned) for planned in runs)


@contextmanager
def _client(address: str) -> Iterator[Any]:
    """A connection to the cluster.

    Raises:
        ConfigError: Dask is not installed.
        StudyError: nobody answers there.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ConfigError(
            "--backend dask needs Dask; pip install -r requirements-cluster.txt"
        ) from None
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError):
        raise StudyError(
            f"no cluster answers at {address}; start `dask scheduler` there and try again"
        ) from None
    with client:
        if not client.ncores():
            raise StudyError(
                f"the cluster at {address} has no workers; start `dask worker {address}`"
            )
        yield client


@contextmanager
def _reporting(folder: StudyFolder) -> Iterator[list[Outcome]]:
    """Show the study as running, and what became of it; outcomes are added by the caller.

    Raises:
        StudyError: runs have failed.
    """
    folder.process.forget_asked()
    status = own_status().changed(state="running")
    folder.process.write_status(status)
    outcomes: list[Outcome] = []
    try:
        yield outcomes
        failed = [outcome for outcome in outcomes if outcome.reason]
        if failed:
            first = failed[0]
            count = f"{len(failed)} of {len(outcomes)} runs"
            raise StudyError(
                f"{count} failed, the others are kept; {first.planned.label}, "
                f"seed {first.planned.config.seed}: {first.reason}"
            )
    except BaseException as error:
        message = str(error) or "interrupted"
        with suppress(StorageError):
            folder.process.write_status(status.changed(state="failed", message=message))
        raise
    state = "stopped" if folder.unfinished() else "finished"
    folder.process.write_status(status.changed(state=state))


def _ignore_ctrl_c() -> None:
    """In a worker: it is for the study's process alone to hear."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
