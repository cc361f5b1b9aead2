"""The network's prediction for a drawing or a photograph."""

import streamlit as st
import torch

from lenet.catalog import DatasetInfo
from lenet.drawing.centre import Prepared
from lenet.evaluation import classify
from lenet.network.checkpoint import Checkpoint
from lenet.ui import images

WIDTH = 196  # screen pixels of the network's input


def show_prediction(checkpoint: Checkpoint, picture: Prepared, info: DatasetInfo) -> None:
    """The predicted class, what the network sees, and its probabilities."""
    [found] = classify.answer(checkpoint, torch.from_numpy(picture.array)[None])
    st.subheader(classify.in_words(found["name"], unsure=found["unsure"]), anchor=False)
    left, right = st.columns([1, 2])
    images.show(picture.array, WIDTH, place=left, caption="What the network sees")
    with right:
        images.bars(found["probabilities"], info.classes)
