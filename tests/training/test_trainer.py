"""The training loop: it learns, repeats itself, and goes on where it was left."""

from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils import parameters_to_vector

from lenet.data.splits import Split, split_train_val
from lenet.errors import ConfigError, TrainingError
from lenet.network import checkpoint
from lenet.network.inputs import to_input
from lenet.training.events import EpochEvent, Event, StepEvent
from lenet.training.optimizers import lr_factor
from lenet.training.trainer import Trainer, pick_device
from tests.small import (
    other_settings,
    refused,
    same_weights,
    small_config,
    small_split,
    snapshot_of,
    trained,
)

OPTIMIZERS = ("sgd", "adam", "adamw", "muon")
SCHEDULES = ("constant", "cosine", "one_cycle")


def steps_of(events: Iterable[Event]) -> list[StepEvent]:
    return [event for event in events if isinstance(event, StepEvent)]


@pytest.mark.parametrize(
    "values",
    [
        {"preset": "lab"},
        {"preset": "classic", "lr": 0.1, "epochs": 12},
        {"preset": "post", "lr": 0.1, "epochs": 6},
        {"preset": "post-32", "epochs": 4},
        {"optimizer": "adam", "schedule": "cosine"},
    ],
    ids=str,
)
def test_learns(values: dict[str, Any]) -> None:
    trainer = trained(small_config(**{"val_size": 40, "augment": "none", "epochs": 4, **values}))
    _, accuracy = trainer.evaluate()
    assert accuracy is not None
    assert accuracy > 0.8  # chance is 0.1


ALL_RANDOMNESS = {"dropout": 0.3, "augment": "flip_shift"}


class TestSameSeed:
    def test_same_events_and_weights_whatever_ran_before(self) -> None:
        runs = []
        for _ in range(2):
            torch.rand(1000)
            trainer = Trainer(small_config(**ALL_RANDOMNESS), small_split())
            losses = [event.loss for event in steps_of(trainer.run())]
            runs.append((losses, trainer.model))
        assert runs[0][0] == runs[1][0]
        assert same_weights(runs[0][1], runs[1][1])

    def test_each_epoch_has_an_order_of_its_own_and_sees_every_image_once(self) -> None:
        trainer = Trainer(small_config(), small_split())
        orders = [torch.cat(trainer._batches(epoch)) for epoch in (1, 2, 1)]
        assert torch.equal(orders[0], orders[2])
        assert not torch.equal(orders[0], orders[1])
        for order in orders:
            assert torch.equal(order.sort().values, torch.arange(160))


@pytest.mark.slow
class TestGoingOn:
    """A training that was saved and taken up again ends as if nothing had happened."""

    @staticmethod
    @cache
    def uninterrupted(optimizer: str, schedule: str) -> tuple[Trainer, list[Event]]:
        values = {"optimizer": optimizer, "schedule": schedule, "lr": 0.005, "nesterov": True}
        trainer = Trainer(small_config(epochs=3, **values, **ALL_RANDOMNESS), small_split())
        return trainer, list(trainer.run())

    @pytest.mark.parametrize("steps", [8, 11], ids=lambda steps: f"after {steps} steps")
    @pytest.mark.parametrize("schedule", SCHEDULES)
    @pytest.mark.parametrize("optimizer", OPTIMIZERS)
    def test_same_weights_bit_for_bit(
        self, optimizer: str, schedule: str, steps: int, tmp_path: Path
    ) -> None:
        whole, events = self.uninterrupted(optimizer, schedule)
        first = Trainer(whole.config, small_split())
        for event in first.run():
            # 8 steps are an epoch: save then after the event of its end.
            if first.step == steps and (steps % 8 or isinstance(event, EpochEvent)):
                break
        file = tmp_path / "stopped.pt"
        checkpoint.save(file, snapshot_of(first))
        saved = checkpoint.load(file)
        assert saved.training is not None
        second = Trainer(saved.config, small_split())
        torch.rand(7)  # the generator's position must come from the file
        second.restore({**saved.training, "model": saved.weights})
        rest = list(second.run())
        assert same_weights(second.model, whole.model)
        assert len(steps_of(rest)) == 24 - steps
        figures = attrgetter("epoch", "step", "train_loss", "val_loss", "val_accuracy")
        assert figures(rest[-1]) == figures(events[-1])


