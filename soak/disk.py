"""Full disks: what is said, what is left, and whether it can be gone on from."""

import os
import random
import resource
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lenet.data.download import fetch
from lenet.data.splits import load_split
from lenet.errors import LabError, StorageError
from lenet.network import checkpoint
from lenet.runs.run import Run
from lenet.runs.worker import Execution
from lenet.studies.folder import StudyFolder
from lenet.studies.plan import Study
from lenet.studies.sweep import grid
from soak.kills import CONFIG, differences
from soak.lab import Lab
from soak.table import Row
from tests.small import assert_one_sentence, small_split

ROOM = 64 * 2**20
"""Bytes in which everything has room."""


class Full:
    """Counts what was done on full disks, what was said, and what went wrong."""

    def __init__(self) -> None:
        self.said: Counter[str] = Counter()
        self.times = 0
        self.faults: list[str] = []

    def attempt(self, what: str, act: Callable[[], object]) -> None:
        """Do something that cannot have enough room; it must say so."""
        self.times += 1
        try:
            act()
        except StorageError as error:
            message = str(error)
            self.said["said so" if message.startswith("the disk is full") else "other words"] += 1
            try:
                assert_one_sentence(message)
                assert message.startswith("the disk is full"), message
            except AssertionError:
                self.faults.append(f"{what}: {message[:300]}")
        except Exception as error:
            self.faults.append(f"{what}: {type(error).__name__}: {error}")
        else:
            self.said["had room"] += 1

    def check(self, what: str, act: Callable[[], object]) -> None:
        """Do something that must succeed when there is room again."""
        try:
            act()
        except (Exception, AssertionError) as error:
            self.faults.append(f"{what}, afterwards: {type(error).__name__}: {error}")

    def row(self, done: str) -> Row:
        said = ", ".join(f"{count} {what}" for what, count in self.said.items())
        return Row(done, self.times, len(self.faults), "faults", said, faults=self.faults)


def rows(lab: Lab, times: int) -> list[Row]:
    """Each kind of file so many times; a small disk of its own only where mounting is allowed."""
    rng = random.Random(9)
    expected = Run(lab.home / "expected on a large disk")
    _execution(expected).start(CONFIG)
    found = [_limited_training(lab, expected, times, rng)]
    with _small_disk(lab.home / "disk") as disk:
        if disk:
            found.append(_small_disk_training(disk, expected, times, rng))
    return [*found, _datasets(lab, times, rng), _studies(lab, times)]


def _execution(run: Run) -> Execution:
    return Execution(run, small_split, lambda event, steps: None)


@contextmanager
def file_limit(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes, as if the disk were full then."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _within(size: int, act: Callable[[], object]) -> None:
    with file_limit(size):
        act()


def _limited_training(lab: Lab, expected: Run, times: int, rng: random.Random) -> Row:
    """Metrics, TensorBoard's events or checkpoints are too large, in that order of size."""
    full = Full()
    largest = expected.epoch_checkpoint(1).stat().st_size
    for number in range(times):
        run = Run(lab.home / f"limited {number}")
        size = int(2 ** rng.uniform(9.5, 19)) if number % 2 else rng.randrange(largest)
        what = f"training, files up to {size:,} bytes"
        full.attempt(what, partial(_within, size, partial(_start, run)))
        full.check(what, partial(_go_on, run, expected))
    return full.row("disk full while training, by RLIMIT_FSIZE")


def _small_disk_training(disk: Path, expected: Run, times: int, rng: random.Random) -> Row:
    """Whatever file comes when the last block is taken."""
    full = Full()
    needed = sum(path.stat().st_size for path in expected.folder.iterdir())
    for number in range(times):
        size = rng.randrange(20_000, int(0.95 * needed))
        _resize(disk, size)
        run = Run(disk / f"run {number}")
        what = f"training on a disk of {size:,} bytes"
        full.attempt(what, partial(_start, run))
        _resize(disk, ROOM)
        full.check(what, partial(_go_on, run, expected))
        shutil.rmtree(run.folder)
    return full.row("disk full while training, on a small tmpfs")


def _start(run: Run) -> None:
    _execution(run).start(CONFIG)


def _go_on(run: Run, expected: Run) -> None:
    """With room again it goes on from its last epoch and ends as if there had been room always."""
    for path in run.checkpoints().values():
        checkpoint.load(path)
    if run.used and run.status().state in ("failed", "crashed"):
        _execution(run).resume()
    elif not run.used:
        _start(run)
    assert not differences(run, CONFIG, expected), differences(run, CONFIG, expected)


def _datasets(lab: Lab, times: int, rng: random.Random) -> Row:
    """Files of a dataset, fetched from a mirror."""
    full = Full()
    sizes = [path.stat().st_size for path in (lab.data / "FashionMNIST" / "raw").iterdir()]
    with _mirror(lab.data) as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LENET_MIRROR", address)
        for number in range(times):
            target = lab.home / f"data {number}"
            patch.setenv("LENET_DATA_DIR", str(target))
            size = rng.randrange(1, max(sizes))
            what = f"a dataset, files up to {size:,} bytes"
            full.attempt(what, partial(_within, size, partial(fetch, "FashionMNIST")))
            full.check(what, partial(fetch, "FashionMNIST"))
            full.check(what, partial(load_split, "FashionMNIST", "train"))
    return full.row("disk full while fetching a dataset")


@contextmanager
def _mirror(folder: Path) -> Iterator[str]:
    """A web server for a data folder."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, address: object) -> None:
            """Nothing: who asks hangs up when its disk is full."""

    server = Server(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _studies(lab: Lab, times: int) -> Row:
    """A study's definition, its results and its status; the earlier ones are whole."""
    full = Full()
    cells, _ = grid({"epochs": 2}, {"lr": ["0.01", "0.02"]})
    study = Study(name="grid", title="lr", cells=tuple(cells), seeds=(0,))
    [planned, _] = study.runs()
    for number in range(times):
        folder = StudyFolder(lab.home / f"study {number}")
        full.attempt("a study", partial(_within, 100, partial(folder.keep, study)))
        full.check("a study", partial(folder.keep, study))
        run = folder.run(planned)
        shutil.copytree(lab.finished.folder, run.folder)
        before = folder.keep_result(run, 0.5)
        full.attempt("a result", partial(_within, 20, partial(folder.keep_result, run, 0.6)))
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


def _resize(disk: Path, size: int) -> None:
    if _mount("-o", f"remount,size={size}", str(disk)):
        raise LabError(f"{disk} cannot be resized to {size:,} bytes")


def _mount(*arguments: str) -> int:
    if os.name != "posix" or os.geteuid() != 0:
        return 1
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode
