"""The optimizers and the learning rate's schedules."""

import inspect
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from lenet.config import TrainingConfig

WARM_UP = 0.2
"""Share of a one-cycle schedule in which the learning rate rises."""


def make_optimizer(model: nn.Module, config: TrainingConfig) -> Optimizer:
    """SGD, Adam or AdamW over all weights, as `config` sets it."""
    common: dict[str, Any] = {"lr": config.lr, "weight_decay": config.weight_decay, "fused": True}
    if config.optimizer == "sgd":
        return _eager(torch.optim.SGD)(
            model.parameters(), momentum=config.momentum, nesterov=config.nesterov, **common
        )
    adam = torch.optim.Adam if config.optimizer == "adam" else torch.optim.AdamW
    return _eager(adam)(model.parameters(), **common)


def _eager(optimizer: type[Optimizer]) -> Callable[..., Optimizer]:
    """The same optimizer, which does not import torch.compile's machinery in order to avoid it.

    That import (torch._dynamo) takes over a second, a third of the time from Start to the
    first point of the curve. The methods are torch's own, without their wrappers.
    """
    names = ("add_param_group", "state_dict", "load_state_dict", "step")
    methods = {name: inspect.unwrap(getattr(optimizer, name)) for name in names}
    methods["step"] = torch.no_grad()(methods["step"])
    methods["step"].hooked = True  # or torch would wrap it anew, to profile each step
    return type(optimizer.__name__, (optimizer,), methods)


def lr_factor(schedule: str, progress: float) -> float:
    """Share of the highest learning rate at `progress` (0 to 1) of the run.

    Cosine: Loshchilov & Hutter 2017, eq. 5, one cycle down to 0. One cycle: Smith & Topin
    2018, from 1/25 up and down to 0, both ways along a cosine.
    """
    if schedule == "constant":
        return 1.0
    if schedule == "cosine":
        return (1 + math.cos(math.pi * progress)) / 2
    if progress < WARM_UP:
        return 1 - (1 - 1 / 25) * (1 + math.cos(math.pi * progress / WARM_UP)) / 2
    return (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP))) / 2
