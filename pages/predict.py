"""Predict: random test images, a drawing, or a photograph, and the network's prediction."""

import streamlit as st

from lenet.catalog import DATASETS
from lenet.evaluation.classify import second_for
from lenet.ui import checkpoints, take_along
from lenet.ui.app import fragment, show
from lenet.ui.picture_input import choose_view
from lenet.ui.predict.draw import draw
from lenet.ui.predict.samples import show_samples
from lenet.ui.predict.stage import show_one
from lenet.ui.predict.upload import upload
from lenet.ui.present import presenting
from lenet.ui.widgets import is_phone


def page() -> None:
    chosen = checkpoints.in_hand()
    info = DATASETS[chosen.checkpoint.config.dataset]
    if presenting():
        if st.session_state.get("view") == "Draw":
            fragment(draw)(chosen.checkpoint, info)
        else:
            show_one(chosen, info)
        return
    row = st.container(horizontal=True, vertical_alignment="center")
    view = choose_view("What to classify", place=row)
    content = st.container()
    tools = st.container() if is_phone() else row
    take_along.popover(tools, chosen.path.stem, chosen.path, lambda: chosen.checkpoint)
    with content:
        if view == "Samples":
            show_samples(chosen, info)
        elif view == "Draw":
            fragment(draw)(chosen.checkpoint, info)
        else:
            upload(chosen.checkpoint, info, second_for(chosen.path))


show(page)