class TestEvents:
    def test_one_after_each_step_and_each_epoch(self) -> None:
        trainer = Trainer(small_config(epochs=3, batch_size=32), small_split())
        events = list(trainer.run())
        assert trainer.steps_per_epoch == 5
        assert trainer.total_steps == 15
        assert [type(event) for event in events] == ([StepEvent] * 5 + [EpochEvent]) * 3
        steps = steps_of(events)
        epochs = [event for event in events if isinstance(event, EpochEvent)]
        assert [event.step for event in steps] == list(range(1, 16))
        assert [event.epoch for event in steps] == [1] * 5 + [2] * 5 + [3] * 5
        assert [(event.epoch, event.step) for event in epochs] == [(1, 5), (2, 10), (3, 15)]
        assert all(event.images_per_second > 0 for event in steps)
        assert all(event.seconds > 0 for event in epochs)

    def test_epoch_tells_the_mean_loss_of_its_images(self) -> None:
        events = list(Trainer(small_config(epochs=2, batch_size=60), small_split()).run())
        for at, sizes in ((slice(0, 3), (60, 60, 40)), (slice(4, 7), (60, 60, 40))):
            losses = [event.loss for event in steps_of(events[at])]
            mean = sum(loss * size for loss, size in zip(losses, sizes, strict=True)) / 160
            epoch = events[at.stop]
            assert isinstance(epoch, EpochEvent)
            assert epoch.train_loss == pytest.approx(mean)

    def test_epoch_tells_loss_and_accuracy_on_the_images_held_back(self) -> None:
        trainer = Trainer(small_config(), small_split())
        *_, last = trainer.run()
        assert isinstance(last, EpochEvent)
        data = small_split()
        _, held_back = split_train_val(data.labels, 40)
        model = trainer.model.eval()
        with torch.no_grad():
            out = model(to_input(data.images[held_back], trainer.config))
        labels = data.labels[held_back]
        assert last.val_accuracy == (out.argmax(1) == labels).sum().item() / 40
        assert last.val_loss == pytest.approx(F.cross_entropy(out, labels).item(), rel=1e-5)

    def test_images_held_back_are_never_trained_on(self) -> None:
        data = small_split()
        _, held_back = split_train_val(data.labels, 40)
        other = data.images.clone()
        other[held_back] = 255 - other[held_back]
        changed = Trainer(small_config(), Split(other, data.labels))
        for _ in changed.run():
            pass
        assert same_weights(changed.model, trained(small_config()).model)


class TestSchedules:
    def rates(self, schedule: str, **values: Any) -> list[float]:
        config = small_config(schedule=schedule, epochs=5, lr=0.02, **values)
        return [event.lr for event in steps_of(Trainer(config, small_split()).run())]

    def test_cosine_falls_to_nearly_nothing(self) -> None:
        rates = self.rates("cosine")
        assert rates[0] == 0.02
        assert all(later < rate for rate, later in pairwise(rates))
        assert rates[20] == pytest.approx(0.01)
        assert 0 < rates[-1] < 0.0001

    def test_one_cycle_rises_for_a_fifth_and_falls_after_it(self) -> None:
        rates = self.rates("one_cycle")
        assert rates[0] == pytest.approx(0.02 / 25)
        assert rates[8] == max(rates) == pytest.approx(0.02)
        assert rates[: 8 + 1] == sorted(rates[: 8 + 1])
        assert rates[8:] == sorted(rates[8:], reverse=True)
        assert 0 < rates[-1] < 0.0001

    @pytest.mark.parametrize("schedule", SCHEDULES)
    def test_factor_never_leaves_its_range(self, schedule: str) -> None:
        factors = [lr_factor(schedule, at / 1000) for at in range(1001)]
        assert max(factors) == pytest.approx(1)
        assert min(factors) >= 0
        jumps = [abs(b - a) for a, b in pairwise(factors)]
        assert max(jumps) < 0.01


