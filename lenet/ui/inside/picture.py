"""The picture to look at: the one in hand, or another that is put in hand here."""

import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator

from lenet.catalog import DATASETS, DatasetInfo
from lenet.data.splits import load_split
from lenet.drawing import centre, image_files
from lenet.evaluation.classify import pick
from lenet.ui import dataset, hand, picture
from lenet.ui.picture import VIEWS
from lenet.ui.picture_input import choose_view, draw, photographs, take_photograph
from lenet.ui.style import ALL
from lenet.ui.widgets import number, while_here, whole


def choose_picture(info: DatasetInfo) -> tuple[DeltaGenerator, int | None] | None:
    """Widgets to choose a picture; None until there is one, `ImageError` if it is unusable.

    Returns the place for it and the prediction, and its class, where it is known.
    """
    left, right = st.columns([2, 3], gap="large")
    names = {VIEWS[0]: "Test image"}
    with left:
        view = choose_view("Picture", format_func=lambda one: names.get(one, one))
        if view == VIEWS[0]:
            return right, _test_image(info)
        if view == "Draw":
            draw(info, right, room="18rem")
        elif photos := photographs(info):
            name, data, given_for, _ = photos[-1]
            rule, photo = DATASETS[given_for], image_files.read_image(data, name)
            take_photograph(centre.from_photo(photo, rule, name=name), rule)
    return (right, None) if hand.picture_in_hand().view == view else None


def _test_image(info: DatasetInfo) -> int | None:
    held = hand.picture_in_hand()
    if held.source != "test":
        held = picture.test_image(info.name, 0)
        hand.take(held)
    shown = DATASETS[held.dataset]
    dataset.require(shown.name)
    split = load_split(shown.name, "test")
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    key = f"test image, {st.session_state['arrivals']}"
    if key not in st.session_state:
        st.session_state[key] = float(held.index)

    def typed() -> None:
        value = st.session_state[key]
        if value in range(info.test_count):
            hand.take(picture.test_image(info.name, int(value)))

    value = number("Test image", held.index, key, place=row, on_change=while_here(typed), width=130)
    name = row.selectbox(
        "Class", [ALL, *info.classes], key="inside_class", persist_state="session", width=150
    )

    def another() -> None:
        own = load_split(info.name, "test")
        among = torch.arange(len(own.labels))
        if name != ALL:
            among = among[own.labels == info.classes.index(name)]
        if len(among):
            st.session_state[key] = float(pick(own, 1, None, among))
            typed()

    row.button(
        "Another",
        icon=":material/shuffle:",
        on_click=another,
        help="Another test image of this class.",
    )
    whole("Test image", value, 0, len(split.labels) - 1)
    return int(split.labels[held.index]) if shown == info else None
