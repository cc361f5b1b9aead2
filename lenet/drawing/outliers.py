"""Pictures of what is none of the classes, all made here, to learn from when to be unsure.

Each is (28, 28) uint8, light on black: things that mean nothing, put together from shapes as
people put together what they draw; scribbles, letters and digits; garments whose lines lie in
disorder; noise. The hand that draws them is that of `lenet.drawing.synthetic`, so that only what
is drawn tells them from clothes. Some are filled, as in photographs.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lenet.catalog import SIDE
from lenet.data.splits import Split
from lenet.drawing import centre, portions
from lenet.drawing.portions import Portion
from lenet.drawing.strokes import FINE, Drawing, Stroke, arc, circle, closed, line, often
from lenet.drawing.synthetic import MAKERS, cut_corners, render, scrawl

T = TypeVar("T")
Maker: TypeAlias = Callable[[Generator, int], NDArray[np.uint8]]
"""Makes (28, 28) uint8 of a class."""
MADE_BY = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
"""Changes with this module; `portions` knows of the others."""
FILLED = 0.2
"""Share of things that are filled, as in a photograph."""


def _glyphs(text: str) -> list[Drawing]:
    """Glyphs between commas: strokes between "|" of points "xy", from the left and the top."""
    return [
        [
            line(*((float(at[0]), float(at[1])) for at in stroke.split()))
            for stroke in glyph.split("|")
        ]
        for glyph in text.split(",")
    ]


DIGITS = (
    _glyphs("40 21 14 27 48 67 74 61 40, 50 21 14 27 48 77 74 61 30"),
    _glyphs("40 48, 23 40 48, 60 28, 23 40 48|28 68"),
    _glyphs("12 31 61 72 64 18 78, 12 40 72 46 18 27 58 78"),
    _glyphs("11 40 71 63 34 65 77 48 17, 10 70 34 65 77 48 17"),
    _glyphs("30 15 75|50 58, 20 14 74|70 68, 58 50 14 74"),
    _glyphs("70 20 14 43 74 77 48 17, 20 14 43 74 77 48 17|20 70"),
    _glyphs("60 23 16 28 58 76 64 24, 30 14 27 48 77 64 36"),
    _glyphs("10 70 38, 10 70 38|24 64, 11 10 70 58"),
    _glyphs("70 40 11 23 54 77 48 17 24 62 70, 40 11 34 61 40|34 17 48 77 34"),
    _glyphs("71 40 12 24 63 71 68, 71 30 12 34 72 70 67 48 17"),
)
"""Ways to write each digit."""
SIGNS = _glyphs(
    "08 40 88|25 65, 08 00 60 72 54 04|54 86 68 08, 71 40 12 16 48 77, 08 00 50 74 58 08, "
    "70 00 08 78|04 54, 70 00 08|04 54, 71 40 12 16 48 77 74 44, 00 08|70 78|04 74, "
    "60 66 38 06, 00 08|70 04 78, 00 08 68, 08 00 44 80 88, 08 00 78 70, 08 00 60 72 54 04, "
    "40 12 16 48 76 72 40|55 78, 08 00 60 72 54 04|44 78, 00 80|40 48, 00 06 38 76 70, "
    "00 48 80, 00 28 44 68 80, 00 78|70 08, 00 44 80|44 48, 72 42 14 17 48 76|72 78, "
    "14 74 62 32 14 17 48 77, 00 08|04 33 64 68, 00 08|63 05 68, "
    "02 08|03 22 44 48|44 62 84 88, 02 08|04 32 63 68, 02 08|04 32 62, 03 06 38 66 63|63 68, "
    "30 36 58 78|12 62, 02 16 30 60 68 38, 60 40 32 38|13 63, 02 48 72|48 28, 40 48|04 84, "
    "20 28|60 68|03 83|06 86, 02 30 72 44 46|48 47, 40 48|12 76|16 72, 02 82|06 86, "
    "78 31 20 41 05 18 48 74, 28 60|20 30 32 22 20|56 66 68 58 56, 04 30 54 84"
)
"""Letters and others that look like no digit."""
OBJECTS = _glyphs(
    "04 08 88 84 04 40 84|38 35 55 58, 38 35 14 22 40 62 74 55 58|35 55, "
    "04 32 64 86 82 64 36 04|23 24, 12 00 32 52 80 72 75 57 37 15 12|34 35|54 55|35 55, "
    "06 04 24 42 62 74 84 86 06|26 37 46 26|56 67 76 56, 48 13 11 20 31 42 51 60 71 73 48, "
    "40 53 83 65 78 46 08 25 03 33 40, 12 18 58 62 12|63 83 85 66, "
    "04 22 41 62 84 04|44 47 38 27, 43 32 41 52 43|43 24 35 44|44 64 55 43|44 48, "
    "04 34 50 60 54 84 85 55 68 58 35 05 04, 10 18|14 64 68, 03 83|13 18|73 78, "
    "01 41 48 08 01|41 81 88 48, 40 11 04 17 48 77 84 71 40|42 44 64, "
    "30 33 14 18 68 64 53 50 30, 04 21 40 61 84 04|34 38 58 54, "
    "05 24 33 53 64 75 55 47 26 05|64 84, 06 14 23 32 52 63 74 86 06, "
    "50 21 14 17 48 36 34 42 50, 40 46|26 66|46 48, 11 61 63 13 11|33 38 48 43, "
    "10 56|50 16|17 06 17 28 17|57 66 57 48 57, 04 13 24 15 04|24 54|54 63 74 65 54, "
    "08 16 70 81 28 08, 12 21 32 23 12|32 82 84|62 63, 20 28|60 68|22 62|24 64|26 66, "
    "40 31 42 51 40|42 45 28|45 68|23 63, 40 11 04 17 48 77 84 71 40|23 24|63 64|26 47 66, "
    "42 22 04 15 38 58 75 84 62 42|42 50, 14 48 74 14|14 22 40 62 74, "
    "35 13 20 60 73 55 35|35 37 57 55, 42 10 03 25 44|42 70 83 65 44|44 17 37 44|44 67 57 44, "
    "02 82 87 07 02|42 20|42 60, 43 34 45 54 43|33 10|33 03|35 07|35 18|53 70|53 83|55 87|55 78, "
    "08 78 75 64 44 35 46 56 55|78 85, 45 36 27 48 67 56 45|45 40, 08 40 88 08|40 38|40 58, "
    "13 53 62 82 83 64 58 48 46 26 28 18 13 02, "
    "15 04 15 26 15|65 54 65 76 65|15 33 53 65|33 35 53, 40 22 26 66 62 40|26 08 36|66 88 56, "
    "48 41|46 16 13|45 75 72, 40 48|20 60|05 28 48 68 85, 03 20 60 83 48 03|03 83, "
    "18 24 31 40 51 64 78 18|38 48, 08 24 60 80 72 48 26 08|08 71, "
    "02 52 50 80 86 06 02|16 27 36 16|56 67 76 56, 42 31 40 51 42|42 24 46 64 42|46 17 48 77 46, "
    "20 60 74 14 20|44 47|27 67, 40 48|04 84|11 77|17 71"
)
"""What people draw: a house, a tree, a fish, a cat, a car, a heart, a star, a cup, an umbrella…"""


def outliers(dataset: str, count: int) -> Split:
    """The first `count` of an endless row of pictures of no class of a dataset; labels are 0."""
    make = _no_digit if dataset == "MNIST" else _no_clothes
    return portions.first(count, f"no-{dataset}-{MADE_BY}", partial(_portion, make=make, classes=1))


def digits(count: int) -> Split:
    """The first `count` of an endless row of digits as on MNIST's images."""
    return portions.first(count, f"digits-{MADE_BY}", partial(_portion, make=_digit, classes=10))


