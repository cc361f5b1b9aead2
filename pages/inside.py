"""Inside: what every layer makes of a picture, and where each of its values comes from."""

import streamlit as st
import torch
from torch import Tensor

from lenet.catalog import DATASETS, DatasetInfo
from lenet.evaluation.classify import in_words
from lenet.explain.activations import layer_outputs
from lenet.network.inputs import to_input
from lenet.training.unsure import unsure
from lenet.ui import checkpoints, hand, images
from lenet.ui.app import show
from lenet.ui.inside.attributions import attribute
from lenet.ui.inside.clickable_html import pointing
from lenet.ui.inside.epochs import step_through
from lenet.ui.inside.explorer import explore
from lenet.ui.inside.filters import filter_sheets
from lenet.ui.inside.picture import choose_picture

ORDER = (
    "The textbook's order: convolution, batch norm, activation, pooling; a convolution's maps "
    "are shown after their activation. With max pooling the program activates last, to save "
    "time; the values are the same."
)
DIFFERENT = 0.005
"""Difference of a probability from which the page says that Predict's differs."""


def page() -> None:
    st.title("Inside")
    chosen = checkpoints.in_hand()
    checkpoint = chosen.checkpoint
    info = DATASETS[checkpoint.config.dataset]
    found = choose_picture(info)
    hand.show_picture()
    if found is None:
        return
    beside, target = found
    held = hand.picture_in_hand()
    pixels = held.pixels()
    torch.set_num_threads(1)  # several would wait for each other while a training runs beside
    model = checkpoint.model()
    image = torch.from_numpy(pixels)
    x = to_input(image[None], checkpoint.config)
    layers = layer_outputs(model, x)
    probabilities = layers["fc4"].values
    with torch.inference_mode():
        mean = model.probabilities(x)[0]
    left, right = beside.columns([1, 2], gap="medium")
    why = left.empty()
    images.show(pixels, 196, place=why)
    with right:
        hand.mind(info)
        foreign = target is None and bool(unsure(checkpoint, image[None]))
        show_prediction(target, probabilities, mean, info, foreign=foreign)
    st.subheader("From the picture to the answer", anchor=False, help=ORDER)
    st.caption(
        "Mid-grey is 0, lighter is above it, darker below; ± says what white and black are. "
        "Choose any map or feature."
    )
    explore(model, layers, checkpoint.config, info.classes)
    st.subheader("Learned filters", anchor=False)
    st.caption("A column for each map that a layer puts out, a row for each that it takes in.")
    pointing("filters", filter_sheets(model))
    step_through(chosen.path, image, info)
    with why.container():  # last, since the page is of use before
        attribute(chosen, held, int(probabilities.argmax()), info)


def show_prediction(
    target: int | None, probabilities: Tensor, mean: Tensor, info: DatasetInfo, *, foreign: bool
) -> None:
    """The network's prediction.

    Args:
        target: the true class, where it is known.
        probabilities: (10,), of this one pass.
        mean: (10,), over `config.views`, which Predict shows.
        foreign: whether it looks like none of the classes.
    """
    name = info.classes[int(probabilities.argmax())]
    st.subheader(in_words(name, unsure=foreign), anchor=False)
    if target is not None:
        st.caption(f"Truth: {info.classes[target]}")
    images.bars(probabilities.tolist(), info.classes, target=target)
    if float((mean - probabilities).abs().max()) < DIFFERENT:
        return
    best = int(mean.argmax())
    st.caption(
        "This is one pass. Predict takes the mean over several views of the picture: "
        f"{info.classes[best]} {float(mean[best]):.1%} instead of {float(probabilities[best]):.1%}."
    )


show(page)
