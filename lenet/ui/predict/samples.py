"""Random test images with truth, prediction and ten probabilities."""

import secrets
from typing import Any

import numpy as np
import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator
from torch import Tensor

from lenet.catalog import DatasetInfo
from lenet.data.splits import Split, load_split
from lenet.evaluation import classify
from lenet.evaluation.reading import Answer
from lenet.ui import address, answer, dataset, hand, images, picture
from lenet.ui.address import MOST, SEEDS
from lenet.ui.checkpoints import Chosen
from lenet.ui.evaluation_cache import evaluated
from lenet.ui.picture import Picture
from lenet.ui.picture_input import why
from lenet.ui.style import ALL
from lenet.ui.widgets import download, number, whole

COUNT = 5


def show_samples(chosen: Chosen, info: DatasetInfo) -> None:
    """Some images of the test set; the address says which ones."""
    hand.mind(info)
    dataset.require(info.name)
    split = load_split(info.name, "test")
    row = st.container(horizontal=True)
    row.button("Other images", icon=":material/shuffle:", on_click=_reshuffle)
    index = _which(row, split, info, chosen)
    held = st.session_state.get("picture")
    if held and held.source == "test" and held.dataset == info.name:  # it comes first
        others = index[index != held.index]
        index = torch.cat([torch.tensor([held.index]), others])[: max(1, len(index))]
    if not len(index):
        st.info("There is no such image; choose another class.", icon=":material/search_off:")
        return
    download(
        "Save as PNG",
        lambda: images.png(classify.sheet(split.images[index])),
        "samples.png",
        place=row,
        help="These images in a row, as a grayscale PNG.",
    )
    found = classify.classify_samples(chosen.checkpoint, split, info.name, index)
    cells = st.grid(5, min_column_width=150, gap="medium")
    for one, image in zip(found, split.images[index].numpy(), strict=True):
        with cells.cell():
            _sample(one, image, info, held)


def _reshuffle() -> None:
    st.session_state["sample_seed"] = secrets.randbelow(SEEDS)


def _which(row: DeltaGenerator, split: Split, info: DatasetInfo, chosen: Chosen) -> Tensor:
    """Widgets for the number of images, their seed and their kind; (count,) indices of them."""
    with row.popover("Which images", icon=":material/tune:"):
        kept: Any = {"persist_state": "session"}
        count = number("Images", COUNT, "sample_count", **kept)
        seed = number("Seed", 0, "sample_seed", help="Picks the images.", **kept)
        st.selectbox("Class", [ALL, *info.classes], key="sample_class", **kept)
        st.toggle("Only mistakes", key="mistakes", **kept)
    count, seed = whole("Images", count, 1, MOST), whole("Seed", seed, 0, SEEDS - 1)
    return classify.pick(split, count, seed, among(split, info, chosen))


def among(split: Split, info: DatasetInfo, chosen: Chosen) -> Tensor:
    """(M,) indices of the images of the kind that the widgets ask for."""
    kind = address.PAGES["predict"]
    name, mistakes = kind["sample_class"].value(), kind["mistakes"].value()
    wanted = torch.ones(len(split.labels), dtype=torch.bool)
    if name in info.classes:
        wanted &= split.labels == info.classes.index(name)
    if mistakes:
        wanted &= torch.from_numpy(evaluated(chosen, info.name).predictions) != split.labels
    return wanted.nonzero().flatten()


def _sample(found: Answer, image: np.ndarray, info: DatasetInfo, held: Picture | None) -> None:
    at, truth = found["index"], found["target_name"]
    images.show(image, "stretch", alt=f"Test image {at}: {truth}")
    answer.show(found["name"], max(found["probabilities"]), truth=truth, unsure=found["unsure"])
    images.bars(found["probabilities"], info.classes, target=found["target"])
    shown = picture.test_image(info.name, at)
    row = st.container(horizontal=True, vertical_alignment="center", gap="small")
    why(shown, row)
    row.caption(f"Test image {at:,}{', chosen' if shown == held else ''}", width="content")
