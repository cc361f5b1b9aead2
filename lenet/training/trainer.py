"""The training loop: a stream of events, and a state that can be saved and taken up again."""

import math
import time
from collections.abc import Iterator
from functools import partial
from itertools import zip_longest
from typing import Any, TypeAlias, cast

import torch
from torch import Tensor

from lenet.config import Config
from lenet.cores import usable_cores
from lenet.data.splits import Split, split_train_val
from lenet.errors import ConfigError, TrainingError
from lenet.network.backprop import Backprop
from lenet.network.inputs import to_input
from lenet.network.lenet5 import LeNet5
from lenet.network.side_work import SideWork, Work, nothing
from lenet.training import made
from lenet.training.augmentation import augment
from lenet.training.captured import CapturedStep
from lenet.training.events import EpochEvent, Event, LrEvent, ProbeEvent, StepEvent
from lenet.training.optimizers import Muon, lr_factor, make_optimizer
from lenet.training.probe import Probe, judge

Batch: TypeAlias = tuple[Tensor, Tensor]
"""What the network takes, (N, 1, S, S) float32, and the labels, (N,) int64."""

TOLD_AT_ONCE = 50
"""Steps whose losses are read from a card together."""
SHARED_BATCH = 96
"""From this batch size on a second core gains more than handing the work over costs."""


def pick_device(name: str) -> torch.device:
    """The device that a configuration asks for; `ConfigError` if this machine lacks it."""
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, here in present.items() if here))
    if not present[name]:
        raise ConfigError(f"this machine has no {name} device; use --device auto or cpu")
    return torch.device(name)


def check(config: Config, data: Split) -> tuple[Tensor, Tensor]:
    """The indices to train on and those held back, if a training of `config` can begin at all.

    Raises:
        ConfigError: the batch or the validation split is larger than the data, or this
            machine lacks the device.
    """
    pick_device(config.device)
    train, val = split_train_val(data.labels, config.val_size)
    if config.batch_size > len(train):
        raise ConfigError(
            f"batch_size {config.batch_size} is larger than the {len(train)} training images; "
            "choose a smaller one"
        )
    return train, val


