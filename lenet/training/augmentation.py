"""Random changes to training images, made on whole batches."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from lenet.config import Config

MAX_SHIFT = 2
"""Largest move of an image in each direction, in pixels."""
MAX_ANGLE = math.radians(12)
MAX_STRETCH = 0.12
"""Largest change of an image's width and height, each for itself, as a share."""
MAX_SHEAR = 0.15


def augment(images: Tensor, config: Config) -> Tensor:
    """(N, H, W) uint8 → the same, changed as `config.augment` says by torch's global generator."""
    if config.augment in ("flip", "flip_shift"):
        images = flip(images)
    if config.augment in ("shift", "flip_shift"):
        images = shift(images)
    if config.augment == "warp":
        images = warp(images)
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


def warp(images: Tensor) -> Tensor:
    """Turn, stretch, slant and move each image a little; what enters is background."""
    count, height, width = images.shape
    uniform = 2 * torch.rand(6, count, device=images.device) - 1
    angle = MAX_ANGLE * uniform[0]
    wide, high = 1 + MAX_STRETCH * uniform[1:3]
    slant = MAX_SHEAR * uniform[3]
    across, down = 2 * MAX_SHIFT * uniform[4] / width, 2 * MAX_SHIFT * uniform[5] / height
    # Each place of the result and where in the image it is looked up, in shares of its half.
    lookup = torch.stack(
        [
            torch.stack([wide * angle.cos(), slant - angle.sin(), across], dim=1),
            torch.stack([angle.sin(), high * angle.cos(), down], dim=1),
        ],
        dim=1,
    )
    grid = F.affine_grid(lookup, [count, 1, height, width], align_corners=False)
    moved = F.grid_sample(images.unsqueeze(1).float(), grid, align_corners=False)
    return moved.squeeze(1).round().to(torch.uint8)
