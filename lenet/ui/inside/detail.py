"""One value of one layer: what it sees of the input, and the sums that it comes from."""

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.config import Config
from lenet.explain.activations import LayerOutput
from lenet.explain.arithmetic import Arithmetic, Convolution, Pooling, WeightedSum, arithmetic
from lenet.explain.receptive_field import fields, window
from lenet.geometry import POOL
from lenet.network.lenet5 import LeNet5
from lenet.ui.images import img
from lenet.ui.inside import grayscale
from lenet.ui.inside.grayscale import signed
from lenet.ui.inside.layer_strip import input_image, name_of

STRONGEST = 8
LEGIBLE = 5  # side of the largest kernel whose numbers are written out


@dataclass(frozen=True)
class Spot:
    """A value of a layer: its map or feature, and the position on the map."""

    layer: str
    index: int
    row: int = 0
    column: int = 0


def closeup(
    model: LeNet5,
    layers: Mapping[str, LayerOutput],
    spot: Spot,
    config: Config,
    classes: Sequence[str],
) -> str:
    """HTML of the input with the receptive field, the map and the arithmetic; see `pointing`."""
    names = list(layers)
    layer, before = layers[spot.layer], layers[names[names.index(spot.layer) - 1]]
    found = arithmetic(model, layers, spot.layer, spot.index, (spot.row, spot.column))
    parts = [_input(input_image(layers, config), spot, config)]
    if layer.values.dim() == 3:
        parts.append(_map(layer, spot))
    parts.append(sum_table(_sum(found, layer, before, spot)))
    below = ""
    if isinstance(found, WeightedSum):
        parts.append(_strongest(found, before))
    elif isinstance(found, Convolution):
        below = _terms(found, before) + _numbers(found, before)
    title = html.escape(name_of(layer, spot.index, classes))
    return f'<div class="closeup" data-spot="{title}">{"".join(parts)}</div>{below}'


def sum_table(rows: Sequence[tuple[str, float]], digits: int = 6) -> str:
    """HTML of terms with their values; the last one is the result."""
    *terms, (result, total) = rows
    lines = "".join(_row((term, signed(value, digits))) for term, value in terms)
    return (
        f'<table class="sum">{lines}<tr class="line"><td>{result}</td>'
        f'<td class="value">{signed(total, digits)}</td></tr></table>'
    )


