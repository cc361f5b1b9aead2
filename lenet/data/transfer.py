"""Downloads: progress, what can go wrong, and files over HTTP that land whole and checked."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from lenet.catalog import FILES, DatasetInfo, IdxFile
from lenet.data.reading import files_in, read_idx
from lenet.errors import DatasetError, LabError

CONNECT_SECONDS = 10.0  # for an address to accept a connection
SILENCE_SECONDS = 20.0  # without a byte, after which a transfer counts as broken
FILE_SECONDS = 1800.0  # for a file: 26 MB at 15 kB/s
CHUNK = 1 << 18  # bytes


class Progress(NamedTuple):
    """How far a download is: `done` of `total` bytes (None: not known) of `file`."""

    file: str
    done: int
    total: int | None
    source: str


class NotFetchedError(Exception):
    """One way to get the files did not work; the next one is tried."""


Report = Callable[[Progress], None]


def from_mirror(base: str, info: DatasetInfo, folder: Path, report: Report) -> None:
    """Download the files that `folder` lacks; see `add_missing`."""
    add_missing(info, folder, lambda file, part: _download(base, part, info.size(file), report))


def add_missing(info: DatasetInfo, folder: Path, write: Callable[[IdxFile, Path], None]) -> None:
    """Let `write` put each file that `folder` lacks into a `.part`; if published, rename it.

    Raises `NotFetchedError` if one cannot be had (those before it stay), `OSError` if not written.
    """
    present = files_in(folder)
    for file in (file for file in FILES if file not in present):
        part = folder / f"{file.name}.gz.part"
        try:
            write(file, part)
            with suppress(DatasetError):
                if read_idx(part, info).published:
                    part.replace(part.with_suffix(""))
                    continue
            raise NotFetchedError(f"its {part.stem} is not the published file")
        finally:
            part.unlink(missing_ok=True)


def _download(base: str, part: Path, unpacked: int, report: Report) -> None:
    """Write a file to `part` as the server has it; at most a tenth more than it has unpacked."""
    import requests  # takes a tenth of a second, so only when something is downloaded
    from urllib3.exceptions import HTTPError

    name, began = part.stem, time.monotonic()
    try:
        with (
            requests.get(
                base + name,
                stream=True,
                timeout=(CONNECT_SECONDS, SILENCE_SECONDS),
                headers={"Accept-Encoding": "identity"},
            ) as answer,
            part.open("wb") as out,
        ):
            if not answer.ok:
                raise NotFetchedError(f"it answered {answer.status_code} {answer.reason}")
            length = answer.headers.get("Content-Length", "")
            total = int(length) if length.isdecimal() else None
            done = 0
            report(Progress(name, done, total, base))
            # Raw, since some servers call a .gz file an encoding, which would be undone.
            while chunk := answer.raw.read1(CHUNK, decode_content=False):
                done += len(chunk)
                if max(done, total or 0) > 1.1 * unpacked + 1000:
                    raise NotFetchedError(f"its {name} is too large to be the published file")
                if time.monotonic() - began > FILE_SECONDS:
                    raise NotFetchedError(f"its {name} took over {FILE_SECONDS:.0f} seconds")
                out.write(chunk)
                report(Progress(name, done, total, base))
    except (requests.RequestException, HTTPError) as error:
        raise NotFetchedError(_reason(error)) from error


def _reason(error: BaseException) -> str:
    """The words of the system's error below those of the libraries, where there is one."""
    text, below = str(error), error.__cause__ or error.__context__
    while below and not isinstance(below, LabError):
        if isinstance(below, OSError):
            text = below.strerror or str(below)
        below = below.__cause__ or below.__context__
    return " ".join(text.split()) or type(error).__name__
