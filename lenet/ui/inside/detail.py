"""One value of one layer: what it sees of the input, and the sums that it comes from."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.config import Config
from lenet.drawing.centre import Gray
from lenet.explain.activations import LayerOutput
from lenet.explain.arithmetic import Arithmetic, Convolution, Pooling, WeightedSum
from lenet.explain.receptive_field import fields, window
from lenet.geometry import POOL
from lenet.ui.images import data_uri
from lenet.ui.inside import grayscale
from lenet.ui.inside.layer_strip import input_shades

STRONGEST = 8
"""Contributions to a feature that are listed."""
LEGIBLE = 5
"""Side of the largest kernel whose numbers are written out."""


@dataclass(frozen=True)
class Spot:
    """A value of a layer: its map or feature, and the position on it."""

    layer: str
    index: int
    row: int = 0
    column: int = 0


def closeup(
    layers: Mapping[str, LayerOutput],
    spot: Spot,
    found: Arithmetic,
    config: Config,
    classes: Sequence[str],
) -> str:
    """HTML of the input with the receptive field, the map and the arithmetic; see `pointing`."""
    names = list(layers)
    before = layers[names[names.index(spot.layer) - 1]]
    layer = layers[spot.layer]
    parts = [_input(input_shades(layers, config), spot, config)]
    if isinstance(found, Convolution | Pooling):
        parts.append(_map(layer, spot, config))
    if isinstance(found, Convolution):
        parts.append(_convolution_sum(found, layer, before))
        below = _terms(found, before) + _numbers(found, before)
    elif isinstance(found, Pooling):
        parts.append(_pooling_sum(found, layer, before, spot))
        below = ""
    else:
        parts += [_weighted_sum(found, layer, before), _strongest(found, before)]
        below = ""
    title = html.escape(name_of(layer, spot.index, classes))
    return f'<div class="closeup" data-spot="{title}">{"".join(parts)}</div>{below}'


def name_of(layer: LayerOutput, index: int, classes: Sequence[str]) -> str:
    """What is looked at, for a heading."""
    if layer.name == "fc4":
        return f"fc4, {classes[index]}"
    return f"{layer.name}, {'map' if layer.values.dim() == 3 else 'feature'} {index}"


def _input(pixels: Gray, spot: Spot, config: Config) -> str:
    seen = window(config, spot.layer, spot.row, spot.column)
    side = config.input_size
    square = _square("field", seen.top, seen.left, seen.bottom, seen.right, side)
    return (
        f'<figure><div class="framed"><img src="{data_uri(pixels)}" alt="The input">'
        f"{square}</div><figcaption>Sees rows {seen.top} to {seen.bottom - 1}, columns "
        f"{seen.left} to {seen.right - 1} of the input</figcaption></figure>"
    )


def _map(layer: LayerOutput, spot: Spot, config: Config) -> str:
    values = layer.values.numpy()
    side = values.shape[-1]
    start, jump, size = fields(config)[layer.name]
    data = {
        "side": side,
        "row": spot.row,
        "column": spot.column,
        "start": start,
        "jump": jump,
        "size": size,
        "input": config.input_size,
    }
    places = " ".join(f'data-{name}="{value}"' for name, value in data.items())
    scale = grayscale.largest(values)
    picture = grayscale.image(values[spot.index], scale, f"Map {spot.index} of {layer.name}")
    mark = _square("mark", spot.row, spot.column, spot.row + 1, spot.column + 1, side)
    hint = "" if side == 1 else ". Point anywhere on it"
    return (
        f'<figure><div class="framed map" tabindex="0" role="group" {places} '
        f'aria-label="Map {spot.index}; the arrow keys move the position">{picture}{mark}</div>'
        f"<figcaption>Row {spot.row}, column {spot.column} of {side}×{side}{hint}"
        "</figcaption></figure>"
    )


def _square(name: str, top: int, left: int, bottom: int, right: int, side: int) -> str:
    place = ";".join(
        f"{edge}:{100 * pixels / side}%"
        for edge, pixels in zip(
            ("top", "left", "height", "width"), (top, left, bottom - top, right - left), strict=True
        )
    )
    return f'<div class="{name}" style="{place}"></div>'


def _table(rows: Sequence[tuple[str, float]]) -> str:
    """Terms with their values; the last one is the result."""
    lines = "".join(
        f"<tr><td>{term}</td><td>{grayscale.signed(value)}</td></tr>" for term, value in rows[:-1]
    )
    term, value = rows[-1]
    return (
        f'<table class="sum">{lines}<tr class="line"><td>{term}</td>'
        f'<td class="value">{grayscale.signed(value)}</td></tr></table>'
    )


def _convolution_sum(found: Convolution, layer: LayerOutput, before: LayerOutput) -> str:
    count, side, _ = found.kernels.shape
    over = f"over {count} maps" if count > 1 else f"of the {before.name}"
    rows = [
        (f"Sum of {side}×{side} products {over}", float(found.sums.sum())),
        ("plus bias", found.bias),
        ("Convolution", found.convolved),
    ]
    if norm := found.normalisation:
        epsilon = np.format_float_positional(norm.epsilon)
        mean, weight, bias = (grayscale.signed(x, 3) for x in (norm.mean, norm.weight, norm.bias))
        formula = (
            f"(x − mean) / √(variance + {epsilon}) · weight + bias, with mean {mean}, "
            f"variance {norm.variance:.3f}, weight {weight}, bias {bias}"
        )
        rows.append((f'Batch norm<br><span class="quiet">{formula}</span>', found.normalised))
    return _table([*rows, (list(layer.steps)[-1], found.value)])


def _pooling_sum(found: Pooling, layer: LayerOutput, before: LayerOutput, spot: Spot) -> str:
    rows = [
        (f"{before.name}, row {POOL * spot.row + row}, column {POOL * spot.column + column}", value)
        for (row, column), value in np.ndenumerate(found.window)
    ]
    return _table([*rows, (next(iter(layer.steps)).capitalize(), found.value)])


def _weighted_sum(found: WeightedSum, layer: LayerOutput, before: LayerOutput) -> str:
    last = list(layer.steps)[-1]
    rows = [
        (f"Sum of {len(found.inputs)} products with {before.name}", float(found.products.sum())),
        ("plus bias", found.bias),
        ("Logit" if layer.name == "fc4" else "Weighted sum", found.total),
        ("Softmax over the ten logits" if last == "softmax" else last, found.value),
    ]
    return _table(rows)


def _terms(found: Convolution, before: LayerOutput) -> str:
    """For each input map: patch, kernel, products as pictures, and what they add."""
    if len(found.kernels) == 1:
        return ""
    parts = (found.patches, found.kernels, found.products)
    scales = [grayscale.largest(part) for part in parts]
    pictures = zip(
        *(grayscale.images(part, scale) for part, scale in zip(parts, scales, strict=True)),
        strict=True,
    )
    terms = "".join(
        f'<div class="term">{"".join(three)}'
        f"<span><b>{index}</b>{grayscale.signed(total, 3)}</span></div>"
        for index, (three, total) in enumerate(zip(pictures, found.sums, strict=True))
    )
    kinds = ("patch", "kernel", "products")
    explained = ", ".join(f"{name} ±{scale:.2f}" for name, scale in zip(kinds, scales, strict=True))
    return (
        f"<h4>Each map of {before.name}: its patch, the kernel upon it, the products and their "
        f'sum</h4><div class="quiet scales">{explained}</div>'
        f'<div class="terms">{terms}</div>'
    )


def _numbers(found: Convolution, before: LayerOutput) -> str:
    """Patch × kernel = products of the input map that adds most, in numbers."""
    if found.kernels.shape[-1] > LEGIBLE:
        return ""
    index = int(np.abs(found.sums).argmax())
    parts = (found.patches[index], found.kernels[index], found.products[index])
    tables = [_grid(part) for part in parts]
    of = f"Map {index} of {before.name} adds most" if len(found.kernels) > 1 else "In numbers"
    sign = '<span class="sign">{}</span>'
    return (
        f"<h4>{of}: patch × kernel = products, sum {grayscale.signed(found.sums[index], 3)}</h4>"
        f'<div class="numbers">{tables[0]}{sign.format("×")}{tables[1]}{sign.format("=")}'
        f"{tables[2]}</div>"
    )


def _grid(values: NDArray[np.float64]) -> str:
    scale = grayscale.largest(values)
    rows = "".join(
        "<tr>"
        + "".join(
            f'<td style="{grayscale.color(value, scale)}">{grayscale.signed(value, 2)}</td>'
            for value in row
        )
        + "</tr>"
        for row in values.tolist()
    )
    return f"<table>{rows}</table>"


def _strongest(found: WeightedSum, before: LayerOutput) -> str:
    """The input features that add most, and what the rest adds."""
    chosen = found.strongest(STRONGEST)
    side = before.shape[-1] if before.values.dim() == 3 else 1
    rows = "".join(
        f"<tr><td>{_source(index, side)}</td><td>{grayscale.signed(found.inputs[index], 3)}</td>"
        f"<td>{grayscale.signed(found.weights[index], 3)}</td>"
        f"<td>{grayscale.signed(found.products[index], 3)}</td></tr>"
        for index in chosen
    )
    rest = float(found.products.sum() - found.products[chosen].sum())
    return (
        f'<table class="shares"><tr class="quiet"><th>Most from {before.name}</th>'
        f"<th>value</th><th>× weight</th><th>= product</th></tr>{rows}"
        f"<tr><td>{len(found.inputs) - len(chosen)} others</td><td></td><td></td>"
        f"<td>{grayscale.signed(rest, 3)}</td></tr></table>"
    )


def _source(index: int, side: int) -> str:
    """Which value of the layer before an input feature is."""
    if side == 1:
        return str(index)
    plane, place = divmod(index, side * side)
    return f"map {plane}, row {place // side}, column {place % side}"
