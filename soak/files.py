"""Damaged and hostile pictures and dataset files."""

import io
import random
import struct
import zlib
from collections.abc import Iterator
from functools import partial
from itertools import count, islice
from typing import Any

import numpy as np
import torch
from PIL import Image, PngImagePlugin

from lenet.catalog import DATASETS
from lenet.data.splits import load_split
from lenet.drawing import centre, image_files
from lenet.evaluation import classify
from lenet.network import checkpoint
from soak.damage import damaged
from soak.guard import Guard
from soak.lab import Lab, sound, visit
from soak.table import Row
from tests.idx_files import write_files

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
MODES = ("L", "RGB", "RGBA", "P")


def pictures_row(lab: Lab, number: int, on_page: int) -> Row:
    """Uploads of each format, read and classified; so many of them by way of the page."""
    guard, rng = Guard(home=lab.home), random.Random(1)
    trained = checkpoint.load(lab.finished.epoch_checkpoint(2))
    inputs = list(islice(_pictures(rng), number))
    rng.shuffle(inputs)

    def upload(name: str, data: bytes) -> None:
        page = visit("pages/predict.py", view="Upload")
        page.file_uploader(key="photo").set_value((name, data, "image/png"))
        sound(page.run())

    for _ in guard.uploads(inputs, on_page, ".png", upload, partial(_classify, trained)):
        pass
    return guard.row("damaged pictures uploaded, five formats")


def _classify(trained: checkpoint.Checkpoint, data: bytes) -> None:
    photo = image_files.read_image(data, "photo.png")
    prepared = centre.from_photo(photo, "FashionMNIST")
    [answer] = classify.answer(trained, torch.from_numpy(prepared.array)[None])
    assert abs(sum(answer["probabilities"]) - 1) < 1e-3


def _pictures(rng: random.Random) -> Iterator[tuple[str, bytes]]:
    yield from _picture_bombs()
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8))
    photo.paste((255, 255, 255), (20, 10, 40, 30))
    whole = [
        (kind, encoded(photo if kind == "JPEG" else photo.convert(mode), kind))
        for kind in FORMATS
        for mode in (MODES if kind != "JPEG" else ("RGB",))
    ]
    for number in count():
        kind, data = whole[number % len(whole)]
        if number % 10 == 0:
            yield f"random bytes {number}", data[:16] + rng.randbytes(rng.randrange(2000))
        else:
            yield f"{kind} {number}", damaged(data, rng)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _picture_bombs() -> Iterator[tuple[str, bytes]]:
    """Small files that cost much, and pictures of strange shapes."""
    for size in ((8, 6_000_000), (6_000_000, 8), (7000, 7000), (50_000, 50_000)):
        yield f"PNG of {size[0]:,}×{size[1]:,}", png_of(*size)
    yield "JPEG of a thousand scans", jpeg_of_scans(1000, 7000)
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "\0" * (100 * 2**20), zip=True)
    yield "PNG with a text that unpacks to much", encoded(Image.new("L", (60, 40)), pnginfo=text)
    yield "nothing", b""
    first, *others = (Image.new("L", (64, 64), shade) for shade in range(200))
    for kind in ("GIF", "WEBP", "PNG"):
        moving = encoded(first, kind, save_all=True, append_images=others)
        yield f"{kind} of 200 frames", moving


def png_of(width: int, height: int) -> bytes:
    """A black picture; of one that would take gigabytes only the first 50 million pixels."""
    data = encoded(Image.new("L", (width, min(height, 50_000_000 // width))))
    head = b"IHDR" + struct.pack(">II", width, height) + data[24:29]
    return data[:12] + head + struct.pack(">I", zlib.crc32(head)) + data[33:]


def jpeg_of_scans(scans: int, side: int) -> bytes:
    """A progressive JPEG that has its last scan again and again, a few bytes each time.

    Each goes over the whole picture, which is what makes it slow.
    """
    image = Image.new("L", (side, side))
    image.paste(255, (side // 4, side // 4, side // 2, side // 2))  # little to say in a scan
    data = encoded(image, "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * scans + data[-2:]


def datasets_row(lab: Lab, number: int) -> Row:
    """IDX files, packed and plain, on the disk where the lab keeps them."""
    guard, rng = Guard(home=lab.home), random.Random(3)
    info = DATASETS["FashionMNIST"]
    raw = lab.data / "FashionMNIST" / "raw"
    for place in range(number):
        write_files(raw, info, packed=place % 2 == 0)
        path = rng.choice(sorted(raw.iterdir()))
        whole = path.read_bytes()
        path.write_bytes(b"\x1f\x8b" + whole if place % 50 == 49 else damaged(whole, rng))
        guard.trial(f"{path.name} {place}", _load_both)
        for left in raw.iterdir():
            left.unlink()
    write_files(raw, info)
    return guard.row("damaged dataset files (IDX), packed and plain")


def _load_both() -> None:
    for split in (load_split("FashionMNIST", "train"), load_split("FashionMNIST", "test")):
        assert split.images.shape[1:] == (28, 28)
        assert len(split.images) == len(split.labels)
