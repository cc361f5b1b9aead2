"""Where one value of a layer comes from: the sums that give it, in double precision."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from lenet.explain.activations import LayerOutput
from lenet.geometry import POOL
from lenet.network.lenet5 import LeNet5

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Normalisation:
    """Batch norm of one map: (x − mean) / √(variance + epsilon) · weight + bias."""

    mean: float
    variance: float
    epsilon: float
    weight: float
    bias: float

    def of(self, x: float) -> float:
        scale = float(np.sqrt(self.variance + self.epsilon))
        return (x - self.mean) / scale * self.weight + self.bias


@dataclass(frozen=True, eq=False)
class Convolution:
    """One value of a convolution's map.

    Attributes:
        patches: (C, K, K), what the kernel lies on in each input map, zeros in the padding.
        kernels: (C, K, K), the kernel of each input map.
        normalisation: None without batch norm.
        value: after the activation.
    """

    patches: Array
    kernels: Array
    bias: float
    normalisation: Normalisation | None
    value: float

    @property
    def products(self) -> Array:
        """(C, K, K), patch times kernel."""
        return self.patches * self.kernels

    @property
    def sums(self) -> Array:
        """(C,), what each input map adds."""
        sums: Array = self.products.sum((1, 2))
        return sums

    @property
    def convolved(self) -> float:
        return float(self.sums.sum()) + self.bias

    @property
    def normalised(self) -> float:
        """What the activation gets."""
        return self.normalisation.of(self.convolved) if self.normalisation else self.convolved


@dataclass(frozen=True, eq=False)
class Pooling:
    """One value of a pooling's map: the largest or the mean of its (2, 2) `window`."""

    window: Array
    value: float


@dataclass(frozen=True, eq=False)
class WeightedSum:
    """One feature of a fully connected layer.

    Attributes:
        inputs: (F,), the features it is made of, and `weights` (F,) theirs.
        value: after the activation; of fc4 the probability.
    """

    inputs: Array
    weights: Array
    bias: float
    value: float

    @property
    def products(self) -> Array:
        """(F,), what each input feature adds."""
        return self.inputs * self.weights

    @property
    def total(self) -> float:
        return float(self.products.sum()) + self.bias

    def strongest(self, count: int) -> list[int]:
        """Indices of the inputs that add the most, up or down, the strongest first."""
        return [int(index) for index in np.argsort(-np.abs(self.products), kind="stable")[:count]]


Arithmetic: TypeAlias = Convolution | Pooling | WeightedSum


def arithmetic(
    model: LeNet5, layers: Mapping[str, LayerOutput], name: str, index: int, at: tuple[int, int]
) -> Arithmetic:
    """How a value of a layer comes about.

    Args:
        layers: `layer_outputs` of `model`.
        name: of a layer, not the input.
        index: of the map or of the feature.
        at: row and column in the map; without effect for fc3 and fc4.
    """
    names = list(layers)
    x = layers[names[names.index(name) - 1]].values.double()
    if name.startswith("conv"):
        return _convolution(model, name[-1], index, at, x)
    if name.startswith("pool"):
        return _pooling(model, x[index], at)
    return _weighted_sum(model, name, index, x.flatten())


def _convolution(
    model: LeNet5, number: str, index: int, at: tuple[int, int], x: Tensor
) -> Convolution:
    conv: torch.nn.Conv2d = getattr(model, f"conv{number}")
    padding, side = int(conv.padding[0]), conv.kernel_size[0]
    padded = F.pad(x, (padding,) * 4)
    row, column = at
    weight, bias = _doubles(conv)
    found = Convolution(
        padded[:, row : row + side, column : column + side].numpy(),
        weight[index].numpy(),
        float(bias[index]),
        _normalisation(getattr(model, f"bn{number}"), index),
        value=0.0,
    )
    activated = model.activation(torch.tensor(found.normalised, dtype=torch.float64))
    return replace(found, value=float(activated))


def _normalisation(norm: torch.nn.Module, index: int) -> Normalisation | None:
    if not isinstance(norm, torch.nn.BatchNorm2d):
        return None
    parts = (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    mean, variance, weight, bias = (
        float(part.detach()[index]) for part in parts if part is not None
    )
    return Normalisation(mean, variance, norm.eps, weight, bias)


def _pooling(model: LeNet5, x: Tensor, at: tuple[int, int]) -> Pooling:
    row, column = (POOL * place for place in at)
    window = x[row : row + POOL, column : column + POOL].numpy()
    return Pooling(window, float(window.max() if model.config.pooling == "max" else window.mean()))


def _weighted_sum(model: LeNet5, name: str, index: int, x: Tensor) -> WeightedSum:
    weight, bias = _doubles(getattr(model, name))
    totals = weight @ x + bias
    values = totals.softmax(0) if name == "fc4" else model.activation(totals)
    return WeightedSum(x.numpy(), weight[index].numpy(), float(bias[index]), float(values[index]))


def _doubles(module: torch.nn.Conv2d | torch.nn.Linear) -> tuple[Tensor, Tensor]:
    """Weight and bias in double precision."""
    assert module.bias is not None  # noqa: S101  # all layers of the network have one
    return module.weight.detach().double(), module.bias.detach().double()
