"""How a network stands between two steps of its training, measured on images that stay the same.

It draws no random numbers and changes nothing: a training is the same with it and without.
"""

import copy
import math
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lenet.catalog import CLASSES
from lenet.config import Config
from lenet.data.splits import Split
from lenet.network.inputs import to_input
from lenet.network.lenet5 import LeNet5
from lenet.network.side_work import SideWork
from lenet.training.events import ProbeEvent

PER_RUN = 20
"""Probes of a training, at least; each of its epochs has two or more."""
IMAGES, FEWEST = 1000, 200
"""Training images, and validation images, of a probe; those between them where `WORTH` says so."""
WORTH = 20
"""Images trained on for each training image of a probe: so it costs a training under 3 %."""
BATCH = 500
SATURATED, MOSTLY = 0.97, 0.95
"""A tanh unit beyond the first for more than the second of its inputs is idle; sigmoid likewise."""
DIGITS = 5
"""Significant digits of what is recorded."""


LAYERS = ("conv0", "conv1", "conv2", "fc3")
"""Those with an activation."""

Judged: TypeAlias = tuple[Tensor, Tensor]


def judge(network: LeNet5, data: Split, config: Config, *, views: bool = True) -> Judged:
    """The mean loss of the images alone, and whether each is recognised, (N,) bool.

    Args:
        network: from `LeNet5.folded`.
        views: answer from all of the configuration's views.
    """
    losses, right = [], []
    with torch.inference_mode():
        for images, labels in zip(data.images.split(BATCH), data.labels.split(BATCH), strict=True):
            x = to_input(images, config)
            outputs = network.outputs(x) if views else [network(x)]
            losses.append(F.cross_entropy(outputs[0], labels, reduction="sum"))
            right.append(network.mean_probabilities(outputs).argmax(1) == labels)
    return torch.stack(losses).sum() / len(data.labels), torch.cat(right)


class Probe:
    """Looks at `network` at equal distances of steps.

    Args:
        train: the training images on the network's device; the first of them are used.
        val: likewise those held back, if there are any.
        side: may compute one half of it while the other one is computed here.
    """

    def __init__(
        self,
        network: LeNet5,
        config: Config,
        train: Split,
        val: Split,
        steps_per_epoch: int,
        side: SideWork,
    ) -> None:
        self._network, self._config, self._side = network, config, side
        self._steps_per_epoch = steps_per_epoch
        self._per_epoch = max(2, math.ceil(PER_RUN / config.epochs))
        count = min(IMAGES, max(FEWEST, len(train.labels) // self._per_epoch // WORTH))
        self._train, self._val = (
            Split(part.images[:count], part.labels[:count]) for part in (train, val)
        )
        self._weights = {
            name: layer.weight
            for name, layer in network.named_children()
            if isinstance(layer, nn.Conv2d | nn.Linear)
        }
        self._before: list[Tensor] = []

    def is_due(self, step: int) -> bool:
        """Whether to look after step number `step`, from 1."""
        done, begun = (at * self._per_epoch // self._steps_per_epoch for at in (step, step - 1))
        return done > begun

    def note_weights(self) -> None:
        """Remember the weights before a step after which it is due."""
        self._before = [weight.detach().clone() for weight in self._weights.values()]

    @torch.inference_mode()
    def look(self, step: int, epoch: int, gradients: list[Tensor]) -> ProbeEvent:
        """Measure after a step, which has used these gradients of all parameters."""
        network = self._network.folded()
        held_back: list[Judged] = []
        if len(self._val.labels):
            self._side.add(lambda: held_back.append(self._judge(network, self._val)))
        activations = _Activations(self._config.activation)
        seen = self._judge(activations.watched(network), self._train)
        self._side.finish()
        loss, right = seen
        val_loss, val_right = held_back[0] if held_back else (None, None)
        ratios = [
            (weight - before).norm() / before.norm()
            for weight, before in zip(self._weights.values(), self._before, strict=True)
        ]
        length = torch.nn.utils.get_total_norm(gradients)
        norm, *shares = torch.stack([length, *ratios]).tolist()
        return ProbeEvent(
            step,
            epoch,
            train_accuracy=right.float().mean().item(),
            train_eval_loss=_plain(loss.item()),
            val_loss=None if val_loss is None else _plain(val_loss.item()),
            val_accuracy=None if val_right is None else val_right.float().mean().item(),
            recalls=_recalls(right, self._train)
            if val_right is None
            else _recalls(val_right, self._val),
            gradient_norm=_plain(norm),
            update_ratios=dict(zip(self._weights, map(_plain, shares), strict=True)),
            idle=activations.idle(),
        )

    def _judge(self, network: LeNet5, data: Split) -> Judged:
        return judge(network, data, self._config, views=False)


class _Activations:
    """The units of each layer that do nothing: a ReLU's that is always 0, others' saturated.

    A convolution's unit is one of its maps, with all its places.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._shares: list[Tensor] = []
        """For each call, layer after layer and batch after batch, of each unit's values."""

    def watched(self, network: LeNet5) -> LeNet5:
        """The same network; what it computes is looked at."""
        if self._kind == "leaky_relu":  # is never without a slope
            return network
        watched = copy.copy(network)
        watched.activation = partial(self._note, network.activation)
        return watched

    def _note(self, activation: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        y = activation(x)
        centred = 2 * y - 1 if self._kind == "sigmoid" else y
        is_idle = y <= 0 if self._kind == "relu" else centred.abs() > SATURATED
        self._shares.append(
            is_idle.flatten(2).float().mean((0, 2)) if y.dim() == 4 else is_idle.float().mean(0)
        )
        return y

    def idle(self) -> dict[str, float]:
        """The share of each layer's units; of no layer where no unit can be idle."""
        most = 1.0 if self._kind == "relu" else MOSTLY
        found = {}
        for at, name in enumerate(LAYERS if self._shares else ()):
            shares = torch.stack(self._shares[at :: len(LAYERS)]).mean(0)
            found[name] = (shares >= most).float().mean().item()
        return found


def _recalls(right: Tensor, data: Split) -> list[float | None]:
    """Of each class the share of its images that are recognised; None without any."""
    found = [right[data.labels == label] for label in range(CLASSES)]
    return [_plain(hits.float().mean().item()) for hits in found]


def _plain(value: float) -> float | None:
    """To `DIGITS` digits; None if JSON has no word for it."""
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
