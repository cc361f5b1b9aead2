"""Files written whole or not at all."""

import contextlib
import errno
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lenet.errors import StorageError


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file so that readers, and a crash, meet the old content or the new, never a part.

    Raises:
        StorageError: the disk is full or the folder cannot be written; `path` is as it was.
    """
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
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


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON, atomically; see `write_atomic`."""
    write_atomic(path, json.dumps(value, indent=2).encode() + b"\n")


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an OSError met while writing `path` into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StorageError(
                f"the disk is full: {path} could not be written; free some space and try again"
            ) from error
        raise StorageError(
            f"{path} could not be written ({error.strerror}); "
            "choose another folder or change its rights"
        ) from error
