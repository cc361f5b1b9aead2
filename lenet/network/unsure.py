"""Telling what looks like none of the ten classes, by a small network beside LeNet-5.

It looks at what LeNet-5 makes of a picture after pool1, conv2 and fc3: what tells clothes from
each other is in fc3, but what tells them from all else is in part lost there.
"""

from typing import TypedDict

import torch
import torch.nn.functional as F
from torch import Tensor

from lenet.geometry import CONV_CHANNELS, FC_FEATURES
from lenet.network.lenet5 import LeNet5

SIDE = 5
"""Of the maps after pool1; those of other geometries are averaged or spread to it."""
FEATURES = CONV_CHANNELS[1] * SIDE**2 + CONV_CHANNELS[2] + FC_FEATURES[0]
SETS = ("validation images", "training images", "drawings", "photographs")
"""What thresholds can be set on."""


class Detector(TypedDict):
    """FEATURES → H → 1; what the network is unsure of gets more than 0.

    `set_on` are those of `SETS` of each of which nearly all are answered.
    """

    hidden: Tensor  # (H, FEATURES)
    hidden_bias: Tensor  # (H,)
    out: Tensor  # (1, H)
    out_bias: Tensor  # (1,)
    set_on: list[str]


def features(model: LeNet5, x: Tensor) -> Tensor:
    """(N, 1, S, S) as LeNet-5 takes them → (N, FEATURES)."""
    early, late, last = model.stages(x)
    early = F.adaptive_avg_pool2d(early, SIDE)
    return torch.cat([early.flatten(1), late.mean((2, 3)), last], dim=1)


def scores(detector: Detector, features: Tensor) -> Tensor:
    """(N, FEATURES) → (N,): above 0 for what looks like no class."""
    hidden = F.relu(F.linear(features, detector["hidden"], detector["hidden_bias"]))
    return F.linear(hidden, detector["out"], detector["out_bias"])[:, 0]


def checked(detector: Detector | None) -> Detector | None:
    """A detector as read from a file; raises one of many errors if it is none."""
    if detector is None:
        return None
    whole = scores(detector, torch.zeros(1, FEATURES))
    if not bool(torch.isfinite(whole).all()) or not set(detector["set_on"]) <= set(SETS):
        raise ValueError("no detector")
    return detector
