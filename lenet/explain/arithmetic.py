"""What the values of one map or feature are computed from."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from lenet.explain.activations import LayerOutput
from lenet.geometry import POOL
from lenet.network.lenet5 import LeNet5

COLUMNS = 12
"""Of a fully connected layer's inputs, which have no order, as a rectangle."""
MANY = 120
"""The columns where there are more than 1,000 of them."""


@dataclass(frozen=True)
class Normalisation:
    """Batch norm of one map: (x − mean) / √(variance + epsilon) · weight + bias."""

    mean: float
    variance: float
    epsilon: float
    weight: float
    bias: float


@dataclass(frozen=True, eq=False)
class Parts:
    """What one map, or one feature, is computed from.

    Its value at (row, column) is the sum, over the input maps, of their patch times their kernel,
    and `bias`; then batch norm, then the activation. The patch begins at `jump` · (row, column).
    Pooling takes the largest value or the mean of the patch instead.

    Attributes:
        inputs: (C, H, W) float32, with the padding; (1, H, W) for a fully connected layer.
        kernels: (C, K, K) float32, or (1, H, W); None for pooling.
        window: (rows, columns) of a patch.
    """

    inputs: Tensor
    kernels: Tensor | None
    window: tuple[int, int]
    jump: int = 1
    bias: float = 0.0
    normalisation: Normalisation | None = None


def parts(model: LeNet5, layers: Mapping[str, LayerOutput], name: str, index: int) -> Parts:
    """What a layer's map or feature is computed from.

    Args:
        layers: `layer_outputs` of `model`.
        name: of a layer, not the input.
        index: of the map or of the feature.
    """
    names = list(layers)
    before = layers[names[names.index(name) - 1]].values
    if name.startswith("pool"):
        return Parts(before[index : index + 1], None, (POOL, POOL), POOL)
    module: torch.nn.Conv2d | torch.nn.Linear = getattr(model, name)
    assert module.bias is not None  # noqa: S101  # all layers of the network have one
    kernels, bias = module.weight.detach()[index], float(module.bias.detach()[index])
    if isinstance(module, torch.nn.Linear):
        columns = COLUMNS if before.numel() < 1000 else MANY
        inputs = before.reshape(1, -1, columns)
        rows = inputs.shape[1]
        return Parts(inputs, kernels.reshape(1, rows, columns), (rows, columns), 1, bias)
    padded = F.pad(before, (int(module.padding[0]),) * 4)
    size = kernels.shape[-1]
    norm = _normalisation(getattr(model, f"bn{name[-1]}"), index)
    return Parts(padded, kernels, (size, size), 1, bias, norm)


def _normalisation(norm: torch.nn.Module, index: int) -> Normalisation | None:
    if not isinstance(norm, torch.nn.BatchNorm2d):
        return None
    tensors = (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    mean, variance, weight, bias = (
        float(part.detach()[index]) for part in tensors if part is not None
    )
    return Normalisation(mean, variance, norm.eps, weight, bias)