class Trainer:
    """LeNet-5 being trained as `config` says; `run()` trains and yields events.

    Two trainers with the same configuration and data give the same weights, bit for bit
    on one machine's CPU, also when one of them was saved by `state()` and taken up by
    `restore()` between two steps. Torch's global generator is seeded. Raises what `check` does.

    Args:
        data: the 60,000 training images; `config.val_size` of them are held back.
        probing: tell between steps how the network stands, too.
    """

    def __init__(self, config: Config, data: Split, *, probing: bool = False) -> None:
        self.config = config
        self.device = pick_device(config.device)
        train, val = check(config, data)
        own, held_back = (Split(data.images[part], data.labels[part]) for part in (train, val))
        self.images, self.labels = (part.to(self.device) for part in own)
        self.held_back = Split(*(part.to(self.device) for part in held_back))
        torch.set_num_threads(config.threads or 1)
        torch.manual_seed(config.seed)
        self.model = LeNet5(config).to(self.device)
        may_share = not config.threads and self.device.type == "cpu" and usable_cores() > 1
        self._side = SideWork(shared=may_share and config.batch_size >= SHARED_BATCH)
        self._backprop = Backprop(self.model, config.label_smoothing, self._side)
        self.optimizer = make_optimizer(self.model, config, self._side)
        self._captured: CapturedStep | None = None
        """A whole step, on a CUDA card."""
        self._rates: list[Tensor] = []
        """What it reads the learning rates from there."""
        self._gradients: dict[int, list[Tensor]] = {}
        """What it leaves the gradients in there, by the size of the batch."""
        if self.device.type == "cuda":
            # A resumed training repeats its steps, and they are those of the CPU, to rounding.
            torch.backends.cudnn.deterministic = True
            torch.backends.cudnn.allow_tf32 = False
            self._use_captured()
        self._untold: list[tuple[Tensor, int, float, int]] = []
        """Loss, number, learning rate and images of each step of which there was no event yet."""
        self._next: Batch | None = None
        """The next step's batch, if it is prepared already."""
        self._rng = torch.get_rng_state()
        """Torch's generator before the next batch was prepared."""
        self.steps_per_epoch = len(self._batches(1))
        self.total_steps = config.epochs * self.steps_per_epoch
        self.made = made.kinds_for(config, own, self.total_steps, self.device)
        """What joins each batch."""
        images = Split(self.images, self.labels)
        probe = (self.model, config, images, self.held_back, self.steps_per_epoch, self._side)
        self._probe = Probe(*probe) if probing else None
        self.lr = config.lr
        """The highest learning rate of the schedule, the configuration's unless set anew."""
        self.epoch = 0
        """Finished epochs."""
        self.step = 0
        """Finished steps of all epochs."""
        self._epoch_loss = 0.0
        self._epoch_seconds = 0.0
        self._follow_schedule()

    def set_lr(self, lr: float) -> None:
        """Use another highest learning rate from the next step on; the schedule goes on."""
        self.lr = lr
        self._follow_schedule()

    def change_lr(self, lr: float) -> None:
        """As `set_lr`, and noted in the configuration, so that the training can be repeated."""
        self.config = self.config.with_lr(self.step, lr)
        self.set_lr(lr)

    def run(self) -> Iterator[Event]:
        """Train to the end of the last epoch, an event after each step and each epoch.

        On a CUDA card some steps are told at once, when all of them are done. A change of the
        learning rate that the configuration asks for is told before the step.

        Raises:
            TrainingError: the loss is no longer a number.
        """
        while self.epoch < self.config.epochs:
            batches = self._batches(self.epoch + 1)
            done = self.step - self.epoch * self.steps_per_epoch
            for index, following in zip_longest(batches[done:], batches[done + 1 :]):
                if lr := self.config.later_lrs.get(self.step):
                    yield from self._told()
                    self.set_lr(lr)
                    yield LrEvent(self.step, self.epoch + 1, lr)
                if self._probe and self._probe.is_due(self.step + 1):
                    yield from self._probed(self._probe, index, following)
                    continue
                self._train_step(index, following)
                if not self._rates or len(self._untold) == TOLD_AT_ONCE:
                    yield from self._told()
            yield from self._told()
            yield self._finish_epoch(seen=sum(len(index) for index in batches))

    def evaluate(self) -> tuple[float | None, float | None]:
        """Loss and accuracy on the validation images; None without any."""
        if not len(self.held_back.labels):
            return None, None
        loss, right = judge(self.model.folded(), self.held_back, self.config)
        return loss.item(), int(right.sum()) / len(right)

    def state(self) -> dict[str, Any]:
        """All that `restore()` needs: weights, optimizer, schedule, generator, position."""
        on_cuda = self.device.type == "cuda"
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": {"lr": self.lr},
            "rng": self._rng if self._next else torch.get_rng_state(),
            "cuda_rng": torch.cuda.get_rng_state() if on_cuda else None,
            "epoch": self.epoch,
            "step": self.step,
            "epoch_loss": self._epoch_loss,
            "epoch_seconds": self._epoch_seconds,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a `state()` of a trainer with the same configuration and data."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
        self._next = None
        if state["cuda_rng"] is not None and self.device.type == "cuda":
            torch.cuda.set_rng_state(state["cuda_rng"])
        self.epoch, self.step = state["epoch"], state["step"]
        self.set_lr(state["scheduler"]["lr"])
        self._epoch_loss = state["epoch_loss"]
        self._epoch_seconds = state["epoch_seconds"]

    def _batches(self, epoch: int) -> list[Tensor]:
        """An epoch's batches as indices, an order that only the seed and the epoch decide."""
        generator = torch.Generator().manual_seed(self.config.seed * 100_003 + epoch)
        order = torch.randperm(len(self.labels), generator=generator).to(self.device)
        batches = list(order.split(self.config.batch_size))
        if self.config.batch_norm and len(batches[-1]) == 1:
            batches.pop()  # batch norm has no deviation to compute from a single image
        return batches

    def _probed(
        self, probe: Probe, index: Tensor, following: Tensor | None
    ) -> Iterator[ProbeEvent | StepEvent]:
        """Make a step and look at it; what it tells comes first, so that a stop at the step's
        event leaves both behind.
        """
        probe.note_weights()
        self._train_step(index, following)
        told = [*self._told()]
        began = time.perf_counter()
        gradients = self._gradients.get(len(index)) or _gradients(self.model)
        event = probe.look(self.step, self.epoch + 1, gradients)
        self._epoch_seconds += time.perf_counter() - began
        yield event
        yield from told

    def _train_step(self, index: Tensor, following: Tensor | None) -> None:
        if not self._untold:
            self._began = time.perf_counter()
        lr = self._lr
        if self._captured:
            self._grow(self.step)
            loss = self._captured(index)
        else:
            if self._next is None:
                self._prepare(index, self.step)
            batch, self._next = cast(Batch, self._next), None
            beside = nothing
            # Elsewhere than on the CPU nothing is gained, and a resume could not repeat its draws.
            if following is not None and self.device.type == "cpu":
                beside = partial(self._prepare, following, self.step + 1)
            loss = self._move_weights(*batch, beside)
        self.step += 1
        self._untold.append((loss, self.step, lr, len(index)))
        self._follow_schedule()

    def _use_captured(self) -> None:
        """Have each step captured, learning rates and all."""
        self._captured = CapturedStep(self._step_on_card)
        self._rates = [torch.zeros((), device=self.device) for _ in self.optimizer.param_groups]

    def _step_on_card(self, index: Tensor) -> Tensor:
        """What is captured: it leaves the gradients of batches of a size always in one place."""
        loss = self._move_weights(*self._batch(index))
        self._gradients[len(index)] = _gradients(self.model)
        return loss

    def _move_weights(self, x: Tensor, labels: Tensor, beside: Work = nothing) -> Tensor:
        """Gradients and the optimizer's step; the loss, on the device."""
        loss = self._backprop(x, labels, beside)
        limit = self.config.clip_grad_norm
        if limit or not isinstance(self.optimizer, Muon):  # Muon itself waits for the gradients
            self._side.finish()
        if limit:
            with torch.inference_mode():
                torch.nn.utils.clip_grad_norm_(self.model.parameters(), limit)
        self.optimizer.step()
        return loss

    def _told(self) -> Iterator[StepEvent]:
        """The events of the steps since the last call; to read their losses, a card is waited for.

        The trainer is as it is after the last of them.
        """
        steps, self._untold = self._untold, []
        if not steps:
            return
        losses = torch.stack([loss for loss, *_ in steps]).tolist()
        seconds = time.perf_counter() - self._began
        self._epoch_seconds += seconds
        events = []
        for value, (_, step, lr, count) in zip(losses, steps, strict=True):
            self._must_be_finite("loss", value, step)
            self._epoch_loss += value * count
            speed = count * len(steps) / seconds
            events.append(StepEvent(step, self.epoch + 1, value, lr, speed))
        yield from events

    def _prepare(self, index: Tensor, step: int) -> None:
        """Make the batch of these images ready, as the next one."""
        self._grow(step)
        self._rng = torch.get_rng_state()
        self._next = self._batch(index)

    def _batch(self, index: Tensor) -> Batch:
        """The images with these indices and what joins them, augmented."""
        images, labels = self.images.index_select(0, index), self.labels.index_select(0, index)
        parts = [(images, labels), *(kind.pick() for kind in self.made)]
        images, labels = (torch.cat(each) for each in zip(*parts, strict=True))
        return to_input(augment(images, self.config), self.config), labels

    def _grow(self, step: int) -> None:
        for kind in self.made:
            kind.grow(step)

    def _follow_schedule(self) -> None:
        self._lr = self.lr * lr_factor(self.config.schedule, self.step / self.total_steps)
        for number, group in enumerate(self.optimizer.param_groups):
            group["lr"] = self._lr * group.get("share", 1.0)
            if self._rates:
                group["lr"] = self._rates[number].fill_(group["lr"])
                group["capturable"] = True  # a restored state may say otherwise

    def _finish_epoch(self, seen: int) -> EpochEvent:
        began = time.perf_counter()
        val_loss, val_accuracy = self.evaluate()
        self._must_be_finite("validation loss", val_loss or 0.0, self.step)
        seconds = self._epoch_seconds + time.perf_counter() - began
        train_loss = self._epoch_loss / seen
        self._epoch_loss = self._epoch_seconds = 0.0
        self.epoch += 1
        return EpochEvent(self.epoch, self.step, train_loss, val_loss, val_accuracy, seconds)

    def _must_be_finite(self, name: str, value: float, step: int) -> None:
        if not math.isfinite(value):
            raise TrainingError(
                f"the {name} is {value} at step {step}: the training diverged; "
                "try a lower learning rate"
            )


def _gradients(model: LeNet5) -> list[Tensor]:
    return [weight.grad for weight in model.parameters() if weight.grad is not None]
