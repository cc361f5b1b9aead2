"""Ten test images with the predictions of a run's network, renewed while it trains."""

import html
from typing import Annotated

import numpy as np
import streamlit as st
from pydantic import BaseModel, Field

from lenet.catalog import DATASETS, SIDE
from lenet.drawing.image_files import read_image
from lenet.errors import ImageError
from lenet.files import read_small
from lenet.runs.run import Run
from lenet.ui.images import data_uri

_Ten = Field(min_length=10, max_length=10)
_Row = Annotated[list[Annotated[float, Field(ge=0, le=1)]], _Ten]


class _Predictions(BaseModel):
    """What is needed of `glance.json`."""

    targets: Annotated[list[Annotated[int, Field(ge=0, le=9)]], _Ten]
    probabilities: Annotated[list[_Row], _Ten]


def show(run: Run) -> None:
    """One image of each class with the prediction and its confidence; nothing before the first."""
    try:
        found = _Predictions.model_validate_json(read_small(run.folder / "glance.json"))
        pictures = _pictures(read_small(run.folder / "glance.png"))
        classes = DATASETS[run.config().dataset].classes
        cells = [
            _cell(picture, row, target, classes)
            for picture, row, target in zip(
                pictures, found.probabilities, found.targets, strict=True
            )
        ]
    except (OSError, ValueError, ImageError):
        return
    st.html(f'<div class="lenet-samples">{_STYLE}{"".join(cells)}</div>')


def _cell(picture: str, row: list[float], target: int, classes: tuple[str, ...]) -> str:
    best = max(range(len(row)), key=row.__getitem__)
    mark, state = ("✓", "right") if best == target else ("✗", "wrong")
    return (
        f'<figure class="{state}"><img src="{picture}" alt="{html.escape(classes[target])}">'
        f"<figcaption>{mark} {row[best]:.0%}<br><small>{html.escape(classes[best])}</small>"
        "</figcaption></figure>"
    )


@st.cache_data(max_entries=64, show_spinner=False)
def _pictures(file: bytes) -> list[str]:
    """The ten pictures of `glance.png` as data addresses, each a true grayscale PNG."""
    row = np.asarray(read_image(file, "glance.png").convert("L"))
    return [data_uri(row[:SIDE, left : left + SIDE]) for left in range(0, row.shape[1], SIDE)]


_STYLE = """<style>
.lenet-samples { display: grid; gap: 0.6rem 0.5rem;
  grid-template-columns: repeat(auto-fit, minmax(56px, 1fr)); }
.lenet-samples figure { margin: 0; }
.lenet-samples img { width: 100%; image-rendering: pixelated; border-radius: 4px; display: block; }
.lenet-samples figcaption { font-size: 0.72rem; line-height: 1.3; margin-top: 0.25rem;
  font-variant-numeric: tabular-nums; }
.lenet-samples small { font-size: 0.64rem; white-space: nowrap; letter-spacing: -0.01em; }
.lenet-samples .wrong figcaption { opacity: 0.6; }
</style>"""
