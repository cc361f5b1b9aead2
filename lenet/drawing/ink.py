"""What is written in a photograph: ink without paper, shadows, ruled lines or a table (OpenCV)."""

from typing import Final, TypeAlias, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.drawing.foreground import Mask

Level = TypeVar("Level", np.uint8, np.float32)
Shares: TypeAlias = NDArray[np.float32]
"""(H, W), 0 to 1: how much of the paper's light is missing."""

DARK, NEARLY, MANY = 105, 20, 0.1
"""Gray level below which most of dark ground is; and by how much less its border may differ from
it than a table differs from paper; and share that light ink covers at most, unlike light squares.
"""
REACH: Final = 0.16
"""What is narrower than this share of the longer side is ink, what is wider is paper or shadow."""
CLOSE, COVERED, SHADED, AFAR = 0.05, 0.45, 0.15, 360
"""Width of strokes from which a picture is a close-up, in shares of its longer side; shares that
its strokes and what is fainter cover at most; its longer side in pixels when seen from afar.
"""
FAINT: Final = 0.05
"""Ink takes more than this of the light."""
LINE_SIDE: Final = 512
"""Longer side in pixels to which a picture is reduced to find ruled lines."""
LINE: Final = 0.22
"""Length of the straight piece, in shares of the longer side, that tells a ruled line from ink."""
LONG, SEVERAL = 0.4, 3
"""Share of the picture over which ruled lines go on, and how many there are at least."""
WHOLE: Final = 0.8
"""Share of such a piece that is there: noise and ink interrupt a line."""
LEANING: Final = range(-8, 9, 2)
"""Degrees by which ruled lines may lean in a photograph."""
STROKE: Final = 0.035
"""Greatest width of a stroke, in shares of the longer side, at the picture's border."""
GAP: Final = 0.012
"""Width of a ruled line with its soft edges, in shares of the longer side."""
SPECK: Final = 0.012
"""What is smaller than this share of the longer side, both ways, is dirt."""


def width(strokes: Mask) -> float:
    """About how wide strokes are, in pixels; at least 1."""
    depths = cv2.distanceTransform(np.pad(strokes, 1).astype(np.uint8), cv2.DIST_L2, 3)
    return max(1.0, 4 * float(depths[depths > 0].mean()) - 2) if depths.any() else 1.0


def is_close_up(levels: NDArray[np.uint8]) -> bool:
    """Whether light strokes on black are as wide as elsewhere a shadow, but no sheet of paper."""
    strokes, faint = levels > 127, (levels > 13) & (levels <= 127)
    wide = width(strokes) / max(levels.shape) > CLOSE
    return bool(wide and strokes.mean() < COVERED and faint.mean() < SHADED)