def _portion(seed: int, make: Maker, classes: int) -> Portion:
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=portions.PORTION)
    return np.stack([make(rng, int(label)) for label in labels]), labels


def _digit(rng: Generator, label: int) -> NDArray[np.uint8]:
    return _as_mnist(_written(DIGITS[label], rng), rng)


def _no_clothes(rng: Generator, _: int) -> NDArray[np.uint8]:
    kind = rng.choice(5, p=(0.6, 0.15, 0.08, 0.12, 0.05))
    if kind == 4:
        return _noise(rng)
    if kind == 1:
        return _digit(rng, int(rng.integers(10)))
    if kind == 2:
        signs = SIGNS if often(rng, 0.7) else _one(DIGITS, rng)
        return _picture(_row([_written(signs, rng) for _ in range(int(rng.integers(1, 4)))]), rng)
    return _picture(_thing(rng) if kind == 0 else _disorder(_one(MAKERS, rng)(rng), rng), rng)


def _no_digit(rng: Generator, _: int) -> NDArray[np.uint8]:
    kind = rng.choice(5, p=(0.3, 0.35, 0.1, 0.2, 0.05))
    if kind == 4:
        return _noise(rng)
    if kind == 0 and often(rng, 0.25):
        return _picture(_thing(rng), rng)
    drawings = (_thing, lambda rng: _written(SIGNS, rng), _one(MAKERS, rng), _scribble)
    return _as_mnist(drawings[kind](rng), rng)


