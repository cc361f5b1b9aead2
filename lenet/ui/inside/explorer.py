"""The strip of layers, and a close-up of the value chosen in it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace

import numpy as np
import streamlit as st

from lenet.config import Config
from lenet.explain.activations import LayerOutput
from lenet.network.lenet5 import LeNet5
from lenet.ui.app import fragment
from lenet.ui.inside.clickable_html import pointing
from lenet.ui.inside.detail import Spot, closeup
from lenet.ui.inside.layer_strip import name_of, strip

SPOT = "inside spot"
FIRST = Spot("conv0", 0)


@fragment
def explore(
    model: LeNet5, layers: Mapping[str, LayerOutput], config: Config, classes: Sequence[str]
) -> None:
    wanted = st.session_state.get(SPOT)
    spot = Spot(*wanted) if wanted else _strongest(layers, FIRST)
    if not _exists(layers, spot):
        st.caption(f"This network has no {spot.layer}, {spot.index} at {spot.row}, {spot.column}.")
        spot = _strongest(layers, FIRST)

    def look_at(picked: str) -> None:
        """Follow a click: "conv1/3" is a map or a feature, "4,5" a position on the map shown."""
        chosen = spot
        if found := re.fullmatch(r"(\w+)/(\d{1,4})", picked):
            chosen = Spot(found[1], int(found[2]))
            chosen = _strongest(layers, chosen) if _exists(layers, chosen) else spot
        elif found := re.fullmatch(r"(\d{1,4}),(\d{1,4})", picked):
            chosen = replace(spot, row=int(found[1]), column=int(found[2]))
        st.session_state[SPOT] = astuple(chosen)

    chosen = f"{spot.layer}/{spot.index}"
    pointing("strip", strip(layers, config, classes), chosen=chosen, picked=look_at)
    st.subheader(name_of(layers[spot.layer], spot.index, classes), anchor=False)
    pointing("closeup", closeup(model, layers, spot, config, classes), picked=look_at)


def _exists(layers: Mapping[str, LayerOutput], spot: Spot) -> bool:
    """Whether the network has such a value; those of the input come from no layer."""
    if spot.layer not in layers or spot.layer == "input":
        return False
    sizes = (*layers[spot.layer].shape, 1, 1)
    places = (spot.index, spot.row, spot.column)
    return all(place < size for place, size in zip(places, sizes, strict=False))


def _strongest(layers: Mapping[str, LayerOutput], spot: Spot) -> Spot:
    """The position of the same map at which its value is furthest from 0."""
    plane = np.atleast_2d(np.abs(layers[spot.layer].values[spot.index].numpy()))
    row, column = np.unravel_index(int(plane.argmax()), plane.shape)
    return replace(spot, row=int(row), column=int(column))