def from_afar(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A close-up in the middle of more ground, so that its strokes are narrow."""
    small = _reduced(gray, AFAR)
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    return np.pad(small, max(small.shape), constant_values=round(float(np.median(border))))


def from_near(seen: NDArray[Level], shape: tuple[int, ...]) -> NDArray[Level]:
    """What was seen by `from_afar`, of the close-up alone, in its (H, W)."""
    pad = max(min(AFAR, max(shape)), 1)
    middle = seen[pad:-pad, pad:-pad]
    return np.asarray(cv2.resize(middle, shape[::-1], interpolation=cv2.INTER_LINEAR), seen.dtype)


def is_light(gray: NDArray[np.uint8]) -> bool:
    """Whether what is narrow in (H, W) is lighter than what surrounds it."""
    small = _reduced(gray, 256)
    rest = small.astype(np.float32) - cv2.medianBlur(small, 51)
    narrow = np.ones((15, 15), np.uint8)
    lighter = np.minimum(rest, cv2.morphologyEx(small, cv2.MORPH_TOPHAT, narrow))
    darker = np.minimum(-rest, cv2.morphologyEx(small, cv2.MORPH_BLACKHAT, narrow))
    light, dark = ((each - 10).clip(0, 40) ** 2 for each in (lighter, darker))
    usual, most = np.percentile(small, (50, 80))
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    even = abs(usual - np.median(border)) < NEARLY and np.mean(light > 0) < MANY
    return bool(light.sum() > dark.sum() and (even or most < DARK))


def written(gray: NDArray[np.uint8], *, light: bool) -> tuple[Shares, Mask]:
    """How strong the ink in (H, W) is, and where there is any; `light` ink is on dark ground."""
    missing, noise = _missing(255 - gray if light else gray)
    faint = max(FAINT, 4 * noise)
    ruled = _ruled(missing, faint)
    missing[_beside(missing > faint)] = 0
    there = (missing > faint) & ~ruled
    if not there.any():
        return missing, there
    level = faint
    values = (missing[there] * 255).astype(np.uint8)
    if np.ptp(values) > 0:
        otsu = cv2.threshold(values[None], 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[0]
        level = max(faint, otsu / 255 / 2)
    mask = (missing > level) & ~ruled
    across = np.ones((round(GAP * max(gray.shape)) | 1,) * 2, np.uint8)
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, across) > 0
    mask |= closed & ruled & (missing > level / 2)  # where a line crosses a stroke
    return missing, _meant(missing, mask)


def _missing(gray: NDArray[np.uint8]) -> tuple[Shares, float]:
    """What of the light that surrounds each pixel is missing there, and how much that strays.

    What surrounds it is found by closing (Serra 1982), so the edge of a shadow is no ink.
    """
    longest = max(gray.shape)
    calm = cv2.GaussianBlur(cv2.medianBlur(gray, 3), (0, 0), 1.0) if longest > 200 else gray
    size = round(REACH * longest) | 1
    ground = cv2.morphologyEx(calm, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8))
    missing = (ground.astype(np.float32) - calm) / np.maximum(ground, 30)
    low, usual = np.percentile(missing, (16, 50))  # the closing is above the paper by its noise
    return (missing - usual).clip(0, 1).astype(np.float32), float(usual - low)


def _beside(there: Mask) -> Mask:
    """Pixels of what is wider than a stroke and reaches in from the border: a table, say."""
    wide = np.ones((round(STROKE * max(there.shape)) | 1,) * 2, np.uint8)
    framed = np.pad(there.astype(np.uint8), wide.shape[0], mode="edge")
    blocks = cv2.morphologyEx(framed, cv2.MORPH_OPEN, wide)
    _, parts = cv2.connectedComponents(blocks)
    edges = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
    outer = np.isin(parts, edges[edges > 0])
    near = cv2.dilate(outer.astype(np.uint8), wide, iterations=2) > 0
    side = wide.shape[0]
    return np.asarray(near[side:-side, side:-side] & there)


def _ruled(missing: Shares, faint: float) -> Mask:
    """Pixels of ruled lines and squares: thin, straight, long, and several of a direction."""
    small = _reduced(missing, LINE_SIDE)
    bright = cv2.morphologyEx(small, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8))
    thin = ((small - bright) > faint * 0.6).astype(np.float32)
    length = round(LINE * max(small.shape))
    found = np.zeros(missing.shape, bool)
    lines = [_lines(_straight(thin, length, 90 * axis), axis) for axis in (0, 1)]
    if max(count for _, count in lines) < SEVERAL:
        return found
    height, width = missing.shape
    for pieces, count in lines:
        if count:
            level = float(np.median(small[pieces]))
            wide = cv2.dilate(pieces.astype(np.uint8), np.ones((3, 3), np.uint8))
            large = cv2.resize(wide, (width, height), interpolation=cv2.INTER_NEAREST)
            found |= (large > 0) & (missing < 1.7 * level + faint)
    return found


def _lines(pieces: Mask, axis: int) -> tuple[Mask, int]:
    """Pieces of a direction, and how many of them are long; one alone is a margin or a stroke."""
    _, parts, stats, _ = cv2.connectedComponentsWithStats(pieces.astype(np.uint8))
    long = stats[:, 2 + axis] > LONG * pieces.shape[1 - axis]
    long[0] = False
    count = int(long.sum())
    return pieces if count >= SEVERAL else long[parts], count


def _straight(thin: Shares, length: int, degrees: int) -> Mask:
    """Pixels of straight pieces that lean by up to `LEANING` from a direction."""
    pieces = np.zeros(thin.shape, bool)
    near = cv2.dilate(thin, np.ones((3, 1) if degrees == 0 else (1, 3), np.uint8))
    for leaning in LEANING:
        kernel = _stick(length, degrees + leaning)
        share = cv2.filter2D(near, -1, kernel / kernel.sum(), borderType=cv2.BORDER_CONSTANT)
        pieces |= cv2.dilate((share > WHOLE).astype(np.uint8), kernel.astype(np.uint8)) > 0
    return pieces & (thin > 0)


def _stick(length: int, degrees: float) -> NDArray[np.float32]:
    side = length | 1
    kernel = np.zeros((side, side), np.float32)
    way = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))]) * (side // 2)
    start, end = np.round(side // 2 - way).astype(int), np.round(side // 2 + way).astype(int)
    cv2.line(kernel, start.tolist(), end.tolist(), 1.0, 1)
    return kernel


def _meant(missing: Shares, mask: Mask) -> Mask:
    """Without specks, what is much fainter than the rest, and what reaches in from the border."""
    height, width = mask.shape
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    parts = np.asarray(labels, np.int32)
    peaks = np.zeros(count, np.float32)
    np.maximum.at(peaks, parts[mask], missing[mask])
    left, top, wide, high = boxes[:, :4].T
    sizes = np.maximum(wide, high)
    inside = (left > 0) & (top > 0) & (left + wide < width) & (top + high < height)
    kept = sizes >= max(3, SPECK * max(mask.shape))
    kept[0] = inside[0] = False
    if (sure := kept & inside).any():
        usual = (sizes > 0.5 * sizes[sure].max()) & (sizes < 1.5 * sizes[sure].max())
        kept &= inside | usual & (peaks > 0.7 * peaks[sure].max())
    if kept.any():
        kept &= peaks > 0.45 * peaks[np.argmax(peaks * sizes * kept)]
    return np.asarray(kept[parts])


def _reduced(pixels: NDArray[Level], side: int) -> NDArray[Level]:
    share = side / max(pixels.shape)
    if share >= 1:
        return pixels
    height, width = (max(1, round(length * share)) for length in pixels.shape)
    small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, pixels.dtype)
