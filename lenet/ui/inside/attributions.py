"""Which pixels speak for a class, in colours upon the picture."""

import html

import numpy as np
import streamlit as st
import torch
from numpy.typing import NDArray
from PIL.ImageColor import getrgb

from lenet.catalog import DATASETS, DatasetInfo
from lenet.explain.attribution import integrated_gradients
from lenet.network.checkpoint import Checkpoint
from lenet.network.inputs import to_input
from lenet.ui.app import fragment
from lenet.ui.checkpoints import Chosen
from lenet.ui.images import img
from lenet.ui.inside.stage import input_pixels
from lenet.ui.picture import Picture
from lenet.ui.style import COLORS

FOR, AGAINST = COLORS[:2]
DIM = 0.6  # of the picture under the colours
WIDTH = 112  # screen pixels of the picture
STEPS = 32  # enough for colours: a quarter of the time that exact sums take
STRONG = 99  # percentile of the absolute attributions from which a colour is full


@fragment
def attribute(chosen: Chosen, held: Picture, predicted: int, info: DatasetInfo) -> None:
    """Integrated gradients of the predicted class, or any other, on the picture in hand."""
    name = st.selectbox(
        "What speaks for",
        info.classes,
        index=predicted,
        key=f"attributed class, {info.name}, predicted {predicted}",
        help="How much each pixel adds to the class's score or takes from it, on the way from a "
        "black picture to this one (the method is called integrated gradients).",
    )
    st.html(_figure(chosen.digest, str(held), name, chosen.checkpoint, held))


@st.cache_data(max_entries=64, show_spinner=False)
def _figure(digest: str, text: str, name: str, _checkpoint: Checkpoint, _held: Picture) -> str:
    """HTML of the picture in colours; computed once for each checkpoint, picture and class."""
    config, image = _checkpoint.config, torch.from_numpy(_held.pixels())
    label = DATASETS[config.dataset].classes.index(name)
    found = integrated_gradients(_checkpoint, image, label, STEPS)
    pixels = input_pixels(to_input(image[None], config)[0], config)
    picture = img(overlay(pixels, found.values.numpy()), f"What speaks for {name}")
    return (
        f'{_STYLE}<figure class="why">{picture}<figcaption><b style="--c:{FOR}">for</b> '
        f'<b style="--c:{AGAINST}">against</b> {html.escape(name)}. Its score is '
        f"{found.logit:.1f}; nothing but black gets {found.baseline:.1f}.</figcaption></figure>"
    )


def overlay(pixels: NDArray[np.uint8], values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(S, S, 3) uint8: the picture, dim, in one colour where a value is positive, else another."""
    strength = np.abs(values) / (np.percentile(np.abs(values), STRONG) or 1)
    strength = np.sqrt(np.clip(strength, 0, 1))[..., np.newaxis]
    colors = np.where(values[..., np.newaxis] > 0, getrgb(FOR), getrgb(AGAINST))
    mixed = DIM * pixels[..., np.newaxis] * (1 - strength) + colors * strength
    return np.rint(mixed).clip(0, 255).astype(np.uint8)


_STYLE = """<style>
.why { margin: 0; display: flex; gap: 1rem; align-items: center; }
.why img { flex: none; width: 112px; image-rendering: pixelated; border-radius: 4px; }
.why figcaption { font-size: 0.875rem; max-width: 14rem; }
.why b::before { content: ""; display: inline-block; width: 0.7em; height: 0.7em;
  background: var(--c); border-radius: 2px; margin-right: 0.3em; }
</style>"""
