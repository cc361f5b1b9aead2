"""Gets a dataset's four files: from this machine, a mirror, or Debian's package of them.

`python -m lenet.data.download NAME` does it from a shell. Imports no torch, and torchvision only to
ask it for its mirrors.
"""

import importlib
import itertools
import logging
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from http.client import HTTPException
from pathlib import Path

from filelock import FileLock

from lenet.catalog import FILES, DatasetInfo, dataset_info
from lenet.data.debian import from_debian
from lenet.data.reading import (
    DamagedFileError,
    Source,
    data_dir,
    files_in,
    locate,
    places,
    read_idx,
    source_in,
)
from lenet.data.transfer import (
    NotFetchedError,
    Progress,
    Report,
    from_mirror,
    is_about_storage,
    reason,
)
from lenet.errors import DatasetError, LabError
from lenet.files import explained

__all__ = ["Progress", "Source", "data_dir", "fetch", "locate", "verify"]

logger = logging.getLogger(__name__)

_verified: set[tuple[str, Path, int, int, int]] = set()


def verify(path: Path, info: DatasetInfo) -> None:
    """Check a file as `datasets.read_idx` does, once per process while it stays as it is."""
    try:
        state = path.stat()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}") from error
    key = (info.name, path, state.st_ino, state.st_size, state.st_mtime_ns)
    if key not in _verified:
        read_idx(path, info)
        _verified.add(key)


def fetch(
    name: str,
    data_dir: str | Path | None = None,
    *,
    download: bool = True,
    progress: Report | None = None,
) -> Source:
    """Return the checked files of dataset `name`, downloaded into the data folder if need be.

    A damaged file in the data folder is renamed to `<file>.damaged` and fetched again;
    with `download=False` nothing is renamed and the network is never touched. Sources of
    a download, in order: `LENET_MIRROR` (the address of another data folder, served over
    HTTP), torchvision's mirrors, and on Debian and Ubuntu their package of the dataset.
    A download goes on where it was interrupted, and processes wait for each other.

    Raises `ConfigError` for an unknown name, `DatasetError` if files are missing or
    damaged and cannot be had, `StorageError` if they cannot be written.
    """
    info = dataset_info(name)
    where = places(info, data_dir)
    folder = next(iter(where))
    missing: list[str] = []
    try:
        if source := _on_disk(info, where, missing):
            return source
    except DatasetError:
        if not download:
            raise
    if not download:
        to_do = "let it be downloaded (--download 1)"
        raise DatasetError(_advice(info, folder, missing, "is not on this machine", to_do))
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            _set_damaged_aside(info, folder)
            tried: list[str] = []
            found = _on_disk(info, where, tried)
            return found or _download(info, folder, tried, progress or (lambda _: None))


def _on_disk(info: DatasetInfo, where: dict[Path, str], tried: list[str]) -> Source | None:
    """Return the first complete and whole set of files; `tried` gets why a place has none.

    Raises `DatasetError` for a damaged or unreadable file in the data folder.
    """
    for number, (folder, words) in enumerate(where.items()):
        source = source_in(folder, words)
        if source is None:
            absent = [f"{file.name}.gz" for file in FILES if file not in files_in(folder)]
            tried.append(f"{words} lacks {'all four' if len(absent) == 4 else ', '.join(absent)}")
            continue
        try:
            for path in source.paths:
                verify(path, info)
        except DatasetError as error:
            if number == 0:
                raise
            tried.append(error.finding if isinstance(error, DamagedFileError) else str(error))
            logger.warning("%s; it is left alone and not used", tried[-1])
            continue
        return source
    return None


def _set_damaged_aside(info: DatasetInfo, folder: Path) -> None:
    for path in list(files_in(folder).values()):
        try:
            verify(path, info)
        except DamagedFileError as error:
            aside = path.with_name(f"{path.name}.damaged")
            numbers = itertools.count(2)
            while aside.exists():
                aside = path.with_name(f"{path.name}.damaged{next(numbers)}")
            path.rename(aside)
            logger.warning("%s; it is kept as %s", error.finding, aside.name)


def _advice(info: DatasetInfo, folder: Path, tried: list[str], what: str, to_do: str) -> str:
    names = ", ".join(f"{file.name}.gz" for file in FILES)
    return (
        f"{info.title} {what}: {'; '.join(tried)}; what to do: {to_do}, or put {names} "
        f"into {folder} by hand"
    )


def _download(info: DatasetInfo, folder: Path, tried: list[str], report: Report) -> Source:
    for label, get in _ways(info, folder, tried, report):
        logger.info("fetching %s from %s", info.title, label)
        try:
            get()
        except (NotFetchedError, OSError, HTTPException, ValueError) as error:
            if is_about_storage(error):
                raise
            tried.append(f"{label}: {reason(error)}")
            logger.info("%s", tried[-1])
        if source := source_in(folder, f"{folder}, downloaded from {label}"):
            return source
    to_do = (
        "try again with a network, set LENET_MIRROR to the address of a data folder on a web server"
    )
    raise DatasetError(_advice(info, folder, tried, "could not be fetched", to_do))


def _ways(
    info: DatasetInfo, folder: Path, tried: list[str], report: Report
) -> Iterator[tuple[str, Callable[[], None]]]:
    """Each way to download what is missing: its name for people, and the act."""
    if own := os.environ.get("LENET_MIRROR"):
        base = f"{own.rstrip('/')}/{info.name}/raw/"
        yield base, partial(from_mirror, base, info, folder, report)
    try:
        mirrors = _torchvision_mirrors(info)
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        tried.append(f"torchvision's mirrors: {reason(error)}")
        mirrors = []
    for base in mirrors:
        yield base, partial(from_mirror, base, info, folder, report)
    if info.debian_package:
        label = f"the Debian package {info.debian_package}"
        yield label, partial(from_debian, info.debian_package, info, folder, report, label)


def _torchvision_mirrors(info: DatasetInfo) -> list[str]:
    datasets = importlib.import_module("torchvision.datasets")  # takes seconds, so only here
    return list(getattr(datasets, info.name).mirrors)


def main(names: list[str]) -> int:
    """Fetch the datasets named and log how it goes; the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    last: tuple[str, str, int] | None = None

    def show(at: Progress) -> None:
        nonlocal last
        megabytes, total = at.done / 1e6, (at.total or 0) / 1e6
        now = (at.source, at.file, int(10 * megabytes / total if total else megabytes / 10))
        if now != last and not 0 < total < 0.1:  # a line a tenth, none for small files
            logger.info("%s: %.1f%s MB", at.file, megabytes, f" of {total:.1f}" if total else "")
        last = now

    try:
        for name in names:
            logger.info("%s: %s", name, fetch(name, progress=show).description)
    except LabError as error:
        logger.error("error: %s", error)
        return error.exit_code
    except KeyboardInterrupt:
        logger.error("interrupted; the same command goes on from here")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