UNFELT = ("device", "threads", "keep_checkpoints", "views")
OTHERS = {**other_settings(), "val_size": 41, "batch_size": 21, "lr_changes": "3:0.2"}
BESIDE: dict[str, dict[str, Any]] = {
    "momentum": {"optimizer": "sgd"},
    "nesterov": {"optimizer": "sgd"},
    "fit": {"input_size": 32},
    "padding": {"kernel_size": 3},
    "pool2": {"kernel_size": 3, "padding": 0},
}
"""What a hyperparameter has an effect with, or is possible with."""


@pytest.mark.parametrize("name", [name for name in OTHERS if name not in UNFELT])
def test_hyperparameter_changes_what_is_learned(name: str) -> None:
    base = {"epochs": 1, **BESIDE.get(name, {})}
    changed, usual = (
        trained(small_config(**{**base, **change})) for change in ({name: OTHERS[name]}, {})
    )
    assert not same_weights(changed.model, usual.model)


@pytest.mark.parametrize("values", [{"momentum": 0.5}, {"nesterov": True}], ids=str)
def test_hyperparameter_of_another_optimizer_changes_nothing(values: dict[str, Any]) -> None:
    config = small_config(epochs=1, optimizer="adamw")
    changed = config.model_copy(update=values)
    assert same_weights(trained(config).model, trained(changed).model)


@pytest.mark.parametrize(("limit", "moved"), [(0.01, 0.01), (1000, None)])
def test_clipped_gradient_makes_no_longer_step(limit: float, moved: float | None) -> None:
    """A step of plain SGD is the gradient itself, times the learning rate of 1."""

    def step(**values: Any) -> Tensor:
        plain: dict[str, Any] = {"optimizer": "sgd", "momentum": 0, "weight_decay": 0, "lr": 1}
        trainer = Trainer(small_config(**plain, schedule="constant", **values), small_split())
        before = parameters_to_vector(trainer.model.parameters())
        next(trainer.run())
        return (parameters_to_vector(trainer.model.parameters()) - before).detach()

    unclipped, clipped = step(), step(clip_grad_norm=limit)
    length = unclipped.norm().item() if moved is None else moved
    assert unclipped.norm() > 0.02
    assert clipped.norm().item() == pytest.approx(length, rel=1e-3)
    assert F.cosine_similarity(clipped, unclipped, dim=0).item() == pytest.approx(1, rel=1e-3)


class TestWhatCannotGoOn:
    @pytest.mark.parametrize("val_size", [0, 40])
    def test_loss_that_is_no_number(self, val_size: int) -> None:
        steep: dict[str, Any] = {"optimizer": "sgd", "lr": 10, "schedule": "constant"}
        config = small_config(**steep, activation="relu", epochs=5, val_size=val_size)
        with refused(TrainingError, "diverged; try a lower learning rate"):
            list(Trainer(config, small_split()).run())

    def test_network_that_overflows_after_the_last_step(self) -> None:
        """Only the validation loss shows it, and JSON has no word for it."""
        trainer = Trainer(small_config(epochs=1), small_split())
        events = trainer.run()
        for _ in range(trainer.total_steps):
            next(events)
        with torch.no_grad():
            trainer.model.fc4.weight.fill_(3e38)
        with refused(TrainingError, r"validation loss is .* diverged"):
            next(events)

    def test_device_that_is_not_there(self) -> None:
        missing = "mps" if not torch.backends.mps.is_available() else "cuda"
        with pytest.raises(ConfigError, match=f"no {missing} device; use --device auto"):
            Trainer(small_config(device=missing), small_split())

    def test_auto_takes_a_device_that_is_there(self) -> None:
        assert torch.zeros(1, device=pick_device("auto")) + 1 == 1


class TestLastBatchOfOneImage:
    """Batch norm cannot train on a single image; 160 images in batches of 53 leave one over."""

    def test_batch_norm_leaves_it_out(self) -> None:
        trainer = Trainer(small_config(batch_size=53, epochs=2), small_split())
        events = list(trainer.run())
        assert trainer.total_steps == 6
        assert len(events) == 8
        losses = [event.loss for event in steps_of(events[:3])]
        assert isinstance(events[3], EpochEvent)
        assert events[3].train_loss == pytest.approx(sum(losses) / 3)

    def test_without_batch_norm_it_is_used(self) -> None:
        trainer = Trainer(small_config(batch_size=53, batch_norm=False), small_split())
        assert trainer.steps_per_epoch == 4
