"""The 28×28 picture that a visitor has in hand, as a short text for the address."""

import base64
import binascii
import gzip
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from lenet.catalog import DATASETS, SIDE
from lenet.data.reading import locate
from lenet.errors import DatasetError

Gray = NDArray[np.uint8]
Source = Literal["test", "drawing", "photo", "cutout"]
"""The last is a photograph whose thing was cut out by its colour."""

VIEWS = ("Samples", "Draw", "Upload")
"""Where a picture can come from, on Predict and on Inside."""
LONGEST = 1004
"""Characters in the address for the exact picture; one that needs more gets 16 gray levels."""

_TEXT = re.compile(
    r"([A-Za-z]+)\.(?:(test)(\d{1,5})|(drawing|photo|cutout)\.([\w-]{1,1100}))", re.ASCII
)
_TITLES: dict[str, str] = {"test": "Test image", "drawing": "Drawing", "photo": "Photograph"}


@dataclass(frozen=True)
class Picture:
    """A test image by its number, or the pixels of a drawing or photograph.

    `dataset` is the one whose rule has scaled and placed it; `code` is the number, or the packed
    pixels.
    """

    dataset: str
    source: Source
    code: str

    def __str__(self) -> str:
        return f"{self.dataset}.{self.source}{'' if self.source == 'test' else '.'}{self.code}"

    @property
    def index(self) -> int:
        """Of a test image, its number."""
        return int(self.code)

    @property
    def label(self) -> str:
        number = f" {self.index:,}" if self.source == "test" else ""
        return f"{_TITLES[self._kind]}{number}"

    @property
    def view(self) -> str:
        """The one of `VIEWS` in which the picture was made."""
        return VIEWS[list(_TITLES).index(self._kind)]

    @property
    def _kind(self) -> str:
        return "photo" if self.source == "cutout" else self.source

    def pixels(self) -> Gray:
        """(28, 28) uint8, light on black; `DatasetError` if a test image's file is not here."""
        if self.source != "test":
            return _unpacked(self.code)
        source = locate(self.dataset)
        found = _test_image(source.paths[2], self.index) if source else None
        if found is None:
            raise DatasetError(f"the file of {self.label.lower()} is not here; fetch the dataset")
        return found


def read(text: str) -> Picture:
    """A picture from `str(picture)`; ValueError if the text is not one."""
    found = _TEXT.fullmatch(text)
    if not found or found[1] not in DATASETS:
        raise ValueError("no picture")
    if found[2]:
        if int(found[3]) >= DATASETS[found[1]].test_count:
            raise ValueError("no such test image")
        return test_image(found[1], int(found[3]))
    _unpacked(found[5])
    source: Source = found[4]  # type: ignore[assignment]
    return Picture(found[1], source, found[5])


def test_image(dataset: str, index: int) -> Picture:
    return Picture(dataset, "test", str(index))


def made(dataset: str, source: Source, pixels: Gray) -> Picture:
    """A picture of (28, 28) uint8, exact if that is not too long for an address."""
    code = _packed(pixels.tobytes())
    if len(code) > LONGEST:
        levels = np.rint(pixels.ravel() / 17).astype(np.uint8)
        code = _packed((16 * levels[::2] + levels[1::2]).tobytes())
    return Picture(dataset, source, code)


def _packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(data, 9)).decode().rstrip("=")


def _unpacked(code: str) -> Gray:
    """ValueError if it is not 28×28 pixels of 8 or 4 bits."""
    try:
        unpacker = zlib.decompressobj()
        packed = base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))
        data = np.frombuffer(unpacker.decompress(packed, SIDE**2 + 1), np.uint8)
    except (binascii.Error, zlib.error) as error:
        raise ValueError("damaged") from error
    if data.size == SIDE**2 // 2:
        data = 17 * np.stack([data >> 4, data & 15], axis=1).ravel()
    if data.size != SIDE**2 or not unpacker.eof:
        raise ValueError("not 28×28")
    return data.reshape(SIDE, SIDE).copy()


@st.cache_data(max_entries=256, show_spinner=False)
def _test_image(path: Path, index: int) -> Gray | None:
    """One image of an IDX file, read without torch and without what comes after it."""
    size = SIDE**2
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            data = bytearray(file.read(16 + size * (index + 1))[16 + size * index :])
    except (OSError, EOFError, zlib.error):
        return None
    return np.frombuffer(data, np.uint8).reshape(SIDE, SIDE) if len(data) == size else None
