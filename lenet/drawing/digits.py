"""Which ink is which digit: parts in lines, and the ways to join or cut them (LeCun 1998, V).

Whether parts that lie close are one digit, or ink that is wide is two that touch, is for the
network to say: `lenet.evaluation.reading`.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lenet.drawing.foreground import Mask

Gray: TypeAlias = NDArray[np.uint8]
Rows: TypeAlias = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels; the last two are behind it."""

MOST, PARTS = 60, 300
"""Digits that are looked for, and parts that are looked at; a page of text has more."""
PART: Final = 0.45
"""What is lower than this share of the digits' height is a part of one: the bar of a 5, say."""
NEAR: Final = 0.35
"""Greatest gap between parts of a digit, in shares of the digits' height."""
BESIDE: Final = 0.15
"""The same of parts that stand side by side and are as high as digits."""
WIDE: Final = 0.8
"""Width from which ink may be two digits, in shares of its height."""
MOST_TOUCH: Final = 4.0
"""Width up to which it is cut, in shares of its height."""
BROAD: Final = 1.3
"""Greatest width of a digit of several parts, in shares of the height."""
CUT, JOIN, RARE = 2.0, 0.7, 6.0
"""What it costs to cut a stroke, to join parts, to be wider than `WIDE` by the height: −log of a
probability.
"""


@dataclass(frozen=True, eq=False)
class Digit:
    """What may be a digit: parts `start` to `end` of its line, where it is, and its ink.

    Attributes:
        cost: against what else the parts may be; 0 for what the ink suggests.
        box: in pixels of the picture.
        levels: (H, W) uint8 of its own ink alone, light on black, cropped.
    """

    start: int
    end: int
    cost: float
    box: Rows
    levels: Gray

    @property
    def size(self) -> int:
        return int(max(self.levels.shape))


Line: TypeAlias = tuple[Digit, ...]
"""All that the parts of a line may be, in any order."""


def lines(levels: Gray, mask: Mask, given: Sequence[Rows] = ()) -> list[Line]:
    """The lines of digits in (H, W), from the top.

    Args:
        levels: how strong the ink is, light on black.
        mask: where there is ink.
        given: boxes; the ink in each is one digit, whatever it looks like.
    """
    import cv2
    from scipy import ndimage

    count, labels, _, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    parts = np.asarray(labels, np.int32)
    for number, box in enumerate(given, count):
        inside = parts[box[1] : box[3], box[0] : box[2]]
        inside[inside > 0] = number
    places = ndimage.find_objects(parts)
    boxes = {at: _box(place) for at, place in enumerate(places, 1) if place}
    groups, height = _grouped({at: box for at, box in boxes.items() if at < count})
    groups += [[at] for at in boxes if at >= count]
    rows = _in_lines([(_around([boxes[at] for at in group]), group) for group in groups])
    return [_ways(row, parts, levels, height, count) for row in rows]


def _box(place: tuple[slice, slice]) -> Rows:
    rows, columns = place
    return columns.start, rows.start, columns.stop, rows.stop


def _around(boxes: Sequence[Rows]) -> Rows:
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _overlap(one: Rows, other: Rows, axis: int) -> float:
    """Length that two boxes share on an axis, negative for a gap between them."""
    return min(one[axis + 2], other[axis + 2]) - max(one[axis], other[axis])


def _grouped(boxes: dict[int, Rows]) -> tuple[list[list[int]], float]:
    """The parts of each digit, and how high digits are."""
    heights = {at: bottom - top for at, (_, top, _, bottom) in boxes.items()}
    highest = sorted(boxes, key=lambda at: -heights[at])[:PARTS]
    large = [each for each in heights.values() if each >= PART * max(heights.values())]
    height = float(np.median(large)) if large else 0.0
    groups: list[list[int]] = []
    for at in highest:
        box = boxes[at]
        small = heights[at] < PART * height
        near = [(_gap(box, [boxes[i] for i in group]), group) for group in groups]
        gap, nearest = min(near, key=lambda pair: pair[0], default=(np.inf, []))
        if nearest and _belongs(box, _around([boxes[i] for i in nearest]), height, small, gap):
            nearest.append(at)
        elif not small and len(groups) < MOST:
            groups.append([at])
    return groups, height