def _one(among: Sequence[T], rng: Generator) -> T:
    return among[int(rng.integers(len(among)))]


# Shapes, about 2 wide around 0.


def _blob(rng: Generator) -> Stroke:
    angle = np.linspace(0, 2 * math.pi, 25)
    radius = np.ones(25)
    for wave in range(2, int(rng.integers(3, 6))):
        radius += rng.uniform(0, 0.25) * np.cos(wave * angle + rng.uniform(0, 6))
    wide = math.exp(rng.normal(0, 0.4))
    return np.stack([np.cos(angle) * radius * wide, np.sin(angle) * radius / wide], 1)


def _polygon(rng: Generator) -> Stroke:
    """Regular, a star, or with corners anywhere around the middle."""
    corners = int(rng.integers(3, 9))
    angle = np.sort(rng.uniform(0, 2 * math.pi, corners))
    if often(rng, 0.6):
        angle = np.linspace(0, 2 * math.pi, corners, endpoint=False) + rng.uniform(0, 6)
    radius = rng.uniform(0.5, 1, corners)
    if often(rng, 0.5):
        radius = np.where(np.arange(corners) % 2, 1.0, rng.choice([1.0, rng.uniform(0.3, 0.8)]))
    return closed(np.stack([np.cos(angle) * radius, np.sin(angle) * radius], 1))


def _box(rng: Generator) -> Stroke:
    wide, high, lean = rng.uniform(0.3, 1), rng.uniform(0.3, 1), rng.uniform(0.5, 1.2)
    return closed(line((-wide, -high), (wide, -high), (wide * lean, high), (-wide * lean, high)))


def _wander(rng: Generator) -> Stroke:
    """A curve that turns as it likes: bends, loops, coils."""
    steps = int(rng.integers(6, 50))
    turns = rng.normal(rng.choice([0, 0, 0.3]), rng.uniform(0.1, 0.8), steps)
    heading = rng.uniform(0, 6) + np.cumsum(turns)
    way = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], 1), axis=0)
    low, high = way.min(0), way.max(0)
    return np.asarray((2 * way - low - high) / (high - low).max())


def _zigzag(rng: Generator) -> Stroke:
    count = int(rng.integers(4, 12))
    y = np.where(np.arange(count) % 2, 1.0, -1.0) * rng.uniform(0.1, 1) * rng.uniform(0.6, 1, count)
    return np.stack([np.linspace(-1, 1, count), y], 1)


def _bow(rng: Generator) -> Stroke:
    start = rng.uniform(0, 360)
    return arc((0, 0), (1, rng.uniform(0.3, 1)), start, start + rng.uniform(90, 250))


def _straight(rng: Generator) -> Stroke:
    return line((-1, 0), (rng.uniform(-0.3, 0.3), rng.uniform(-0.3, 0.3)), (1, 0))


OUTLINES = (_blob, _blob, _polygon, _box)
SHAPES = (*OUTLINES, _wander, _zigzag, _bow, _straight, _straight)


def _shape(rng: Generator) -> Stroke:
    return _one(SHAPES, rng)(rng)


