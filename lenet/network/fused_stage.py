"""The first stage, convolution → batch norm → max pooling, in fewer and larger operations.

It took half of a step's time: on only six channels, PyTorch's max pooling and batch norm work value
by value. Two identities, exact except for rounding, avoid that:

- The four values of a 2×2 pooling window are four convolutions of stride 2, each with the kernel
  moved by one pixel. One convolution computes all four as blocks of channels, and the maximum is
  taken between whole blocks.
- Batch norm keeps the order of a channel's values, or reverses it if its weight is negative. With
  the weight's sign moved into the kernel, pooling can come first, and a quarter of the values is
  normalised, by the mean and variance of all. (If the weight is 0, all outputs are equal; the
  gradient then goes to another of the equal values than in PyTorch.)
"""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.backends.cpu import get_cpu_capability

from lenet.network.side_work import SideWork

Back: TypeAlias = Callable[[Tensor], Tensor]
"""From the gradient of a layer's output to that of its input; sets those of its weights."""

_aten = torch.ops.aten
WINDOW = ((0, 0), (0, 1), (1, 0), (1, 1))
"""Row and column of the values that pooling compares."""


def max_pool(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """max_pool2d(conv(x), 2) where no gradient is wanted.

    (N, C, H, W) float32 → (N, O, H', W'); the convolution's output has even sides.
    """
    blocks = _blocks(x, _moved(conv.weight), cast(Tensor, conv.bias), conv.padding)
    return torch.maximum(*torch.maximum(*_columns(blocks)).unbind(1))


def normed_max_pool(
    conv: nn.Conv2d, bn: nn.BatchNorm2d, side: SideWork, x: Tensor
) -> tuple[Tensor, Back]:
    """max_pool2d(bn(conv(x)), 2) with a batch norm that is training; its averages move on.

    The convolution's bias only moves the mean, which batch norm takes out again: it is not added,
    and its gradient is 0. On small batches the number of operations counts more than their size:
    hence those in place, or that do two things at once.

    Args:
        x: (N, 1, H, W); no gradient of it is computed. The convolution's output has even sides.

    Returns:
        (N, O, H', W'), and what sets the gradients of the four parameters (Ioffe and Szegedy,
        "Batch Normalization" (2015), section 3); it works once, and overwrites what it is given.
    """
    weight, momentum = bn.weight, cast(float, bn.momentum)
    sign = torch.ones_like(weight).copysign_(weight)
    blocks = _blocks(x, _moved(conv.weight * _each(sign)[..., None]), None, conv.padding)
    count = blocks.numel() // len(weight)
    values = blocks.flatten(3)
    mean = values.sum(3).sum((0, 1)).div_(count)
    squares = torch.linalg.vector_norm(values, dim=3).square_().sum((0, 1)).div_(count)
    var = squares.addcmul_(mean, mean, value=-1).clamp_min_(0)
    inverse = (var + bn.eps).rsqrt_()
    better = torch.maximum(*_columns(blocks))
    most = torch.maximum(*better.unbind(1))
    scale = weight.abs().mul_(inverse)
    start = torch.addcmul(bn.bias, mean, scale, value=-1)
    out = torch.addcmul(_each(start), most, _each(scale))
    # The running averages move as PyTorch's do, with the unbiased variance.
    mean_of_y = torch.addcmul(cast(Tensor, conv.bias), mean, sign)
    cast(Tensor, bn.running_mean).lerp_(mean_of_y, momentum)
    cast(Tensor, bn.running_var).lerp_(var.mul_(count / (count - 1)), momentum)
    cast(Tensor, bn.num_batches_tracked).add_(1)

    def back(grad: Tensor) -> Tensor:
        to_bias = grad.sum((0, 2, 3))
        to_weight = most.mul_(grad).sum((0, 2, 3)).addcmul_(mean, to_bias, value=-1).mul_(inverse)
        # The largest value of each window takes the whole gradient; of equal ones, the first.
        # (A comparison into floats, multiplied, is ten times as quick as torch.where.)
        grad = grad.mul_(_each(scale))
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

        def to_kernel() -> None:
            found = _moved_back(_to_kernels(x, to_blocks.flatten(1, 2), conv.padding))
            conv.weight.grad = found.mul_(_each(sign)[..., None])

        side.add(to_kernel)
        no_gradient(conv.bias)
        bn.weight.grad, bn.bias.grad = to_weight.mul_(sign), to_bias
        return grad

    return out, back


def no_gradient(bias: Tensor | None) -> None:
    """Set the gradient of a bias that batch norm takes out again: zeros."""
    if bias is not None and bias.grad is None:
        bias.grad = torch.zeros_like(bias)


def covers(conv: nn.Conv2d, x: Tensor) -> bool:
    """Whether the kernel covers the whole input (N, C, H, W), and meets it in one place only."""
    return x.shape[2:] == conv.kernel_size and conv.padding == (0, 0)


class Conv2d(nn.Conv2d):
    """A convolution, as the matrix product that it is where that is quicker.

    It is where the kernel covers the whole input, and on a card, where cuDNN's kernels that give
    the same sums each time are slow: there the channels come last in memory, too.
    """

    def forward(self, input: Tensor) -> Tensor:
        if input.is_cuda:
            return self._over_patches(input)
        if not covers(self, input):
            return super().forward(input)
        out = F.linear(input.flatten(1), self.weight.flatten(1), self.bias)
        return out[:, :, None, None]

    def _over_patches(self, x: Tensor) -> Tensor:
        """(N, C, S, S) → (N, O, T, T), each place's patch of C·K² values a row of the product."""
        (kernel, _), (padding, _) = self.kernel_size, cast(tuple[int, int], self.padding)
        patches = F.pad(x, (padding,) * 4).unfold(2, kernel, 1).unfold(3, kernel, 1)
        count, _, side = patches.shape[:3]
        rows = patches.permute(0, 2, 3, 1, 4, 5).reshape(count * side * side, -1)
        out = F.linear(rows, self.weight.flatten(1), self.bias)
        return out.view(count, side, side, -1).permute(0, 3, 1, 2)


def _to_kernels(x: Tensor, grad: Tensor, padding: Any) -> Tensor:
    """Gradient of the moved kernels, (4·O, 1, K+1, K+1), from that of the convolution's output.

    With images and channels swapped, it is a convolution of a hundred channels. PyTorch's own, of
    one channel, takes three to four times as long without AVX-512, and three quarters with it.
    """
    if get_cpu_capability() == "AVX512":
        side = x.shape[-1] + 2 * padding[0] - 2 * (grad.shape[-1] - 1)
        like = x.new_empty((grad.shape[1], x.shape[1], side, side))
        rest = ([2, 2], padding, [1, 1], False, [0, 0], 1, [False, True, False])
        return cast(Tensor, _aten.convolution_backward(grad, x, like, None, *rest)[1])
    swapped = F.conv2d(x.transpose(0, 1), grad.transpose(0, 1), padding=padding, dilation=2)
    return swapped.transpose(0, 1)


def input_gradient(conv: nn.Conv2d, grad: Tensor) -> Tensor:
    """Gradient of an unpadded convolution's input, (N, C, H, W), from that of its output.

    It is a convolution itself, of the gradient with the mirrored kernels. The few channels of the
    input would fill a part of a register only: with images and channels swapped, there are as
    many channels as images.
    """
    kernels = conv.weight.transpose(0, 1).flip(2, 3)
    mirrored = F.conv2d(kernels, grad, padding=grad.shape[-1] - 1)
    return mirrored.flip(2, 3).transpose(0, 1).contiguous()


def _blocks(
    x: Tensor, kernels: Tensor, offset: Tensor | None, padding: str | tuple[int, ...]
) -> Tensor:
    """(N, C, H, W) and `_moved` kernels → (N, 4, O, H', W'), the values of each 2×2 window."""
    offsets = None if offset is None else offset.repeat(len(WINDOW))
    y = F.conv2d(x, kernels, offsets, stride=2, padding=padding)
    return cast(Tensor, y.unflatten(1, (len(WINDOW), -1)))


def _columns(blocks: Tensor) -> tuple[Tensor, ...]:
    """(N, 4, O, H, W) → the windows' left and right values, (N, 2, O, H, W), upper ones first."""
    return cast(Tensor, blocks.unflatten(1, (2, 2))).unbind(2)


def _each(channels: Tensor) -> Tensor:
    """(O,) → (O, 1, 1), to be used with every value of a channel."""
    return channels.view(-1, 1, 1)


def _moved(kernel: Tensor) -> Tensor:
    """(O, C, K, K) → (4·O, C, K+1, K+1): the kernels at each place of `WINDOW`."""
    side = kernel.shape[-1] + 1
    moved = kernel.flatten(2) @ _moves(side - 1, kernel.dtype)
    blocks = cast(Tensor, moved.unflatten(2, (-1, side, side)))
    return blocks.permute(2, 0, 1, 3, 4).flatten(0, 1)


def _moved_back(kernels: Tensor) -> Tensor:
    """(4·O, C, K+1, K+1) → (O, C, K, K): the sum of what was at each place; `_moved`'s gradient."""
    side = kernels.shape[-1]
    blocks = kernels.unflatten(0, (len(WINDOW), -1)).permute(1, 2, 0, 3, 4).flatten(2)
    kernel = blocks @ _moves(side - 1, kernels.dtype).T
    return cast(Tensor, kernel.unflatten(2, (side - 1, -1)))


@cache
def _moves(kernel: int, dtype: torch.dtype) -> Tensor:
    """(K·K, 4·(K+1)·(K+1)) of 0 and 1: where each value of a kernel goes."""
    values = torch.eye(kernel**2, dtype=dtype).view(-1, kernel, kernel)
    places = [F.pad(values, (left, 1 - left, top, 1 - top)) for top, left in WINDOW]
    return torch.stack(places, 1).flatten(1)
