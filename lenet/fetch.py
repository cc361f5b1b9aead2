"""Gets a dataset's four files: from this machine, a mirror, or Debian's package of them.

`python -m lenet.fetch NAME` does it from a shell. Imports no torch, and torchvision only to
ask it for its mirrors.
"""

import errno
import importlib
import itertools
import logging
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from filelock import FileLock

from lenet.datasets import (
    FILES,
    DamagedFileError,
    DatasetInfo,
    Source,
    data_dir,
    dataset_info,
    files_in,
    locate,
    places,
    read_idx,
    source_in,
)
from lenet.errors import DatasetError, LabError, StorageError
from lenet.storage import explained

__all__ = ["Progress", "Source", "data_dir", "fetch", "locate", "verify"]

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 10.0  # for a server to answer: name look-up, connection and TLS together
SILENCE_SECONDS = 20.0  # without a byte, after which a transfer counts as broken
APT_SILENCE_SECONDS = 60.0  # the same for apt-get, which also sorts its lists in that time
CHUNK = 1 << 18  # bytes
STORAGE_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}


@dataclass(frozen=True)
class Progress:
    """How far a download is: `done` of `total` bytes (None: not known) of `file`."""

    file: str
    done: int
    total: int | None
    source: str


class _NotFetchedError(Exception):
    """One way to get the files did not work; the next one is tried."""


Report = Callable[[Progress], None]
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


def _is_about_storage(error: BaseException) -> bool:
    network = isinstance(error, URLError)  # which wraps errors of sockets, EACCES among them
    return isinstance(error, OSError) and not network and error.errno in STORAGE_ERRNOS


def _reason(error: BaseException) -> str:
    if isinstance(error, URLError) and not isinstance(error, HTTPError):
        error = error.reason if isinstance(error.reason, BaseException) else error
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return " ".join(text.split()) or type(error).__name__


def _download(info: DatasetInfo, folder: Path, tried: list[str], report: Report) -> Source:
    for label, get in _ways(info, folder, tried, report):
        logger.info("fetching %s from %s", info.title, label)
        try:
            get()
        except (_NotFetchedError, OSError, HTTPException, ValueError) as error:
            if _is_about_storage(error):
                raise
            tried.append(f"{label}: {_reason(error)}")
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
        yield base, partial(_from_mirror, base, info, folder, report)
    try:
        mirrors = _torchvision_mirrors(info)
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        tried.append(f"torchvision's mirrors: {_reason(error)}")
        mirrors = []
    for base in mirrors:
        yield base, partial(_from_mirror, base, info, folder, report)
    if info.debian_package:
        label = f"the Debian package {info.debian_package}"
        yield label, partial(_from_debian, info.debian_package, info, folder, report, label)


def _torchvision_mirrors(info: DatasetInfo) -> list[str]:
    datasets = importlib.import_module("torchvision.datasets")  # takes seconds, so only here
    return list(getattr(datasets, info.name).mirrors)


def _from_mirror(base: str, info: DatasetInfo, folder: Path, report: Report) -> None:
    present = files_in(folder)
    for name in (f"{file.name}.gz" for file in FILES if file not in present):
        told = partial(_tell, report, name, base)
        _download_file(f"{base}{name}", folder / name, info, told)


def _tell(report: Report, file: str, source: str, done: int, total: int | None) -> None:
    report(Progress(file, done, total, source))


Tell = Callable[[int, int | None], None]


def _download_file(url: str, target: Path, info: DatasetInfo, tell: Tell) -> None:
    """Download `url` to `target` by way of `<target>.part`, going on with one that is there."""
    part = target.with_name(f"{target.name}.part")
    if _lands(part, target, info):
        return
    while True:
        before = _size(part)
        try:
            start = _stream(url, part, tell)
        except (OSError, HTTPException) as error:
            if _is_about_storage(error) or _size(part) <= before:
                raise
            logger.info("%s: %s; going on from there", url, _reason(error))
            continue
        if _lands(part, target, info):
            return
        part.unlink()
        if start == 0:  # else the first piece may have been at fault: once more from 0
            raise _NotFetchedError(f"its {target.name} is not the published file")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _lands(part: Path, target: Path, info: DatasetInfo) -> bool:
    """Move `part` to `target` if it is the whole and right file."""
    try:
        read_idx(part, info)
    except DatasetError:
        return False
    part.replace(target)
    return True


def _stream(url: str, part: Path, tell: Tell) -> int:
    """Append to `part` what it lacks of `url`; the byte at which the server began.

    Raises `OSError` or `HTTPException` when the transfer breaks; `part` keeps what came.
    """
    response, start = _open_from(url, _size(part))
    with response, part.open("ab" if start else "wb") as out:
        length = response.headers.get("Content-Length")
        done, total = start, start + int(length) if length else None
        tell(done, total)
        while done != total and (chunk := response.read1(CHUNK)):
            out.write(chunk)
            done += len(chunk)
            tell(done, total)
        out.flush()
        os.fsync(out.fileno())
    if total is not None and done < total:
        raise ConnectionError(f"the connection broke after {done:,} of {total:,} bytes")
    return start


