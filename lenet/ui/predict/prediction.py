"""The network's prediction for the drawing or the photograph in hand."""

from typing import Any

import streamlit as st
import torch

from lenet.catalog import DatasetInfo
from lenet.evaluation import classify
from lenet.network.checkpoint import Checkpoint
from lenet.paths import PHOTO_CHECKPOINT
from lenet.ui import answer, hand, images
from lenet.ui.picture_input import why
from lenet.ui.widgets import is_phone

TOP = 3  # classes that a phone shows at first


def show_prediction(
    checkpoint: Checkpoint, info: DatasetInfo, second: Checkpoint | None = None, below: Any = st
) -> None:
    """The predicted class, what the network sees, and its probabilities.

    `second` answers if given; it is `PHOTO_CHECKPOINT`, and is named. On a phone, what need not
    stand above the picture goes `below`, the ten probabilities on a tap.
    """
    held = hand.picture_in_hand()
    pixels = held.pixels()
    [found] = classify.answer(second or checkpoint, torch.from_numpy(pixels)[None])
    shares, phone = found["probabilities"], is_phone()
    ranked = sorted(zip(info.classes, shares, strict=True), key=lambda one: -one[1])
    row = st.container(horizontal=True, vertical_alignment="center")
    place = row.container(width="stretch" if phone else "content", gap=None)
    answer.show(*ranked[0], place=place, unsure=found["unsure"], large=True)
    if phone:
        then = (f"{name} {images.percentage(share)}" for name, share in ranked[1:TOP])
        place.markdown(f"Then {' · '.join(then)}")
    why(held, below if phone else row, **({"by": PHOTO_CHECKPOINT.stem} if second else {}))
    more = below.expander("All ten, and what the network sees") if phone else st.container()
    if second:
        (below if phone else more).caption(
            f"Answered by {PHOTO_CHECKPOINT.stem}, which knows clothes as people photograph them."
        )
    with more:
        hand.mind(info)
        left, right = st.columns([2, 3], vertical_alignment="center")
        images.show(pixels, "stretch", place=left, caption="What the network sees")
        with right:
            images.bars(shares, info.classes)
