"""The kernels that a network has learned."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from lenet.network.lenet5 import LeNet5
from lenet.ui.inside import grayscale

PIXELS = {"conv0": 9, "conv1": 6}  # screen pixels for each weight of a layer's kernels


def show_filters(model: LeNet5) -> None:
    """The kernels of conv0 and conv1."""
    figures = (_figure(name, getattr(model, name).weight.detach().numpy()) for name in PIXELS)
    with st.container(key="filters"):
        st.html(f'{_STYLE}<div class="sheets">{"".join(figures)}</div>')


def _figure(name: str, weights: NDArray[np.float32]) -> str:
    """The (N, C, K, K) kernels of a layer."""
    scale = grayscale.largest(weights)
    count, channels, side, _ = weights.shape
    rows = weights.swapaxes(0, 1).reshape(-1, side, side)
    alts = [f"{name}, from {i} to {o}" for i in range(channels) for o in range(count)]
    pictures = "".join(grayscale.images(rows, scale, alts))
    columns = f"grid-template-columns:repeat({count},{PIXELS[name] * side}px)"
    return (
        f'<figure><div class="sheet" style="{columns}">{pictures}</div>'
        f"<figcaption><b>{name}</b> {count} × {channels} kernels of {side}×{side}, "
        f"from {grayscale.span(scale)}</figcaption></figure>"
    )


_STYLE = """<style>
.sheets { display: flex; flex-wrap: wrap; gap: 12px 32px; font-size: 0.875rem; overflow-x: auto; }
.sheets figure { margin: 0; }
.sheet { display: grid; gap: 3px; }
.sheet img { display: block; width: 100%; image-rendering: pixelated; }
.sheets figcaption { margin-top: 6px; opacity: 0.8; }
</style>"""