def _outline(rng: Generator) -> Stroke:
    return _one(OUTLINES, rng)(rng)


def _put(stroke: Stroke, size: float, degrees: float, x: float = 0, y: float = 0) -> Stroke:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.asarray((stroke * size) @ np.array([[cos, sin], [-sin, cos]]) + (x, y))


# Ways to put shapes together.


def _creature(rng: Generator) -> Drawing:
    """A body with heads, limbs, tails or ears, on both sides or where they fall."""
    body = _outline(rng) * (rng.uniform(0.5, 1), rng.uniform(0.4, 1))
    drawing = [body]
    for _ in range(int(rng.integers(1, 5))):
        limb, size = _shape(rng), rng.uniform(0.15, 0.7)
        for _ in range(int(rng.choice([1, 1, 2, 3, 4]))):
            x, y = _one(list(body), rng) * (1 + size * rng.uniform(0, 0.9))
            away = math.degrees(math.atan2(y, x)) + rng.normal(0, 25)
            drawing.append(_put(limb, size, away, x, y))
            if often(rng, 0.5):
                drawing.append(drawing[-1] * (-1, 1))
    return drawing + _details(rng)


def _details(rng: Generator) -> Drawing:
    """Dots, eyes, stripes and small shapes inside."""
    drawing: Drawing = []
    for _ in range(int(rng.integers(4))):
        small = circle((0, 0), 1) if often(rng, 0.4) else _shape(rng)
        at = rng.normal(0, 0.4, 2)
        drawing.append(_put(small, rng.uniform(0.03, 0.35), rng.uniform(0, 360), *at))
        if often(rng, 0.4):
            drawing.append(drawing[-1] * (-1, 1))
    return drawing


def _tower(rng: Generator) -> Drawing:
    """Shapes on top of each other, or side by side."""
    drawing: Drawing = []
    y, turn = 0.0, rng.choice([0, 0, 0, 90])
    for _ in range(int(rng.integers(2, 6))):
        shape = _shape(rng) * (rng.uniform(0.15, 1), rng.uniform(0.1, 0.8))
        y -= shape[:, 1].min() * rng.uniform(0.7, 1)
        drawing.append(_put(_put(shape, 1, 0, rng.normal(0, 0.08), y), 1, turn))
        y += shape[:, 1].max() * rng.uniform(0.7, 1)
    return drawing


def _wheel(rng: Generator) -> Drawing:
    """Something repeated around a middle: spokes, petals, rays, teeth."""
    size, part = rng.uniform(0.15, 0.6), _shape(rng) + np.array([rng.uniform(1, 2), 0])
    turns = np.linspace(0, rng.choice([360, 360, 180]), int(rng.integers(3, 13)), endpoint=False)
    drawing = [_put(part, size, turn) for turn in turns]
    return [*drawing, _outline(rng) * rng.uniform(0.2, 1)] if often(rng, 0.7) else drawing


def _pattern(rng: Generator) -> Drawing:
    """Bars, a grid, waves, rings, a fence."""
    shape, count, high = _shape(rng), int(rng.integers(2, 7)), rng.uniform(0.2, 1)
    if often(rng, 0.3):
        return [shape * size for size in np.linspace(1, 0.2, count)]
    turn = 90 * rng.choice([1, 1, 0])
    bars = [_put(shape, high, turn, x) for x in np.linspace(-1, 1, count)]
    across = np.linspace(-high, high, int(rng.integers(5)))
    return bars + [line((-1.1, y), (1.1, y)) for y in across]


def _scene(rng: Generator) -> Drawing:
    """Some shapes here and there."""
    return [
        _put(_shape(rng), rng.uniform(0.1, 0.9), rng.uniform(0, 360), *rng.uniform(-1, 1, 2))
        for _ in range(int(rng.integers(2, 8)))
    ]


def _scribble(rng: Generator) -> Drawing:
    return [_wander(rng) + rng.normal(0, 0.4, 2) for _ in range(int(rng.choice([1, 1, 2, 3])))]


def _plain(rng: Generator) -> Drawing:
    return [_put(_shape(rng), 1, rng.uniform(0, 360)), *_details(rng)]


