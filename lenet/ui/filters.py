"""The kernels that a network has learned."""

import streamlit as st
from torch import Tensor

from lenet.model import LeNet5
from lenet.ui import shades
from lenet.ui.pointing import pointing

PIXELS = {1: 9, 6: 6}
"""Screen pixels for each weight of a kernel, by the maps that the layer takes in."""


def filters(model: LeNet5) -> None:
    """The kernels of conv0 and conv1, a row for each input map, a column for each output map."""
    st.subheader("Learned filters", anchor=False)
    st.caption("A column for each map that a layer puts out, a row for each that it takes in.")
    pointing("filters", filter_sheets(model))


def filter_sheets(model: LeNet5) -> str:
    """HTML of the kernels of conv0 and conv1."""
    parts = (_figure("conv0", model.conv0.weight), _figure("conv1", model.conv1.weight))
    return f'<div class="closeup">{"".join(parts)}</div>'


def _figure(name: str, weight: Tensor) -> str:
    weights = weight.detach().numpy()
    scale = shades.largest(weights)
    count, channels, side, _ = weights.shape
    pictures = "".join(
        shades.image(weights[output, channel], scale, f"{name}, from {channel} to {output}")
        for channel in range(channels)
        for output in range(count)
    )
    columns = f"grid-template-columns:repeat({count},{PIXELS[channels] * side}px)"
    return (
        f'<figure class="sheet"><div class="maps" style="{columns}">{pictures}</div>'
        f"<figcaption><b>{name}</b> {count} × {channels} kernels of {side}×{side}, "
        f'<span class="quiet">±{scale:.2f}</span></figcaption></figure>'
    )
