"""What a browser can send: addresses, and the values of the components on the pages."""

import base64
import io
import random
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lenet.config import Config
from soak.damage import NAMES, NASTY, damaged, examples, json_values
from soak.files import png_of
from soak.guard import Guard
from soak.lab import Lab, sound, visit
from soak.table import Row

PARAMETERS = {
    "streamlit_app.py": tuple(Config.model_fields),
    "pages/evaluate.py": ("checkpoint", "compare"),
    "pages/predict.py": ("view", "sample_count", "sample_seed", "sample_class", "mistakes"),
    "pages/inside.py": ("inside_source", "inside_image", "inside_class", "inside_photo"),
    "pages/experiments.py": ("study", "varied", "own_preset"),
}
"""What the addresses of the pages carry, and names of other widgets that they do not."""
FOREIGN = ("colour", "__proto__", "embed", "run", "watched", *NAMES)


def addresses_row(lab: Lab, count: int) -> Row:
    """Every page with parameters that nobody meant, opened and come back to by the browser."""
    guard, rng = Guard(lab.home), random.Random(7)
    texts = [str(value) for value in NASTY if value != "\ud800"] + list(NAMES)
    others = examples(json_values, 500, 7)
    for number in range(count):
        page, names = list(PARAMETERS.items())[number % len(PARAMETERS)]
        query: dict[str, str] = {}
        for _ in range(rng.randint(1, 3)):
            name = rng.choice(names if rng.random() < 0.75 else FOREIGN)
            value = rng.choice(texts) if rng.random() < 0.8 else str(rng.choice(others))
            query[name] = value.encode(errors="replace").decode()
        guard.trial(f"{page} {str(query)[:120]}", partial(_open, page, query))
    return guard.row("addresses with wicked parameters, every page")


def _open(page: str, query: dict[str, str]) -> None:
    app = visit(page, **query)
    for name, value in query.items():  # the Back button brings them into a session again
        app.query_params[name] = value
    sound(app.run())


def canvas_row(lab: Lab, count: int) -> Row:
    """What the canvas and the pictures that one points at may be made to say."""
    guard, rng = Guard(lab.home), random.Random(8)
    payloads = _drawings(rng)
    visit("pages/predict.py", view="Draw")
    for number in range(count):
        what, payload = next(payloads)
        if number % 5 == 4:
            told = rng.choice(_picks(rng))
            guard.trial(f"pointed at {told!r:.60}", partial(_point, told))
        else:
            page = ("pages/predict.py", "pages/inside.py")[number % 2]
            guard.trial(f"{what}, {page}", partial(_draw, page, payload))
    return guard.row("canvas drawings and clicks made up")


def _draw(page: str, payload: Any) -> None:
    """Open a page whose canvas answers so."""
    import streamlit_drawable_canvas  # only a page can load it first

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streamlit_drawable_canvas, "out", lambda **_: payload)
        visit(page, view="Draw") if "predict" in page else visit(page, inside_source="Draw")


def _point(told: str) -> None:
    """Open Inside as if this had been picked in its pictures, and look at it."""
    from lenet.ui.inside import explorer

    def pointed(key: str, html: str, *, chosen: str = "", picked: Any = None) -> None:
        picked(told)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(explorer, "pointing", pointed)
        sound(visit("pages/inside.py").run())


def _picks(rng: random.Random) -> list[str]:
    known = ["conv0/3", "fc3/83", "3,4", "conv1/15"]
    made = ["conv0/" + "9" * 5000, "conv0/²", "conv0/٣", "../x/1", "9" * 5000 + ",1", "/", ","]
    return [*known, *made, *NAMES, damaged(b"conv0/3", rng).decode(errors="replace")]


def _drawings(rng: random.Random) -> Iterator[tuple[str, Any]]:
    """What the canvas answers: drawings, damaged ones, and things that are none."""
    whole = _png(280, 280)
    for side in (1, 7, 1200):
        yield f"a drawing of {side} pixels", answer(_url(_png(side, side)))
    yield "a drawing of 144 megapixels", answer(_url(png_of(12_000, 12_000)))
    for mode in ("L", "P", "RGB", "LA", "1", "I;16"):
        yield f"a drawing in {mode}", answer(_url(_png(280, 280, mode)))
    others = examples(json_values, 300, 8)
    for number in range(10**9):
        nasty = rng.choice(NASTY) if number % 2 else others[number % 300]
        match number % 6:
            case 0:
                yield "a damaged drawing", answer(_url(damaged(whole, rng)))
            case 1:
                yield f"{nasty!r:.40} as drawing", answer(nasty)
            case 2:
                yield f"{nasty!r:.40} as answer", {"drawing": nasty}
            case 3:
                yield (
                    "a damaged address",
                    answer(damaged(_url(whole).encode(), rng).decode(errors="replace")),
                )
            case 4:
                yield "a background", {**answer(_url(whole)), "backgroundFit": nasty}
            case _:
                yield "a drawing in JSON", {"drawing": {"raw": nasty, "data": _url(whole)}}


def answer(data: Any) -> dict[str, Any]:
    return {"drawing": {"raw": {"objects": []}, "data": data}}


def _url(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _png(width: int, height: int, mode: str = "RGBA") -> bytes:
    pixels = np.zeros((height, width), dtype=np.uint8)
    pixels[height // 4 : height // 2, width // 4 : width // 2] = 255
    image = Image.fromarray(pixels)
    file = io.BytesIO()
    image.convert(mode).save(file, "PNG")
    return file.getvalue()
