"""The network as a strip of layers, each with what it makes of the image."""

from collections.abc import Mapping, Sequence

import torch

from lenet.config import Config
from lenet.drawing.centre import Gray
from lenet.explain.activations import LayerOutput
from lenet.network.inputs import to_input
from lenet.ui.images import bar, data_uri
from lenet.ui.inside import grayscale

COLUMNS = {6: 2, 16: 4, 84: 6, 120: 10}
"""Maps beside each other in a layer of so many."""
SIDES = {6: 52, 16: 38, 84: 10, 120: 12}
"""Screen pixels of one of so many maps."""
INPUT = 96
COMPACT = 0.8
"""Shrinks the strip of a network with pool2, so that it fits a screen as the others do."""
WHAT = {"input": "", "conv": "map", "pool": "map", "fc": "feature"}


def kind(name: str) -> str:
    """A layer's name without its number."""
    return name.rstrip("0123456789")


def strip(layers: Mapping[str, LayerOutput], config: Config, classes: Sequence[str]) -> str:
    """HTML of all layers, from the input to the ten probabilities; see `pointing`."""
    parts = [_input(layers, config)]
    for layer in list(layers.values())[1:-1]:
        maps = _features(layer) if layer.values[0].numel() == 1 else _maps(layer)
        parts.append(_column(layer, _scale(layer), maps))
    parts.append(_column(layers["fc4"], "probabilities", _bars(layers["fc4"], classes)))
    scale = COMPACT if config.pool2 else 1
    return f'<ol class="strip" style="--scale:{scale}">{"".join(parts)}</ol>'


def input_shades(layers: Mapping[str, LayerOutput], config: Config) -> Gray:
    """(S, S) uint8: the input as a picture again, background black, a full pixel white."""
    black, white = _extremes(config)
    levels = (layers["input"].values[0] - black) * 255 / (white - black)
    return levels.round().clamp(0, 255).byte().numpy()


def _extremes(config: Config) -> tuple[float, float]:
    """What a pixel of 0 and one of 255 become as input."""
    plain = torch.stack([torch.zeros(28, 28), torch.full((28, 28), 255.0)]).byte()
    black, white = to_input(plain, config).aminmax()
    return float(black), float(white)


def _input(layers: Mapping[str, LayerOutput], config: Config) -> str:
    picture = data_uri(input_shades(layers, config))
    side = _pixels(INPUT)
    shown = f'<div style="width:{side}"><img src="{picture}" alt="The input"></div>'
    black, white = _extremes(config)
    scale = f"{grayscale.signed(black, 2)} to {grayscale.signed(white, 2)}"
    return _column(layers["input"], scale, shown)


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


def _scale(layer: LayerOutput) -> str:
    return f"±{grayscale.largest(layer.values.numpy()):.2f}"


def _maps(layer: LayerOutput) -> str:
    """A button with its picture for each of (C, H, W)."""
    values = layer.values.numpy()
    scale = grayscale.largest(values)
    buttons = "".join(
        f'<button data-pick="{layer.name}/{index}" aria-label="{_label(layer, index)}">'
        f"{picture}</button>"
        for index, picture in enumerate(grayscale.images(values, scale))
    )
    return _grid(layer, "maps", buttons)


def _features(layer: LayerOutput) -> str:
    """A small square for each of (F,) or (F, 1, 1): a hundred pictures of a pixel are too many."""
    values = layer.values.flatten().numpy()
    scale = grayscale.largest(values)
    buttons = "".join(
        f'<button data-pick="{layer.name}/{index}" aria-label="{_label(layer, index)}"'
        f' title="{index}: {grayscale.signed(value, 3)}" style="{grayscale.color(value, scale)};'
        f'height:{_pixels(SIDES[len(values)])}"></button>'
        for index, value in enumerate(values.tolist())
    )
    return _grid(layer, "maps features", buttons)


def _grid(layer: LayerOutput, name: str, buttons: str) -> str:
    count = layer.shape[0]
    columns = f"grid-template-columns:repeat({COLUMNS[count]},{_pixels(SIDES[count])})"
    return f'<div class="{name}" style="{columns}">{buttons}</div>'


def _pixels(count: int) -> str:
    return f"calc(var(--scale)*{count}px)"


def _bars(layer: LayerOutput, classes: Sequence[str]) -> str:
    """A button for each class with the probability as a bar."""
    best = int(layer.values.argmax())
    buttons = "".join(
        f'<button data-pick="fc4/{index}" class="{"best" if index == best else ""}">'
        f"{bar(name, share)}</button>"
        for index, (name, share) in enumerate(zip(classes, layer.values.tolist(), strict=True))
    )
    return f'<div class="bars">{buttons}</div>'


def _label(layer: LayerOutput, index: int) -> str:
    return f"{layer.name}, {WHAT[kind(layer.name)]} {index}"
