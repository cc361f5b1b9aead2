"""Grayscale pictures and probabilities on a page."""

import base64
import html
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from lenet.drawing.image_files import enlarge


def show(
    pixels: NDArray[np.uint8], width: Any, *, side: int = 224, place: Any = st, **more: Any
) -> None:
    """Show (H, W) uint8, each pixel a square; the file is about `side` pixels wide."""
    factor = max(1, round(side / max(pixels.shape)))
    # In the page itself: a file would have to be asked for once more.
    place.image(data_uri(np.asarray(enlarge(pixels, factor))), width=width, **more)


def png(picture: Image.Image) -> bytes:
    """A picture as a PNG file, in grayscale unless it is RGB."""
    file = io.BytesIO()
    (picture if picture.mode == "RGB" else picture.convert("L")).save(file, "PNG", compress_level=1)
    return file.getvalue()


def data_uri(pixels: NDArray[np.uint8]) -> str:
    """(H, W) or (H, W, 3) uint8 as a PNG of that size in an address for `<img src>`."""
    return "data:image/png;base64," + base64.b64encode(png(Image.fromarray(pixels))).decode()


def img(pixels: NDArray[np.uint8], alt: str) -> str:
    """(H, W) or (H, W, 3) uint8 as an `<img>`, with a text for those who cannot see it."""
    return f'<img src="{data_uri(pixels)}" alt="{html.escape(alt)}">'


def bars(
    probabilities: Sequence[float], classes: Sequence[str], *, target: int | None = None
) -> None:
    """Ten probabilities as bars, the prediction strong, the true class marked."""
    named = list(zip(classes, probabilities, strict=True))
    best = int(np.argmax(probabilities))
    strong = "best" if target in (None, best) else "best wrong"
    rows = "".join(
        f'<div class="row {strong if index == best else ""}">'
        f"{bar(('▸ ' if index == target else '') + name, probability)}</div>"
        for index, (name, probability) in enumerate(named)
    )
    label = html.escape(", ".join(f"{name} {probability:.0%}" for name, probability in named))
    st.html(f'<div class="lenet-bars" role="img" aria-label="{label}">{_STYLE}{rows}</div>')


def bar(name: str, probability: float) -> str:
    """HTML of a name, a bar and the percentage, for a grid of three columns."""
    return (
        f'<span class="name">{html.escape(name)}</span>'
        f'<span class="track"><span class="bar" style="width:{probability:.1%}"></span></span>'
        f'<span class="percent">{percentage(probability)}</span>'
    )


def percentage(share: float) -> str:
    """Of 0 to 1, in HTML."""
    return "&lt;1%" if 0 < share < 0.01 else f"{share:.0%}"


_STYLE = """<style>
.lenet-bars { font-size: 0.875rem; line-height: 1.35; font-variant-numeric: tabular-nums; }
.lenet-bars .row { display: grid; grid-template-columns: 5.6em 1fr 2.6em; gap: 0.5em;
  align-items: center; opacity: 0.8; }
.lenet-bars .best { opacity: 1; font-weight: 600; }
.lenet-bars .name { text-align: right; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis; }
.lenet-bars .track { height: 0.55em; background: rgba(128,128,128,0.18); border-radius: 2px; }
.lenet-bars .bar { display: block; height: 100%; background: rgb(128,128,128); border-radius: 2px; }
.lenet-bars .best .bar { background: #1f8a70; }
.lenet-bars .wrong .bar { background: #c9662b; }
.lenet-bars .percent { text-align: right; }
</style>"""
