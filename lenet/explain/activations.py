"""What every layer makes of one image."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lenet.config import said
from lenet.geometry import CONV_CHANNELS
from lenet.network.lenet5 import LeNet5

POOLINGS = {"max": "max pooling", "average": "average pooling"}


@dataclass(frozen=True, eq=False)
class LayerOutput:
    """One layer's output, and how it comes about.

    Attributes:
        name: "input", or as in `geometry.layers`.
        steps: what is done to the layer before, in order, such as "convolution", "batch norm",
            "tanh"; each with its result, (C, H, W) or (F,) float32.
    """

    name: str
    steps: dict[str, Tensor]

    @property
    def values(self) -> Tensor:
        """What the next layer gets, (C, H, W) or (F,) float32; of fc4 the ten probabilities."""
        return list(self.steps.values())[-1]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.values.shape)


def layer_outputs(model: LeNet5, x: Tensor) -> dict[str, LayerOutput]:
    """The layers by name, from the input to the ten probabilities, for one image.

    Each activation comes before its pooling, as in the textbook; with max pooling `LeNet5.forward`
    pools first, with the same result. It is one pass, whatever `config.views` says.

    Args:
        model: in evaluation mode.
        x: (1, 1, S, S) float32, normalised, as `to_input` gives it.
    """
    with torch.inference_mode():
        layers = [LayerOutput("input", {"input": x[0]})]
        for index in range(len(CONV_CHANNELS)):
            layers += _convolution(model, index, layers[-1].values)
        total = model.fc3(layers[-1].values.flatten())
        activated = model.activation(total)
        steps = {"weighted sum": total, said(model.config.activation): activated}
        layers.append(LayerOutput("fc3", steps))
        logits = model.fc4(activated)
        steps = {"weighted sum": logits, "softmax": logits.softmax(0)}
        layers.append(LayerOutput("fc4", steps))
    return {layer.name: layer for layer in layers}


def _convolution(model: LeNet5, index: int, x: Tensor) -> list[LayerOutput]:
    """convN, and poolN where there is one; the modules take (1, C, H, W)."""
    config = model.config
    conv, norm, pool = (getattr(model, f"{part}{index}") for part in ("conv", "bn", "pool"))
    steps = {"convolution": conv(x[None])[0]}
    if config.batch_norm:
        steps["batch norm"] = norm(steps["convolution"][None])[0]
    activated = model.activation(list(steps.values())[-1])
    steps[said(config.activation)] = activated
    layers = [LayerOutput(f"conv{index}", steps)]
    if index < 2 or config.pool2:
        pooled = pool(activated[None])[0]
        layers.append(LayerOutput(f"pool{index}", {POOLINGS[config.pooling]: pooled}))
    return layers
