"""Probabilities that mean what they say: one temperature for all logits (Guo et al. 2017)."""

import math
from dataclasses import replace

import torch
import torch.nn.functional as F

from lenet.data.splits import Split
from lenet.network.checkpoint import Checkpoint
from lenet.network.inputs import to_input

BATCH = 200


def temperature(checkpoint: Checkpoint, split: Split) -> float:
    """By what to divide the logits of each view so that the truth is as likely as can be."""
    from scipy.optimize import minimize_scalar

    model = checkpoint.predictor
    with torch.inference_mode():
        batches = (to_input(images, checkpoint.config) for images in split.images.split(BATCH))
        logits = torch.cat(
            [torch.stack([model.logits(view) for view in model.views(x)]) for x in batches], dim=1
        )  # (views, N, 10)

    def loss(exponent: float) -> float:
        shares = (logits / math.exp(exponent)).softmax(2).mean(0)
        return F.nll_loss(shares.log(), split.labels).item()

    return math.exp(minimize_scalar(loss, bounds=(-4, 4), method="bounded").x)


def calibrated(checkpoint: Checkpoint, temperature: float) -> Checkpoint:
    """The same with fc4's weights divided by the temperature, which divides the logits."""
    scaled = {name: checkpoint.weights[name] / temperature for name in ("fc4.weight", "fc4.bias")}
    return replace(checkpoint, weights={**checkpoint.weights, **scaled}, training=None)
