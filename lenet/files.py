"""Files written whole or not at all."""

import contextlib
import errno
import io
import itertools
import json
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from lenet.errors import StorageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

T = TypeVar("T")

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}")  # the names that `write_atomic` gives
MAX_SMALL = 4 * 2**20
"""Bytes that a small file of ours, a configuration or a status, never comes near."""
FRESH_NS = 2 * 10**9
"""Nanoseconds in which a file may change again without a new time stamp, on a slow disk too."""


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file so that readers, and a crash, meet the old content or the new, never a part.

    Raises:
        StorageError: the disk is full, or the folder is gone or cannot be written; `path` is
            as it was. The folder is not made: somebody may just have deleted it.
    """
    with explained(path):
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def temporaries(folder: Path) -> list[Path]:
    """What processes that were killed while they wrote have left, or write just now."""
    return [path for path in folder.glob(".*") if _TEMPORARY.fullmatch(path.name)]


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON; see `write_atomic`."""
    write_atomic(path, json.dumps(value, indent=2).encode() + b"\n")


def write_array(path: Path, values: "NDArray[Any]") -> None:
    """Write `values` as NumPy's .npy; see `write_atomic`."""
    import numpy as np  # not for the first page

    file = io.BytesIO()
    np.save(file, values, allow_pickle=False)
    write_atomic(path, file.getvalue())


def modified(path: Path) -> float:
    """When a file was last written, in seconds since the epoch; 0 if it is not there."""
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def is_own(path: Path) -> bool:
    """Whether it is a file and no link, which could lead anywhere."""
    return path.is_file() and not path.is_symlink()


def open_own(path: Path) -> BinaryIO:
    """Open for reading a file that only this lab writes; opening a pipe would never return.

    Raises `OSError` if it is not there, or is a link, a pipe or a folder.
    """
    file = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "no file of its own", str(path))
    return os.fdopen(file, "rb")


def not_through_links(path: str, flags: int) -> int:
    """An `opener` for a file that is written in place: a link there is not followed."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def read_small(path: Path, limit: int = MAX_SMALL) -> bytes:
    """The content of a small file; `OSError` as in `open_own` or if above `limit` bytes."""
    with open_own(path) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, "too large", str(path))
    return data


def read_json(path: Path) -> Any:
    """The value in a small JSON file; `OSError` as in `read_small`, `ValueError` if not JSON."""
    return parse_json(read_small(path))


def remembered(read: Callable[[Path], T], path: Path) -> T:
    """`read(path)`, kept in memory until the file changes; raises what `read` does."""
    found = path.lstat()
    if time.time_ns() - found.st_mtime_ns < FRESH_NS:
        return read(path)
    value: T = _remembered(read, path, (found.st_ino, found.st_size, found.st_mtime_ns))
    return value


@lru_cache(2**15)
def _remembered(read: Callable[[Path], Any], path: Path, stamp: tuple[int, ...]) -> Any:
    return read(path)


def parse_json(data: bytes) -> Any:
    """The value of a JSON text; ValueError too where it is nested beyond what can be parsed."""
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def free_folder(folder: Path) -> Path:
    """A name beside a folder's that nothing has yet: `output-2` for `output`."""
    folder = folder if folder.name else folder.resolve()
    names = (folder.with_name(f"{folder.name}-{number}") for number in itertools.count(2))
    return next(path for path in names if not path.exists())


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an OSError met while writing `path` into a sentence."""
    try:
        yield
    except OSError as error:
        failed = f"{path} could not be written"
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            words = f"the disk is full: {failed}; free some space and try again"
        elif isinstance(error, FileNotFoundError):
            words = f"{failed}: its folder is not there; it may have been deleted"
        else:
            words = f"{failed} ({error.strerror}); choose another folder or change its rights"
        raise StorageError(words) from error
