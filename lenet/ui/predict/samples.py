"""Random test images with truth, prediction and ten probabilities."""

import secrets
from pathlib import Path

import numpy as np
import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator
from torch import Tensor

from lenet.catalog import DatasetInfo
from lenet.data.splits import Split, load_split
from lenet.evaluation import classify
from lenet.network.checkpoint import Checkpoint
from lenet.ui import dataset, images
from lenet.ui.evaluation_cache import evaluated
from lenet.ui.style import ALL

COUNT = 5
MOST = 20
SEEDS = 10_000
FIRST_SEED = 0
"""Every visit starts with the same images, so that an address without a seed shows them again."""


def show_samples(path: Path, checkpoint: Checkpoint, info: DatasetInfo) -> None:
    """Some images of the test set; which ones, the address says.

    Args:
        path: the checkpoint's file.
    """
    dataset.require(info.name)
    split = load_split(info.name, "test")
    row = st.container(horizontal=True)
    row.button("Other images", icon=":material/shuffle:", on_click=_reshuffle)
    choice = row.popover("Which", icon=":material/tune:")
    count, seed, among = _which(choice, split, info, path, checkpoint)
    if not len(among):
        st.info("There is no such image; choose another class.", icon=":material/search_off:")
        return
    index = classify.pick(split, count, seed, among)
    _download(row, split, index)
    found = classify.classify_samples(checkpoint, split, info.name, index)
    cells = st.grid(5, min_column_width=150, gap="medium")
    for answer, image in zip(found, split.images[index].numpy(), strict=True):
        with cells.cell():
            _sample(answer, image, info)


def _reshuffle() -> None:
    st.session_state["sample_seed"] = secrets.randbelow(SEEDS)


def _which(
    place: DeltaGenerator, split: Split, info: DatasetInfo, path: Path, checkpoint: Checkpoint
) -> tuple[int, int, Tensor]:
    """How many images, the seed that picks them, and the indices that they are picked from."""
    with place:
        count = st.number_input("Images", 1, MOST, COUNT, key="sample_count", bind="query-params")
        seed = st.number_input(
            "Seed",
            0,
            SEEDS - 1,
            FIRST_SEED,
            key="sample_seed",
            bind="query-params",
            help="Picks the images.",
        )
        name = st.selectbox("Class", [ALL, *info.classes], key="sample_class", bind="query-params")
        mistakes = st.toggle("Only mistakes", key="mistakes", bind="query-params")
    wanted = torch.ones(len(split.labels), dtype=torch.bool)
    if name != ALL:
        wanted &= split.labels == info.classes.index(name)
    if mistakes:
        predictions = evaluated(path, checkpoint, info.name).predictions
        wanted &= torch.from_numpy(predictions) != split.labels
    return int(count), int(seed), wanted.nonzero().flatten()


def _download(row: DeltaGenerator, split: Split, index: Tensor) -> None:
    row.download_button(
        "Sheet",
        data=lambda: images.png(classify.sheet(split.images[index])),
        file_name="samples.png",
        mime="image/png",
        icon=":material/download:",
        help="These images in a row, as a grayscale PNG.",
        on_click="ignore",
    )


def _sample(answer: classify.Answer, image: np.ndarray, info: DatasetInfo) -> None:
    """One image, and how the network fared with it."""
    alt = f"Test image {answer['index']}: {answer['target_name']}"
    images.show(image, "stretch", alt=alt)
    if answer["label"] == answer["target"]:
        st.markdown(f":material/check: **{answer['name']}**")
        st.caption(f"Right. Test image {answer['index']:,}")
    else:
        st.markdown(f":material/close: **{answer['name']}**")
        st.caption(f"Truth: {answer['target_name']}. Test image {answer['index']:,}")
    images.bars(answer["probabilities"], info.classes, target=answer["target"])
