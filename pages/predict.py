"""Predict: random test images, a drawing, or a photograph, and what the network says."""

import streamlit as st

from lenet.datasets import DATASETS
from lenet.ui import checkpoints
from lenet.ui.frame import show
from lenet.ui.photo import upload
from lenet.ui.sampling import show_samples
from lenet.ui.sketchpad import draw

VIEWS = ("Samples", "Draw", "Upload")


def page() -> None:
    st.title("Predict")
    path, checkpoint = checkpoints.choose()
    view = st.segmented_control(
        "What to classify",
        VIEWS,
        default="Samples",
        required=True,
        key="view",
        bind="query-params",
        label_visibility="collapsed",
    )
    info = DATASETS[checkpoint.config.dataset]
    if view == "Samples":
        show_samples(path, checkpoint, info)
    elif view == "Draw":
        st.fragment(draw)(checkpoint, info)
    else:
        upload(checkpoint, info)


show(page)
