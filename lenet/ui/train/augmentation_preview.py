"""Training images before and after augmentation."""

from collections.abc import Mapping
from typing import Any

import streamlit as st
from PIL import Image

from lenet.config import Config, build_config
from lenet.data.reading import locate
from lenet.errors import ConfigError

COLUMNS = 10
SEED = 5


def show(values: Mapping[str, Any]) -> None:
    """A switch that shows some training images as stored and as a training gets them."""
    shown = st.toggle("Show what it makes of the images", key="preview", persist_state="session")
    if not shown or not locate(values["dataset"]):
        return
    try:
        shown_of = ("dataset", "augment", "sketches", "photographs")
        config = build_config({name: values[name] for name in shown_of})
    except ConfigError as error:
        st.caption(f"{error}.")
        return
    for caption, picture in _sheets(config).items():
        st.image(picture, caption=caption, width="stretch", output_format="PNG")


@st.cache_data(max_entries=16, show_spinner=False)
def _sheets(config: Config) -> dict[str, Image.Image]:
    """One image of each of some classes, and several random changes of each."""
    # torch is loaded when somebody asks for the pictures, not with the page.
    import torch

    from lenet.data.splits import load_split
    from lenet.drawing.photographs import photographs
    from lenet.drawing.synthetic import sketches
    from lenet.evaluation.classify import sheet
    from lenet.training.augmentation import augment

    split = load_split(config.dataset, "train")
    first = [int((split.labels == label).nonzero()[SEED]) for label in range(COLUMNS)]
    stored = split.images[first]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        changed = [augment(stored, config) for _ in range(3)]
    sheets = {"As stored": [stored], "As trained on": changed}
    if config.dataset == "FashionMNIST":
        if config.sketches:
            sheets["Drawings that join them"] = list(sketches(2 * COLUMNS).images.split(COLUMNS))
        if config.photographs:
            made = photographs(split, 2 * COLUMNS).images
            sheets["Photographs that join them"] = list(made.split(COLUMNS))
    return {caption: sheet(*rows, factor=2) for caption, rows in sheets.items()}
