"""Receptive fields: which pixels of the input a value of a layer depends on.

Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks", Distill
2019, section 2.
"""

from typing import NamedTuple

from lenet.config import ModelConfig
from lenet.geometry import POOL


class Field(NamedTuple):
    """Along one axis, position p sees `size` input pixels from `start` + p · `jump` on."""

    start: int
    jump: int
    size: int


def fields(config: ModelConfig) -> dict[str, Field]:
    """Each layer's field by its name, from "input" to "fc4"; the same along both axes."""
    field = Field(0, 1, 1)
    found = {"input": field}
    side = config.input_size
    for layer in config.layers():
        kind = layer.name.rstrip("0123456789")
        if layer.window:
            start = field.start - field.jump * config.padding * (layer.name == "conv0")
            stride = POOL if kind == "pool" else 1
            size = field.size + (layer.window - 1) * field.jump
            field = Field(start, field.jump * stride, size)
        elif kind == "fc" and field.jump:  # it sees whatever some position of the maps sees
            field = Field(field.start, 0, field.size + (side - 1) * field.jump)
        if len(layer.output_shape) == 3:
            side = layer.output_shape[-1]
        if kind != "bn":
            found[layer.name] = field
    return found
