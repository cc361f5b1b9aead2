"""What a browser can send: pictures, addresses, and what the components on the pages say."""

import base64
import io
import random
import struct
import zlib
from collections.abc import Iterator
from functools import partial
from itertools import count, product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import streamlit as st
import torch
from PIL import Image, PngImagePlugin

from lenet.config import Config
from lenet.drawing import centre, image_files
from lenet.evaluation import classify
from lenet.network import checkpoint
from soak.damage import NAMES, NASTY, damaged, json_value
from soak.guard import Trial, uploads
from soak.lab import Lab, sound, visit

PARAMETERS = {
    "streamlit_app.py": tuple(Config.model_fields),
    "pages/evaluate.py": ("checkpoint", "epoch", "compare", "second", "cell", "test", "order"),
    "pages/predict.py": ("view", "sample_count", "sample_seed", "sample_class", "mistakes"),
    "pages/inside.py": ("view", "picture", "spot", "inside_class"),
    "pages/experiments.py": ("study", "varied", "own_preset"),
}
"""What the addresses of the pages carry, and names of other widgets that they do not."""
FOREIGN = ("colour", "__proto__", "embed", "run", "watched", *NAMES)
PICKS = (
    *("conv0/3", "fc3/83", "3,4", "conv1/15", "conv0/²", "conv0/٣", "../x/1", "/", ",", *NAMES),
    *("conv0/" + "9" * 5000, "9" * 5000 + ",1"),
)


def pictures(lab: Lab, rng: random.Random, number: int) -> Iterator[Trial]:
    """Uploads of each format, read and classified, or by way of the page."""
    trained = checkpoint.load(lab.finished.epoch_checkpoint(2))

    def classified(data: bytes) -> None:
        photo = image_files.read_image(data, "photo.png")
        prepared = centre.from_photo(photo, "FashionMNIST")
        [answer] = classify.answer(trained, torch.from_numpy(prepared.array)[None])
        assert abs(sum(answer["probabilities"]) - 1) < 1e-3

    def on_page(name: str, data: bytes) -> None:
        page = visit("pages/predict.py", view="Upload")
        page.file_uploader[0].set_value((name, data, "image/png"))
        sound(page.run())

    return uploads(_pictures(rng), number, rng, ".png", on_page, classified)


def _pictures(rng: random.Random) -> Iterator[tuple[str, bytes]]:
    yield from _picture_bombs()
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8))
    photo.paste((255, 255, 255), (20, 10, 40, 30))
    kinds = product(("PNG", "JPEG", "WEBP", "BMP", "GIF"), ("L", "RGB", "RGBA", "P"))
    whole = [(k, encoded(photo.convert("RGB" if k == "JPEG" else m), k)) for k, m in kinds]
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


def square(side: int) -> Image.Image:
    """A white square on black, half as wide as the picture."""
    image = Image.new("L", (side, side))
    image.paste(255, (side // 4, side // 4, side // 2, side // 2))
    return image


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
    """A progressive JPEG with its last scan again and again, a few bytes each time.

    Each goes over the whole picture, which is what makes it slow.
    """
    data = encoded(square(side), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * scans + data[-2:]


def addresses(_lab: Lab, rng: random.Random, number: int) -> Iterator[Trial]:
    """Every page with parameters that nobody meant, opened and come back to by the browser."""
    for place in range(number):
        page, names = list(PARAMETERS.items())[place % len(PARAMETERS)]
        query: dict[str, str] = {}
        for _ in range(rng.randint(1, 3)):
            name = rng.choice(names if rng.random() < 0.75 else FOREIGN)
            value = rng.choice((*NASTY, *NAMES)) if rng.random() < 0.8 else json_value(rng)
            query[name] = str(value).encode(errors="replace").decode()
        yield f"{page} {str(query)[:120]}", partial(_open, page, query)


def _open(page: str, query: dict[str, str]) -> None:
    app = visit(page, **query)
    for name, value in query.items():  # the Back button brings them into a session again
        app.query_params[name] = value
    sound(app.run())


def drawings(_lab: Lab, rng: random.Random, number: int) -> Iterator[Trial]:
    """What the canvas and the pictures that one points at may be made to say."""
    made_up = _drawings(rng)
    visit("pages/predict.py", view="Draw")  # only a page can load the canvas first
    for place in range(number):
        what, drawing = next(made_up)
        if place % 5 == 4:
            pick = rng.choice((*PICKS, damaged(b"conv0/3", rng).decode(errors="replace")))
            yield f"pointed at {pick!r:.60}", partial(_point, pick)
        else:
            page = ("pages/predict.py", "pages/inside.py")[place % 2]
            yield f"{what}, {page}", partial(_draw, page, drawing)


def _draw(page: str, drawing: Any) -> None:
    """Open a page whose canvas answers so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streamlit_drawable_canvas.out", lambda **_: drawing)
        visit(page, view="Draw")


def _point(pick: str) -> None:
    """Open Inside as if this had been picked in its pictures, and look at it."""

    def clicked(**options: Any) -> None:
        st.session_state["explorer"] = SimpleNamespace(picked=pick)
        options["on_picked_change"]()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lenet.ui.inside.explorer._show", clicked)
        sound(visit("pages/inside.py").run())


def _drawings(rng: random.Random) -> Iterator[tuple[str, Any]]:
    """What the canvas answers: drawings, damaged ones, and things that are none."""
    whole = encoded(square(280).convert("RGBA"))
    for side in (1, 7, 1200):
        yield f"a drawing of {side} pixels", answer(encoded(square(side).convert("RGBA")))
    yield "a drawing of 144 megapixels", answer(png_of(12_000, 12_000))
    for mode in ("L", "P", "RGB", "LA", "1", "I;16"):
        yield f"a drawing in {mode}", answer(encoded(square(280).convert(mode)))
    for number in count():
        nasty = rng.choice(NASTY) if number % 2 else json_value(rng)
        address = damaged(answer(whole)["drawing"]["data"].encode(), rng).decode(errors="replace")
        yield [
            ("a damaged drawing", answer(damaged(whole, rng))),
            (f"{nasty!r:.40} as drawing", answer(nasty)),
            (f"{nasty!r:.40} as answer", {"drawing": nasty}),
            ("a damaged address", answer(address)),
            ("a background", {**answer(whole), "backgroundFit": nasty}),
            ("a drawing in JSON", {"drawing": {**answer(whole)["drawing"], "raw": nasty}}),
        ][number % 6]


def answer(data: Any) -> dict[str, Any]:
    """What the canvas says: `data` is an address, or the PNG file that it stands for."""
    if isinstance(data, bytes):
        data = "data:image/png;base64," + base64.b64encode(data).decode()
    return {"drawing": {"raw": {"objects": []}, "data": data}}
