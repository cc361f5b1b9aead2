"""Pictures of digits on paper, to measure by: `python -m tests.drawing.paper [validation]`.

Strokes are those of MNIST's test images (of its validation images, to choose by) and the polylines
below. Nothing here is shared with what makes pictures to train on. Prints a table.
"""

import io
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

Ink: TypeAlias = NDArray[np.float32]
"""(H, W), 0 to 1: how much of the pen's colour is on the paper."""

SINGLE, SHEETS, OTHERS = 200, 40, 60
SIZE = 900, 1200
"""Rows and columns of the paper before it is photographed."""
SURFACES = ("plain", "ruled", "squared", "plain, shadow", "squared, shadow", "whiteboard", "dark")
PENS = {"pencil": (0.3, 0.5), "ball pen": (0.6, 0.85), "felt pen": (0.75, 0.95)}
"""How much of the light each takes away, from and to."""

DIGITS = (
    ("50,8 26,20 18,50 26,82 50,94 74,80 80,48 72,18 50,8", "58,10 34,14 24,56 40,92 70,80 58,10"),
    ("50,6 50,94", "34,26 54,8 50,92", "32,30 52,8 52,94|30,94 72,94"),
    (
        "24,28 36,10 62,8 74,26 62,52 24,92 80,90",
        "26,22 50,6 72,24 56,56 30,84 22,92 40,82 82,92",
    ),
    ("26,14 54,6 72,22 48,44 76,62 62,90 24,86", "24,8 74,8 44,42 74,56 70,84 46,94 22,84"),
    ("40,6 20,60 84,60|64,30 62,94", "60,94 60,6 18,66 84,66", "24,10 22,52 78,50|72,8 70,94"),
    ("34,8 30,46 58,40 76,60 62,88 24,88|34,8 76,8", "74,8 34,10 28,48 66,46 74,74 50,94 24,84"),
    (
        "64,6 36,34 24,70 44,94 70,80 66,56 42,54 26,70",
        "52,6 28,46 30,86 62,92 70,66 48,54 28,68",
    ),
    ("20,10 78,10 48,94", "20,12 80,8 50,94|34,52 74,50", "22,22 22,10 78,10 62,44 54,94"),
    (
        "68,18 46,8 30,24 50,46 72,70 52,94 28,76 46,50 70,28 66,16",
        "50,48 28,30 48,8 70,26 50,48 26,72 50,94 76,74 50,48",
    ),
    (
        "70,22 46,8 28,28 44,50 70,34 72,20 66,94",
        "70,28 50,8 28,24 38,48 66,42 70,20 60,74 36,94",
    ),
)
"""Ways to write each digit: strokes between "|" of points "x,y" in percent."""
LETTERS = {
    "A": "16,94 50,6 84,94|30,62 72,62",
    "E": "20,6 20,94 80,94|20,6 78,6|20,48 66,48",
    "F": "22,94 22,6 80,6|22,48 66,48",
    "H": "20,6 20,94|80,6 80,94|20,50 80,50",
    "K": "22,6 22,94|78,6 24,52 80,94",
    "M": "16,94 22,6 50,60 78,6 84,94",
    "N": "22,94 22,6 78,94 78,6",
    "R": "22,94 22,8 64,8 72,28 58,48 24,50|44,50 78,94",
    "T": "14,8 86,8|50,8 50,94",
    "W": "12,8 30,94 50,36 70,94 88,8",
    "X": "18,8 82,94|82,8 18,94",
    "Y": "14,8 50,50 86,8|50,50 50,94",
    "U": "20,8 22,70 44,94 74,76 78,8",
    "P": "22,94 22,8 70,10 76,32 60,50 24,52",
    "m": "24,94 28,50 30,66 50,52 58,90|58,66 74,52 86,92",
    "r": "34,32 34,92|34,60 66,50 72,60",
    "f": "54,8 44,14 42,94|24,40 64,40",
    "a": "70,44 40,40 26,66 40,92 68,86|72,42 70,80 82,94",
}
"""Letters that look like no digit."""


@dataclass(frozen=True)
class Sheet:
    """A photograph of paper: its kind, JPEG file, and the digits on it from left to right."""

    kind: str
    file: bytes
    digits: tuple[int, ...]


