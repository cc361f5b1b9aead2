"""Downloads: progress, what can go wrong, and files over HTTP that resume and land whole."""

import errno
import logging
import os
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from lenet.catalog import FILES, DatasetInfo
from lenet.data.reading import files_in, read_idx
from lenet.errors import DatasetError

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 10.0  # for a server to answer: name look-up, connection and TLS together
SILENCE_SECONDS = 20.0  # without a byte, after which a transfer counts as broken
CHUNK = 1 << 18  # bytes
STORAGE_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}


@dataclass(frozen=True)
class Progress:
    """How far a download is: `done` of `total` bytes (None: not known) of `file`."""

    file: str
    done: int
    total: int | None
    source: str


class NotFetchedError(Exception):
    """One way to get the files did not work; the next one is tried."""


Report = Callable[[Progress], None]
Tell = Callable[[int, int | None], None]


def tell_of(report: Report, file: str, source: str, done: int, total: int | None) -> None:
    report(Progress(file, done, total, source))


def is_about_storage(error: BaseException) -> bool:
    network = isinstance(error, URLError)  # which wraps errors of sockets, EACCES among them
    return isinstance(error, OSError) and not network and error.errno in STORAGE_ERRNOS


def reason(error: BaseException) -> str:
    if isinstance(error, URLError) and not isinstance(error, HTTPError):
        error = error.reason if isinstance(error.reason, BaseException) else error
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return " ".join(text.split()) or type(error).__name__


def from_mirror(base: str, info: DatasetInfo, folder: Path, report: Report) -> None:
    present = files_in(folder)
    for name in (f"{file.name}.gz" for file in FILES if file not in present):
        told = partial(tell_of, report, name, base)
        _download_file(f"{base}{name}", folder / name, info, told)


def _download_file(url: str, target: Path, info: DatasetInfo, tell: Tell) -> None:
    """Download `url` to `target` by way of `<target>.part`, going on with one that is there."""
    part = target.with_name(f"{target.name}.part")
    if lands(part, target, info):
        return
    while True:
        before = size(part)
        try:
            start = _stream(url, part, tell)
        except (OSError, HTTPException) as error:
            if is_about_storage(error) or size(part) <= before:
                raise
            logger.info("%s: %s; going on from there", url, reason(error))
            continue
        if lands(part, target, info):
            return
        part.unlink()
        if start == 0:  # else the first piece may have been at fault: once more from 0
            raise NotFetchedError(f"its {target.name} is not the published file")


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def lands(part: Path, target: Path, info: DatasetInfo) -> bool:
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
    response, start = _open_from(url, size(part))
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
