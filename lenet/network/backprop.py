"""Where `loss.backward()` is: here, written by hand.

On the CPU a training step does not call autograd. Each layer gives its output and a function
`back`, which knows the chain rule of that layer alone:

    y, back = layer(x)      # forward
    grad_x = back(grad_y)   # backward; also sets .grad of the layer's own weights

`Backprop` calls all layers in their order, then all `back` functions in reverse order. The result
is autograd's, to rounding; `tests/network/test_lenet5.py` compares both.

Why: LeNet-5 is so small that the number of calls limits a step, not the arithmetic. By hand there
are a third of them, and an epoch with batches of 32 takes a sixth less time (on two cores).
"""

from collections.abc import Callable
from functools import cache, partial
from typing import TypeAlias, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lenet.geometry import POOL
from lenet.network.fused_stage import (
    Back,
    covers,
    input_gradient,
    no_gradient,
    normed_max_pool,
)
from lenet.network.lenet5 import LeNet5
from lenet.network.side_work import SideWork, Work, nothing

Forward: TypeAlias = Callable[[Tensor], tuple[Tensor, Back]]
"""A layer: takes its input, gives its output and the function for its gradients."""

_aten = torch.ops.aten
FEW_CHANNELS = 8
_WINDOW = ([POOL, POOL], [POOL, POOL], [0, 0])  # kernel, stride and padding of every pooling


class Backprop:
    """Loss and gradients of a network in training: on the CPU by hand, elsewhere by autograd.

    Args:
        label_smoothing: share of the target spread evenly over all classes.
        side: may compute gradients of weights while the next layer's are computed.
    """

    def __init__(self, model: LeNet5, label_smoothing: float, side: SideWork | None = None) -> None:
        self._model = model
        self._smoothing = label_smoothing
        self._side = side or SideWork(shared=False)
        self._layers = _layers(model, self._side)

    def __call__(self, x: Tensor, labels: Tensor, beside: Work = nothing) -> Tensor:
        """Set every parameter's gradient; an earlier gradient is replaced.

        Those of the convolutions' weights are there after `side.finish()`. Gradients and loss
        computed by hand can be changed in place only within `torch.inference_mode()`.

        Args:
            x: (N, 1, S, S) float32, normalised.
            labels: (N,) int64.
            beside: what else `side` is to do meanwhile; it starts after the forward pass.

        Returns:
            The mean cross-entropy.
        """
        if x.is_cpu:
            return self._by_hand(x, labels, beside)
        beside()
        self._model.zero_grad()
        loss = F.cross_entropy(self._model(x), labels, label_smoothing=self._smoothing)
        loss.backward()
        return loss.detach()

    @torch.inference_mode()
    def _by_hand(self, x: Tensor, labels: Tensor, beside: Work) -> Tensor:
        backs = []
        for layer in self._layers:
            x, back = layer(x)
            backs.append(back)
        loss, grad = _cross_entropy(x, labels, self._smoothing)
        self._side.add(beside)
        for back in reversed(backs):
            grad = back(grad)
        return loss


def _layers(model: LeNet5, side: SideWork) -> list[Forward]:
    """The network in the order of its forward pass."""
    activation = partial(_ACTIVATIONS[model.config.activation], model.config.negative_slope)
    layers: list[Forward] = []
    if model.can_fuse_stage0 and isinstance(model.bn0, nn.BatchNorm2d):
        layers += [partial(normed_max_pool, model.conv0, model.bn0, side), activation]
    else:
        layers += _stage(model, 0, activation, side)
    layers += _stage(model, 1, activation, side) + _stage(model, 2, activation, side)
    layers += [_flat, partial(_linear, model.fc3), activation]
    if model.config.dropout:
        layers.append(partial(_dropout, model.config.dropout))
    layers.append(partial(_linear, model.fc4))
    return [*layers, _softmax] if model.config.softmax else layers


def _stage(model: LeNet5, at: int, activation: Forward, side: SideWork) -> list[Forward]:
    """Convolution `at` with what follows it, in the order of `LeNet5.forward`."""
    bn = getattr(model, f"bn{at}")
    pools = not isinstance(getattr(model, f"pool{at}"), nn.Identity)
    conv = partial(
        _convolution,
        getattr(model, f"conv{at}"),
        side,
        normed=isinstance(bn, nn.BatchNorm2d),
        pools=pools,
        first=at == 0,
    )
    normed = [partial(_batch_norm, bn)] if isinstance(bn, nn.BatchNorm2d) else []
    if model.config.pooling == "max":
        return [conv, *normed, *([_max_pool] if pools else []), activation]
    return [conv, *normed, activation, *([_average_pool] if pools else [])]


def _convolution(
    conv: nn.Conv2d, side: SideWork, x: Tensor, *, normed: bool, pools: bool, first: bool
) -> tuple[Tensor, Back]:
    """Convolution; where the kernel covers the whole input, it is a matrix product."""
    if covers(conv, x):
        return _product(conv, side, x, normed=normed)
    last = torch.channels_last
    y = F.conv2d(x, conv.weight, conv.bias, padding=conv.padding)
    if pools:  # pooling is faster in this order
        y = y.contiguous(memory_format=last)

    def gradient(grad: Tensor, x: Tensor, *wanted: bool) -> tuple[Tensor, Tensor]:
        rest = ([1, 1], conv.padding, [1, 1], False, [0, 0], 1, [*wanted, False])
        to_x, to_weight, _ = _aten.convolution_backward(grad, x, conv.weight, None, *rest)
        return to_x, to_weight

    def back(grad: Tensor) -> Tensor:
        def to_weight() -> None:
            # A call of its own: it is quicker where the channels come last.
            _, found = gradient(grad, x.contiguous(memory_format=last), False, True)
            conv.weight.grad = found.contiguous()  # fused optimizers need the weights' own order

        _to_bias(conv, grad, normed=normed)
        side.add(to_weight)
        if first:
            return grad
        few = x.shape[1] <= FEW_CHANNELS
        return input_gradient(conv, grad) if few else gradient(grad, x, True, False)[0]

    return y, back


