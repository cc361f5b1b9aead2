"""Predict: random test images, a drawing, or a photograph, and the network's prediction."""

import streamlit as st

from lenet.catalog import DATASETS
from lenet.ui import checkpoints, query_params
from lenet.ui.app import fragment, show
from lenet.ui.predict.draw import draw
from lenet.ui.predict.samples import MOST, SEEDS, show_samples
from lenet.ui.predict.upload import upload
from lenet.ui.style import ALL
from lenet.ui.widgets import segments

VIEWS = ("Samples", "Draw", "Upload")
CLASSES = (ALL, *(name for info in DATASETS.values() for name in info.classes))
USABLE = {
    "view": VIEWS.__contains__,
    "sample_count": query_params.whole(1, MOST),
    "sample_seed": query_params.whole(0, SEEDS - 1),
    "sample_class": CLASSES.__contains__,
    "mistakes": ("true", "false").__contains__,
}
"""The parameters of the address, and which values each can have."""


def page() -> None:
    st.title("Predict")
    query_params.clean("Predict", USABLE)
    chosen = checkpoints.choose()
    view = segments(
        "What to classify", VIEWS, "view", bind="query-params", label_visibility="collapsed"
    )
    info = DATASETS[chosen.checkpoint.config.dataset]
    if view == "Samples":
        show_samples(chosen, info)
    elif view == "Draw":
        fragment(draw)(chosen.checkpoint, info)
    else:
        upload(chosen.checkpoint, info)


show(page)
