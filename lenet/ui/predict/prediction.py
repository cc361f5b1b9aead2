"""The network's prediction for the drawing or the photograph in hand."""

import streamlit as st
import torch

from lenet.catalog import DatasetInfo
from lenet.evaluation import classify
from lenet.network.checkpoint import Checkpoint
from lenet.paths import PHOTO_CHECKPOINT
from lenet.ui import answer, hand, images
from lenet.ui.picture_input import why

WIDTH = 196  # screen pixels of the network's input


def show_prediction(
    checkpoint: Checkpoint, info: DatasetInfo, second: Checkpoint | None = None
) -> None:
    """The predicted class, what the network sees, and its probabilities; `second` answers if given.

    It is `PHOTO_CHECKPOINT`, and is named.
    """
    held = hand.picture_in_hand()
    pixels = held.pixels()
    [found] = classify.answer(second or checkpoint, torch.from_numpy(pixels)[None])
    shares = found["probabilities"]
    row = st.container(horizontal=True, vertical_alignment="center")
    answer.show(
        found["name"],
        max(shares),
        place=row.container(width="content"),
        unsure=found["unsure"],
        large=True,
    )
    why(held, row, PHOTO_CHECKPOINT.stem if second else None)
    if second:
        st.caption(
            f"Answered by {PHOTO_CHECKPOINT.stem}, which knows clothes as people photograph them."
        )
    hand.mind(info)
    left, right = st.columns([1, 2])
    images.show(pixels, WIDTH, place=left, caption="What the network sees")
    with right:
        images.bars(shares, info.classes)
