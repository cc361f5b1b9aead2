"""The drawing of the network, filled with what each layer makes of the picture."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lenet.config import Config
from lenet.diagram.svg import draw
from lenet.explain.activations import LayerOutput
from lenet.ui.inside import grayscale
from lenet.ui.present import presenting

ZOOM = 1.35


def stage(layers: Mapping[str, LayerOutput], config: Config) -> str:
    """SVG of all layers, from the input to the ten probabilities; see `draw`."""
    maps = {}
    for name, layer in layers.items():
        values = layer.values.numpy()
        maps[name] = grayscale.shades(values, grayscale.largest(values))
    maps["input"] = input_pixels(layers["input"].values, config)[np.newaxis]
    maps["fc4"] = np.rint(255 * layers["fc4"].values.numpy()).astype(np.uint8)
    return draw(config.model_dump(), maps, pick=True, zoom=ZOOM, brief=presenting())


def name_of(layer: LayerOutput, index: int, classes: Sequence[str]) -> str:
    """The name of a map or a feature."""
    if layer.name == "fc4":
        return f"fc4, {classes[index]}"
    return f"{layer.name}, {'map' if layer.values.dim() == 3 else 'feature'} {index}"


def input_pixels(values: Tensor, config: Config) -> NDArray[np.uint8]:
    """(S, S) uint8 of the network's (1, S, S) input: background black, a full pixel white."""
    mean, deviation = config.scaling
    return ((values[0] * deviation + mean) * 255).round().clamp(0, 255).byte().numpy()
