"""A training into a used folder: the earlier one stays until the new one has a checkpoint."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from lenet.errors import CheckpointError, ConfigError, TrainingError
from lenet.files import temporaries
from lenet.runs.overwriting import set_aside, settle
from lenet.runs.run import Run
from lenet.runs.status import own_status
from lenet.training.events import Event
from tests.small import Watch, ignore, refused, resume, small_config, stop_at, train

NEW = small_config(epochs=1, seed=1)


def train_anew(run: Run, watch: Watch = ignore) -> None:
    train(run, NEW, watch, overwrite=True)


def content(run: Run) -> dict[str, bytes]:
    """What a person would miss; a run's log and lock are not among it."""
    torn = temporaries(run.folder)
    return {
        str(path.relative_to(run.folder)): path.read_bytes()
        for path in run.folder.rglob("*")
        if path.is_file() and path not in torn and path.name not in (".lock", "log.txt")
    }


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run of three epochs, the last of which has been stopped."""
    run = Run(tmp_path / "run")
    run.folder.mkdir()
    (run.folder / "notes.txt").write_text("mine")
    train(run, small_config(epochs=3), stop_at(20, run))
    assert list(run.checkpoints()) == [1, 2]
    return run


@pytest.mark.parametrize("left", ["model_epoch1.pt", "stopped.pt", "metrics.jsonl"])
def test_any_work_makes_a_folder_a_used_one(left: str, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / left).touch()
    (tmp_path / "run-2").touch()
    with refused(ConfigError, r"holds an earlier training.*run-3, or replace it with --overwrite"):
        train(Run(tmp_path / "run"), NEW)
    assert content(Run(tmp_path / "run")) == {left: b""}


def test_a_training_that_never_began_leaves_its_folder_free(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.write_status(own_status().changed(state="failed", message="no network"))
    train(run, NEW)
    assert run.status().state == "finished"


@pytest.mark.usefixtures("small_dataset")
def test_replaces_all_of_the_earlier_one_and_nothing_else(run: Run) -> None:
    (run.folder / "status.json").write_text("{")
    train_anew(run)
    assert run.config() == NEW
    assert run.status().state == "finished"
    names = {name.partition(".tfevents")[0] for name in content(run)}
    assert names == {
        *("config.json", "status.json", "metrics.jsonl", "model_epoch1.pt", "events.out"),
        *("moments.bin", "notes.txt"),
    }
    assert len(run.metrics_file.read_text().splitlines()) == 8 + 8 + 1  # steps, probes, an epoch


@pytest.mark.parametrize("last_step", [0, 5])
def test_one_that_ends_before_its_first_checkpoint_leaves_the_earlier_one(
    last_step: int, run: Run
) -> None:
    before = content(run)

    def watch(event: Event, total_steps: int) -> None:
        assert run.config() == NEW
        if event.step > last_step:
            raise TrainingError("the training diverged")

    with pytest.raises(TrainingError):
        train_anew(run, watch)
    assert content(run) == before


def test_the_earlier_one_goes_when_the_new_one_has_been_saved(run: Run) -> None:
    train_anew(run, stop_at(3, run))
    assert run.status().state == "stopped"
    assert not run.checkpoints()
    resume(run)
    assert (run.config(), list(run.checkpoints())) == (NEW, [1])


class Killed(BaseException):
    """The process is no more: nothing that it would still do is done."""


@pytest.mark.parametrize("saved", [False, True], ids=["before", "after the first checkpoint"])
@pytest.mark.parametrize("resumed", [False, True], ids=["train again", "resume"])
def test_a_kill_at_any_moment_loses_nothing(
    saved: bool, resumed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before each change of the folder: the next command finds the earlier or the new."""

    def overwrite(run: Run) -> None:
        set_aside(run)
        run.prepare(NEW)
        if saved:
            run.epoch_checkpoint(1).write_bytes(b"new")
        settle(run)

    moments = 0
    while True:
        run = Run(tmp_path / f"{moments}")
        run.folder.mkdir()
        run.write_config(small_config())
        for name in ("metrics.jsonl", "model_epoch1.pt", "model_epoch2.pt", "stopped.pt"):
            (run.folder / name).write_bytes(b"old")
        before = content(run)
        with monkeypatch.context() as patch:
            if not killed(patch, moments, partial(overwrite, run)):
                break
        if resumed:
            with pytest.raises(CheckpointError):  # its checkpoints are none
                resume(run)
        else:
            with pytest.raises(ConfigError, match="holds an earlier training"):
                train(run, NEW)
        found = content(run)
        found.pop("status.json", None)
        new = (run.config(), list(run.checkpoints())) == (NEW, [1]) and "stopped.pt" not in found
        assert found == before or (saved and new), f"killed at change {moments}"
        moments += 1
    assert moments > 10


def killed(patch: pytest.MonkeyPatch, moment: int, work: Callable[[], None]) -> bool:
    """Whether the work was killed; it is before its change number `moment`."""
    changes = iter(range(10**6))

    def guarded(change: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **more: object) -> object:
            if next(changes) >= moment:
                raise Killed
            return change(*args, **more)

        return call

    for name in ("replace", "rename", "unlink", "rmdir", "mkdir"):
        patch.setattr(os, name, guarded(getattr(os, name)))
    try:
        work()
    except Killed:
        return True
    return False


def test_preparing_a_run_s_folder_for_other_settings_keeps_the_earlier_training(run: Run) -> None:
    """As where a study's run was begun with what were the defaults then."""
    before = content(run)
    run.prepare(NEW)
    assert run.config() == NEW
    assert not run.trained
    assert content(Run(run.folder.with_name("run-2"))) == before
