"""Parts of the network computed the quick way.

Half of a step's time went into the first stage, convolution → batch norm → max pooling: on
maps of six channels PyTorch's max pooling and batch norm work value by value. Two identities,
exact but for rounding, avoid that:

- The four values of a 2×2 window are four convolutions of stride 2 with the kernel moved by
  a pixel. So one convolution gives them as blocks of channels, and their maximum is taken
  between whole blocks, many values at once.
- Batch norm keeps the order of a channel's values, or reverses it where its weight is
  negative. With the sign of the weight moved into the kernel, pooling can come first and
  a quarter of the values is normalised. Mean and variance are those of all values. (Where
  the weight is exactly 0, all values are equal, and the gradient is that of another one.)
"""

from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import Function, FunctionCtx, once_differentiable

WINDOW = ((0, 0), (0, 1), (1, 0), (1, 1))
"""Row and column of the values that pooling compares."""


def pools_all(side: int) -> bool:
    """Whether 2×2 pooling meets every value of maps of this side, as the quick way needs."""
    return side % 2 == 0


def normed_max_pool(conv: nn.Conv2d, bn: nn.BatchNorm2d, x: Tensor) -> Tensor:
    """max_pool2d(bn(conv(x)), 2) with a batch norm that is training; its averages move on.

    (N, C, H, W) float32 → (N, O, H', W'); the convolution's output has even sides.
    """
    sign = torch.where(bn.weight.detach() < 0, -1.0, 1.0)
    kernels = _Moved.apply(conv.weight * sign[:, None, None, None])
    biases = (cast(Tensor, conv.bias) * sign).repeat(len(WINDOW))
    y = F.conv2d(x, kernels, biases, stride=2, padding=conv.padding)
    blocks = y.unflatten(1, (len(WINDOW), -1))  # (N, 4, O, H', W')
    out, mean, var = _NormedMaximum.apply(blocks, bn.weight * sign, bn.bias, bn.eps)
    _note(bn, mean * sign, var, count=blocks.numel() // len(sign))
    return out  # type: ignore[no-any-return]


@torch.no_grad()
def _note(bn: nn.BatchNorm2d, mean: Tensor, var: Tensor, *, count: int) -> None:
    """Move the running averages on as PyTorch does, with the unbiased variance."""
    momentum = cast(float, bn.momentum)
    cast(Tensor, bn.running_mean).lerp_(mean, momentum)
    cast(Tensor, bn.running_var).lerp_(var * (count / (count - 1)), momentum)
    cast(Tensor, bn.num_batches_tracked).add_(1)


class Conv2d(nn.Conv2d):
    """Where the kernel covers the whole input, the matrix product that a convolution then is."""

    def forward(self, input: Tensor) -> Tensor:
        if input.shape[2:] != self.kernel_size or self.padding != (0, 0):
            return super().forward(input)
        out = F.linear(input.flatten(1), self.weight.flatten(1), self.bias)
        return out[:, :, None, None]


class _Moved(Function):
    """(O, I, K, K) → (4·O, I, K+1, K+1): the kernels at each place of `WINDOW`."""

    @staticmethod
    def forward(ctx: FunctionCtx, weight: Tensor) -> Tensor:
        out, channels, kernel, _ = weight.shape
        moved = weight.new_zeros(len(WINDOW), out, channels, kernel + 1, kernel + 1)
        for block, (row, column) in zip(moved, WINDOW, strict=True):
            block[..., row : row + kernel, column : column + kernel] = weight
        return moved.flatten(0, 1)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad: Tensor) -> Tensor:
        kernel = grad.shape[-1] - 1
        blocks = grad.unflatten(0, (len(WINDOW), -1))
        parts = [
            block[..., row : row + kernel, column : column + kernel]
            for block, (row, column) in zip(blocks, WINDOW, strict=True)
        ]
        return torch.stack(parts).sum(0)


class _NormedMaximum(Function):
    """The largest of four blocks, normalised by mean and variance of all their values.

    Args of apply: blocks (N, 4, O, H, W), weight (O,) ≥ 0, bias (O,), eps.
    Returns (N, O, H, W), and mean and (biased) variance of each channel, (O,), which have no
    gradient. Backward is that of Ioffe and Szegedy, "Batch Normalization" (2015), section 3.
    """

    @staticmethod
    def forward(
        ctx: Any, blocks: Tensor, weight: Tensor, bias: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        count = blocks.numel() // len(weight)
        mean = blocks.flatten(3).sum(3).sum((0, 1)) / count
        squares = torch.linalg.vector_norm(blocks.flatten(3), dim=3).square()
        var = (squares.sum((0, 1)) / count - mean.square()).clamp_min(0)
        inverse = torch.rsqrt(var + eps)
        better = torch.maximum(*_columns(blocks))
        most = torch.maximum(*better.unbind(1))
        scale = weight * inverse
        out = (most * _each(scale)).add_(_each(bias - mean * scale))
        ctx.save_for_backward(blocks, better, most, mean, inverse, scale)
        ctx.mark_non_differentiable(mean, var)
        return out, mean, var

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        blocks, better, most, mean, inverse, scale = ctx.saved_tensors
        count = blocks.numel() // len(mean)
        to_bias = grad.sum((0, 2, 3))
        to_weight = inverse * ((grad * most).sum((0, 2, 3)) - mean * to_bias)
        # What each value does to mean and variance, a straight line in the value itself …
        slope = -scale * inverse * to_weight / count
        start = -scale * to_bias / count - slope * mean
        to_blocks = (blocks * _each(slope)).add_(_each(start))
        # … and what the largest one of each window does besides; of equal ones, the first.
        # (A comparison into floats, multiplied, is ten times as quick as torch.where.)
        grad = grad * _each(scale)
        to_better = torch.empty_like(better)
        upper, lower = to_better.unbind(1)
        torch.ge(*better.unbind(1), out=upper).mul_(grad)
        torch.sub(grad, upper, out=lower)
        left, right = _columns(to_blocks)
        to_left = torch.ge(_columns(blocks)[0], better, out=torch.empty_like(better))
        to_left.mul_(to_better)
        left += to_left
        right += to_better.sub_(to_left)
        return to_blocks, to_weight, to_bias, None


def _columns(blocks: Tensor) -> tuple[Tensor, ...]:
    """(N, 4, O, H, W) → the windows' left and right values, (N, 2, O, H, W), upper ones first."""
    return blocks.unflatten(1, (2, 2)).unbind(2)


def _each(channels: Tensor) -> Tensor:
    """(O,) → (O, 1, 1), to be used with every value of a channel."""
    return channels[:, None, None]
