"""The optimizers and the learning rate's schedules."""

import inspect
import math
from collections.abc import Callable
from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.adamw import adamw

from lenet.config import TrainingConfig
from lenet.network.side_work import SideWork

WARM_UP = 0.2
"""Share of a one-cycle schedule in which the learning rate rises."""


OTHERS_SHARE = 0.3
"""Learning rate of the weights that Muon leaves to AdamW, as a share of Muon's own."""
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the polynomial that Muon iterates (Jordan et al. 2024)."""
ITERATIONS = 3


def make_optimizer(
    model: nn.Module, config: TrainingConfig, side: SideWork | None = None
) -> Optimizer:
    """The optimizer over all weights of LeNet-5, as `config` sets it.

    The learning rate of a group of weights is to be the schedule's times its "share", if it
    has one.

    Args:
        side: what computes the convolutions' gradients, of the first one last. Muon waits for
            them itself; for the others they must be there.
    """
    common: dict[str, Any] = {"lr": config.lr, "weight_decay": config.weight_decay, "fused": True}
    if config.optimizer == "muon":
        named = dict(model.named_parameters())
        hidden = [named.pop(f"{layer}.weight") for layer in ("fc3", "conv2", "conv1", "conv0")]
        groups = [
            {"params": hidden, "momentum": config.momentum},
            {
                "params": list(named.values()),
                "lr": OTHERS_SHARE * config.lr,
                "share": OTHERS_SHARE,
            },
        ]
        defaults = {"lr": config.lr, "weight_decay": config.weight_decay}
        return eager(Muon)(groups, defaults, side or SideWork(shared=False))
    if config.optimizer == "sgd":
        return eager(torch.optim.SGD)(
            model.parameters(), momentum=config.momentum, nesterov=config.nesterov, **common
        )
    adam = torch.optim.Adam if config.optimizer == "adam" else torch.optim.AdamW
    return eager(adam)(model.parameters(), **common)


class Muon(Optimizer):
    """Muon for the first group of weights, AdamW for the second.

    Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks": a gradient of
    a matrix is mostly a few strong directions. Muon takes the momentum, U·S·Vᵀ, and steps along
    U·Vᵀ: all directions move alike, also the weak ones, and the length of a step depends on the
    learning rate alone. A convolution's weights are a matrix of one row for each output channel.
    """

    def __init__(
        self, groups: list[dict[str, Any]], defaults: dict[str, Any], side: SideWork
    ) -> None:
        super().__init__(groups, defaults)
        self._side = side

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        hidden, others = self.param_groups
        *last_layers, first = hidden["params"]
        self._side.finish(but=1)
        for weight in last_layers:
            self._move(weight, hidden)
        self._side.finish()
        self._move(first, hidden)
        self._adamw(others)

    def _move(self, weight: Any, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(weight)
        momentum = state["momentum_buffer"].mul_(group["momentum"]).add_(weight.grad)
        ahead = weight.grad.add(momentum, alpha=group["momentum"])  # Nesterov's
        step = orthogonal(ahead.flatten(1))
        length = group["lr"] * math.sqrt(max(1.0, step.shape[0] / step.shape[1]))
        weight.mul_(1 - group["lr"] * group["weight_decay"])
        weight.sub_(step.mul_(length).reshape(weight.shape))  # on a card the rate is a tensor

    def _adamw(self, group: dict[str, Any]) -> None:
        weights = group["params"]
        for weight in weights:
            if not self.state[weight]:
                self.state[weight] = {
                    "exp_avg": torch.zeros_like(weight),
                    "exp_avg_sq": torch.zeros_like(weight),
                    "step": torch.zeros((), device=weight.device),
                }
        states = [self.state[weight] for weight in weights]
        adamw(
            weights,
            [weight.grad for weight in weights],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            max_exp_avg_sqs=[],
            state_steps=[state["step"] for state in states],
            fused=True,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=group["lr"],
            weight_decay=group["weight_decay"],
            eps=1e-8,
            maximize=False,
        )


def orthogonal(matrix: Tensor) -> Tensor:
    """U·S·Vᵀ, (R, C), → about U·Vᵀ, by Newton and Schulz's iteration: S becomes roughly 1."""
    a, b, c = NEWTON_SCHULZ
    is_tall = matrix.shape[0] > matrix.shape[1]  # lying down, its products are smaller
    x = matrix.t() if is_tall else matrix
    x = x / (x.norm() + 1e-7)
    gram = x @ x.t()  # it alone is iterated; the products with x would take longer
    factors = []
    for left in reversed(range(ITERATIONS)):
        factor = torch.addmm(gram, gram, gram, beta=b, alpha=c)
        factor.diagonal().add_(a)
        factors.append(factor)
        if left:
            gram = factor @ gram @ factor
    x = torch.mm(reduce(torch.mm, reversed(factors)), x)
    return x.t() if is_tall else x


def eager(optimizer: type[Optimizer]) -> Callable[..., Optimizer]:
    """The same optimizer, which does not import torch.compile's machinery in order to avoid it.

    That import (torch._dynamo) takes over a second, a third of the time from Start to the
    first point of the curve. The methods are torch's own, without their wrappers.
    """
    names = ("add_param_group", "state_dict", "load_state_dict", "step", "zero_grad")
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
