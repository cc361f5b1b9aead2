"""What a browser can send: addresses, and the values of the components on the pages."""

import base64
import random
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from PIL import Image

from lenet.config import Config
from soak.damage import NAMES, NASTY, damaged, json_value
from soak.files import encoded, png_of
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
PICKS = (
    *("conv0/3", "fc3/83", "3,4", "conv1/15", "conv0/²", "conv0/٣", "../x/1", "/", ",", *NAMES),
    *("conv0/" + "9" * 5000, "9" * 5000 + ",1"),
)


def addresses_row(lab: Lab, number: int) -> Row:
    """Every page with parameters that nobody meant, opened and come back to by the browser."""
    guard, rng = Guard(home=lab.home), random.Random(7)
    for place in range(number):
        page, names = list(PARAMETERS.items())[place % len(PARAMETERS)]
        query: dict[str, str] = {}
        for _ in range(rng.randint(1, 3)):
            name = rng.choice(names if rng.random() < 0.75 else FOREIGN)
            value = rng.choice((*NASTY, *NAMES)) if rng.random() < 0.8 else json_value(rng)
            query[name] = str(value).encode(errors="replace").decode()
        guard.trial(f"{page} {str(query)[:120]}", _open, page, query)
    return guard.row("addresses with wicked parameters, every page")


def _open(page: str, query: dict[str, str]) -> None:
    app = visit(page, **query)
    for name, value in query.items():  # the Back button brings them into a session again
        app.query_params[name] = value
    sound(app.run())


def canvas_row(lab: Lab, number: int) -> Row:
    """What the canvas and the pictures that one points at may be made to say."""
    guard, rng = Guard(home=lab.home), random.Random(8)
    drawings = _drawings(rng)
    visit("pages/predict.py", view="Draw")  # only a page can load the canvas first
    for place in range(number):
        what, drawing = next(drawings)
        if place % 5 == 4:
            pick = rng.choice((*PICKS, damaged(b"conv0/3", rng).decode(errors="replace")))
            guard.trial(f"pointed at {pick!r:.60}", _point, pick)
        else:
            page = ("pages/predict.py", "pages/inside.py")[place % 2]
            guard.trial(f"{what}, {page}", _draw, page, drawing)
    return guard.row("canvas drawings and clicks made up")


def _draw(page: str, drawing: Any) -> None:
    """Open a page whose canvas answers so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streamlit_drawable_canvas.out", lambda **_: drawing)
        visit(page, **{"view" if "predict" in page else "inside_source": "Draw"})


def _point(pick: str) -> None:
    """Open Inside as if this had been picked in its pictures, and look at it."""

    def clicked(key: str, html: str, *, chosen: str = "", picked: Any = None) -> None:
        picked(pick)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lenet.ui.inside.explorer.pointing", clicked)
        sound(visit("pages/inside.py").run())


def _drawings(rng: random.Random) -> Iterator[tuple[str, Any]]:
    """What the canvas answers: drawings, damaged ones, and things that are none."""
    whole = _drawing(280)
    for side in (1, 7, 1200):
        yield f"a drawing of {side} pixels", answer(_url(_drawing(side)))
    yield "a drawing of 144 megapixels", answer(_url(png_of(12_000, 12_000)))
    for mode in ("L", "P", "RGB", "LA", "1", "I;16"):
        yield f"a drawing in {mode}", answer(_url(_drawing(280, mode)))
    for number in count():
        nasty = rng.choice(NASTY) if number % 2 else json_value(rng)
        address = damaged(_url(whole).encode(), rng).decode(errors="replace")
        yield [
            ("a damaged drawing", answer(_url(damaged(whole, rng)))),
            (f"{nasty!r:.40} as drawing", answer(nasty)),
            (f"{nasty!r:.40} as answer", {"drawing": nasty}),
            ("a damaged address", answer(address)),
            ("a background", {**answer(_url(whole)), "backgroundFit": nasty}),
            ("a drawing in JSON", {"drawing": {"raw": nasty, "data": _url(whole)}}),
        ][number % 6]


def answer(data: Any) -> dict[str, Any]:
    return {"drawing": {"raw": {"objects": []}, "data": data}}


def _url(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _drawing(side: int, mode: str = "RGBA") -> bytes:
    image = Image.new("L", (side, side))
    image.paste(255, (side // 4, side // 4, side // 2, side // 2))
    return encoded(image.convert(mode))
