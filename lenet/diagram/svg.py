"""The picture of a network as SVG: stacks of squares that shrink, then columns, then ten names.

The same drawing stands on pages, filled with real maps or not, and as a file beside a text.
"""

import base64
import html
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lenet.catalog import DATASETS
from lenet.diagram.columns import Column, columns, total

Maps = Mapping[str, NDArray[np.uint8]]
"""Grays by layer: (C, H, W) or (F,); of the input (1, S, S); of fc4 probabilities · 255."""

LARGEST = 66.0  # side of the largest map
TOP, HEIGHT = 28.0, 150.0  # of what is drawn of the layers, between their names and sizes
LETTER, PAD = 5.9, 14.0  # width of a letter of the words below, and of what surrounds them
NARROWEST, GAP = 58.0, 12.0  # width of a column, and between two
ROW, STEP = 15.0, 21.0  # heights of an output, and of a step's words
CARDS = 16  # squares of a stack at most
SIDES = {"input": LARGEST, "conv0": 36.0, "pool0": 28.0, "conv1": 21.0, "pool1": 15.0}
"""Of a map with values; one of the layers behind them is 6 wide."""
ACROSS = {1: 1, 6: 2, 16: 4, 84: 4, 120: 6}  # maps in a row, by their number
CSS = (Path(__file__).parent / "svg.css").read_text(encoding="utf-8")


class Front(NamedTuple):
    """The front square of a layer's picture, from which lines go to the next layer."""

    left: float
    top: float
    width: float
    height: float


class Picture(NamedTuple):
    """A layer's picture, with its left edge at 0."""

    svg: str
    width: float
    front: Front


