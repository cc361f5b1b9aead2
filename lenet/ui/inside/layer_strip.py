"""The network as a strip of layers, each with what it makes of the image."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from lenet.config import Config
from lenet.explain.activations import LayerOutput
from lenet.network.inputs import to_input
from lenet.ui.images import bar, img
from lenet.ui.inside import grayscale

COLUMNS = {6: 2, 16: 4, 84: 6, 120: 10}  # columns of a layer's grid, by the number of its maps
SIDES = {6: 52, 16: 38, 84: 10, 120: 12}  # screen pixels of a map's side, by the number of maps
INPUT = 96
COMPACT = 0.8  # scale of the strip of a network with pool2, which is wider than the others


def strip(layers: Mapping[str, LayerOutput], config: Config, classes: Sequence[str]) -> str:
    """HTML of all layers, from the input to the ten probabilities; see `explore`."""
    first, *middle, last = layers.values()
    limits = " to ".join(grayscale.signed(level, 2) for level in _black_and_white(config))
    picture = img(input_pixels(layers["input"].values, config), "The input")
    picture += '<i class="field"></i>'
    picture = f'<div class="framed" style="width:{_pixels(INPUT)}">{picture}</div>'
    columns = [_column(first, limits, picture), *map(_maps, middle)]
    columns.append(_column(last, "probabilities", _bars(last, classes)))
    scale = COMPACT if config.pool2 else 1
    return f'<ol class="strip" style="--scale:{scale}">{"".join(columns)}</ol>'


def name_of(layer: LayerOutput, index: int, classes: Sequence[str] = ()) -> str:
    """The name of a map or a feature; of the last layer's features with `classes`."""
    if layer.name == "fc4":
        return f"fc4, {classes[index]}"
    return f"{layer.name}, {'map' if layer.values.dim() == 3 else 'feature'} {index}"


def input_pixels(values: torch.Tensor, config: Config) -> NDArray[np.uint8]:
    """(S, S) uint8 of the network's (1, S, S) input: background black, a full pixel white."""
    black, white = _black_and_white(config)
    levels = (values[0] - black) * 255 / (white - black)
    return levels.round().clamp(0, 255).byte().numpy()


def _black_and_white(config: Config) -> tuple[float, float]:
    plain = torch.stack([torch.zeros(28, 28), torch.full((28, 28), 255.0)]).byte()
    black, white = to_input(plain, config).aminmax()
    return float(black), float(white)


def _column(layer: LayerOutput, scale: str, content: str) -> str:
    shape = "×".join(map(str, layer.shape))
    parameters = f"{layer.parameters:,} parameters" if layer.parameters else ""
    steps = ", ".join(layer.steps) if layer.name != "input" else ""
    return (
        f'<li class="layer" data-layer="{layer.name}"><header title="{steps}"><b>{layer.name}</b>'
        f"<span>{shape}</span>"
        f'<span class="quiet">{scale}</span><span class="quiet">{parameters}</span></header>'
        f"{content}</li>"
    )


def _maps(layer: LayerOutput) -> str:
    """A column with a button for each of (C, H, W) or (F,)."""
    values = layer.values.numpy()
    scale = grayscale.largest(values)
    side = _pixels(SIDES[len(values)])
    if values[0].size > 1:
        kind, cells = "tiles", [("", picture) for picture in grayscale.images(values, scale)]
    else:  # coloured squares: a hundred pictures of one pixel would be slow
        kind = "tiles features"
        style = f'style="{{}};height:{side}" title="{{}}: {{}}"'.format
        cells = [
            (style(grayscale.color(value, scale), index, grayscale.signed(value, 3)), "")
            for index, value in enumerate(values.flatten().tolist())
        ]
    buttons = "".join(
        f'<button data-pick="{layer.name}/{index}" aria-label="{name_of(layer, index)}" {more}>'
        f"{picture}</button>"
        for index, (more, picture) in enumerate(cells)
    )
    columns = f"grid-template-columns:repeat({COLUMNS[len(values)]},{side})"
    grid = f'<div class="{kind}" style="{columns}">{buttons}</div>'
    return _column(layer, f"±{scale:.2f}", grid)


def _pixels(count: int) -> str:
    return f"calc(var(--scale)*{count}px)"


def _bars(layer: LayerOutput, classes: Sequence[str]) -> str:
    best = int(layer.values.argmax())
    buttons = "".join(
        f'<button data-pick="fc4/{index}" class="{"best" if index == best else ""}">'
        f"{bar(name, value)}</button>"
        for index, (name, value) in enumerate(zip(classes, layer.values.tolist(), strict=True))
    )
    return f'<div class="bars">{buttons}</div>'
