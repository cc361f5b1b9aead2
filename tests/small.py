"""What the unit tests share: a small dataset, quick configurations, the lab as a process."""

import functools
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from lenet.config import Config, build_config, choices
from lenet.paths import ROOT
from lenet.runs import lock
from lenet.runs.run import Control, Run
from lenet.runs.status import own_status
from lenet.training.events import Event, StepEvent
from tests.idx_files import make_arrays, small_info

if TYPE_CHECKING:  # torch is imported by the tests that need it, not while they are collected
    from torch import nn

    from lenet.data.splits import Split
    from lenet.network.checkpoint import Checkpoint
    from lenet.training.trainer import Trainer

PATIENCE = 120.0
"""Seconds to wait for another process: other programs may keep the machine busy."""


def small_config(**values: Any) -> Config:
    """The `lab` preset with 8 steps an epoch on the small dataset, overridden by `values`."""
    quick = {"device": "cpu", "epochs": 2, "batch_size": 20, "val_size": 40}
    return build_config({**quick, **values})


def other_settings() -> dict[str, Any]:
    """For every hyperparameter another value than its default, all of them usable together."""
    others: dict[str, Any] = {
        "input_size": 32,
        "kernel_size": 3,
        "padding": 1,
        "lr_changes": "5:0.2",
    }
    for name, info in Config.model_fields.items():
        if info.annotation is bool:
            others[name] = not info.default
        elif options := choices(info):
            others[name] = next(option for option in options if option != info.default)
        elif info.annotation is not str:
            others.setdefault(name, info.default + (1 if info.annotation is int else 0.05))
    return others


def as_text(value: object) -> str:
    """A hyperparameter's value as in a flag or an address."""
    return str(int(value) if isinstance(value, bool) else value)


@functools.cache
def small_split(part: str = "train") -> "Split":
    """The small dataset's 200 training or 60 test images."""
    import torch

    from lenet.data.splits import Split

    arrays = make_arrays(small_info())
    prefix = {"train": "train", "test": "t10k"}[part]
    return Split(
        torch.from_numpy(arrays[f"{prefix}-images-idx3-ubyte"]),
        torch.from_numpy(arrays[f"{prefix}-labels-idx1-ubyte"]).long(),
    )


def trained(config: Config) -> "Trainer":
    """A trainer that has gone through all its epochs on the small dataset."""
    from lenet.training.trainer import Trainer

    trainer = Trainer(config, small_split())
    for _ in trainer.run():
        pass
    return trainer


def snapshot_of(trainer: "Trainer", **metrics: Any) -> "Checkpoint":
    """The checkpoint that a run would save now."""
    from lenet.network.checkpoint import snapshot

    return snapshot(trainer.config, trainer.state(), metrics)


Watch = Callable[[Event, int], None]


def ignore(event: Event, total_steps: int) -> None:
    """Let a training go on."""


def at_step(step: int, act: Callable[[], object]) -> Watch:
    """Do something after a step of a training."""

    def watch(event: Event, total_steps: int) -> None:
        if isinstance(event, StepEvent) and event.step == step:
            act()

    return watch


def stop_at(step: int, run: Run) -> Watch:
    return at_step(step, lambda: run.ask(Control("stop")))


def train(run: Run, config: Config, watch: Watch = ignore, **options: Any) -> None:
    """Train into a run's folder on the small dataset, in this process."""
    from lenet.runs.worker import Execution

    Execution(run, small_split, watch).start(config, **options)


def resume(run: Run, watch: Watch = ignore) -> None:
    from lenet.runs.worker import Execution

    Execution(run, small_split, watch).resume()


def raising(error: BaseException) -> Callable[..., Any]:
    """A function that fails."""

    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def run_lab(
    *flags: str | Path, module: str = "tests.small_lab", **options: Any
) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, by default with the small dataset."""
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, flags)],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=10 * PATIENCE,
        **options,
    )


def in_background(*arguments: str, before: str = "") -> "subprocess.Popen[str]":
    """The command line with the small dataset in a process, after the Python text `before`."""
    run = "import runpy; runpy.run_module('tests.small_lab', run_name='__main__')"
    return subprocess.Popen(
        [sys.executable, "-c", f"{before}\n{run}", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def at_work(run: Run, total_steps: int = 0) -> Iterator[None]:
    """Hold a run's or study's folder and say that it is running, as its own process does."""
    with run.hold(make=True):
        run.write_status(own_status().changed(state="running", total_steps=total_steps))
        yield


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """Ask again and again until `condition` is true; its value."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s in vain for {what}"
        time.sleep(0.05)
    return value


def assert_one_sentence(message: str) -> None:
    """A message fit for a person: one line, not a quotation from a library's insides."""
    assert message.strip() == message
    assert "\n" not in message
    assert 10 < len(message) < 500
    for word in ("Traceback", "pydantic", "weights_only", "Error("):
        assert word not in message


@contextmanager
def refused(error: type[Exception], words: str | None = None) -> Iterator[pytest.ExceptionInfo]:
    """Expect an error whose message matches `words` and is fit for a person."""
    with pytest.raises(error, match=words) as caught:
        yield caught
    assert_one_sentence(str(caught.value))


def same_weights(one: "nn.Module", other: "nn.Module") -> bool:
    """Whether two networks agree bit for bit."""
    import torch

    theirs = other.state_dict()
    return all(torch.equal(part, theirs[name]) for name, part in one.state_dict().items())


def hidden_files(folder: Path) -> list[str]:
    """Temporary files that something left behind."""
    found = [path.name for path in folder.iterdir() if path.name.startswith(".")]
    return [name for name in found if name != lock.NAME]


def holder(run: Run) -> psutil.Process:
    """The process that holds a run's folder."""

    def find() -> psutil.Process | None:
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if str(run.folder / lock.NAME) in [file.path for file in process.open_files()]:
                    return process
        return None

    found: psutil.Process = wait_until(find, "the process of the run")
    return found
