"""What files of weights hold, read without ever executing anything in them.

Files of `torch.save`, as zip or in its format before 1.6, and safetensors.
"""

import io
import logging
import pickle
import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch

from lenet.errors import CheckpointError

log = logging.getLogger(__name__)

MAX_BYTES = 64 * 2**20  # a checkpoint has about 1 MB
MAX_PICKLED = 2**20  # its names and numbers have about 10 kB; to read 18 MB takes 10 s
MAX_LEGACY = 4 * 2**20  # a file of one part: all of it may be names and numbers
SAVE = 'save its weights alone with torch.save(model.state_dict(), "weights.pt"), and take those'
_ZIP = b"PK\x03\x04"
_LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""What torch.save wrote first before it wrote zips."""


def read_file(path: Path) -> bytes:
    """The bytes of a checkpoint's file; `CheckpointError` if there is none, or it is too large."""
    try:
        if path.is_dir():
            raise CheckpointError(f"{path} is a folder; name a file in it, such as model_epoch1.pt")
        if path.is_file():
            check_size(path.stat().st_size, path.name)
            return path.read_bytes()
    except (OSError, ValueError) as error:  # of a name that cannot be one, too
        log.info("%s unreadable: %s", path, error)
    raise CheckpointError(
        f"there is no checkpoint at {path}; train one with --mode train, or name another file"
    )


def check_size(size: int, name: str, largest: int = MAX_BYTES) -> None:
    """Refuse what is too large to read, or to unpack: a few bytes of zip can become gigabytes."""
    if size > largest:
        raise CheckpointError(f"{name} is too large for a LeNet-5 checkpoint; choose another")


def read_content(data: bytes, name: str) -> Any:
    """What a file's bytes hold, whole but otherwise unchecked. No random numbers are drawn.

    Raises:
        CheckpointError: it is damaged, too large, or holds more than numbers and names.
    """
    check_size(len(data), name)
    try:
        if data.startswith(_ZIP):
            _check_archive(data, name)
        elif data.startswith(_LEGACY):
            check_size(len(data), name, MAX_LEGACY)
        elif data[8:9] == b"{":
            return _safetensors(data, name)
        else:  # torch takes everything else for a bare pickle
            raise pickle.UnpicklingError("no file of weights")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="torch")  # about files we refuse anyway
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except CheckpointError:
        raise
    except pickle.UnpicklingError as error:
        log.info("%s refused: %s", name, error)
        if code := re.search(r"GLOBAL `?([\w.]+)", str(error)):
            raise CheckpointError(
                f"{name} holds more than weights, a whole model perhaps ({code[1][:60]}), and "
                f"cannot be opened safely; {SAVE}"
            ) from None
        raise CheckpointError(
            f"{name} is damaged, or no checkpoint that can be loaded safely; choose another file"
        ) from None
    except Exception as error:  # torch raises many kinds on damaged files
        log.info("%s unreadable: %s", name, error)
        raise CheckpointError(f"{name} is damaged or no checkpoint; choose another file") from None


def _check_archive(data: bytes, name: str) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        check_size(sum(part.file_size for part in parts), name)
        pickled = (part.file_size for part in parts if part.filename.endswith(".pkl"))
        check_size(sum(pickled), name, MAX_PICKLED)
        if any(part.filename.endswith("/constants.pkl") for part in parts):
            raise CheckpointError(f"{name} is TorchScript, which is a program; {SAVE}")
        if archive.testzip():  # torch.load looks at no checksum
            raise zipfile.BadZipFile("a part of it has another checksum")


def _safetensors(data: bytes, name: str) -> Any:
    from safetensors.torch import load

    check_size(int.from_bytes(data[:8], "little"), name, MAX_PICKLED)
    return load(data)
