"""From stored pixels to what the network takes; the same for training and prediction."""

import torch
import torch.nn.functional as F
from torch import Tensor

from lenet.catalog import DATASETS
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
    info = DATASETS[config.dataset]
    mean, std = (0.5, 1.0) if config.normalization == "half" else (info.mean, info.std)
    return torch.sub(x, 255 * mean).div_(255 * std)  # becomes float32 on the way
