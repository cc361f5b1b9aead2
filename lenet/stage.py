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

from functools import cache
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import Function, once_differentiable

WINDOW = ((0, 0), (0, 1), (1, 0), (1, 1))
"""Row and column of the values that pooling compares."""


def pools_all(side: int) -> bool:
    """Whether 2×2 pooling meets every value of maps of this side, as the quick way needs."""
    return side % 2 == 0


def max_pool(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """max_pool2d(conv(x), 2) where no gradient is wanted.

    (N, C, H, W) float32 → (N, O, H', W'); the convolution's output has even sides.
    """
    blocks = _blocks(x, _moved(conv.weight), cast(Tensor, conv.bias), conv.padding)
    return torch.maximum(*torch.maximum(*_columns(blocks)).unbind(1))


def normed_max_pool(conv: nn.Conv2d, bn: nn.BatchNorm2d, x: Tensor) -> Tensor:
    """max_pool2d(bn(conv(x)), 2) with a batch norm that is training; its averages move on.

    (N, C, H, W) float32, no gradient wanted → (N, O, H', W'); the convolution's output has
    even sides.
    """
    weights = (conv.weight, conv.bias, bn.weight, bn.bias)
    out, mean, var, count = _Stage.apply(x, *weights, conv.padding, bn.eps)
    with torch.no_grad():  # the running averages move as PyTorch's do, with the unbiased variance
        momentum = cast(float, bn.momentum)
        cast(Tensor, bn.running_mean).lerp_(mean, momentum)
        cast(Tensor, bn.running_var).lerp_(var.mul_(count / (count - 1)), momentum)
        cast(Tensor, bn.num_batches_tracked).add_(1)
    return out  # type: ignore[no-any-return]


class Conv2d(nn.Conv2d):
    """Where the kernel covers the whole input, the matrix product that a convolution then is."""

    def forward(self, input: Tensor) -> Tensor:
        if input.shape[2:] != self.kernel_size or self.padding != (0, 0):
            return super().forward(input)
        out = F.linear(input.flatten(1), self.weight.flatten(1), self.bias)
        return out[:, :, None, None]


class _Stage(Function):
    """Convolution, batch norm and 2×2 maximum.

    Args of apply: x (N, C, H, W), the convolution's weight (O, C, K, K) and bias (O,), batch
    norm's weight and bias (O,), padding, eps.
    Returns (N, O, H', W'), and mean and (biased) variance of each channel, (O,), which have no
    gradient, and of how many values they are. The convolution's bias moves nothing but the mean,
    which batch norm takes out again: it is not added to the values, and its gradient is 0.
    Backward is that of Ioffe and Szegedy, "Batch Normalization" (2015), section 3; it overwrites
    what forward kept, so it works once. On small batches the number of operations counts more
    than their size: hence those that work in place or do two things at once.
    """

    @staticmethod
    def forward(  # noqa: PLR0913, PLR0917  # autograd passes tensors by their places
        ctx: Any,
        x: Tensor,
        kernel: Tensor,
        offset: Tensor,
        weight: Tensor,
        bias: Tensor,
        padding: tuple[int, int],
        eps: float,
    ) -> tuple[Tensor, Tensor, Tensor, int]:
        sign = torch.ones_like(weight).copysign_(weight)
        blocks = _blocks(x, _moved(kernel * _each(sign)[..., None]), None, padding)
        count = blocks.numel() // len(weight)
        values = blocks.flatten(3)
        mean = values.sum(3).sum((0, 1)).div_(count)
        squares = torch.linalg.vector_norm(values, dim=3).square_().sum((0, 1)).div_(count)
        var = squares.addcmul_(mean, mean, value=-1).clamp_min_(0)
        inverse = (var + eps).rsqrt_()
        better = torch.maximum(*_columns(blocks))
        most = torch.maximum(*better.unbind(1))
        scale = weight.abs().mul_(inverse)
        start = torch.addcmul(bias, mean, scale, value=-1)
        out = torch.addcmul(_each(start), most, _each(scale))
        mean_of_y = torch.addcmul(offset, mean, sign)
        ctx.save_for_backward(x, blocks, better, most, mean, inverse, scale, sign)
        ctx.padding = padding
        ctx.mark_non_differentiable(mean_of_y, var)
        return out, mean_of_y, var, count

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        x, blocks, better, most, mean, inverse, scale, sign = ctx.saved_tensors
        count = blocks.numel() // len(mean)
        to_bias = grad.sum((0, 2, 3))
        to_weight = most.mul_(grad).sum((0, 2, 3)).addcmul_(mean, to_bias, value=-1).mul_(inverse)
        # The largest value of each window takes the whole gradient; of equal ones, the first.
        # (A comparison into floats, multiplied, is ten times as quick as torch.where.)
        grad = grad * _each(scale)
        to_better = torch.empty_like(better)
        upper, lower = to_better.unbind(1)
        torch.ge(*better.unbind(1), out=upper).mul_(grad)
        torch.sub(grad, upper, out=lower)
        left, right = _columns(blocks)
        to_left = torch.ge(left, better, out=better).mul_(to_better)
        # Besides, each value moves mean and variance, by a straight line in the value itself.
        slope = (scale * inverse).mul_(to_weight).div_(-count)
        start = (scale * to_bias).div_(-count).addcmul_(slope, mean, value=-1)
        to_blocks = blocks.mul_(_each(slope)).add_(_each(start))
        left += to_left
        right += to_better.sub_(to_left)
        # Images and channels in each other's places, the kernels' gradient is a convolution of
        # a hundred channels. The library's own, of the one channel there is, fills an eighth of
        # each register: without AVX-512 it took four times as long.
        to_kernels = F.conv2d(
            x.transpose(0, 1),
            to_blocks.flatten(1, 2).transpose(0, 1),
            padding=ctx.padding,
            dilation=2,
        ).transpose(0, 1)
        to_kernel = _moved_back(to_kernels) * _each(sign)[..., None]
        to_offset = torch.zeros_like(sign)
        return None, to_kernel, to_offset, to_weight.mul_(sign), to_bias, None, None


def _blocks(
    x: Tensor, kernels: Tensor, offset: Tensor | None, padding: str | tuple[int, ...]
) -> Tensor:
    """(N, C, H, W) and `_moved` kernels → (N, 4, O, H', W'), the values of each 2×2 window."""
    offsets = None if offset is None else offset.repeat(len(WINDOW))
    y = F.conv2d(x, kernels, offsets, stride=2, padding=padding)
    blocks: Tensor = y.unflatten(1, (len(WINDOW), -1))
    return blocks


def _columns(blocks: Tensor) -> tuple[Tensor, ...]:
    """(N, 4, O, H, W) → the windows' left and right values, (N, 2, O, H, W), upper ones first."""
    windows: Tensor = blocks.unflatten(1, (2, 2))
    return windows.unbind(2)


def _each(channels: Tensor) -> Tensor:
    """(O,) → (O, 1, 1), to be used with every value of a channel."""
    return channels.view(-1, 1, 1)


def _moved(kernel: Tensor) -> Tensor:
    """(O, C, K, K) → (4·O, C, K+1, K+1): the kernels at each place of `WINDOW`."""
    side = kernel.shape[-1] + 1
    moved = kernel.flatten(2) @ _moves(side - 1, kernel.dtype)
    blocks: Tensor = moved.unflatten(2, (-1, side, side))
    return blocks.permute(2, 0, 1, 3, 4).flatten(0, 1)


def _moved_back(kernels: Tensor) -> Tensor:
    """(4·O, C, K+1, K+1) → (O, C, K, K): the sum of what was at each place; `_moved`'s gradient."""
    side = kernels.shape[-1]
    blocks = kernels.unflatten(0, (len(WINDOW), -1)).permute(1, 2, 0, 3, 4).flatten(2)
    kernel: Tensor = (blocks @ _moves(side - 1, kernels.dtype).T).unflatten(2, (side - 1, -1))
    return kernel


@cache
def _moves(kernel: int, dtype: torch.dtype) -> Tensor:
    """(K·K, 4·(K+1)·(K+1)) of 0 and 1: where each value of a kernel goes."""
    values = torch.eye(kernel**2, dtype=dtype).view(-1, kernel, kernel)
    places = [F.pad(values, (left, 1 - left, top, 1 - top)) for top, left in WINDOW]
    return torch.stack(places, 1).flatten(1)
