"""The sizes of LeNet-5's layers, worked out without torch and without building the network."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lenet.errors import GeometryError

CONV_CHANNELS = (6, 16, 120)  # feature maps of conv0, conv1 and conv2 (LeCun et al. 1998, fig. 2)
FC_FEATURES = (84, 10)  # features of fc3 and fc4
POOL = 2  # side and stride of every pooling window
SETTINGS = ("input_size", "kernel_size", "padding", "pool2", "batch_norm", "conv2_kernel")
"""Those that decide whether the layers fit."""


@dataclass(frozen=True)
class LayerShape:
    """One layer: its name, the shape it puts out without the batch axis, and what it costs."""

    name: str
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int = 0
    """Products of a value and a weight that are summed for one image."""
    window: int = 0
    """Side of the square of the layer before that one of its values sees; 0 for all of it."""


def layers(values: Mapping[str, Any]) -> list[LayerShape]:
    """Every layer that has weights or changes the shape, from conv0 to fc4.

    Raises `GeometryError`, with the size at each layer, if an input is smaller than its kernel.
    """
    trace, failing = feasible_layers(values)
    if failing is None:
        return trace
    input_size, kernel_size, padding = (values[name] for name in SETTINGS[:3])
    shown = (layer for layer in trace if not layer.name.startswith("bn"))
    sizes = [str(input_size), *(f"{layer.name} {layer.output_shape[-1]}" for layer in shown)]
    before = trace[-1].output_shape[-1] if trace else input_size + 2 * padding
    needed = failing.window
    raise GeometryError(
        f"input size {input_size}, kernel size {kernel_size} and padding {padding} cannot work: "
        f"{' → '.join(sizes)} → {failing.name} needs {needed}×{needed} but gets {before}×{before}; "
        "use a larger input (32), more padding (2), a smaller kernel (3) or fewer poolings"
    )


def feasible_layers(values: Mapping[str, Any]) -> tuple[list[LayerShape], LayerShape | None]:
    """The layers that fit, and the first that does not (None when all fit).

    A convolution of stride 1 takes a side W to W − K + 2P + 1, a pooling halves it,
    rounding down (Dumoulin & Visin 2016, relationships 3 and 5).

    Args:
        values: the fields of a `ModelConfig`, of which `SETTINGS` are used.
    """
    trace: list[LayerShape] = []
    for layer in _walk(*(values[name] for name in SETTINGS)):
        if min(layer.output_shape) < 1:
            return trace, layer
        trace.append(layer)
    return trace, None


def _walk(
    input_size: int,
    kernel_size: int,
    padding: int,
    pool2: bool,
    batch_norm: bool,
    conv2_kernel: int,
) -> Iterator[LayerShape]:
    size, channels_in = input_size, 1
    for index, channels in enumerate(CONV_CHANNELS):
        kernel = kernel_size if index < 2 else conv2_kernel or kernel_size
        size += (2 * padding if index == 0 else 0) - kernel + 1
        kernels = channels * channels_in * kernel**2
        shape = (channels, size, size)
        yield LayerShape(f"conv{index}", shape, kernels + channels, kernels * size**2, kernel)
        if batch_norm:
            yield LayerShape(f"bn{index}", (channels, size, size), 2 * channels)
        if index < 2 or pool2:
            size //= POOL
            yield LayerShape(f"pool{index}", (channels, size, size), 0, window=POOL)
        channels_in = channels
    features_in = channels_in * size * size
    for index, features in enumerate(FC_FEATURES, start=len(CONV_CHANNELS)):
        products = features * features_in
        yield LayerShape(f"fc{index}", (features,), products + features, products)
        features_in = features
