"""The kernels that a network has learned."""

import numpy as np
from numpy.typing import NDArray

from lenet.network.lenet5 import LeNet5
from lenet.ui.inside import grayscale

PIXELS = {"conv0": 9, "conv1": 6}  # screen pixels for each weight of a layer's kernels


def filter_sheets(model: LeNet5) -> str:
    """HTML of the kernels of conv0 and conv1; see `pointing`."""
    figures = (_figure(name, getattr(model, name).weight.detach().numpy()) for name in PIXELS)
    return f'<div class="closeup">{"".join(figures)}</div>'


def _figure(name: str, weights: NDArray[np.float32]) -> str:
    """The (N, C, K, K) kernels of a layer."""
    scale = grayscale.largest(weights)
    count, channels, side, _ = weights.shape
    rows = weights.swapaxes(0, 1).reshape(-1, side, side)
    alts = [f"{name}, from {i} to {o}" for i in range(channels) for o in range(count)]
    pictures = "".join(grayscale.images(rows, scale, alts))
    columns = f"grid-template-columns:repeat({count},{PIXELS[name] * side}px)"
    return (
        f'<figure class="sheet"><div class="maps" style="{columns}">{pictures}</div>'
        f"<figcaption><b>{name}</b> {count} × {channels} kernels of {side}×{side}, "
        f'<span class="quiet">±{scale:.2f}</span></figcaption></figure>'
    )