def written(strokes: str, rng: Generator, height: int) -> Ink:
    """Polylines in an unsteady hand, `height` pixels high, drawn with a thin, even pen."""
    lean, wide = rng.normal(0, 0.12), rng.uniform(0.6, 0.95)
    pen = float(rng.uniform(0.03, 0.09))
    paths = []
    for stroke in strokes.split("|"):
        points = np.array([point.split(",") for point in stroke.split()], float) / 100
        points += rng.normal(0, 0.018, points.shape)
        points = _rounded(points) @ np.array([[wide, 0], [lean, 1]])
        paths.append(points)
    low = np.concatenate(paths).min(0)
    high = np.concatenate(paths).max(0)
    scale = height / (high - low)[1] if (high - low)[1] > 0.3 else height
    thick = max(2, round(pen * height))
    columns = int((high - low)[0] * scale) + 2 * thick + 2
    image = np.zeros((height + 2 * thick, columns), np.uint8)
    for points in paths:
        at = np.round(((points - low) * scale + thick) * 16).astype(np.int32)
        cv2.polylines(image, [at], False, 255, thick, cv2.LINE_AA, 4)
    return np.asarray(image / 255, np.float32)


def _rounded(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """A Catmull-Rom curve through the points; a straight line stays one."""
    if len(points) < 4:
        return points
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = np.linspace(0, 1, 8, endpoint=False)[:, None]
    parts = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        parts.append(
            0.5
            * (
                2 * b
                + (c - a) * t
                + (2 * a - 5 * b + 4 * c - d) * t**2
                + (3 * b - a - 3 * c + d) * t**3
            )
        )
    return np.concatenate([*parts, points[-1:]])


def traced(image: NDArray[np.uint8], rng: Generator, height: int) -> Ink:
    """One of MNIST's images, `height` pixels high, its strokes thinner or as they are."""
    rows, columns = (np.flatnonzero((image > 40).any(axis)) for axis in (1, 0))
    crop = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32)
    wide = max(3, round(crop.shape[1] * height / crop.shape[0]))
    if wide > 1.3 * height:
        height, wide = round(height * height / wide), height
    large = cv2.resize(np.pad(crop, 1), (wide, height), interpolation=cv2.INTER_CUBIC)
    level = rng.uniform(90, 150)
    return ((large - level) / 30 + 0.5).clip(0, 1).astype(np.float32)


def scribbled(rng: Generator, height: int) -> Ink:
    """A line that wanders."""
    turns = np.cumsum(
        rng.normal(rng.choice([0, 0.5]), rng.uniform(0.5, 1.2), int(rng.integers(25, 60)))
    )
    way = np.cumsum(np.stack([np.cos(turns), np.sin(turns)], 1), 0)
    way = (way - way.min(0)) / np.ptp(way, axis=0).max() * 100
    return written(" ".join(f"{x:.1f},{y:.1f}" for x, y in way), rng, height)


