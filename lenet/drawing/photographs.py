"""Photographs to train on, all made here: clothes as they lie on a bed or hang on a door.

Each is (28, 28) uint8 as it looks once the thing is found in a photograph: light on black,
cropped, its longer side 28 pixels. Half are made from Fashion-MNIST's images, whose sleeves are
spread, whose legs are parted and whose shoes become pairs; half from the outlines that drawings
are made of, filled with cloth. All are dyed, creased, printed and cut out as a program does it.
"""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor

from lenet.catalog import SIDE
from lenet.data.splits import Split, fingerprint
from lenet.drawing import accessories, portions
from lenet.drawing.portions import Portion
from lenet.drawing.strokes import Drawing, Stroke, often
from lenet.drawing.synthetic import MAKERS, cut_corners

SHARES = np.array((1.1, 0.8, 1.0, 1.1, 1.2, 1.0, 1.1, 1.5, 0.5, 1.1))
"""How often each class is made against the others."""
FILLED = np.array((0.35, 0.15, 0.35, 0.35, 0.4, 0.6, 0.85, 0.6, 0.3, 0.6))
"""Share of each class that is made from outlines. Many of Fashion-MNIST's shirts are T-shirts."""
PRINTED = np.array((0.5, 0.08, 0.3, 0.15, 0.12, 0.08, 0.08, 0.08, 0.2, 0.08))
"""Share of each class that has a print, a picture or a text."""
CANVAS = 56
"""Pixels of the square on which a thing is laid out; one of Fashion-MNIST's takes half of it."""
FLOOR = 40 / 255
"""The least that is left of white cloth where its photograph is negated."""
SHOES = (5, 7, 9)
EDGE = np.array((0.6, 0, 0.6, 2, 0.6, 2, 0.6, 2, 2, 2))
"""Where sleeves or legs of a class begin, as a share of half the width; 2 where it has none."""
SWING = np.array((20, 9, 55, 0, 55, 0, 55, 0, 0, 0))
"""Degrees by which they are spread at most."""
TURN = np.array((9, 9, 9, 9, 9, 35, 9, 35, 12, 35))
"""Deviation of the degrees by which a whole thing is turned; twice that for pairs."""
PAIRS = np.array((0, 0, 0, 0, 0, 0.5, 0, 0.6, 0, 0.6))
"""Share of a class that becomes pairs."""
WIDENED = np.array((0.25, 0.25, 0.3, 0.45, 0.3, 0, 0.3, 0, 0.1, 0))
"""How much wider they may be than Fashion-MNIST's."""


def photographs(source: Split, count: int, *, held_out: bool = False) -> Split:
    """The first `count` of an endless row of photographs, and their classes.

    Args:
        source: Fashion-MNIST's images from which they are made.
        held_out: of another row than training's; `source` should hold none of its images then.
    """
    if not count:
        return Split(source.images[:0], source.labels[:0])
    return portions.first(count, *row(source), held_out=held_out)


def row(source: Split) -> tuple[str, Callable[[int], Portion]]:
    """What `portions` asks of an endless row of images: its name, and its maker."""
    places = [(source.labels == label).nonzero().ravel() for label in range(len(MAKERS))]
    return f"photographs-{fingerprint(source)}", partial(portion, source.images, places)


def portion(images: Tensor, places: list[Tensor], seed: int) -> Portion:
    """`PORTION` photographs from (N, 28, 28) uint8 images, and their classes.

    Args:
        places: of each class's images among them.
    """
    rng = np.random.default_rng(seed)
    labels = rng.choice(len(MAKERS), portions.PORTION, p=SHARES / SHARES.sum())
    is_filled = rng.random(len(labels)) < FILLED[labels]
    for label, found in enumerate(places):  # a small dataset may lack a class
        is_filled |= (labels == label) & (len(found) == 0)
    things = torch.empty(len(labels), 2, CANVAS, CANVAS)
    if is_filled.any():
        filled = [_filled(int(label), rng) for label in labels[is_filled]]
        things[is_filled] = torch.from_numpy(np.stack(filled)).float() / 255
    rest = labels[~is_filled]
    if len(rest):
        chosen = [int(places[label][rng.integers(len(places[label]))]) for label in rest]
        things[~is_filled] = _laid_out(images[chosen], rest, _Dice(rng, len(rest)))
    dice = _Dice(rng, len(labels))
    tone, mask = things.unbind(1)
    return _fitted(*_cut_out(_dyed(tone, mask, labels, dice), mask, labels, dice), dice), labels


