"""What every layer makes of one image."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lenet.geometry import CONV_CHANNELS
from lenet.network.lenet5 import LeNet5

ACTIVATIONS = {"tanh": "tanh", "leaky_relu": "LeakyReLU", "relu": "ReLU"}
POOLINGS = {"max": "max pooling", "average": "average pooling"}


@dataclass(frozen=True, eq=False)
class LayerOutput:
    """One layer's output, and how it comes about.

    Attributes:
        name: "input", or as in `geometry.layers`.
        steps: what is done to the layer before, in this order, each with its result,
            (C, H, W) or (F,) float32: a convolution, its batch norm and its activation, say.
        parameters: weights of all its steps.
    """

    name: str
    steps: dict[str, Tensor]
    parameters: int = 0

    @property
    def values(self) -> Tensor:
        """What the next layer gets, (C, H, W) or (F,) float32; of fc4 the ten probabilities."""
        return list(self.steps.values())[-1]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.values.shape)


def layer_outputs(model: LeNet5, x: Tensor) -> dict[str, LayerOutput]:
    """The layers by name, from the input to the ten probabilities, for one image.

    The order is the textbook's: convolution, batch norm, activation, pooling. `LeNet5.forward`
    pools first where the pooling takes the largest value: its activations never fall, so the
    pooled values are the same. It is one pass, whatever `config.views` says.

    Args:
        model: in evaluation mode.
        x: (1, 1, S, S) float32, normalised, as `to_input` gives it.
    """
    with torch.inference_mode():
        layers = [LayerOutput("input", {"input": x[0]})]
        for index in range(len(CONV_CHANNELS)):
            layers += _convolution(model, index, layers[-1].values)
        total = model.fc3(layers[-1].values.flatten())
        activated = {ACTIVATIONS[model.config.activation]: model.activation(total)}
        fc3 = LayerOutput("fc3", {"weighted sum": total, **activated}, _parameters(model.fc3))
        logits = model.fc4(fc3.values)
        steps = {"weighted sum": logits, "softmax": logits.softmax(0)}
        layers += [fc3, LayerOutput("fc4", steps, _parameters(model.fc4))]
    return {layer.name: layer for layer in layers}


def _convolution(model: LeNet5, index: int, x: Tensor) -> list[LayerOutput]:
    """convN, and poolN where there is one; the modules take (1, C, H, W)."""
    config = model.config
    conv, norm, pool = (getattr(model, f"{part}{index}") for part in ("conv", "bn", "pool"))
    steps = {"convolution": conv(x[None])[0]}
    weighted = [conv]
    if config.batch_norm:
        steps["batch norm"] = norm(steps["convolution"][None])[0]
        weighted.append(norm)
    activated = model.activation(list(steps.values())[-1])
    steps[ACTIVATIONS[config.activation]] = activated
    layers = [LayerOutput(f"conv{index}", steps, _parameters(*weighted))]
    if index < 2 or config.pool2:
        pooled = pool(activated[None])[0]
        layers.append(LayerOutput(f"pool{index}", {POOLINGS[config.pooling]: pooled}))
    return layers


def _parameters(*modules: torch.nn.Module) -> int:
    return sum(part.numel() for module in modules for part in module.parameters())