def photographed(inks: Sequence[Ink], rng: Generator, number: int) -> tuple[str, bytes]:
    """The kind of paper, and a JPEG of it with `inks` on it side by side."""
    surface, pen = SURFACES[number % len(SURFACES)], list(PENS)[number // len(SURFACES) % len(PENS)]
    if surface in ("whiteboard", "dark"):
        pen = "felt pen"
    page = _surface(surface, rng)
    _put(page, inks, pen, surface, rng)
    if "shadow" in surface:
        page *= _shadow(rng)[..., None]
    if surface == "whiteboard":
        page += 40 * _spot(rng)[..., None]
    return f"{surface}, {pen}", _camera(page, surface, rng)


def _surface(kind: str, rng: Generator) -> NDArray[np.float32]:
    rows, columns = SIZE
    colour = rng.uniform(200, 245) + rng.normal(0, 4, 3)
    if kind == "dark":
        colour = rng.uniform(25, 60) + rng.normal(0, 6, 3)
    page = np.empty((rows, columns, 3), np.float32)
    page[:] = colour
    light = (
        np.linspace(rng.uniform(0.75, 1), 1, columns)
        * np.linspace(1, rng.uniform(0.75, 1), rows)[:, None]
    )
    grain = cv2.GaussianBlur(rng.normal(0, 6, (rows, columns)).astype(np.float32), (0, 0), 1.5)
    page = page * light.astype(np.float32)[..., None] + grain[..., None]
    step, thick = int(rng.integers(36, 80)), int(rng.integers(1, 4))
    tint = 1 - rng.uniform(0.1, 0.35) * np.array([1, rng.uniform(0.5, 1), rng.uniform(0.3, 1)])
    if "ruled" in kind or "squared" in kind:
        for y in range(step // 2, rows, step * (1 if "squared" in kind else 2)):
            page[y : y + thick] *= tint
    if "squared" in kind:
        for x in range(step // 3, columns, step):
            page[:, x : x + thick] *= tint
    elif "ruled" in kind and rng.random() < 0.5:
        page[:, 90 : 90 + thick] *= np.array([0.95, 0.6, 0.65])
    return page


def _put(
    page: NDArray[np.float32], inks: Sequence[Ink], pen: str, surface: str, rng: Generator
) -> None:
    """Write on the paper, from the left, somewhere."""
    rows, columns = page.shape[:2]
    gaps = [int(rng.integers(24, 70)) for _ in inks]
    total = sum(ink.shape[1] for ink in inks) + sum(gaps)
    x = int(rng.integers(110, max(111, columns - total - 110)))
    middle = int(rng.integers(300, rows - 300))
    strength = rng.uniform(*PENS[pen])
    colour = np.array([rng.uniform(0.75, 1), rng.uniform(0.75, 1), rng.uniform(0.4, 1)], np.float32)
    for whole, gap in zip(inks, gaps, strict=True):
        height, width = whole.shape
        y = middle - height // 2 + int(rng.integers(-20, 21))
        there = page[y : y + height, x : x + width]
        ink = whole[: there.shape[0], : there.shape[1], None]
        grains = rng.uniform(0.55 if pen == "pencil" else 1, 1, ink.shape)
        if surface == "dark":
            there += (210 - there) * ink * strength
        else:
            there *= 1 - strength * ink * grains * colour
        x += width + gap


def _shadow(rng: Generator) -> Ink:
    """A hand's or a lamp's: one side of a slanted line, with a soft or sharp edge."""
    rows, columns = SIZE
    y, x = np.mgrid[:rows, :columns]
    angle = rng.uniform(0, 6.3)
    far = (
        (x - columns / 2) * np.cos(angle) + (y - rows / 2) * np.sin(angle) - rng.uniform(-150, 150)
    )
    edge = 1 / (1 + np.exp(-far / rng.uniform(3, 60)))
    return (1 - rng.uniform(0.25, 0.55) * edge).astype(np.float32)


def _spot(rng: Generator) -> Ink:
    rows, columns = SIZE
    y, x = np.mgrid[:rows, :columns]
    far = np.hypot(x - rng.uniform(0, columns), y - rng.uniform(0, rows))
    return np.exp(-((far / rng.uniform(80, 250)) ** 2)).astype(np.float32)


def _camera(page: NDArray[np.float32], surface: str, rng: Generator) -> bytes:
    """Perspective, a table beside the paper now and then, blur, noise, JPEG."""
    rows, columns = SIZE
    corners = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    beside = rng.random() < 0.35 and surface not in ("whiteboard", "dark")
    inset = rng.uniform(10, 90, (4, 2)) if beside else rng.uniform(-70, -25, (4, 2))
    inward = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    turn = cv2.getRotationMatrix2D((columns / 2, rows / 2), float(rng.normal(0, 2.5)), 1.0)
    to = (corners + inset * inward).astype(np.float32)
    if not beside:
        turn = cv2.getRotationMatrix2D((columns / 2, rows / 2), float(rng.normal(0, 1)), 1.03)
    to = (np.c_[to, np.ones(4)] @ turn.T).astype(np.float32)
    wood = rng.uniform(40, 110) * np.array([1.2, 0.9, 0.6])
    table = np.empty_like(page)
    table[:] = (
        wood
        + cv2.GaussianBlur(rng.normal(0, 60, (rows, columns)).astype(np.float32), (0, 0), 9)[
            ..., None
        ]
    )
    matrix = cv2.getPerspectiveTransform(corners, to)
    seen = cv2.warpPerspective(
        page, matrix, (columns, rows), table, cv2.INTER_AREA, cv2.BORDER_TRANSPARENT
    )
    seen = cv2.GaussianBlur(seen, (0, 0), float(rng.uniform(0.4, 2.2)))
    seen = seen + rng.normal(0, rng.uniform(1, 5), seen.shape)
    if rng.random() < 0.5:
        seen = cv2.resize(seen, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    file = io.BytesIO()
    Image.fromarray(seen.clip(0, 255).astype(np.uint8)).save(
        file, "JPEG", quality=int(rng.integers(40, 92))
    )
    return file.getvalue()


Trace: TypeAlias = Callable[[int, Generator, int], Ink]
"""Writes a digit, so many pixels high."""


def hands(images: NDArray[np.uint8], labels: NDArray[np.int64]) -> Trace:
    """Half of the digits are those of MNIST's images, half of our own strokes."""

    def trace(digit: int, rng: Generator, height: int) -> Ink:
        if rng.random() < 0.5:
            return traced(images[rng.choice(np.flatnonzero(labels == digit))], rng, height)
        return written(rng.choice(DIGITS[digit]), rng, height)

    return trace


def single(trace: Trace, number: int, seed: int = 0) -> Sheet:
    rng = np.random.default_rng([seed, 1, number])
    digit = number % 10
    ink = trace(digit, rng, int(rng.integers(120, 420)))
    kind, file = photographed([ink], rng, number // 3)
    return Sheet(kind, file, (digit,))


def of_five(trace: Trace, number: int, seed: int = 0) -> Sheet:
    rng = np.random.default_rng([seed, 2, number])
    digits = tuple(int(digit) for digit in rng.integers(0, 10, 5))
    height = int(rng.integers(110, 160))
    inks = [trace(digit, rng, int(height * rng.uniform(0.85, 1.1))) for digit in digits]
    kind, file = photographed(inks, rng, number)
    return Sheet(kind, file, digits)


def no_digit(number: int, seed: int = 0) -> Sheet:
    rng = np.random.default_rng([seed, 3, number])
    height = int(rng.integers(120, 420))
    letters = list(LETTERS.values())
    scribble = number % 3 == 0
    strokes = letters[number % len(letters)]
    ink = scribbled(rng, height) if scribble else written(strokes, rng, height)
    _, file = photographed([ink], rng, number)
    return Sheet("scribbles" if scribble else "letters", file, ())


def answers(sheets: Sequence[Sheet]) -> list[dict[str, Any]]:
    """The command line's answer to each; to one that is refused, that of no digit."""
    from lenet.evaluation.classify import classify_files
    from lenet.network import checkpoint
    from lenet.paths import CHECKPOINTS

    network = checkpoint.load(CHECKPOINTS / "mnist.pt")
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number:03}.jpg" for number in range(len(sheets))]
        for path, sheet in zip(paths, sheets, strict=True):
            path.write_bytes(sheet.file)
        found = {one["path"]: one for one in classify_files(network, paths, drawn=False)[0]}
        return [found.get(str(path), {"digits": [], "unsure": True}) for path in paths]


def is_right(answer: dict[str, Any], sheet: Sheet) -> bool:
    return tuple(one["label"] for one in answer["digits"]) == sheet.digits


def table(trace: Trace, seed: int = 0) -> dict[str, list[bool]]:
    """For each row, what is so of its pictures."""
    rows: dict[str, list[bool]] = {}
    sheets = [single(trace, number, seed) for number in range(SINGLE)]
    found = answers(sheets)
    right = [is_right(*pair) for pair in zip(found, sheets, strict=True)]
    rows["one digit is read, and rightly"] = right
    rows["the answer to the path is right"] = [
        one.get("label") == sheet.digits[0] for one, sheet in zip(found, sheets, strict=True)
    ]
    rows["digits called unsure"] = [one["unsure"] for one in found]
    for ok, sheet in zip(right, sheets, strict=True):
        for part in sheet.kind.split(", "):
            rows.setdefault(f"  of {part}", []).append(ok)
    fives = [of_five(trace, number, seed) for number in range(SHEETS)]
    rows["all of five digits are read rightly"] = [
        is_right(*pair) for pair in zip(answers(fives), fives, strict=True)
    ]
    others = [no_digit(number, seed) for number in range(OTHERS)]
    for answer, sheet in zip(answers(others), others, strict=True):
        rows.setdefault(f"{sheet.kind} called unsure", []).append(answer["unsure"])
    return rows


def main(arguments: list[str]) -> None:
    from lenet.data.splits import Split, load_split, split_train_val

    choosing = "validation" in arguments
    data = load_split("MNIST", "train" if choosing else "test")
    if choosing:
        _, held = split_train_val(data.labels, 5000)
        data = Split(data.images[held], data.labels[held])
    trace = hands(data.images.numpy(), data.labels.numpy())
    for name, which in table(trace, 7 if choosing else 0).items():
        sys.stdout.write(f"{name:<40}{sum(which):>4} of {len(which)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
