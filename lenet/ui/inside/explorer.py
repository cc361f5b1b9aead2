"""The layers, and a close-up of the map or feature chosen in them."""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from torch import Tensor

from lenet.config import Config
from lenet.explain.activations import LayerOutput
from lenet.explain.arithmetic import parts
from lenet.explain.receptive_field import fields
from lenet.network.lenet5 import LeNet5
from lenet.ui.app import fragment
from lenet.ui.inside import grayscale
from lenet.ui.inside.last_step import Answer, html_of
from lenet.ui.inside.stage import name_of, stage

SPOT = "inside spot"
_HERE = Path(__file__).parent
_show = st.components.v2.component(
    "lenet_explorer",
    html='<div class="explorer"><div class="stage"></div><div class="closeup"></div></div>',
    css=(_HERE / "explorer.css").read_text(encoding="utf-8"),
    js="\n".join(
        (_HERE / name).read_text(encoding="utf-8")
        for name in ("explorer.js", "closeup.js", "layer.js")
    ),
)


@dataclass(frozen=True)
class Spot:
    """A value of a layer: its map or feature, and the position on the map."""

    layer: str
    index: int
    row: int = 0
    column: int = 0


FIRST = Spot("conv0", 0)


@fragment
def explore(
    model: LeNet5,
    layers: Mapping[str, LayerOutput],
    config: Config,
    classes: Sequence[str],
    answer: Answer,
) -> None:
    wanted = st.session_state.get(SPOT)
    spot = Spot(*wanted) if wanted else _strongest(layers, FIRST)
    if not _exists(layers, spot):
        st.caption(f"This network has no {spot.layer}, {spot.index} at {spot.row}, {spot.column}.")
        spot = _strongest(layers, FIRST)

    def look_at() -> None:
        """Follow a click: "conv1/3" is a map or a feature, "4,5" a position on the map shown."""
        picked, chosen = str(st.session_state["explorer"].picked), spot
        if found := re.fullmatch(r"(\w+)/(\d{1,4})", picked):
            chosen = Spot(found[1], int(found[2]))
            chosen = _strongest(layers, chosen) if _exists(layers, chosen) else spot
        elif found := re.fullmatch(r"(\d{1,4}),(\d{1,4})", picked):
            chosen = replace(spot, row=int(found[1]), column=int(found[2]))
        st.session_state[SPOT] = astuple(chosen)

    data = {
        "stage": stage(layers, config),
        "chosen": f"{spot.layer}/{spot.index}",
        "title": name_of(layers[spot.layer], spot.index, classes),
        "at": (spot.row, spot.column),
        "field": (*fields(config)[spot.layer], config.input_size),
        "parts": _parts(model, layers, spot, config),
        "answer": None,
    }
    if spot.layer == "fc4":
        logits = layers["fc4"].steps["weighted sum"].tolist()
        more = html_of(answer, config, classes)
        last = {"classes": classes, "logits": logits, "chosen": spot.index, "more": more}
        data["answer"] = last
    _show(key="explorer", data=data, on_picked_change=look_at)


def _parts(
    model: LeNet5, layers: Mapping[str, LayerOutput], spot: Spot, config: Config
) -> dict[str, Any]:
    """What the close-up computes the values of the chosen map or feature from."""
    names, layer = list(layers), layers[spot.layer]
    found = parts(model, layers, spot.layer, spot.index)
    steps = list(layer.steps)
    last = steps[-1]
    logits = layers["fc4"].steps["weighted sum"].tolist() if last == "softmax" else None
    return {
        "kind": {"c": "conv", "p": "pool", "f": "dense"}[spot.layer[0]],
        "name": spot.layer,
        "index": spot.index,
        "before": names[names.index(spot.layer) - 1],
        "shape": found.inputs.shape,
        "inputs": _base64(found.inputs),
        "kernels": "" if found.kernels is None else _base64(found.kernels),
        "window": found.window,
        "jump": found.jump,
        "bias": found.bias,
        "norm": asdict(found.normalisation) if found.normalisation else None,
        "total": "Score (logit)" if spot.layer == "fc4" else steps[0].capitalize(),
        "last": last,
        "mean": config.pooling == "average",
        "slope": config.negative_slope if config.activation == "leaky_relu" else 0,
        "logits": logits,
        "scale": grayscale.largest(layer.values.numpy()),
        "span": grayscale.span(grayscale.largest(layer.values.numpy())),
    }


def _base64(values: Tensor) -> str:
    """Numbers as little-endian float32."""
    return base64.b64encode(values.numpy().astype("<f4").tobytes()).decode()


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
