"""Gets a dataset's four files; `python -m lenet.data.download NAME` does it from a shell.

Imports no torch, and torchvision only to ask it for its mirrors.
"""

import importlib
import logging
import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from filelock import FileLock

from lenet.catalog import FILES, DatasetInfo, dataset_info
from lenet.data.debian import from_debian
from lenet.data.reading import DamagedFileError, Source, files_in, places, read_idx, source_in
from lenet.data.transfer import NotFetchedError, Progress, Report, from_mirror
from lenet.errors import DatasetError, LabError
from lenet.files import explained, free_folder

logger = logging.getLogger(__name__)


def fetch(
    name: str,
    data_dir: str | Path | None = None,
    *,
    download: bool = True,
    progress: Report | None = None,
) -> Source:
    """Return the checked files of dataset `name`, downloaded into the data folder if need be.

    A damaged file in the data folder is renamed to `<file>.damaged` and fetched again; a whole
    one that is not the published file is used, and named in the description. Sources, in order:
    `LENET_MIRROR` (the address of another data folder), torchvision's mirrors, Debian's package.
    With `download=False` nothing is renamed or downloaded. Processes wait for each other.

    Raises `ConfigError` for an unknown name, `DatasetError` if files are missing or
    damaged and cannot be had, `StorageError` if they cannot be written.
    """
    info = dataset_info(name)
    where = places(info, data_dir)
    folder = next(iter(where))
    tried: list[str] = []
    try:
        if source := _on_disk(info, where, tried):
            return source
        if not download:
            to_do = "let it be downloaded (--download 1)"
            raise DatasetError(_advice(info, folder, tried, "is not on this machine", to_do))
    except DamagedFileError:
        if not download:
            raise
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            _set_damaged_aside(info, folder)
            tried.clear()
            found = _on_disk(info, where, tried)
            return found or _download(info, folder, tried, progress or (lambda _: None))


def _on_disk(info: DatasetInfo, where: dict[Path, str], tried: list[str]) -> Source | None:
    """Return the first complete and whole set of files; `tried` gets why a place has none.

    Raises `DatasetError` for a file in the first place, the data folder, that cannot be used.
    """
    for number, (folder, words) in enumerate(where.items()):
        source = source_in(folder, words)
        if source is None:
            absent = [f"{file.name}.gz" for file in FILES if file not in files_in(folder)]
            tried.append(f"{words} lacks {'all four' if len(absent) == 4 else ', '.join(absent)}")
            continue
        try:
            own = [path.name for path in source.paths if not read_idx(path, info).published]
        except DatasetError as error:
            if number == 0:
                raise
            tried.append(error.finding if isinstance(error, DamagedFileError) else str(error))
            logger.warning("%s; it is left alone and not used", tried[-1])
            continue
        note = f" (not the published {', '.join(own)})" if own else ""
        return Source(source.paths, words + note)
    return None


def _set_damaged_aside(info: DatasetInfo, folder: Path) -> None:
    for path in files_in(folder).values():
        try:
            read_idx(path, info)
        except DamagedFileError as error:
            aside = path.with_name(f"{path.name}.damaged")
            aside = path.rename(free_folder(aside) if aside.exists() else aside)
            logger.warning("%s; it is kept as %s", error.finding, aside.name)


def _advice(info: DatasetInfo, folder: Path, tried: list[str], what: str, to_do: str) -> str:
    names = ", ".join(f"{file.name}.gz" for file in FILES)
    return (
        f"{info.title} {what}: {'; '.join(tried)}; what to do: {to_do}, or put {names} "
        f"into {folder} by hand"
    )


def _download(info: DatasetInfo, folder: Path, tried: list[str], report: Report) -> Source:
    for label, get in _ways(info, tried):
        logger.info("fetching %s from %s", info.title, label)
        try:
            get(info, folder, report)
        except NotFetchedError as error:
            tried.append(f"{label}: {error}")
            logger.info("%s", tried[-1])
        if source := source_in(folder, f"{folder}, downloaded from {label}"):
            return source
    to_do = (
        "try again with a network, set LENET_MIRROR to the address of a data folder on a web server"
    )
    raise DatasetError(_advice(info, folder, tried, "could not be fetched", to_do))


def _ways(info: DatasetInfo, tried: list[str]) -> Iterator[tuple[str, partial[None]]]:
    """Each way to download what is missing, with its name for people."""
    for base in _mirrors(info, tried):
        yield base, partial(from_mirror, base)
    if info.debian_package:
        label = f"the Debian package {info.debian_package}"
        yield label, partial(from_debian, info.debian_package, label)


def _mirrors(info: DatasetInfo, tried: list[str]) -> Iterator[str]:
    if own := os.environ.get("LENET_MIRROR"):
        yield f"{own.rstrip('/')}/{info.name}/raw/"
    try:
        yield from _torchvision_mirrors(info)
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        tried.append(f"torchvision's mirrors: {error}")


def _torchvision_mirrors(info: DatasetInfo) -> list[str]:
    datasets = importlib.import_module("torchvision.datasets")  # takes seconds, so only here
    return list(getattr(datasets, info.name).mirrors)


def main(names: list[str]) -> int:
    """Fetch the datasets named and log how it goes; the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    shown = set()

    def show(at: Progress) -> None:
        share = f"{at.done * 10 // at.total * 10} %" if at.total else f"{at.done // 10**7 * 10} MB"
        if (at.source, at.file, share) not in shown:
            shown.add((at.source, at.file, share))
            logger.info("%s: %s", at.file, share)

    try:
        for name in names:
            logger.info("%s: %s", name, fetch(name, progress=show).description)
    except LabError as error:
        logger.error("error: %s", error)
        return error.exit_code
    except KeyboardInterrupt:
        logger.error("interrupted; the same command fetches the files that are missing")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
