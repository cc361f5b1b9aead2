"""The way of a training on a CUDA card, on the CPU: what only a card can do has a stand-in.

Where there is a card, it is tried on that, too.
"""

from collections.abc import Callable
from contextlib import nullcontext
from itertools import islice
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from lenet.runs.run import Run
from lenet.training import captured, trainer
from lenet.training.captured import WARM_UP
from lenet.training.events import EpochEvent, Event, ProbeEvent, StepEvent
from lenet.training.trainer import Trainer
from tests.small import resume, small_config, small_split, stop_at, train

REPLAYED = "replayed"
NO_CHANCE = {"augment": "none", "sketches": 0, "photographs": 0}
needs_card = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no card")


class OnCard(Trainer):
    """A trainer that works as on a card."""

    def __init__(self, *options: Any, **more: Any) -> None:
        super().__init__(*options, **more)
        self._use_captured()
        self._follow_schedule()


@pytest.fixture
def replays(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Has an entry for each replay, which computes anew from where the batch was captured."""
    done: list[str] = []

    def record(work: Callable[[], Tensor], _stream: object) -> tuple[Callable[[], object], Tensor]:
        loss = torch.zeros(())

        def replay() -> None:
            loss.copy_(work())
            done.append(REPLAYED)

        return replay, loss

    stream = SimpleNamespace(wait_stream=lambda _: None)
    monkeypatch.setattr(captured, "captured", record)
    for name in ("Stream", "current_stream"):
        monkeypatch.setattr(torch.cuda, name, lambda: stream)
    monkeypatch.setattr(torch.cuda, "stream", nullcontext)
    monkeypatch.setattr(trainer, "TOLD_AT_ONCE", 3)
    return done


def figures(events: list[Event]) -> list[float]:
    found = []
    for event in events:
        if isinstance(event, StepEvent):
            found += [event.step, event.loss, event.lr]
        elif isinstance(event, EpochEvent):
            found += [event.step, event.train_loss]
    return found


@pytest.mark.parametrize("optimizer", ["muon", "adamw", "sgd"])
def test_gives_the_same_events_and_weights(optimizer: str, replays: list[str]) -> None:
    """The last of an epoch's 8 batches has 6 images; the learning rate changes at each step."""
    config = small_config(optimizer=optimizer, batch_size=22, lr_changes="5:0.02", lr=0.01)
    plain = Trainer(config, small_split())
    expected = list(plain.run())
    on_card = OnCard(config, small_split())
    events = list(on_card.run())
    assert len(replays) == 2 * 7 - WARM_UP
    assert [type(event) for event in events] == [type(event) for event in expected]
    assert figures(events) == pytest.approx(figures(expected), rel=1e-4)
    for name, weight in on_card.model.state_dict().items():
        torch.testing.assert_close(weight, plain.model.state_dict()[name], rtol=1e-3, atol=1e-4)


def test_what_is_measured_between_the_steps_is_the_same(replays: list[str]) -> None:
    """Also after an epoch's last batch, which leaves its gradients in another place."""
    config = small_config(batch_size=22)
    expected, found = (
        [event for event in kind(config, small_split(), probing=True).run() if probed(event)]
        for kind in (Trainer, OnCard)
    )
    assert replays
    for name in ("step", "gradient_norm", "train_accuracy", "val_loss"):
        values, others = ([getattr(event, name) for event in each] for each in (found, expected))
        assert values == pytest.approx(others, rel=1e-3)


def probed(event: Event) -> bool:
    return isinstance(event, ProbeEvent)


def test_what_cannot_be_captured_is_computed_all_the_same(
    replays: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(captured, "captured", refuse)
    config = small_config(batch_size=22)
    expected, events = (list(kind(config, small_split()).run()) for kind in (Trainer, OnCard))
    assert figures(events) == pytest.approx(figures(expected), rel=1e-4)
    assert len(caplog.records) == 1
    assert not replays


def test_a_stop_among_steps_that_are_told_at_once_loses_none(
    replays: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr(trainer, "Trainer", OnCard)
    run = Run(tmp_path / "run")
    train(run, small_config(), stop_at(4, run))
    assert run.status().state == "stopped"
    resume(run)
    steps = [line for line in run.metrics_file.read_text().splitlines() if '"loss"' in line]
    assert len(steps) == 16
    assert replays


@needs_card
@pytest.mark.parametrize("optimizer", ["muon", "adamw", "sgd"])
def test_a_card_gives_the_losses_of_the_cpu(optimizer: str) -> None:
    config = small_config(
        optimizer=optimizer, batch_size=22, lr_changes="5:0.02", lr=0.01, **NO_CHANCE
    )
    here = Trainer(config, small_split())
    there = Trainer(config.model_copy(update={"device": "cuda"}), small_split())
    assert figures(list(there.run())) == pytest.approx(figures(list(here.run())), rel=1e-3)
    assert there._captured and there._captured._replay


@needs_card
@pytest.mark.parametrize("augment", ["none", "flip_shift", "warp"])
@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
def test_a_card_resumes_bit_for_bit(
    optimizer: str, augment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "TOLD_AT_ONCE", 6)
    config = small_config(
        device="cuda", optimizer=optimizer, augment=augment, dropout=0.3, batch_size=22
    )
    whole = Trainer(config, small_split())
    expected = figures(list(whole.run()))
    first = Trainer(config, small_split())
    begun = list(islice(first.run(), 6))
    state = first.state()
    second = Trainer(config, small_split())
    second.restore(state)
    assert figures(begun) + figures(list(second.run())) == expected
    for name, weight in second.model.state_dict().items():
        assert torch.equal(weight, whole.model.state_dict()[name]), name