class _Dice:
    """Random numbers for `count` pictures, as (count, 1, 1) tensors that fit their pixels."""

    def __init__(self, rng: Generator, count: int) -> None:
        self.rng, self.count = rng, count

    def between(self, low: float, high: float) -> Tensor:
        return torch.from_numpy(self.rng.uniform(low, high, (self.count, 1, 1))).float()

    def about(self, deviation: float) -> Tensor:
        return torch.from_numpy(self.rng.normal(0, deviation, (self.count, 1, 1))).float()

    def often(self, share: float) -> Tensor:
        """1 with probability `share`, else 0."""
        return (self.between(0, 1) < share).float()

    def clouds(self, rows: int, columns: int) -> Tensor:
        """(count, CANVAS, CANVAS), smooth noise of that many bumps across, deviation about 1."""
        bumps = self.rng.normal(0, 1.3, (self.count, 1, rows, columns))
        size = (CANVAS, CANVAS)
        return F.interpolate(torch.from_numpy(bumps).float(), size, mode="bilinear")[:, 0]


def _of_class(table: NDArray[np.float64], labels: NDArray[np.int64]) -> Tensor:
    """Each picture's value in a table of the classes, (N, 1, 1)."""
    return torch.from_numpy(table[labels]).float().reshape(-1, 1, 1)


def _laid_out(images: Tensor, labels: NDArray[np.int64], dice: _Dice) -> Tensor:
    """(N, 28, 28) uint8 → tone and mask, (N, 2, CANVAS, CANVAS), of clothes laid out.

    Four layers, one upon the other: a second shoe, left sleeve or leg, the right one, the rest.
    """
    tone = torch.where(dice.often(0.5) > 0, images, images.flip(2)).float() / 255
    mask = -F.max_pool2d(-F.max_pool2d((tone > 0.04).float(), 3, 1, 1), 3, 1, 1)  # no small holes
    things = torch.stack([tone, mask], 1)
    x = torch.linspace(-1, 1, SIDE)
    half = (mask.amax(1, keepdim=True) * x.abs()).amax(2, keepdim=True)
    edge = _of_class(EDGE, labels) * dice.between(0.85, 1.15) * half
    swing = _of_class(SWING, labels) * dice.between(-0.2, 1) * dice.often(0.75)
    is_pair = dice.between(0, 1) < _of_class(PAIRS, labels)
    ground = _ground(
        _of_class(TURN, labels) * (1 + is_pair.float()), _of_class(WIDENED, labels), dice
    )
    away = torch.cat([dice.between(-0.4, 0.4), dice.between(0.5, 0.95) * half], 1)
    mirror = torch.where(dice.often(0.4) > 0, -1.0, 1.0)
    back = _turned(dice.about(18)) * torch.cat([mirror, torch.ones_like(mirror)], 1)
    layers = [(is_pair.float(), torch.cat([back @ ground, away], 2))]
    for side in (-1, 1, 0):
        part = (side * x > edge) if side else (x.abs() <= edge)
        pivot = torch.cat([side * edge, dice.between(-0.8, -0.6)], 1)
        back = _turned(side * (swing + 7 * (edge < 1) * dice.about(1)))
        layers.append((part.float(), torch.cat([back @ ground, pivot - back @ pivot], 2)))
    canvas = torch.zeros(len(labels), 2, CANVAS, CANVAS)
    for part, lookup in layers:
        grid = F.affine_grid(lookup, list(canvas.shape), align_corners=False)
        layer = F.grid_sample(things * part[:, None], grid, align_corners=False)
        canvas = layer + canvas * (1 - layer[:, 1:])
    return canvas


def _ground(turn: Tensor, widened: Tensor, dice: _Dice) -> Tensor:
    """(N, 2, 2): from places on the canvas to those of the picture that lies there."""
    degrees = turn * dice.about(1) + 90 * dice.often(0.03) * (2 * dice.often(0.5) - 1)
    across = 2 * torch.exp(dice.about(0.1)) * (1 - widened * dice.between(0, 1))
    none = torch.zeros_like(across)
    rows = torch.cat([across, dice.about(0.07)], 2), torch.cat([none, none + 2], 2)
    return torch.cat(rows, 1) @ _turned(degrees)


def _turned(degrees: Tensor) -> Tensor:
    """(N, 1, 1) → (N, 2, 2) matrices."""
    angle = degrees * (math.pi / 180)
    rows = torch.cat([angle.cos(), -angle.sin()], 2), torch.cat([angle.sin(), angle.cos()], 2)
    return torch.cat(rows, 1)


