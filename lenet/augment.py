"""Random changes to training images, made on whole batches."""

import torch
import torch.nn.functional as F
from torch import Tensor

from lenet.config import Config

MAX_SHIFT = 2
"""Largest move of an image in each direction, in pixels."""


def augment(images: Tensor, config: Config) -> Tensor:
    """(N, H, W) uint8 → the same, changed as `config.augment` says by torch's global generator."""
    if config.augment in ("flip", "flip_shift", "sketch"):
        images = flip(images)
    if config.augment in ("shift", "flip_shift", "sketch"):
        images = shift(images)
    return images


def flip(images: Tensor) -> Tensor:
    """Mirror each image left to right with probability ½."""
    mirrored = torch.rand(len(images), device=images.device) < 0.5
    return torch.where(mirrored[:, None, None], images.flip(2), images)


def shift(images: Tensor) -> Tensor:
    """Move each image by up to `MAX_SHIFT` pixels on each axis; what enters is background."""
    count, height, width = images.shape
    framed = F.pad(images, (MAX_SHIFT,) * 4)
    windows = framed.unfold(1, height, 1).unfold(2, width, 1)  # (N, 5, 5, H, W), a view
    dy, dx = torch.randint(2 * MAX_SHIFT + 1, (2, count), device=images.device)
    return windows[torch.arange(count, device=images.device), dy, dx]
