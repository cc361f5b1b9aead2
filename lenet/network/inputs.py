"""From stored pixels to what the network takes; the same for training and prediction."""

import torch
import torch.nn.functional as F
from torch import Tensor

from lenet.catalog import SIDE
from lenet.config import Config


def to_input(images: Tensor, config: Config) -> Tensor:
    """Fit to the input size and normalise.

    Args:
        images: (N, H, W) uint8, 0 for background.

    Returns:
        (N, 1, S, S) float32 with S = `config.input_size`.
    """
    size = config.input_size
    x = images.unsqueeze(1)
    height, width = x.shape[-2:]
    if config.fit == "pad" and size >= max(height, width):
        top, left = (size - height) // 2, (size - width) // 2
        x = F.pad(x, (left, size - width - left, top, size - height - top))
    elif (height, width) != (size, size):
        x = F.interpolate(x.float(), (size, size), mode="bilinear", antialias=True)
    mean, std = config.scaling
    return torch.sub(x, 255 * mean).div_(255 * std)  # becomes float32 on the way


def fit_matrix(config: Config) -> Tensor:
    """(S, 28) float32 that, from both sides, fits an image to the input size as `to_input` does."""
    rest = config.input_size - SIDE
    if config.fit == "pad" and rest >= 0:
        return F.pad(torch.eye(SIDE), (0, 0, rest // 2, rest - rest // 2))
    size = (config.input_size, SIDE)
    return F.interpolate(torch.eye(SIDE)[None, None], size, mode="bilinear", antialias=True)[0, 0]