def _filled(label: int, rng: Generator) -> NDArray[np.uint8]:
    """Tone and mask, (2, CANVAS, CANVAS), of an outline filled with cloth."""
    is_shoe = label in SHOES and rng.random() < 0.85
    drawing = accessories.shoes_from_above(label, rng) if is_shoe else MAKERS[label](rng)
    strokes = _placed(
        drawing,
        rng,
        rng.normal(0, 8)
        if not is_shoe
        else rng.choice((rng.normal(0, 20), rng.uniform(-180, 180))),
    )
    areas = [_area(stroke) for stroke in strokes]
    least = max(areas) * (0.45 if is_shoe else 0.12 if label != 8 else 1)
    cloth = int(rng.integers(90, 200))
    tone = Image.new("L", (CANVAS, CANVAS), cloth)
    mask = Image.new("L", (CANVAS, CANVAS))
    paint, cut = ImageDraw.Draw(tone), ImageDraw.Draw(mask)
    darker = rng.choice((-1, 1), p=(0.7, 0.3))
    for stroke, area in zip(strokes, areas, strict=True):
        path = [(float(x), float(y)) for x, y in stroke]
        ink = int(np.clip(cloth + darker * rng.uniform(20, 110), 0, 255))
        if area >= least:
            cut.polygon(path, fill=255)
            paint.polygon(path, fill=cloth, outline=ink if often(rng, 0.4) else cloth)
        elif area > 4 and often(rng, 0.6):
            cut.polygon(path, fill=255)
            paint.polygon(path, fill=ink)
        else:
            width = int(rng.integers(1, 4))
            cut.line(path, fill=255, width=width)
            paint.line(path, fill=ink, width=width)
    return np.stack([np.asarray(tone), np.asarray(mask)])


def _placed(drawing: Drawing, rng: Generator, degrees: float) -> Drawing:
    """The strokes with rounder corners, turned, stretched and scaled to the canvas."""
    cuts = int(rng.integers(2))
    stretch = math.exp(rng.normal(0, 0.12))
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    strokes = []
    for exact in drawing:
        stroke = exact
        for _ in range(cuts if 3 < len(exact) < 15 else 0):
            stroke = cut_corners(stroke)
        strokes.append((stroke * (stretch, 1.0)) @ np.array([[c, s], [-s, c]]))
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = CANVAS * rng.uniform(0.75, 0.95) / float((high - low).max())
    return [(stroke - (low + high) / 2) * scale + CANVAS / 2 for stroke in strokes]


def _area(stroke: Stroke) -> float:
    """What the closed stroke encloses (the shoelace formula)."""
    x, y = stroke.T
    return abs(float(x @ np.roll(y, 1) - y @ np.roll(x, 1))) / 2


def _dyed(tone: Tensor, mask: Tensor, labels: NDArray[np.int64], dice: _Dice) -> Tensor:
    """Another cloth: its tone, prints, stripes, patterns, creases and the light on it."""
    tone = torch.where(dice.often(0.25) > 0, 1 - tone, tone)
    mean = (tone * mask).sum((1, 2), keepdim=True) / mask.sum((1, 2), keepdim=True).clamp(min=1)
    tone = mean + (tone - mean) * dice.between(0.2, 1.3) + dice.about(0.15)
    y, x = _places()
    near = torch.hypot(
        (x - dice.about(0.12)) / dice.between(0.08, 0.3),
        (y - dice.about(0.15)) / dice.between(0.08, 0.3),
    )
    text = 1 - dice.often(0.4) * (torch.sin(dice.between(25, 50) * y) < 0)
    printed = (dice.between(0, 1) < _of_class(PRINTED, labels)) & (near < 1)
    tone += printed * text * dice.about(0.35) * (1 + 0.5 * dice.clouds(12, 12))
    for share, u in ((0.07, y), (0.04, x)):
        wave = torch.sin(dice.between(8, 40) * u + dice.between(0, 6))
        tone += dice.often(share) * dice.between(0.05, 0.3) * wave
    tone += dice.often(0.12) * dice.between(0.03, 0.2) * dice.clouds(20, 20)
    tone += dice.often(0.5) * dice.between(0, 0.1) * dice.clouds(5, 8)
    folds = (dice.clouds(4, 9) + 0.5 * dice.clouds(10, 6)).abs()
    tone -= dice.often(0.4) * dice.between(0.05, 0.25) * (1 - 4 * folds).clamp(min=0)
    tone += dice.about(0.08) * x + dice.about(0.08) * y + 0.03 * dice.clouds(28, 28)
    least = torch.where(dice.often(0.75) > 0, FLOOR, 0.02)
    return torch.minimum(torch.maximum(tone, least), torch.tensor(1.0))


