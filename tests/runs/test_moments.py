"""The maps of ten images that a training leaves, from its first step to its last."""

from pathlib import Path

import numpy as np
import pytest

from lenet.config import Config, build_config
from lenet.runs import moments
from lenet.runs.moments import MomentsFile, record
from lenet.runs.run import Run
from tests.small import resume, small_config, stop_at, train


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "run")


def kept_at(config: Config, run: Run, steps: int) -> list[int]:
    """The steps of the moments that stay of a training of so many."""
    run.folder.mkdir(exist_ok=True)
    run.write_config(config)
    file = MomentsFile(run, config, 0)
    for step in np.repeat(np.arange(steps), 2).tolist():
        file.add(step, bytes(record(config).itemsize - 9))
    return [int(step) for step in moments.moments(run)["step"]]


def test_a_long_training_keeps_a_bounded_number_of_moments(run: Run) -> None:
    most = moments.LIMIT // record(build_config()).itemsize
    steps = kept_at(build_config(), run, 1000)
    assert most / 2 <= len(steps) <= most + 1
    assert (steps[0], steps[-1]) == (0, 999)
    apart = set(np.diff(steps[:-1]))
    assert len(apart) == 1
    assert (run.folder / "moments.bin").stat().st_size <= moments.LIMIT + 2**17


@pytest.mark.usefixtures("small_dataset")
def test_a_training_leaves_moments_from_its_first_weights_to_its_last(run: Run) -> None:
    config = small_config(epochs=2)
    train(run, config)
    found = moments.moments(run)
    steps = found["step"].tolist()
    assert steps[0] == 0
    assert steps == sorted(set(steps))
    assert len(set(map(bytes, found["filters0"]))) == len(steps) > 1


@pytest.mark.usefixtures("small_dataset")
def test_a_resumed_training_goes_on_with_its_moments(run: Run) -> None:
    train(run, small_config(epochs=2), stop_at(3, run))
    before = moments.moments(run)["step"].tolist()
    resume(run)
    after = moments.moments(run)["step"].tolist()
    assert after[0] == before[0] == 0
    assert after == sorted(set(after))
    assert after[-1] > 3


def test_without_a_file_there_are_none(run: Run) -> None:
    assert len(moments.moments(run)) == 0
