"""Inside: what every layer makes of a picture, and where each of its values comes from."""

import streamlit as st
import torch

from lenet.checkpoint import Checkpoint
from lenet.datasets import DATASETS, DatasetInfo
from lenet.inside.walk import Layer, walk
from lenet.prediction import predict
from lenet.preprocessing import to_input
from lenet.ui import checkpoints, images
from lenet.ui.attributions import attribute
from lenet.ui.epochs import step_through
from lenet.ui.explorer import explore
from lenet.ui.filters import filters
from lenet.ui.frame import show
from lenet.ui.subject import Subject, subject

WIDTH = 168
"""Screen pixels of what the network sees."""
ORDER = (
    "The textbook's order: convolution, batch norm, activation, pooling; a convolution's maps "
    "are shown after their activation. With max pooling the program activates last, to save "
    "time; the values are the same."
)
DIFFERENT = 0.005
"""Difference of a probability from which the two answers are told apart."""


def page() -> None:
    st.title("Inside")
    path, checkpoint = checkpoints.choose()
    info = DATASETS[checkpoint.config.dataset]
    chosen = subject(info)
    if chosen is None:
        return
    torch.set_num_threads(1)  # several would wait for each other while a training runs beside
    model = checkpoint.model()
    image = torch.from_numpy(chosen.array)
    layers = walk(model, to_input(image[None], checkpoint.config))
    answer(checkpoint, chosen, layers["fc4"], info)
    st.subheader("From the picture to the answer", anchor=False, help=ORDER)
    st.caption(
        "Mid-grey is 0, lighter is above it, darker below; ± says what white and black are. "
        "Choose any map or feature."
    )
    explore(model, layers, info.classes)
    filters(model)
    attribute(checkpoint, image, int(layers["fc4"].values.argmax()), info)
    step_through(path, image, info)


def answer(checkpoint: Checkpoint, chosen: Subject, last: Layer, info: DatasetInfo) -> None:
    """What the network sees, and the ten probabilities of this one pass."""
    left, right = st.columns([1, 3], gap="large")
    truth = chosen.target
    left.image(
        images.enlarged(chosen.array),
        caption="What the network sees" if truth is None else f"Truth: {info.classes[truth]}",
        width=WIDTH,
        output_format="PNG",
    )
    with right:
        st.subheader(info.classes[int(last.values.argmax())], anchor=False)
        images.bars(last.values.tolist(), info.classes, target=truth)
        compare(checkpoint, chosen, last, info)


def compare(checkpoint: Checkpoint, chosen: Subject, last: Layer, info: DatasetInfo) -> None:
    """Where a checkpoint answers from several views: what Predict says, if it differs."""
    if checkpoint.config.views == "one":
        return
    [shares] = predict(checkpoint, torch.from_numpy(chosen.array)[None])
    if float((shares - last.values).abs().max()) < DIFFERENT:
        return
    best = int(shares.argmax())
    st.caption(
        f"This is one pass. Predict takes the mean over several views of the picture and says "
        f"{info.classes[best]} {float(shares[best]):.0%}."
    )


show(page)