def _cut_out(
    tone: Tensor, mask: Tensor, labels: NDArray[np.int64], dice: _Dice
) -> tuple[Tensor, Tensor]:
    """Tone and mask as a program finds them: ragged, with holes, leftovers, a hanger."""
    y, x = _places()
    ragged = F.avg_pool2d(mask[:, None], 5, 1, 2)[:, 0]
    ragged = ragged + dice.often(0.4) * dice.between(0, 0.12) * dice.clouds(14, 14) > 0.5
    holes = (dice.often(0.03) > 0) & (dice.clouds(7, 7) > dice.between(1.1, 1.8))
    found = ragged & ~holes
    found = torch.where(found.sum((1, 2), keepdim=True) > 200, found, mask > 0.5)
    rows = torch.where(found, y, 1.0).amin((1, 2), keepdim=True)  # where the thing begins
    rise = dice.between(0.08, 0.3)
    centre = dice.about(0.03)
    hook = ((x - centre).abs() < 0.03) & (y < rows + 0.1) & (y > rows - rise)
    bar = ((y - rows - (x - centre).abs() * 0.4).abs() < 0.03) & ((x - centre).abs() < 0.25)
    hangs = torch.from_numpy(np.isin(labels, (0, 1, 2, 3, 4, 6))).reshape(-1, 1, 1)
    hanger = (hook | bar) & hangs & (dice.often(0.08) > 0)
    reach_x, reach_y = dice.between(0.08, 0.5), dice.between(0.05, 0.3)
    spot = torch.hypot(
        (x - dice.between(-0.7, 0.7)) / reach_x, (y - dice.between(-0.8, 0.8)) / reach_y
    )
    rest = (spot + 0.3 * dice.clouds(6, 6) < 1) & (dice.often(0.15) > 0)
    rest &= (rest & found).any(2, keepdim=True).any(1, keepdim=True)
    halo = (F.max_pool2d(found.float()[:, None], 5, 1, 2)[:, 0] > 0) & (dice.often(0.04) > 0)
    ground = (dice.between(0, 1) + 0.1 * dice.clouds(10, 10)).clamp(FLOOR, 1)
    tone = torch.where(found, tone, ground)
    whole = found | hanger | rest | halo
    kept = (
        (y < dice.between(0.7, 5.0))
        & (y > -dice.between(0.75, 5.0))
        & (x.abs() < dice.between(0.6, 5))
    )
    cut = whole & kept
    return tone, torch.where(cut.sum((1, 2), keepdim=True) > 200, cut, whole).float()


def _fitted(tone: Tensor, mask: Tensor, dice: _Dice) -> NDArray[np.uint8]:
    """Cropped to the mask, the longer side 28 pixels, the lightest 255: (N, 28, 28)."""
    y, x = _places()
    ends = []
    for u in (x, y):
        low = torch.where(mask > 0, u, 1.0).amin((1, 2), keepdim=True)
        high = torch.where(mask > 0, u, -1.0).amax((1, 2), keepdim=True)
        ends.append((low, high))
    (left, right), (top, bottom) = ends
    side = torch.maximum(right - left, bottom - top) / 2 + 1 / CANVAS
    side = side * (1 + dice.often(0.2) * dice.between(0, 0.15))
    none = torch.zeros_like(side)
    theta = torch.cat(
        [
            torch.cat([side, none, (left + right) / 2], 2),
            torch.cat([none, side, (top + bottom) / 2], 2),
        ],
        1,
    )
    grid = F.affine_grid(theta, [len(mask), 1, 2 * SIDE, 2 * SIDE], align_corners=False)
    fine = F.grid_sample((tone * mask)[:, None], grid, align_corners=False)
    small = F.avg_pool2d(fine, 2)[:, 0]
    small = small * (255 / small.amax((1, 2), keepdim=True).clamp(min=0.02))
    return small.round().to(torch.uint8).numpy()


def _places() -> tuple[Tensor, Tensor]:
    """The canvas' pixels: y, (CANVAS, 1), and x, (CANVAS,), from −1 to 1."""
    u = (torch.arange(CANVAS) + 0.5) * (2 / CANVAS) - 1
    return u[:, None], u
