"""Many small gray pictures as one."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


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
