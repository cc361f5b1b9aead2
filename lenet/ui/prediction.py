"""What the network says to a picture that a person made."""

import streamlit as st
import torch

from lenet.catalog import DatasetInfo
from lenet.drawing.centre import Prepared
from lenet.evaluation import classify
from lenet.network.checkpoint import Checkpoint
from lenet.ui import images

WIDTH = 196
"""Screen pixels of what the network sees."""


def answer_to(checkpoint: Checkpoint, prepared: Prepared, info: DatasetInfo) -> str:
    """What the network sees in a drawing or a photograph, and says to it; the class it names."""
    [answer] = classify.answer(checkpoint, torch.from_numpy(prepared.array)[None])
    st.subheader(answer["name"], anchor=False)
    left, right = st.columns([1, 2])
    images.show(prepared.array, WIDTH, place=left, caption="What the network sees")
    with right:
        images.bars(answer["probabilities"], info.classes)
    return str(answer["name"])
