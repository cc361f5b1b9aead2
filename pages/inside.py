"""Inside: what every layer makes of a picture, and where each of its values comes from."""

import streamlit as st
import torch

from lenet.catalog import DATASETS, DatasetInfo
from lenet.explain.activations import layer_outputs
from lenet.network.checkpoint import Checkpoint
from lenet.network.inputs import to_input
from lenet.network.lenet5 import LeNet5
from lenet.training.unsure import doubts
from lenet.ui import checkpoints, hand, images
from lenet.ui.answer import show as show_answer
from lenet.ui.app import show
from lenet.ui.inside.attributions import WIDTH, attribute
from lenet.ui.inside.epochs import step_through
from lenet.ui.inside.explorer import explore
from lenet.ui.inside.filters import show_filters
from lenet.ui.inside.last_step import Answer
from lenet.ui.inside.picture import choose_picture
from lenet.ui.present import presenting

WORDS = (
    "**From the picture to the answer.** Tap any small picture: below, each of its values is "
    "worked out. Grey is 0, lighter is more, darker is less."
)
ORDER = (
    "The order is the textbook's: convolution, batch norm, activation, pooling. A convolution's "
    "pictures are shown after the activation, which bends their values. With max pooling the "
    "program activates last, to save time; the values are the same."
)
DIFFERENT = 0.005
"""Difference of a probability from which the page says that Predict's differs."""


def page() -> None:
    chosen = checkpoints.explaining()
    checkpoint = chosen.checkpoint
    info = DATASETS[checkpoint.config.dataset]
    found = (st.container(), None) if presenting() else choose_picture(info)
    hand.show_picture()
    if found is None:
        return
    beside, target = found
    held = hand.picture_in_hand()
    pixels = held.pixels()
    image = torch.from_numpy(pixels)
    torch.set_num_threads(1)  # several would wait for each other while a training runs beside
    model = checkpoint.model()
    layers = layer_outputs(model, to_input(image[None], checkpoint.config))
    answer = answer_to(image, checkpoint, model, is_known=target is not None)
    if presenting():
        explore(model, layers, checkpoint.config, info.classes, answer)
        return
    left, right = beside.columns(2, gap="medium")
    why = right.empty()
    images.show(pixels, WIDTH, place=why)
    with left:
        hand.mind(info)
        show_prediction(target, answer, info)
    st.markdown(WORDS, help=ORDER)
    step_through()
    explore(model, layers, checkpoint.config, info.classes, answer)
    st.subheader("Learned filters", anchor=False)
    st.caption("A column for each map that a layer puts out, a row for each that it takes in.")
    show_filters(model)
    with why.container():  # last, since the page is of use before
        attribute(chosen, held, int(answer.probabilities[0].argmax()), info)


def answer_to(
    image: torch.Tensor, checkpoint: Checkpoint, model: LeNet5, *, is_known: bool
) -> Answer:
    """What is said of a (28, 28) uint8 image; no detector is made for a known one."""
    with torch.inference_mode():
        views = model.views(to_input(image[None], checkpoint.config))
        outputs = [model(view) for view in views]
        mean = model.mean_probabilities(outputs)[0]
        each = torch.cat([model.mean_probabilities([output]) for output in outputs])
    asks = checkpoint.detector or not is_known
    scores = doubts(checkpoint, image[None]) if asks else None
    return Answer(torch.cat(views), each, mean, None if scores is None else float(scores[0]))


def show_prediction(target: int | None, answer: Answer, info: DatasetInfo) -> None:
    """The network's prediction of this one pass; `target` is the true class, where it is known."""
    probabilities, mean = answer.probabilities[0], answer.mean
    label = int(probabilities.argmax())
    show_answer(
        info.classes[label],
        float(probabilities[label]),
        truth=None if target is None else info.classes[target],
        unsure=target is None and answer.unsure,
        large=True,
    )
    if float((mean - probabilities).abs().max()) < DIFFERENT:
        return
    best = int(mean.argmax())
    st.caption(
        "This is one look. Predict takes the mean of several, of the picture moved and mirrored: "
        f"{info.classes[best]} {float(mean[best]):.1%} instead of {float(probabilities[best]):.1%}."
    )


show(page)
