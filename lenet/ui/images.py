"""Pictures and probabilities on a page: true grayscale, no smoothing."""

import html
import io
from collections.abc import Sequence

import numpy as np
import streamlit as st
from PIL import Image

PIXEL = 8
"""Screen pixels for each image pixel."""


def enlarged(array: np.ndarray, side: int = 28 * PIXEL) -> Image.Image:
    """(H, W) uint8 as a picture in mode L, each pixel a square, about `side` wide."""
    factor = max(1, round(side / max(array.shape)))
    return Image.fromarray(array).resize(
        (array.shape[1] * factor, array.shape[0] * factor), Image.Resampling.NEAREST
    )


def png(picture: Image.Image) -> bytes:
    """A picture as a grayscale PNG file."""
    file = io.BytesIO()
    picture.convert("L").save(file, "PNG")
    return file.getvalue()


def bars(
    probabilities: Sequence[float], classes: Sequence[str], *, target: int | None = None
) -> None:
    """Ten probabilities as bars, the prediction strong, the true class marked."""
    best = int(np.argmax(probabilities))
    rows = "".join(
        f'<div class="row{" best" if index == best else ""}">'
        f'<span class="name">{"▸ " if index == target else ""}{html.escape(name)}</span>'
        f'<span class="track"><span class="bar" style="width:{100 * share:.1f}%"></span></span>'
        f'<span class="share">{_percent(share)}</span></div>'
        for index, (name, share) in enumerate(zip(classes, probabilities, strict=True))
    )
    label = _spoken(probabilities, classes)
    st.html(f'<div class="lenet-bars" role="img" aria-label="{label}">{_STYLE}{rows}</div>')


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 or share == 0 else "<1%"


def _spoken(probabilities: Sequence[float], classes: Sequence[str]) -> str:
    pairs = zip(classes, probabilities, strict=True)
    return html.escape(", ".join(f"{name} {share:.0%}" for name, share in pairs))


_STYLE = """<style>
.lenet-bars { font-size: 0.8rem; line-height: 1.35; font-variant-numeric: tabular-nums; }
.lenet-bars .row { display: grid; grid-template-columns: 5.6em 1fr 2.6em; gap: 0.5em;
  align-items: center; opacity: 0.7; }
.lenet-bars .best { opacity: 1; font-weight: 600; }
.lenet-bars .name { text-align: right; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis; }
.lenet-bars .track { height: 0.55em; background: rgba(128,128,128,0.18); border-radius: 2px; }
.lenet-bars .bar { display: block; height: 100%; background: rgb(128,128,128); border-radius: 2px; }
.lenet-bars .best .bar { background: #1f8a70; }
.lenet-bars .share { text-align: right; }
</style>"""
