"""The network's prediction for the drawing or the photograph in hand."""

import streamlit as st
import torch

from lenet.catalog import DatasetInfo
from lenet.evaluation import classify
from lenet.network.checkpoint import Checkpoint
from lenet.ui import hand, images
from lenet.ui.picture_input import why

WIDTH = 196  # screen pixels of the network's input


def show_prediction(checkpoint: Checkpoint, info: DatasetInfo) -> None:
    """The predicted class, what the network sees, and its probabilities."""
    held = hand.picture_in_hand()
    pixels = held.pixels()
    [found] = classify.answer(checkpoint, torch.from_numpy(pixels)[None])
    row = st.container(horizontal=True, vertical_alignment="center")
    words = classify.in_words(found["name"], unsure=found["unsure"])
    row.subheader(words, anchor=False, width="content")
    why(held, row)
    hand.mind(info)
    left, right = st.columns([1, 2])
    images.show(pixels, WIDTH, place=left, caption="What the network sees")
    with right:
        images.bars(found["probabilities"], info.classes)