def _row(cells: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _input(picture: str, spot: Spot, config: Config) -> str:
    top, left, bottom, right = window(config, spot.layer, spot.row, spot.column)
    field = ",".join(map(str, (*fields(config)[spot.layer], config.input_size)))
    return (
        f'<figure><div class="framed">{picture}<div class="field" data-field="{field}"></div></div>'
        f"<figcaption>Sees rows {top} to {bottom - 1}, columns {left} to {right - 1} of the input"
        "</figcaption></figure>"
    )


def _map(layer: LayerOutput, spot: Spot) -> str:
    values = layer.values.numpy()
    side = values.shape[-1]
    scale = grayscale.largest(values)
    picture = img(grayscale.shades(values[spot.index], scale), f"Map {spot.index} of {layer.name}")
    hint = "" if side == 1 else ". Point anywhere on it"
    return (
        f'<figure><div class="framed map" tabindex="0" role="group" data-side="{side}" '
        f'data-at="{spot.row},{spot.column}" '
        f'aria-label="Map {spot.index}; the arrow keys move the position">'
        f'{picture}<div class="mark"></div></div>'
        f"<figcaption>Row {spot.row}, column {spot.column} of {side}×{side}{hint}"
        "</figcaption></figure>"
    )


def _sum(
    found: Arithmetic, layer: LayerOutput, before: LayerOutput, spot: Spot
) -> list[tuple[str, float]]:
    last = list(layer.steps)[-1]
    rows: list[tuple[str, float]]
    if isinstance(found, Pooling):
        place = f"{before.name}, row {{}}, column {{}}".format
        rows = [
            (place(POOL * spot.row + row, POOL * spot.column + column), value)
            for (row, column), value in np.ndenumerate(found.window)
        ]
        return [*rows, (last.capitalize(), found.value)]
    if isinstance(found, WeightedSum):
        return [
            (f"Sum of {len(found.inputs)} products with {before.name}", found.products.sum()),
            ("plus bias", found.bias),
            ("Logit" if layer.name == "fc4" else "Weighted sum", found.total),
            ("Softmax over the ten logits" if last == "softmax" else last, found.value),
        ]
    count, side, _ = found.kernels.shape
    over = f"over {count} maps" if count > 1 else f"of the {before.name}"
    rows = [
        (f"Sum of {side}×{side} products {over}", found.sums.sum()),
        ("plus bias", found.bias),
        ("Convolution", found.convolved),
    ]
    if norm := found.normalisation:
        epsilon = np.format_float_positional(norm.epsilon)
        mean, weight, bias = (signed(x, 3) for x in (norm.mean, norm.weight, norm.bias))
        formula = (
            f"(x − mean) / √(variance + {epsilon}) · weight + bias, with mean {mean}, "
            f"variance {norm.variance:.3f}, weight {weight}, bias {bias}"
        )
        rows.append((f'Batch norm<br><span class="quiet">{formula}</span>', found.normalised))
    return [*rows, (last, found.value)]


def _terms(found: Convolution, before: LayerOutput) -> str:
    """For each input map: patch, kernel, products as pictures, and what they add."""
    if len(found.kernels) == 1:
        return ""
    kinds = {"patch": found.patches, "kernel": found.kernels, "products": found.products}
    scales = {name: grayscale.largest(values) for name, values in kinds.items()}
    pictures = [grayscale.images(values, scales[name]) for name, values in kinds.items()]
    terms = "".join(
        f'<div class="term">{"".join(three)}<span><b>{index}</b>{signed(total, 3)}</span></div>'
        for index, (*three, total) in enumerate(zip(*pictures, found.sums, strict=True))
    )
    explained = ", ".join(f"{name} ±{scale:.2f}" for name, scale in scales.items())
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
    of = f"Map {index} of {before.name} adds most" if len(found.kernels) > 1 else "In numbers"
    patch, kernel, products = (
        _grid(values[index]) for values in (found.patches, found.kernels, found.products)
    )
    return (
        f"<h4>{of}: patch × kernel = products, sum {signed(found.sums[index], 3)}</h4>"
        f'<div class="numbers">{patch}<span class="sign">×</span>{kernel}'
        f'<span class="sign">=</span>{products}</div>'
    )


def _grid(values: NDArray[np.float64]) -> str:
    """(H, W) numbers as a table, each on its gray."""
    scale = grayscale.largest(values)
    cell = '<td style="{}">{}</td>'.format
    rows = (
        "".join(cell(grayscale.color(value, scale), signed(value, 2)) for value in row)
        for row in values.tolist()
    )
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def _strongest(found: WeightedSum, before: LayerOutput) -> str:
    chosen = found.strongest(STRONGEST)
    rest = found.products.sum() - found.products[chosen].sum()
    terms = (found.inputs, found.weights, found.products)
    rows = [
        (_source(index, before.shape), *(signed(values[index], 3) for values in terms))
        for index in chosen
    ]
    rows.append((f"{len(found.inputs) - len(chosen)} others", "", "", signed(rest, 3)))
    return (
        f'<table class="contributions"><tr class="quiet"><th>Most from {before.name}</th>'
        f"<th>value</th><th>× weight</th><th>= product</th></tr>{''.join(map(_row, rows))}</table>"
    )


def _source(index: int, shape: tuple[int, ...]) -> str:
    """What to call a value of a layer, by its index in the flattened layer."""
    if len(shape) == 1 or shape[-1] == 1:
        return str(index)
    plane, row, column = np.unravel_index(index, shape)
    return f"map {plane}, row {row}, column {column}"
