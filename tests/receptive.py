"""The rectangle of input pixels that a value sees."""

from lenet.config import ModelConfig
from lenet.explain.receptive_field import fields


def window(config: ModelConfig, layer: str, row: int, column: int) -> tuple[int, int, int, int]:
    """Top, left, bottom, right; the last two are the first ones outside. (0, 0) for fc3, fc4."""
    start, jump, size = fields(config)[layer]
    top, left = start + row * jump, start + column * jump
    side = config.input_size
    return max(0, top), max(0, left), min(side, top + size), min(side, left + size)
