"""LeNet-5 (LeCun et al., "Gradient-based learning applied to document recognition", 1998)."""

import copy
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from lenet.config import ModelConfig
from lenet.geometry import CONV_CHANNELS, FC_FEATURES, POOL
from lenet.network.fused_stage import Conv2d, max_pool


class LeNet5(nn.Module):
    """conv0 → pool0 → conv1 → pool1 → conv2 → (pool2) → fc3 → fc4, as `config` describes.

    Takes (N, 1, S, S) float32, normalised, with S = `config.input_size`; gives (N, 10)
    float32: logits, or probabilities when `config.softmax` is set.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        c0, c1, c2 = CONV_CHANNELS
        kernel = config.kernel_size
        maps = [layer.output_shape for layer in config.layers() if len(layer.output_shape) == 3]
        self.conv0 = Conv2d(1, c0, kernel, padding=config.padding)
        self.bn0 = _batch_norm(config, c0)
        self.pool0 = _pool(config)
        self.conv1 = Conv2d(c0, c1, kernel)
        self.bn1 = _batch_norm(config, c1)
        self.pool1 = _pool(config)
        self.conv2 = Conv2d(c1, c2, config.conv2_kernel or kernel)
        self.bn2 = _batch_norm(config, c2)
        self.pool2 = _pool(config) if config.pool2 else nn.Identity()
        self.fc3 = nn.Linear(math.prod(maps[-1]), FC_FEATURES[0])
        self.dropout = nn.Dropout(config.dropout)
        self.fc4 = nn.Linear(*FC_FEATURES)
        self.activation = _activation(config)
        # No activation decreases: max pooling gives the same before it, and leaves it less to do.
        self._pool_first = config.pooling == "max"
        self.can_fuse_stage0 = self._pool_first and maps[0][-1] % 2 == 0
        """Whether `fused_stage` can compute the first stage: its maps have even sides."""
        self._is_folded = False
        if config.init == "xavier_uniform":
            for layer in (self.conv0, self.conv1, self.conv2, self.fc3, self.fc4):
                nn.init.xavier_uniform_(layer.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = self.logits(x)
        return F.softmax(x, dim=1) if self.config.softmax else x

    def logits(self, x: Tensor) -> Tensor:
        """(N, 1, S, S) → (N, 10), also where forward() gives probabilities."""
        return self.fc4(self.dropout(self.stages(x)[-1]))  # type: ignore[no-any-return]

    def stages(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(N, 1, S, S) → the maps after pool1 and after conv2 (pool2), and fc3's (N, 84)."""
        # Shapes are those of the default geometry: 28×28, kernel 5, padding 2.
        x = self._first_stage(x)  # (N, 6, 14, 14)
        # Pooling is faster with the 16 channels last in memory.
        x = self.conv1(x).contiguous(memory_format=torch.channels_last)
        early = self._stage(self.bn1(x), self.pool1)  # (N, 16, 5, 5)
        late = self._stage(self.bn2(self.conv2(early)), self.pool2)  # (N, 120, 1, 1)
        return early, late, self.activation(self.fc3(late.flatten(1)))

    def probabilities(self, x: Tensor) -> Tensor:
        """(N, 1, S, S) → (N, 10) that sum to 1: the mean over `config.views` of the images."""
        return self.mean_probabilities(self.outputs(x))

    def outputs(self, x: Tensor) -> list[Tensor]:
        """(N, 1, S, S) → what forward() makes of each of the `views`."""
        return [self(view) for view in self.views(x)]

    def views(self, x: Tensor) -> list[Tensor]:
        """(N, 1, S, S) → `config.views` of the images, themselves first."""
        views = [x] if self.config.views == "one" else [x, x.flip(3)]
        if self.config.views == "mirror_shift":
            moves = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))
            views = [view.roll(move, (2, 3)) for view in views for move in moves]
        return views

    def mean_probabilities(self, outputs: list[Tensor]) -> Tensor:
        """`outputs` of each view, (N, 10) → (N, 10), the mean of their probabilities."""
        if not self.config.softmax:
            outputs = [F.softmax(logits, dim=1) for logits in outputs]
        return torch.stack(outputs).mean(0)

    def folded(self) -> "LeNet5":
        """A copy for predictions only, with each batch norm merged into its convolution."""
        folded = copy.deepcopy(self).eval()
        folded._is_folded = True
        for place in range(len(CONV_CHANNELS)):
            conv, bn = getattr(folded, f"conv{place}"), getattr(folded, f"bn{place}")
            if isinstance(bn, nn.BatchNorm2d):
                setattr(folded, f"conv{place}", fuse_conv_bn_eval(conv, bn))
                setattr(folded, f"bn{place}", nn.Identity())
        return folded

    def _first_stage(self, x: Tensor) -> Tensor:
        fused = self._is_folded and self.can_fuse_stage0 and x.is_cpu
        if fused and not torch.is_grad_enabled():
            return self.activation(max_pool(self.conv0, x))
        return self._stage(self.bn0(self.conv0(x)), self.pool0)

    def _stage(self, x: Tensor, pool: nn.Module) -> Tensor:
        if self._pool_first:
            return self.activation(pool(x))
        return pool(self.activation(x))  # type: ignore[no-any-return]


def _batch_norm(config: ModelConfig, channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels) if config.batch_norm else nn.Identity()


def _pool(config: ModelConfig) -> nn.Module:
    return nn.MaxPool2d(POOL) if config.pooling == "max" else nn.AvgPool2d(POOL)


def _activation(config: ModelConfig) -> Callable[[Tensor], Tensor]:
    if config.activation == "leaky_relu":
        return nn.LeakyReLU(config.negative_slope)
    return {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid}[config.activation]
