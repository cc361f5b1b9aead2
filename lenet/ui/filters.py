"""The kernels that a network has learned."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from torch import Tensor

from lenet.drawing import Gray
from lenet.model import LeNet5
from lenet.ui import shades
from lenet.ui.pointing import pointing

PIXEL = 7
"""Screen pixels for each weight."""


def filters(model: LeNet5) -> None:
    """The kernels of conv0 and conv1, a row for each input map, a column for each output map."""
    st.subheader("Learned filters", anchor=False)
    st.caption("A column for each map that a layer puts out, a row for each that it takes in.")
    pointing("filters", filter_sheets(model))


def filter_sheets(model: LeNet5) -> str:
    """HTML of a picture for each of conv0 and conv1."""
    parts = (_figure("conv0", model.conv0.weight), _figure("conv1", model.conv1.weight))
    return f'<div class="closeup">{"".join(parts)}</div>'


def _figure(name: str, weight: Tensor) -> str:
    weights = weight.detach().numpy()
    scale = shades.largest(weights)
    sheet = tiled(shades.shades(weights, scale))
    count, channels, side, _ = weights.shape
    return (
        f'<figure class="sheet" style="width:{PIXEL * sheet.shape[1]}px">'
        f'<img src="{shades.source(sheet)}" alt="Filters of {name}">'
        f"<figcaption><b>{name}</b> {count} × {channels} kernels of {side}×{side}, "
        f'<span class="quiet">±{scale:.2f}</span></figcaption></figure>'
    )


def tiled(kernels: NDArray[np.uint8]) -> Gray:
    """(N, C, K, K) as C rows of N kernels, a pixel of mid-grey between them."""
    padded = np.pad(kernels, ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=shades.MID)
    count, channels, side, _ = padded.shape
    sheet = padded.transpose(1, 2, 0, 3).reshape(channels * side, count * side)
    return np.ascontiguousarray(sheet[:-1, :-1])