def _open_from(url: str, start: int) -> tuple[HTTPResponse, int]:
    """Ask for `url` from byte `start` on; the answer, and the byte it really starts with."""
    if start:
        with suppress(HTTPError):  # who refuses or ignores the range is asked for the whole
            response = _open(url, {"Range": f"bytes={start}-"})
            if response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
                return response, start
            response.close()
    return _open(url, {}), 0


def _open(url: str, headers: dict[str, str]) -> HTTPResponse:
    """Ask for `url` and return the answer, within `ANSWER_SECONDS` whatever hangs.

    A timeout of a socket holds for each address of a host by itself and not for the
    look-up of its name, so the request is made in a thread that may be left behind.
    """
    if not url.startswith(("http://", "https://")):
        raise ValueError("the address does not start with http:// or https://")
    request = Request(url, headers={"User-Agent": "lenet-lab", **headers})  # noqa: S310 - checked
    answers: queue.SimpleQueue[HTTPResponse | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(urlopen(request, timeout=SILENCE_SECONDS))  # noqa: S310 - checked
        except (OSError, HTTPException, ValueError) as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=ANSWER_SECONDS)
    except queue.Empty:
        raise TimeoutError(f"no answer within {ANSWER_SECONDS:.0f} seconds") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _from_debian(package: str, info: DatasetInfo, folder: Path, report: Report, label: str) -> None:
    """Download the package with apt, as any user, unpack it and move its files here."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise _NotFetchedError("this is not Debian or Ubuntu (no apt-get and dpkg-deb)")
    with tempfile.TemporaryDirectory(prefix="lenet-") as name:
        work = Path(name)
        deb = _apt_download(package, work, report, label)
        _run(["dpkg-deb", "-x", str(deb), str(work / "unpacked")], work)
        unpacked = {path.name: path for path in (work / "unpacked").rglob("*-ubyte.gz")}
        present = files_in(folder)
        for file_name in (f"{file.name}.gz" for file in FILES if file not in present):
            if file_name not in unpacked:
                raise _NotFetchedError(f"it does not contain {file_name}")
            part = folder / f"{file_name}.part"
            shutil.copyfile(unpacked[file_name], part)
            if not _lands(part, folder / file_name, info):
                part.unlink()
                raise _NotFetchedError(f"its {file_name} is not the published file")


def _apt_download(package: str, work: Path, report: Report, label: str) -> Path:
    """Download the `.deb`, with package lists of our own where the system's do not do."""
    tell = partial(_tell, report, package, label)
    options = ["-oAcquire::Retries=1"]
    options += [f"-oAcquire::{scheme}::Timeout=10" for scheme in ("http", "https")]
    try:
        return _apt_get_deb(package, work / "deb", options, tell)
    except _NotFetchedError as error:
        logger.info("%s; trying with fresh package lists", error)
    for needed in ("state/lists/partial", "cache/archives/partial"):
        (work / needed).mkdir(parents=True)
    config = work / "apt.conf"
    config.write_text(
        f'Dir::State "{work}/state";\nDir::Cache "{work}/cache";\n'
        "#clear APT::Update::Post-Invoke;\n#clear APT::Update::Post-Invoke-Success;\n"
    )
    options.append(f"-c={config}")
    with suppress(_NotFetchedError):  # one broken source of many does not matter
        listing = partial(_tell, report, "package lists", label)
        _run(["apt-get", *options, "update"], work / "state", listing)
    return _apt_get_deb(package, work / "deb", options, tell)


def _apt_get_deb(package: str, target: Path, options: list[str], tell: Tell) -> Path:
    target.mkdir(exist_ok=True)
    uri = _run(["apt-get", *options, "--print-uris", "download", package], target)
    sizes = [int(word) for word in uri.split() if word.isdecimal()]  # 'uri' file size hash
    total = sizes[0] if sizes else None
    _run(["apt-get", *options, "download", package], target, lambda done, _: tell(done, total))
    debs = list(target.glob("*.deb"))
    if not debs:
        raise _NotFetchedError("apt-get left no package behind")
    tell(_size(debs[0]), total)
    return debs[0]


def _run(command: list[str], folder: Path, tell: Tell | None = None) -> str:
    """Run a command in `folder`, telling how many bytes are there as they grow; its output.

    Raises `_NotFetchedError` with the command's own words if it fails or stands still.
    """
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C"},
        ) as process,
    ):
        try:
            _watch(process, folder, tell)
        finally:
            process.kill()  # in case we were interrupted; no matter to one that has ended
        process.wait()
        log.seek(0)
        output = log.read()
    if "No space left on device" in output:
        raise StorageError(f"the disk is full: {folder} could not be written; free some space")
    if process.returncode != 0:
        errors = [line for line in output.splitlines() if line.startswith(("E:", "dpkg-deb:"))]
        raise _NotFetchedError(" ".join(errors) or f"{command[0]} failed: {output.strip()}")
    return output


def _watch(process: subprocess.Popen[bytes], folder: Path, tell: Tell | None) -> None:
    seen, since = -1, time.monotonic()
    while process.poll() is None:
        done = sum(_size(path) for path in folder.rglob("*") if path.is_file())
        if done != seen:
            seen, since = done, time.monotonic()
            if tell is not None:
                tell(done, None)
        elif time.monotonic() - since > APT_SILENCE_SECONDS:
            raise _NotFetchedError(f"it stood still for {APT_SILENCE_SECONDS:.0f} seconds")
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.1)


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
