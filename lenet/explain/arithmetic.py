"""Where one value of a layer comes from: the sums that give it, in double precision."""

from collections.abc import Mapping
from dataclasses import dataclass
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
        products: (C, K, K), patch times kernel.
        sums: (C,), what each input map adds.
        convolved: the sum of all products and the bias.
        normalisation: None without batch norm.
        normalised: what the activation gets.
        value: after the activation.
    """

    patches: Array
    kernels: Array
    products: Array
    sums: Array
    bias: float
    convolved: float
    normalisation: Normalisation | None
    normalised: float
    value: float


@dataclass(frozen=True, eq=False)
class Pooling:
    """One value of a pooling's map: the largest or the mean of its (2, 2) `window`."""

    window: Array
    value: float


@dataclass(frozen=True, eq=False)
class WeightedSum:
    """One feature of a fully connected layer.

    Attributes:
        inputs: (F,), the features of the layer before.
        weights: (F,), theirs.
        products: (F,), what each of them adds.
        total: the sum of all products and the bias.
        value: after the activation; of fc4 the probability.
    """

    inputs: Array
    weights: Array
    products: Array
    bias: float
    total: float
    value: float

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
    row, column = at
    patches = F.pad(x, (padding,) * 4)[:, row : row + side, column : column + side].numpy()
    kernels, bias = _doubles(conv, index)
    products = patches * kernels
    sums = products.sum((1, 2))
    convolved = float(sums.sum()) + bias
    norm = _normalisation(getattr(model, f"bn{number}"), index)
    normalised = norm.of(convolved) if norm else convolved
    value = float(model.activation(torch.tensor(normalised, dtype=torch.float64)))
    return Convolution(patches, kernels, products, sums, bias, convolved, norm, normalised, value)


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
    layer: torch.nn.Linear = getattr(model, name)
    totals = layer.weight.detach().double() @ x + layer.bias.detach().double()
    values = totals.softmax(0) if name == "fc4" else model.activation(totals)
    weights, bias = _doubles(layer, index)
    products = x.numpy() * weights
    total = float(products.sum()) + bias
    return WeightedSum(x.numpy(), weights, products, bias, total, float(values[index]))


def _doubles(module: torch.nn.Conv2d | torch.nn.Linear, index: int) -> tuple[Array, float]:
    """Weights and bias of one map or feature, in double precision."""
    assert module.bias is not None  # noqa: S101  # all layers of the network have one
    return module.weight.detach()[index].double().numpy(), float(module.bias.detach()[index])
