"""Damaged and hostile pictures and dataset files."""

import io
import random
import struct
from collections.abc import Iterator
from functools import partial
from itertools import cycle, islice

import numpy as np
import torch
from PIL import Image

from lenet.data.reading import DATASETS
from lenet.data.splits import load_split
from lenet.drawing import centre, image_files
from lenet.evaluation import classify
from lenet.network import checkpoint
from soak.damage import NAMES, damaged
from soak.guard import Guard
from soak.lab import Lab, sound, visit
from soak.table import Row
from tests.idx_files import write_files

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
UPLOADED = [name for name in NAMES if "\x00" not in name]
"""Names that Streamlit itself does not refuse; it wants the endings of the right kind, too."""


def uploaded(count: int, ending: str) -> list[str]:
    """So many names of uploads, some of them more than once."""
    return [name + ending for name in islice(cycle(UPLOADED), count)]


def pictures_row(lab: Lab, count: int, on_page: int) -> Row:
    """Uploads of each format, read and classified; some of them by way of the page.

    Args:
        count: of all inputs.
        on_page: how many of these a visitor uploads.
    """
    guard, rng = Guard(lab.home), random.Random(1)
    shipped = checkpoint.load(lab.finished.epoch_checkpoint(2))
    inputs = list(islice(_pictures(rng), count))
    rng.shuffle(inputs)

    def upload(name: str, data: bytes) -> None:
        page = visit("pages/predict.py", view="Upload")
        page.file_uploader(key="photo").set_value((name, data, "image/png"))
        sound(page.run())

    for _ in guard.uploads(inputs, uploaded(on_page, ".png"), upload, partial(_classify, shipped)):
        pass
    return guard.row("damaged pictures uploaded, five formats")


def _classify(shipped: checkpoint.Checkpoint, data: bytes) -> None:
    photo = image_files.read_image(data, "photo.png")
    prepared = centre.from_photo(photo, "FashionMNIST")
    [answer] = classify.answer(shipped, torch.from_numpy(prepared.array)[None])
    assert abs(sum(answer["probabilities"]) - 1) < 1e-3


def _pictures(rng: random.Random) -> Iterator[tuple[str, bytes]]:
    yield from _picture_bombs()
    whole = [_picture(kind, mode) for kind in FORMATS for mode in ("L", "RGB", "RGBA", "P")]
    for number in range(10**9):
        kind, data = whole[number % len(whole)]
        if number % 10 == 0:
            yield f"random bytes {number}", data[:16] + rng.randbytes(rng.randrange(2000))
        else:
            yield f"{kind} {number}", damaged(data, rng)


def _picture(kind: str, mode: str) -> tuple[str, bytes]:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    pixels[10:30, 20:40] = 255
    image = Image.fromarray(pixels)
    if not (kind == "JPEG" and mode in ("RGBA", "P")):
        image = image.convert(mode)
    file = io.BytesIO()
    image.save(file, kind)
    return f"{kind} in {mode}", file.getvalue()


def _picture_bombs() -> Iterator[tuple[str, bytes]]:
    """Small files that cost much, and pictures of strange shapes."""
    for width, height in ((50_000, 50_000), (8, 6_000_000), (6_000_000, 8), (7000, 7000)):
        yield f"PNG of {width}×{height}", png_of(width, height)
    yield "JPEG of a thousand scans", jpeg_of_scans(1000, 7000)
    yield "PNG with a text that unpacks to much", _png_with_text(100 * 2**20)
    yield "nothing", b""
    frames = [Image.new("L", (64, 64), shade) for shade in range(200)]
    for kind in ("GIF", "WEBP", "PNG"):
        file = io.BytesIO()
        frames[0].save(file, kind, save_all=True, append_images=frames[1:])
        yield f"{kind} of 200 frames", file.getvalue()


def _chunk(name: bytes, data: bytes) -> bytes:
    import zlib

    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_of(width: int, height: int) -> bytes:
    import zlib

    packer = zlib.compressobj(9)
    row = bytes(width + 1)
    rows = min(height, 60_000_000 // (width + 1))
    data = b"".join(packer.compress(row * 1000) for _ in range(rows // 1000)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return _signed(_chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b""))


def _png_with_text(size: int) -> bytes:
    import zlib

    _, whole = _picture("PNG", "L")
    text = _chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(bytes(size), 9))
    return whole[:33] + text + whole[33:]


def _signed(chunks: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunks


def jpeg_of_scans(scans: int, side: int) -> bytes:
    """A progressive JPEG that has its last scan again and again, a few bytes each time.

    Each goes over the whole picture, which is what makes it slow.
    """
    file = io.BytesIO()
    image = Image.new("L", (side, side))
    image.paste(255, (side // 4, side // 4, side // 2, side // 2))  # little to say in a scan
    image.save(file, "JPEG", progressive=True)
    data = file.getvalue()
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * scans + data[-2:]


def datasets_row(lab: Lab, count: int) -> Row:
    """IDX files, packed and plain, on the disk where the lab keeps them."""
    guard, rng = Guard(lab.home), random.Random(3)
    info = DATASETS["FashionMNIST"]
    raw = lab.data / "FashionMNIST" / "raw"
    for number in range(count):
        write_files(raw, info, packed=number % 2 == 0)
        path = rng.choice(sorted(raw.iterdir()))
        whole = path.read_bytes()
        path.write_bytes(b"\x1f\x8b" + whole if number % 50 == 49 else damaged(whole, rng))
        guard.trial(f"{path.name} {number}", _load_both)
        for left in raw.iterdir():
            left.unlink()
    write_files(raw, info)
    return guard.row("damaged dataset files (IDX), packed and plain")


def _load_both() -> None:
    for name in ("train", "test"):
        split = load_split("FashionMNIST", name)  # type: ignore[arg-type]
        assert split.images.shape[1:] == (28, 28)
        assert len(split.images) == len(split.labels)