def draw(  # noqa: PLR0913  # pages ask for other parts of it
    values: Mapping[str, Any],
    maps: Maps | None = None,
    *,
    pick: bool = False,
    zoom: float = 1,
    steps: bool = True,
    halves: bool = False,
    brief: bool = False,
) -> str:
    """SVG of the network that the settings describe, up to a layer that does not fit.

    Each layer is an element `[data-layer]` that can have the focus; its `data-says` tells what it
    does and costs, `data-total` of the whole what the network costs.

    Args:
        values: the fields of a `Config`, which need not fit together.
        maps: what the layers make of a picture; without, empty squares are drawn.
        pick: make each map and each feature an element `[data-pick]`, such as "conv1/3".
        zoom: enlarges the maps, not the words.
        steps: say below each layer what it does.
        halves: draw two pictures, equally wide, that are one where they stand side by side.
        brief: only layers' names as words, larger ones.
    """
    said = steps and not brief
    shown = [replace(column, steps=column.steps if said else ()) for column in columns(values)]
    canvas = _Canvas(DATASETS[values["dataset"]].classes, shown, maps or {}, pick, zoom, brief)
    layers, rights = zip(*((layer, canvas.right) for layer in canvas.content()), strict=True)
    cut = -(-len(layers) // 2) if halves else len(layers)
    middle = rights[cut - 1] + GAP / 2
    width = max(middle, rights[-1] + 2 - middle) if halves else rights[-1] + 2
    height = canvas.foot + 40 + STEP * max(len(column.steps) for column in shown)
    height -= 38 * brief
    kind, svg = "net brief" if brief else "net", ""
    for first, left in ((0, 0.0), (cut, middle)) if halves else ((0, 0.0),):
        own = slice(first, first + cut)
        named = ", ".join(f"{column.name} {column.size}" for column in shown[own])
        svg += (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="{kind}" viewBox="{left:.0f} 0 '
            f'{width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" role="group" '
            f'aria-label="LeNet-5: {named}" data-total="{total(shown, values)}">'
            f"{'' if first else f'<style>{CSS}</style>'}{''.join(layers[own])}</svg>"
        )
    return svg


@dataclass
class _Canvas:
    classes: tuple[str, ...]
    shown: list[Column]
    maps: Maps
    pick: bool
    zoom: float
    brief: bool
    right: float = 2.0
    """Where the drawing ends so far."""

    @property
    def foot(self) -> float:
        """The lower edge of the pictures."""
        return TOP + HEIGHT * self.zoom

    def content(self) -> Iterator[str]:
        """Each layer with what leads to it; `right` is where it ends."""
        before: Front | None = None
        for column in self.shown:
            picture = self._picture(column)
            words = max(len(text) for text in (column.size, *column.steps)) * LETTER + PAD
            words *= not self.brief
            width = max(picture.width, words, NARROWEST)
            left = self.right + (GAP if before else 0)
            shift = left + (width - picture.width) / 2
            front = picture.front._replace(left=shift + picture.front.left)
            link = self._link(before, front, column) if before else ""
            self.right, before = left + width, front
            yield self._layer(column, picture, left, width) + link

    def _picture(self, column: Column) -> Picture:
        values = self.maps.get(column.name)
        if column.gets is not None:
            return self._misfit(column)
        if column.name == "fc4":
            return self._outputs(np.zeros(10) if values is None else values / 255)
        if values is not None:
            return self._filled(column, values)
        is_vector = column.shape[1:] in ((), (1, 1))
        return self._cells(column) if is_vector else self._stack(column)

    def _top(self, height: float) -> float:
        return (TOP + self.foot - height) / 2

    @property
    def _unit(self) -> float:
        """Length of a value in the drawing."""
        return LARGEST * self.zoom / max(max(one.shape[1:], default=0) for one in self.shown)

    def _stack(self, column: Column) -> Picture:
        """Empty maps, one behind the other."""
        side = max(column.shape[1] * self._unit, 3)
        cards = min(column.shape[0], CARDS)
        apart = 5.0 if cards <= 6 else 2.6
        behind = (cards - 1) * apart
        top = self._top(side + behind)
        squares = (_rect("card", at * apart, top + at * apart, side, side) for at in range(cards))
        return Picture("".join(squares), side + behind, Front(behind, top + behind, side, side))

    def _cells(self, column: Column) -> Picture:
        """A column of features without values."""
        height = 24.0 + column.shape[0]
        top = self._top(height)
        cells = f'<path class="cells" d="M5 {top:.1f}v{height}"/>'
        return Picture(cells, 10, Front(0, top, 10, height))

    def _misfit(self, column: Column) -> Picture:
        """The square that a layer needs, and what it gets instead."""
        side, width = column.window * self._unit, max(column.window * self._unit, 44)
        top, left = self._top(side), (width - side) / 2
        words = "".join(
            _text("small", width / 2, top + side + 16 + 15 * at, f"{word} {count}×{count}")
            for at, (word, count) in enumerate((("needs", column.window), ("gets", column.gets)))
        )
        square = _rect("misfit", left, top, side, side)
        return Picture(square + words, width, Front(left, top, side, side))

    def _filled(self, column: Column, values: NDArray[np.uint8]) -> Picture:
        """A layer's values as grays, its maps beside each other."""
        maps = values.reshape(len(values), *(values.shape[1:] or (1, 1)))
        across = ACROSS[len(maps)]
        down = -(-len(maps) // across)
        apart = 1 + 1 / maps.shape[1] if maps.shape[1] > 1 else 1  # sides from a map to the next
        side = self.zoom * min(SIDES.get(column.name, 7.0), HEIGHT / (down * apart))
        pitch = side * apart
        width, height = (across - 1) * pitch + side, (down - 1) * pitch + side
        top = self._top(height)
        svg = f'<image x="0" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" '
        svg += f'href="{sheet(maps, across)}" preserveAspectRatio="none"/>'
        kind = "feature" if values.ndim == 1 else "map"
        for at in range(len(maps) if self.pick and column.name != "input" else 0):
            row, place = divmod(at, across)
            label = f"{column.name}, {kind} {at}"
            box = (place * pitch, top + row * pitch, side, side)
            svg += _target(f"{column.name}/{at}", label, box)
        return Picture(svg, width, Front(0, top, width, height))

    def _outputs(self, shares: NDArray[Any]) -> Picture:
        """Ten cells with their names; a share fills its cell, and the largest is marked."""
        height = ROW * len(shares)
        top, best = self._top(height), int(shares.argmax()) if shares.any() else -1
        wide = 9.0 if best < 0 else 30.0
        width = wide + 6 + (7.8 if self.brief else 6.2) * max(map(len, self.classes))
        svg = ""
        for at, (name, share) in enumerate(zip(self.classes, shares.tolist(), strict=True)):
            y, kind = top + ROW * at, " best" * (at == best)
            svg += _rect("card", 0, y + 3, wide, 9)
            if best >= 0:
                svg += _rect("bar" + kind, 0, y + 3, wide * share, 9)
            svg += _text("name" + kind, wide + 6, y + 11.2, name)
            if self.pick:
                svg += _target(f"fc4/{at}", f"fc4, {name}", (0, y, width, ROW))
        return Picture(svg, width, Front(0, top, wide, height))

    def _link(self, before: Front, front: Front, column: Column) -> str:
        """From what a value sees of the layer before, a square or all of it, to the next layer."""
        top, bottom = before.top, before.top + before.height
        end = before.left + before.width
        if not column.window or self.maps:
            path = f"M{end:.1f} {top:.1f}L{front.left:.1f} {front.top:.1f}"
            path += f"V{front.top + front.height:.1f}L{end:.1f} {bottom:.1f}z"
            return f'<path class="all" d="{path}"/>'
        side = column.window * self._unit
        left, top = end - min(before.width, 1.5 * side), top + max(0, 0.2 * (before.height - side))
        to = f"L{front.left + 0.35 * front.width:.1f} {front.top + 0.4 * front.height:.1f}"
        broken = " broken" * (column.gets is not None)
        lines = f"M{left + side:.1f} {top:.1f}{to}L{left + side:.1f} {top + side:.1f}"
        return (
            f'<g class="window{broken}"><path d="{lines}"/>{_rect("", left, top, side, side)}</g>'
        )

    def _layer(self, column: Column, picture: Picture, left: float, width: float) -> str:
        """A layer's name, picture, size and parameters, and its steps."""
        middle, foot = left + width / 2, self.foot
        known = "parameters:" if column.name == "input" else f"{column.parameters:,}"
        rows = [
            _text("title", middle, 16, column.name),
            f'<g transform="translate({middle - picture.width / 2:.1f} 0)">{picture.svg}</g>',
        ]
        if not self.brief:
            rows.append(_text("size", middle, foot + 16, column.size))
            rows.append("" if column.gets is not None else _text("small", middle, foot + 32, known))
        for at, step in enumerate(column.steps):
            wide, y = len(step) * LETTER + PAD, foot + 40 + STEP * at
            rows += [
                _rect("step", middle - wide / 2, y, wide, 17),
                _text("small", middle, y + 12, step),
            ]
        around = _rect("column", left - 4, 1, width + 8, foot + 38 + STEP * len(column.steps))
        return (
            f'<g class="layer{" broken" * (column.gets is not None)}" data-layer="{column.name}" '
            f'tabindex="0" role="{"group" if self.pick else "button"}" '
            f'aria-label="{column.name}, {column.size}" data-says="{column.says}">'
            f"{around}{''.join(rows)}</g>"
        )


def sheet(maps: NDArray[np.uint8], across: int) -> str:
    """(N, H, W) uint8 in rows of `across`, as a PNG in an address for `<img src>`.

    Maps are a transparent pixel apart, those of a single pixel not at all.
    """
    count, height, width = maps.shape
    gap = int(height > 1)
    down = -(-count // across)
    cells = np.zeros((down * across, height + gap, width + gap, 2), np.uint8)
    cells[:count, :height, :width] = np.stack([maps, np.full_like(maps, 255)], axis=-1)
    rows = cells.reshape(down, across, height + gap, width + gap, 2).swapaxes(1, 2)
    pixels = rows.reshape(down * (height + gap), across * (width + gap), 2)
    shown = np.ascontiguousarray(pixels[: len(pixels) - gap, : pixels.shape[1] - gap])
    file = io.BytesIO()
    Image.fromarray(shown).save(file, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _rect(kind: str, x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'
    )


def _text(kind: str, x: float, y: float, text: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{html.escape(text)}</text>'


def _target(name: str, label: str, box: tuple[float, float, float, float]) -> str:
    """What is tapped to choose a map or a feature."""
    more = f'data-pick="{name}" tabindex="-1" role="button" aria-label="{html.escape(label)}"'
    return _rect("target", *box).replace("/>", f" {more}/>")
