"""What is measured between the steps of a training, and that it disturbs nothing."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from lenet.network.inputs import to_input
from lenet.runs.history import read_history
from lenet.runs.run import Run
from lenet.training.events import ProbeEvent
from lenet.training.trainer import Trainer
from tests.small import resume, same_weights, small_config, small_split, stop_at, train, trained


def probes(trainer: Trainer) -> list[ProbeEvent]:
    return [event for event in trainer.run() if isinstance(event, ProbeEvent)]


@pytest.mark.parametrize(("epochs", "batch_size"), [(1, 5), (3, 3), (30, 20), (1, 3)])
def test_at_least_twenty_at_equal_distances(epochs: int, batch_size: int) -> None:
    trainer = Trainer(small_config(epochs=epochs, batch_size=batch_size), small_split())
    probe = Trainer(trainer.config, small_split(), probing=True)._probe
    assert probe
    due = [step for step in range(1, trainer.total_steps + 1) if probe.is_due(step)]
    distances = {after - before for before, after in pairwise([0, *due])}
    assert len(due) >= 20
    assert len(due) > epochs
    assert max(distances) - min(distances) <= 1
    assert due[-1] == trainer.total_steps


@pytest.mark.parametrize("activation", ["leaky_relu", "relu", "tanh"])
def test_training_is_the_same_with_them(activation: str) -> None:
    config = small_config(activation=activation, dropout=0.2, augment="flip_shift")
    probed = Trainer(config, small_split(), probing=True)
    assert len(probes(probed)) == probed.total_steps  # there are but 16
    assert same_weights(probed.model, trained(config).model)


def test_figures_are_those_of_the_network_in_evaluation_mode() -> None:
    plain: dict[str, Any] = {"optimizer": "sgd", "momentum": 0, "weight_decay": 0, "lr": 0.1}
    trainer = Trainer(small_config(**plain, views="mirror"), small_split(), probing=True)
    before = trainer.model.fc3.weight.detach().clone()
    told = next(trainer.run())
    assert isinstance(told, ProbeEvent)
    assert told.step == 1
    model = trainer.model.eval()
    for images, labels, loss, accuracy in (
        (trainer.images, trainer.labels, told.train_eval_loss, told.train_accuracy),
        (*trainer.held_back, told.val_loss, told.val_accuracy),
    ):
        with torch.no_grad():
            out = model(to_input(images, trainer.config))
        right = out.argmax(1) == labels
        assert loss == pytest.approx(F.cross_entropy(out, labels).item(), rel=1e-3)
        assert accuracy == pytest.approx(right.float().mean().item())
    for label, recall in enumerate(told.recalls):
        assert recall == pytest.approx(right[labels == label].float().mean().item(), rel=1e-4)
    moved = (model.fc3.weight.detach() - before).norm() / before.norm()
    assert told.update_ratios["fc3"] == pytest.approx(moved.item(), rel=1e-3)
    gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
    length = torch.cat([gradient.flatten() for gradient in gradients]).norm().item()
    assert told.gradient_norm == pytest.approx(length, rel=1e-3)


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
@pytest.mark.parametrize("pooling", ["max", "average"])
def test_units_that_do_nothing_are_counted(activation: str, pooling: str) -> None:
    config = small_config(activation=activation, pooling=pooling, lr=1e-9)
    trainer = Trainer(config, small_split(), probing=True)
    with torch.no_grad():
        trainer.model.fc3.weight[:21] = 0
        trainer.model.fc3.bias[:21] = -9
    told = next(trainer.run())
    assert isinstance(told, ProbeEvent)
    plain = next(Trainer(config, small_split(), probing=True).run())  # some are idle by chance
    assert isinstance(plain, ProbeEvent)
    assert told.idle["fc3"] > plain.idle["fc3"] + 0.5 * 21 / 84
    assert told.idle["conv1"] == plain.idle["conv1"] < 0.5


def test_without_images_held_back_there_is_the_training_accuracy() -> None:
    told = probes(Trainer(small_config(val_size=0), small_split(), probing=True))[-1]
    assert told.val_accuracy is told.val_loss is None
    assert 0 < told.train_accuracy <= 1
    assert len(told.recalls) == 10


@pytest.mark.usefixtures("small_dataset")
@pytest.mark.parametrize("step", [8, 11])
def test_resumed_run_has_those_of_one_never_stopped(step: int, tmp_path: Path) -> None:
    config = small_config(dropout=0.2)
    whole, run = Run(tmp_path / "whole"), Run(tmp_path / "run")
    train(whole, config)
    train(run, config, stop_at(step, run))
    assert len(read_history(run.metrics_file).probes) == step
    resume(run)
    found = read_history(run.metrics_file).probes
    assert len(found) == 16
    assert found == read_history(whole.metrics_file).probes
