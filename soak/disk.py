"""Full disks: what is said, what is left, and whether it can be gone on from."""

import random
import resource
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import pytest

from lenet.data.download import fetch
from lenet.data.splits import load_split
from lenet.errors import StorageError
from lenet.network import checkpoint
from lenet.runs.run import Run
from lenet.studies.folder import Result, StudyFolder
from soak.folders import FIGURES, own_study
from soak.kills import CONFIG, assert_same
from soak.lab import Lab, execution, small_lab
from soak.table import Row
from tests.data.test_download import Mirror
from tests.idx_files import contents_of, pack, small_info
from tests.small import assert_one_sentence

ROOM = 64 * 2**20
"""Bytes in which everything has room."""

Full = AbstractContextManager[None]
Attempt = tuple[str, Full, Callable[[], object], Callable[[], object]]
"""In words, a full disk, what cannot have enough room on it, what must succeed afterwards."""


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
        found = [
            _row("training, by RLIMIT_FSIZE", _trainings(lab.home, expected, sizes, _file_limit)),
            _row("fetching a dataset", _datasets(lab, len(times), rng)),
            _row("writing a study and its results", _studies(lab, len(times))),
        ]
        disk = lab.home / "disk"
        disk.mkdir()
        if _mount(disk, "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", check=False):
            # Whatever file comes when the last block is taken.
            sizes = [rng.randrange(20_000, int(0.95 * needed)) for _ in times]
            attempts = _trainings(disk, expected, sizes, partial(_narrow, disk))
            try:
                found.append(_row("training, on a small tmpfs", attempts))
            finally:
                subprocess.run(["umount", str(disk)], check=True)
        return found


def _row(doing: str, attempts: Iterable[Attempt]) -> Row:
    row = Row(f"disk full while {doing}")
    for what, full, act, afterwards in attempts:
        row.times += 1
        with row.checked(what):
            try:
                with full:
                    act()
                row.said["had room"] += 1
            except StorageError as error:
                row.said["said so"] += 1
                assert_one_sentence(str(error))
                assert str(error).startswith("the disk is full"), error
            afterwards()
    return row


def _trainings(
    folder: Path, expected: Run, sizes: list[int], full: Callable[[int], Full]
) -> Iterator[Attempt]:
    for number, size in enumerate(sizes):
        run = Run(folder / f"limited {number}")
        start = partial(execution(run).start, CONFIG)
        yield f"{size:,} bytes", full(size), start, partial(_go_on, run, expected)
        shutil.rmtree(run.folder, ignore_errors=True)


def _go_on(run: Run, expected: Run) -> None:
    """With room again it goes on from its last epoch and ends as if there had been room always."""
    for path in run.checkpoints().values():
        checkpoint.load(path)
    if not run.used:
        execution(run).start(CONFIG)
    elif run.status().state in ("failed", "crashed"):
        execution(run).resume()
    assert_same(run, expected)


def _datasets(lab: Lab, times: int, rng: random.Random) -> Iterator[Attempt]:
    """Files of a dataset, fetched from a mirror."""
    files = {f"{name}.gz": pack(data) for name, data in contents_of(small_info()).items()}
    begin = partial(fetch, "FashionMNIST")
    with Mirror(files) as mirror, pytest.MonkeyPatch.context() as patch:
        threading.Thread(target=mirror.serve_forever, daemon=True).start()
        patch.setenv("LENET_MIRROR", mirror.url)
        for number in range(times):
            patch.setenv("LENET_DATA_DIR", str(lab.home / f"data {number}"))
            size = rng.randrange(1, max(map(len, files.values())))
            yield f"files up to {size:,} bytes", _file_limit(size), begin, _fetched
        mirror.shutdown()


def _fetched() -> None:
    fetch("FashionMNIST")
    load_split("FashionMNIST", "train")


def _studies(lab: Lab, times: int) -> Iterator[Attempt]:
    """A study's definition and its results; an earlier result is whole."""
    study = own_study(0)
    planned = study.runs()[0]

    def first_is_kept(folder: StudyFolder) -> None:
        assert folder.result(planned) == Result.model_validate(FIGURES)

    for number in range(times):
        folder = StudyFolder(lab.home / f"study {number}")
        keep = partial(folder.keep, study)
        yield "a study", _file_limit(100), keep, keep
        shutil.copytree(lab.finished.folder, folder.run(planned).folder)
        folder.keep_result(planned, FIGURES)
        other = partial(folder.keep_result, planned, {**FIGURES, "test_accuracy": 0.6})
        yield "a result", _file_limit(20), other, partial(first_is_kept, folder)


@contextmanager
def _file_limit(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes, as if the disk were full then."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def _narrow(disk: Path, size: int) -> Iterator[None]:
    """The small disk holds only `size` bytes meanwhile."""
    _mount(disk, "-o", f"remount,size={size}")
    try:
        yield
    finally:
        _mount(disk, "-o", f"remount,size={ROOM}")


def _mount(disk: Path, *options: str, check: bool = True) -> bool:
    command = ["mount", *options, str(disk)]
    return not subprocess.run(command, check=check, capture_output=True).returncode
