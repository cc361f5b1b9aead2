"""Work on a second core: who does it, and that it is done when it is needed."""

import threading

import pytest
import torch

from lenet.network.side_work import SideWork
from lenet.training import trainer as training
from lenet.training.trainer import Trainer
from tests.small import same_weights, small_config, small_split


@pytest.fixture
def side() -> SideWork:
    return SideWork(shared=True)


def test_is_done_elsewhere_when_it_is_needed(side: SideWork) -> None:
    who: list[int] = []
    begun = threading.Event()

    def work() -> None:
        who.append(threading.get_ident())
        begun.set()

    side.add(work)
    assert begun.wait(30)
    side.finish()
    assert who
    assert who[0] != threading.get_ident()


def test_is_taken_back_from_a_thread_that_gets_no_core(side: SideWork) -> None:
    held = threading.Event()
    done: list[tuple[int, int]] = []
    side.add(lambda: held.wait(30))
    for number in range(3):
        side.add(lambda number=number: done.append((number, threading.get_ident())))  # type: ignore[misc]
    threading.Timer(0.2, held.set).start()
    side.finish()
    assert sorted(number for number, _ in done) == [0, 1, 2]
    assert {who for _, who in done} == {threading.get_ident()}


def test_the_last_pieces_can_wait(side: SideWork) -> None:
    done: list[str] = []
    held = threading.Event()
    side.add(lambda: done.append("first"))
    side.add(lambda: done.append("last") if held.wait(30) else None)
    side.finish(but=1)
    assert done == ["first"]
    held.set()
    side.finish()
    assert done == ["first", "last"]


@pytest.mark.parametrize("shared", [True, False])
def test_a_fault_is_raised_where_the_work_is_needed(shared: bool) -> None:
    side = SideWork(shared=shared)
    with pytest.raises(ZeroDivisionError):
        side.add(lambda: 1 / 0)
        side.finish()


@pytest.mark.parametrize("optimizer", ["muon", "adamw", "sgd"])
@pytest.mark.parametrize(
    "values", [{}, {"clip_grad_norm": 0.1}, {"batch_norm": False, "pooling": "average"}], ids=str
)
def test_a_training_gives_the_same_weights_with_it(
    optimizer: str, values: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "usable_cores", lambda: 2)
    monkeypatch.setattr(training, "SHARED_BATCH", 1)
    trained = []
    for threads in (0, 1):
        config = small_config(optimizer=optimizer, augment="flip_shift", threads=threads, **values)
        trained.append(Trainer(config, small_split()))
        list(trained[-1].run())
    assert same_weights(trained[0].model, trained[1].model)
    assert torch.equal(trained[0].state()["rng"], trained[1].state()["rng"])
