"""The strip of layers and a close-up of the value that one points at."""

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from lenet.config import Config
from lenet.explain.activations import LayerOutput
from lenet.explain.arithmetic import arithmetic
from lenet.network.lenet5 import LeNet5
from lenet.ui.app import fragment
from lenet.ui.inside.clickable_html import pointing
from lenet.ui.inside.detail import Spot, closeup, name_of
from lenet.ui.inside.layer_strip import strip

SPOT = "inside spot"
FIRST = ("conv0", 0)
"""Layer and map that are looked at first."""


@fragment
def explore(model: LeNet5, layers: Mapping[str, LayerOutput], classes: Sequence[str]) -> None:
    """Strip and close-up; what is pointed at in them runs only this part of the page again."""
    config = model.config
    assert isinstance(config, Config)  # noqa: S101  # a checkpoint's has the dataset as well
    spot = _spot(layers)
    pointing(
        "strip",
        strip(layers, config, classes),
        chosen=f"{spot.layer}/{spot.index}",
        picked=lambda value: _look_at(layers, value),
    )
    st.subheader(name_of(layers[spot.layer], spot.index, classes), anchor=False)
    found = arithmetic(model, layers, spot.layer, spot.index, (spot.row, spot.column))
    pointing(
        "closeup", closeup(layers, spot, found, config, classes), picked=lambda at: _move(spot, at)
    )


def _look_at(layers: Mapping[str, LayerOutput], value: str) -> None:
    """Look at the strongest value of a layer's map or feature, "conv0/3" say."""
    name, _, index = value.partition("/")
    if name in layers and _is_place(index):
        st.session_state[SPOT] = _strongest(layers[name], int(index))


def _move(spot: Spot, at: str) -> None:
    """Look at another position, "row,column", of the same map."""
    row, _, column = at.partition(",")
    if _is_place(row) and _is_place(column):
        st.session_state[SPOT] = Spot(spot.layer, spot.index, int(row), int(column))


def _is_place(text: str) -> bool:
    """Whether it is a whole number, and none of thousands of digits, which `int` refuses."""
    return text.isdecimal() and len(text) < 10


def _spot(layers: Mapping[str, LayerOutput]) -> Spot:
    """What is looked at: as chosen, if this network has it."""
    spot: Spot | None = st.session_state.get(SPOT)
    if spot is None or not _exists(layers, spot):
        spot = _strongest(layers[FIRST[0]], FIRST[1])
    return spot


def _exists(layers: Mapping[str, LayerOutput], spot: Spot) -> bool:
    if spot.layer not in layers:
        return False
    shape = (*layers[spot.layer].shape, 1, 1)[:3]
    return all(
        place < size for place, size in zip((spot.index, spot.row, spot.column), shape, strict=True)
    )


def _strongest(layer: LayerOutput, index: int) -> Spot:
    """The position of a map at which its value is furthest from 0."""
    if index >= layer.shape[0] or layer.values.dim() == 1:
        return Spot(layer.name, index)
    plane = np.abs(layer.values[index].numpy())
    row, column = np.unravel_index(int(plane.argmax()), plane.shape)
    return Spot(layer.name, index, int(row), int(column))
