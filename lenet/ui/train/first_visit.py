"""What Train shows before the first run: what this is, and a training recorded earlier."""

from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from lenet.catalog import SIDE, dataset_info
from lenet.data.reading import first_of_each_class
from lenet.runs.history import read_history
from lenet.ui.images import img
from lenet.ui.live_chart import live_chart
from lenet.ui.style import COLORS
from lenet.ui.train.curves import curves

EXAMPLE = Path(__file__).parent / "example.jsonl"
"""A run of the preset `lab`, every tenth step; `python -m tests.runs.cases lab` records it."""
PEN = 2  # pixels of a drawing's lines


def welcome(dataset: str) -> None:
    """In a sentence what this is, and the ten classes as pictures."""
    things = "kinds of clothes" if dataset == "FashionMNIST" else "handwritten digits"
    st.markdown(
        f"LeNet-5, the neural network that read cheques in 1998, learns here to tell ten {things} "
        "apart. Press **Start** and watch it learn."
    )
    st.html(_classes(dataset))


def example_curves() -> None:
    """The curves of the recorded run, in the place where those of a run will be."""
    st.caption(
        "An example, recorded earlier: the loss falls and the share of right answers rises. "
        "**Start** puts your own training in its place."
    )
    live_chart(
        "example curves",
        lambda: curves({"": (read_history(EXAMPLE), COLORS[0])}, "", 0, smoothing=0.8, log=False),
        version="",
        alt="Example: loss and accuracy of a training that was recorded",
    )


@st.cache_data(max_entries=4, show_spinner=False, ttl=60)
def _classes(dataset: str) -> str:
    """HTML of a picture of each class: of the data where it is there, else drawn, else its name."""
    names = dataset_info(dataset).classes
    stored = first_of_each_class(dataset)
    pictures = [np.frombuffer(one, np.uint8).reshape(SIDE, SIDE) for one in stored]
    pictures = pictures or _drawn(dataset)
    cells = "".join(
        f'<figure>{img(one, name)}<figcaption aria-hidden="true">{name}</figcaption></figure>'
        for one, name in zip(pictures, names, strict=False)
    ) or "".join(f"<b>{name}</b>" for name in names)
    around = '<div class="lenet-classes" role="group" aria-label="The classes">'
    return f"{around}{_STYLE}<div>{cells}</div></div>"


def _drawn(dataset: str) -> list[NDArray[np.uint8]]:
    from lenet.drawing.examples import OF_CLASSES, picture  # where they are needed: 25 ms

    return [picture(strokes, SIDE, PEN) for strokes in OF_CLASSES.get(dataset, ())]


_STYLE = """<style>
.lenet-classes { container-type: inline-size; max-width: 56rem; }
.lenet-classes > div { display: grid; grid-template-columns: repeat(10, minmax(0, 1fr));
  gap: 0.6rem; }
.lenet-classes figure { margin: 0; }
.lenet-classes b { font-size: 1.6rem; text-align: center; }
.lenet-classes img { display: block; width: 100%; image-rendering: pixelated; border-radius: 6px; }
.lenet-classes figcaption { font-size: 0.875rem; margin-top: 0.3rem; text-align: center;
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
@container (max-width: 800px) {
  .lenet-classes > div { gap: 0.25rem; }
  .lenet-classes figcaption { display: none; }
}
@container (max-width: 300px) {
  .lenet-classes > div { grid-template-columns: repeat(5, minmax(0, 1fr)); }
}
</style>"""