def _product(conv: nn.Conv2d, side: SideWork, x: Tensor, *, normed: bool) -> tuple[Tensor, Back]:
    rows, weights = x.flatten(1), conv.weight.flatten(1)
    y = torch.addmm(cast(Tensor, conv.bias), rows, weights.t())

    def back(grad: Tensor) -> Tensor:
        _to_bias(conv, grad, normed=normed)
        grad = grad.flatten(1)

        def to_weight() -> None:
            conv.weight.grad = (grad.t() @ rows).view_as(conv.weight)

        side.add(to_weight)
        return (grad @ weights).view(x.shape)

    return y[:, :, None, None], back


def _to_bias(conv: nn.Conv2d, grad: Tensor, *, normed: bool) -> None:
    if normed:
        no_gradient(conv.bias)
    else:
        cast(Tensor, conv.bias).grad = grad.sum((0, 2, 3))


def _linear(layer: nn.Linear, x: Tensor) -> tuple[Tensor, Back]:
    def back(grad: Tensor) -> Tensor:
        layer.weight.grad = grad.t() @ x
        layer.bias.grad = grad.sum(0)
        return grad @ layer.weight

    return torch.addmm(layer.bias, x, layer.weight.t()), back


def _batch_norm(bn: nn.BatchNorm2d, x: Tensor) -> tuple[Tensor, Back]:
    averages = (bn.running_mean, bn.running_var)
    y, mean, inverse = torch.native_batch_norm(
        x, bn.weight, bn.bias, *averages, True, cast(float, bn.momentum), bn.eps
    )
    cast(Tensor, bn.num_batches_tracked).add_(1)

    def back(grad: Tensor) -> Tensor:
        rest = (*averages, mean, inverse, True, bn.eps, [True, True, True])
        to_x, bn.weight.grad, bn.bias.grad = _aten.native_batch_norm_backward(
            grad, x, bn.weight, *rest
        )
        return cast(Tensor, to_x)

    return y, back


def _max_pool(x: Tensor) -> tuple[Tensor, Back]:
    y, places = F.max_pool2d(x, POOL, return_indices=True)
    rest = (*_WINDOW, [1, 1], False, places)
    # The next layers are faster with the channels first.
    return y.contiguous(), lambda grad: _aten.max_pool2d_with_indices_backward(grad, x, *rest)


def _average_pool(x: Tensor) -> tuple[Tensor, Back]:
    rest = (*_WINDOW, False, True, None)
    return F.avg_pool2d(x, POOL), lambda grad: _aten.avg_pool2d_backward(grad, x, *rest)


def _leaky_relu(slope: float, x: Tensor) -> tuple[Tensor, Back]:
    return F.leaky_relu(x, slope), lambda grad: _aten.leaky_relu_backward(grad, x, slope, False)


def _tanh(_slope: float, x: Tensor) -> tuple[Tensor, Back]:
    y = torch.tanh(x)
    return y, lambda grad: _aten.tanh_backward(grad, y)


def _sigmoid(_slope: float, x: Tensor) -> tuple[Tensor, Back]:
    y = torch.sigmoid(x)
    return y, lambda grad: _aten.sigmoid_backward(grad, y)


def _relu(_slope: float, x: Tensor) -> tuple[Tensor, Back]:
    y = torch.relu(x)
    return y, lambda grad: _aten.threshold_backward(grad, y, 0)


_ACTIVATIONS = {"leaky_relu": _leaky_relu, "tanh": _tanh, "relu": _relu, "sigmoid": _sigmoid}


def _flat(x: Tensor) -> tuple[Tensor, Back]:
    return x.flatten(1), lambda grad: grad.view(x.shape)


def _dropout(share: float, x: Tensor) -> tuple[Tensor, Back]:
    kept = torch.empty_like(x).bernoulli_(1 - share).div_(1 - share)
    return x * kept, lambda grad: grad.mul_(kept)


def _softmax(x: Tensor) -> tuple[Tensor, Back]:
    y = F.softmax(x, dim=1)
    return y, lambda grad: y * (grad - (grad * y).sum(1, keepdim=True))


def _cross_entropy(logits: Tensor, labels: Tensor, smoothing: float) -> tuple[Tensor, Tensor]:
    """The mean over the images, and its gradient (N, 10)."""
    targets = _targets(smoothing, logits.dtype).index_select(0, labels)
    logs = F.log_softmax(logits, dim=1)
    loss = torch.dot(logs.view(-1), targets.view(-1)).div_(-len(labels))
    return loss, F.softmax(logits, dim=1).sub_(targets).div_(len(labels))


@cache
def _targets(smoothing: float, dtype: torch.dtype) -> Tensor:
    """(10, 10), the probabilities that each label stands for (Szegedy et al. 2016, section 7)."""
    return torch.eye(10, dtype=dtype).mul_(1 - smoothing).add_(smoothing / 10)
