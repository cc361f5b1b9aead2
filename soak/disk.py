"""Full disks: what is said, what is left, and whether it can be gone on from."""

import random
import resource
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager as ContextManager
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lenet.data.download import fetch
from lenet.data.splits import load_split
from lenet.errors import StorageError
from lenet.network import checkpoint
from lenet.runs.run import Run
from lenet.studies.folder import StudyFolder
from soak.folders import FIGURES, own_study
from soak.kills import CONFIG, differences, execution
from soak.lab import Lab, small_lab
from soak.table import Row, Tally
from tests.small import assert_one_sentence

ROOM = 64 * 2**20
"""Bytes in which everything has room."""


class Full(Tally):
    """Counts what was done on full disks, what was said, and what went wrong."""

    def attempt(self, what: str, full: ContextManager[None], act: Callable[[], object]) -> None:
        """Do something that cannot have enough room; it must say so."""
        self.times += 1
        with self.checked(what):
            try:
                with full:
                    act()
                self.said["had room"] += 1
            except StorageError as error:
                self.said["said so"] += 1
                assert_one_sentence(str(error))
                assert str(error).startswith("the disk is full"), error

    def check(self, what: str, act: Callable[[], object]) -> None:
        """Do something that must succeed when there is room again."""
        with self.checked(f"{what}, afterwards"):
            act()


@contextmanager
def file_limit(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes, as if the disk were full then."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def rows(short: bool) -> list[Row]:
    """Each kind of file so many times; a small disk of its own only where mounting is allowed."""
    times, rng = range(2 if short else 40), random.Random(9)
    with small_lab() as lab:
        expected = Run(lab.home / "expected on a large disk")
        execution(expected).start(CONFIG)
        largest = expected.epoch_checkpoint(1).stat().st_size
        needed = sum(path.stat().st_size for path in expected.folder.iterdir())
        # Metrics, TensorBoard's events or checkpoints are too large, in that order of size.
        sizes = [int(2 ** rng.uniform(9.5, 19)) if n % 2 else rng.randrange(largest) for n in times]
        found = [_trainings(lab.home, expected, sizes, file_limit, "by RLIMIT_FSIZE")]
        with _small_disk(lab.home / "disk") as disk:
            if disk:  # whatever file comes when the last block is taken
                sizes = [rng.randrange(20_000, int(0.95 * needed)) for _ in times]
                narrow = partial(_narrow, disk)
                found.append(_trainings(disk, expected, sizes, narrow, "on a small tmpfs"))
        return [*found, _datasets(lab, len(times), rng), _studies(lab, len(times))]


def _trainings(
    folder: Path,
    expected: Run,
    sizes: list[int],
    full_at: Callable[[int], ContextManager[None]],
    how: str,
) -> Row:
    full = Full()
    for number, size in enumerate(sizes):
        run = Run(folder / f"limited {number}")
        what = f"training {how}, {size:,} bytes"
        full.attempt(what, full_at(size), partial(execution(run).start, CONFIG))
        full.check(what, partial(_go_on, run, expected))
        shutil.rmtree(run.folder, ignore_errors=True)
    return full.row(f"disk full while training, {how}")


def _go_on(run: Run, expected: Run) -> None:
    """With room again it goes on from its last epoch and ends as if there had been room always."""
    for path in run.checkpoints().values():
        checkpoint.load(path)
    if run.used and run.status().state in ("failed", "crashed"):
        execution(run).resume()
    elif not run.used:
        execution(run).start(CONFIG)
    different = differences(run, expected)
    assert not different, different


def _datasets(lab: Lab, times: int, rng: random.Random) -> Row:
    """Files of a dataset, fetched from a mirror."""
    full = Full()
    sizes = [path.stat().st_size for path in (lab.data / "FashionMNIST" / "raw").iterdir()]
    with _mirror(lab.data) as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LENET_MIRROR", address)
        for number in range(times):
            patch.setenv("LENET_DATA_DIR", str(lab.home / f"data {number}"))
            size = rng.randrange(1, max(sizes))
            what = f"a dataset, files up to {size:,} bytes"
            full.attempt(what, file_limit(size), partial(fetch, "FashionMNIST"))
            full.check(what, partial(fetch, "FashionMNIST"))
            full.check(what, partial(load_split, "FashionMNIST", "train"))
    return full.row("disk full while fetching a dataset")


@contextmanager
def _mirror(folder: Path) -> Iterator[str]:
    """A web server for a data folder, which says nothing of who hangs up: their disk is full."""
    silence = {"log_message": lambda *_: None, "handle_error": lambda *_: None}
    handler = type("Handler", (SimpleHTTPRequestHandler,), silence)
    server = type("Server", (ThreadingHTTPServer,), silence)(
        ("127.0.0.1", 0), partial(handler, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _studies(lab: Lab, times: int) -> Row:
    """A study's definition, its results and its status; the earlier ones are whole."""
    full = Full()
    study = own_study(0)
    planned = study.runs()[0]
    for number in range(times):
        folder = StudyFolder(lab.home / f"study {number}")
        full.attempt("a study", file_limit(100), partial(folder.keep, study))
        full.check("a study", partial(folder.keep, study))
        run = folder.run(planned)
        shutil.copytree(lab.finished.folder, run.folder)
        other = {**FIGURES, "test_accuracy": 0.6}
        before = folder.keep_result(planned, FIGURES)
        full.attempt("a result", file_limit(20), partial(folder.keep_result, planned, other))
        if folder.result(planned) != before:
            full.faults.append("the earlier result is gone")
    return full.row("disk full while writing a study and its results")


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path | None]:
    """A file system in memory; None where mounting is not permitted."""
    folder.mkdir()
    mounted = not _mount("-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder))
    try:
        yield folder if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def _narrow(disk: Path, size: int) -> Iterator[None]:
    """The small disk holds only `size` bytes meanwhile."""
    _mount("-o", f"remount,size={size}", str(disk), check=True)
    try:
        yield
    finally:
        _mount("-o", f"remount,size={ROOM}", str(disk), check=True)


def _mount(*arguments: str, check: bool = False) -> int:
    return subprocess.run(["mount", *arguments], capture_output=True, check=check).returncode