def _thing(rng: Generator) -> Drawing:
    if often(rng, 0.45):
        return _written(OBJECTS, rng)
    ways = (_creature, _creature, _creature, _tower, _tower, _wheel, _pattern, _scene, _scribble)
    return _one((*ways, _plain), rng)(rng)


def _disorder(drawing: Drawing, rng: Generator) -> Drawing:
    """Each line of a drawing turned and moved; of few lines the parts."""
    if len(drawing) < 3:
        parts = (part for stroke in drawing for part in np.array_split(stroke, 4))
        drawing = [part for part in parts if len(part) > 1]
    spread = rng.normal(0, 0.5, (len(drawing), 2))
    return [
        _put(stroke - stroke.mean(0), rng.uniform(0.7, 1.3), rng.uniform(0, 360), *at)
        for stroke, at in zip(drawing, spread, strict=True)
    ]


def _written(glyphs: Sequence[Drawing], rng: Generator) -> Drawing:
    """One of the glyphs in a hand that slants, narrows and rounds as it likes."""
    drawing, cuts = _one(glyphs, rng), int(rng.integers(4))
    lean = np.array([[rng.uniform(0.6, 1.2), 0], [rng.normal(0, 0.2), 1]])
    for _ in range(cuts):
        drawing = [cut_corners(stroke) if len(stroke) > 2 else stroke for stroke in drawing]
    return [(stroke + rng.normal(0, 0.3, stroke.shape) * (cuts < 2)) @ lean for stroke in drawing]


def _row(drawings: Sequence[Drawing]) -> Drawing:
    return [_put(part, 1, 0, 9 * at) for at, drawing in enumerate(drawings) for part in drawing]


# From strokes to pixels.


def _picture(drawing: Drawing, rng: Generator) -> NDArray[np.uint8]:
    """The drawing as `synthetic.sketch` draws clothes, or filled."""
    strokes, width = scrawl(drawing, rng), rng.uniform(1.2, 1.8 if often(rng, 0.75) else 2.8)
    return _filled(strokes, rng) if often(rng, FILLED) else render(strokes, width)


def _as_mnist(drawing: Drawing, rng: Generator) -> NDArray[np.uint8]:
    """Drawn with a thick pen, scaled and placed as MNIST's digits."""
    drawn = render(scrawl(drawing, rng, mirrors=False), rng.uniform(2, 5))
    placed = centre.from_canvas(drawn, "MNIST", "light_on_dark")
    return placed.array if placed else drawn


def _filled(strokes: Drawing, rng: Generator) -> NDArray[np.uint8]:
    """Each stroke's inside in a grey of its own, under uneven light and some noise."""
    points = np.concatenate(strokes)
    low, high = points.min(0), points.max(0)
    scale = FINE * (SIDE - 1) / max(float((high - low).max()), 1e-6)
    image = Image.new("L", (FINE * SIDE, FINE * SIDE))
    pen = ImageDraw.Draw(image)
    for stroke in strokes:
        path = [(float(x), float(y)) for x, y in (stroke - (low + high) / 2) * scale + FINE * 14]
        pen.polygon(path, fill=int(rng.integers(40, 256)))
        if often(rng, 0.5):
            pen.line(path, fill=int(rng.integers(0, 256)), width=int(rng.integers(3, 9)))
    small = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.LANCZOS), np.float32)
    light = 1 + rng.uniform(-0.4, 0.4) * np.linspace(-1, 1, SIDE)
    lit = small * light * rng.normal(1, rng.uniform(0, 0.1), small.shape)
    return (lit * (255 / max(float(lit.max()), 1.0))).clip(0, 255).astype(np.uint8)


def _noise(rng: Generator) -> NDArray[np.uint8]:
    """Coarse or fine grains, everywhere or within a shape."""
    side = int(rng.choice([3, 5, 8, 14, 28]))
    grains = Image.fromarray(rng.integers(0, 256, (side, side), np.uint8))
    noise = np.asarray(grains.resize((SIDE, SIDE), _one(list(Image.Resampling)[:3], rng)))
    return noise if often(rng, 0.4) else np.where(_filled([_outline(rng)], rng) > 0, noise, 0)