def _gap(box: Rows, group: list[Rows]) -> float:
    gaps = ([max(0.0, -_overlap(box, each, axis)) for axis in (0, 1)] for each in group)
    return min(math.hypot(*gap) for gap in gaps)


def _belongs(box: Rows, group: Rows, height: float, small: bool, gap: float) -> bool:
    """Whether a part is of a group: small and near, or above, below or within it."""
    if small:
        return gap < NEAR * height
    width = min(box[2] - box[0], group[2] - group[0])
    both = max(box[3], group[3]) - min(box[1], group[1])
    return _overlap(box, group, 0) > 0.5 * width and gap < 0.2 * height and both < 1.3 * height


def _in_lines(found: list[tuple[Rows, list[int]]]) -> list[list[tuple[Rows, list[int]]]]:
    """Boxes of digits in lines from the top, each from the left."""
    rows: list[list[tuple[Rows, list[int]]]] = []
    for one in sorted(found, key=lambda one: one[0][0]):
        shared, nearest = max(
            ((_beside(one[0], row[-1][0]), row) for row in rows),
            key=lambda pair: pair[0],
            default=(0.0, []),
        )
        if shared > 0.4:
            nearest.append(one)
        else:
            rows.append([one])
    return sorted(rows, key=lambda row: np.mean([box[1] + box[3] for box, _ in row]))


def _beside(one: Rows, other: Rows) -> float:
    """Share of the lower box's height that two have in common."""
    return _overlap(one, other, 1) / min(one[3] - one[1], other[3] - other[1])


def _ways(
    row: list[tuple[Rows, list[int]]],
    parts: NDArray[np.int32],
    levels: Gray,
    height: float,
    given: int,
) -> Line:
    """All that the parts of a line may be; those numbered from `given` on are whole digits."""
    found: list[Digit] = []
    start, before = 0, None
    for box, group in row:
        mask = np.isin(parts[box[1] : box[3], box[0] : box[2]], group)
        ink = np.where(mask, levels[box[1] : box[3], box[0] : box[2]], 0).astype(np.uint8)
        one = Digit(start, start + 1, RARE * max(0.0, _breadth(box) - WIDE), box, ink)
        whole = group[0] >= given
        pieces = [] if whole else _cut(one)
        one = replace(one, end=start + max(1, len(pieces)))
        found += [one, *pieces]
        if before and not whole and -_overlap(box, before.box, 0) < BESIDE * height:
            both = _around([box, before.box])
            if _breadth(both) < BROAD:
                found.append(_joined(before, one, both))
        before, start = None if whole else one, one.end
    return tuple(found)


def _breadth(box: Rows) -> float:
    """Width in shares of the height."""
    return (box[2] - box[0]) / (box[3] - box[1])


def _joined(one: Digit, other: Digit, box: Rows) -> Digit:
    levels = np.zeros((box[3] - box[1], box[2] - box[0]), np.uint8)
    for each in (one, other):
        x, y = each.box[0] - box[0], each.box[1] - box[1]
        place = levels[y : y + each.levels.shape[0], x : x + each.levels.shape[1]]
        np.maximum(place, each.levels, out=place)
    return Digit(one.start, other.end, JOIN, box, levels)


def _cut(one: Digit) -> list[Digit]:
    """Wide ink cut into as many digits as it may be, where there is least of it."""
    height, width = one.levels.shape
    if not WIDE * height <= width <= MOST_TOUCH * height:
        return []
    count = max(2, round(width / (0.7 * height)))
    mass = one.levels.sum(axis=0, dtype=np.float64) + 255
    ends = [0, width]
    for middle in width * np.arange(1, count) / count:
        reach = width / count * 0.35
        among = np.arange(int(middle - reach), int(middle + reach) + 1)
        away = 1 + 0.3 * ((among - middle) / max(reach, 1)) ** 2
        ends.append(int(among[np.argmin(mass[among] * away)]))
    pieces = []
    for at, (left, right) in enumerate(itertools.pairwise(sorted(ends))):
        piece = one.levels[:, left:right]
        there = np.flatnonzero(piece.any(axis=1))
        if not there.size:
            return []
        top, bottom = int(there[0]), int(there[-1]) + 1
        x, y = one.box[:2]
        place = x + left, y + top, x + right, y + bottom
        pieces.append(Digit(one.start + at, one.start + at + 1, CUT, place, piece[top:bottom]))
    return pieces
