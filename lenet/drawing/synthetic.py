"""Drawings to train on, all made here: random garments in an unsteady hand.

Each is (28, 28) uint8, white lines on black, scaled and placed as `lenet.drawing.centre` scales
and places what people draw. A numpy generator decides everything random.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lenet.catalog import SIDE
from lenet.data.splits import Split
from lenet.drawing import accessories, garments, portions
from lenet.drawing.portions import Portion
from lenet.drawing.strokes import FINE, Drawing, Stroke, inked

MAKERS: tuple[Callable[[Generator], Drawing], ...] = (
    garments.t_shirt,
    garments.trouser,
    garments.pullover,
    garments.dress,
    garments.coat,
    accessories.sandal,
    garments.shirt,
    accessories.sneaker,
    accessories.bag,
    accessories.ankle_boot,
)
"""Who outlines each of Fashion-MNIST's classes, in their order."""
SHARES = np.array((1.3, 1.0, 1.0, 0.5, 1.4, 1.0, 0.6, 1.1, 1.1, 0.5))
"""How often each class is drawn against the others: what people draw rarely, less often."""
SPACING = 1 / 40
"""Distance of a wobbly stroke's points, as a share of the drawing's longer side."""


def sketches(count: int, *, held_out: bool = False) -> Split:
    """The first `count` of an endless row of drawings, and their classes; see `portions.first`.

    A drawing takes half a millisecond, where it is not kept from another time.
    """
    return portions.first(count, "drawings", portion, held_out=held_out)


def portion(seed: int) -> Portion:
    """`PORTION` drawings and their classes; the same seed draws the same."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(len(MAKERS), portions.PORTION, p=SHARES / SHARES.sum())
    return np.stack([sketch(int(label), rng) for label in labels]), labels


def sketch(label: int, rng: Generator) -> NDArray[np.uint8]:
    """One drawing of class `label`, (28, 28) uint8."""
    usual = rng.random() < 0.75  # the page's pen on a drawing that fills the canvas, or another
    width = rng.uniform(1.2, 1.8 if usual else 2.8)
    return render(scrawl(MAKERS[label](rng), rng), width)


def scrawl(drawing: Drawing, rng: Generator, *, mirrors: bool = True) -> Drawing:
    """The drawing as an unsteady and sometimes hasty hand makes it, mirrored or not."""
    size = float(np.ptp(np.concatenate(drawing), axis=0).max())
    slip = rng.uniform(0.003, 0.022)
    cuts = int(rng.choice(3, p=[0.5, 0.3, 0.2]))
    strokes: Drawing = []
    for exact in drawing:
        stroke = exact / size
        stroke += rng.normal(0, slip, stroke.shape) * min(1.0, 3 * float(np.ptp(stroke)))
        for _ in range(cuts if 3 < len(exact) < 15 else 0):  # more points are round already
            stroke = cut_corners(stroke)
        strokes += _interrupted(_wobbly(stroke, rng), rng)
    return _posed(_unfinished(strokes, rng), rng, mirrors)


def render(strokes: Drawing, width: float) -> NDArray[np.uint8]:
    """Draw strokes `width` pixels wide so that their longer side fills the (28, 28) uint8."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    extent = high - low
    scale = (SIDE - width) * FINE / max(float(extent.max()), 1e-6)
    offset = (SIDE * FINE - 1) / 2 - (low + high) / 2 * scale
    odd = np.round(extent * scale / FINE + width) % 2 == 1
    offset = offset + np.where(odd, FINE / 2, 0.0)  # the larger rest is above and left
    placed = (stroke * scale + offset for stroke in strokes)
    small = np.asarray(inked(placed, SIDE, width, round_corners=False), np.float32)
    return (small * (255 / max(float(small.max()), 1.0))).round().astype(np.uint8)


def cut_corners(stroke: Stroke) -> Stroke:
    """Chaikin 1974: each corner gives way to points a quarter before and after it."""
    before, after = stroke[:-1], stroke[1:]
    cut = np.stack([0.75 * before + 0.25 * after, 0.25 * before + 0.75 * after], axis=1)
    return np.concatenate([stroke[:1], cut.reshape(-1, 2), stroke[-1:]])


def _wobbly(stroke: Stroke, rng: Generator) -> Stroke:
    """Points `SPACING` apart along the stroke, moved by a slow random sway."""
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(stroke, axis=0).T))])
    at = np.linspace(0, way[-1], max(2, int(way[-1] / SPACING)))
    sway = rng.normal(0, rng.uniform(0.0, 0.012), (max(2, len(at) // 6) + 1, 2))
    knots = np.linspace(0, way[-1], len(sway))
    axes = zip(stroke.T, sway.T, strict=True)
    return np.stack([np.interp(at, way, s) + np.interp(at, knots, w) for s, w in axes], axis=1)


def _interrupted(stroke: Stroke, rng: Generator) -> Drawing:
    """The stroke in one go, or drawn over again, or the pen lifted up to three times."""
    if len(stroke) < 20:
        return [stroke]
    chance = rng.random()
    if chance < 0.5:
        return [stroke]
    if chance < 0.55:
        return [stroke, stroke + rng.normal(0, 0.015, 2)]
    lifts = np.sort(rng.integers(3, len(stroke) - 3, int(rng.integers(1, 4))))
    parts = []
    for part in np.split(stroke, lifts):
        met = part[int(rng.integers(3)) :] + rng.normal(0, 0.012, 2)  # or not quite
        if len(met) > 1:
            parts.append(met)
    return parts


def _unfinished(strokes: Drawing, rng: Generator) -> Drawing:
    """Sometimes an end of the longest stroke is missing, or one of several strokes."""
    strokes = list(strokes)
    if rng.random() < 0.3:
        longest = int(np.argmax([len(stroke) for stroke in strokes]))
        stroke = strokes[longest]
        kept = max(2, int(len(stroke) * rng.uniform(0.65, 0.95)))
        strokes[longest] = stroke[:kept] if rng.random() < 0.5 else stroke[-kept:]
    if len(strokes) > 2 and rng.random() < 0.12:
        strokes.pop(int(rng.integers(len(strokes))))
    return strokes


def _posed(strokes: Drawing, rng: Generator, mirrors: bool) -> Drawing:
    """All strokes stretched, sheared and turned a little."""
    mirror = np.array([1.0 if rng.random() < 0.5 or not mirrors else -1.0, 1.0])
    shear = np.array([[math.exp(rng.normal(0, 0.15)), rng.normal(0, 0.08)], [0.0, 1.0]])
    angle = math.radians(rng.normal(0, 7))
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return [(stroke * mirror) @ shear @ turn for stroke in strokes]
