"""Files that are not what the lab wrote: each fault that the soak has found, one by one."""

import io
import json
import os
import time
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from lenet.catalog import DatasetInfo
from lenet.config import build_config
from lenet.drawing.image_files import read_image
from lenet.errors import CheckpointError, ImageError, LabError, RunError, StorageError, StudyError
from lenet.evaluation.metrics import evaluate
from lenet.evaluation.model_card import promote
from lenet.files import read_small
from lenet.network import checkpoint
from lenet.runs import launcher, naming
from lenet.runs.history import read_history
from lenet.runs.recorder import Recorder
from lenet.runs.run import Control, Run
from lenet.runs.status import Status
from lenet.studies.folder import home_of, study_folders
from lenet.studies.plan import Study
from lenet.studies.presets import STUDY_PRESETS, is_preset
from lenet.studies.results import Findings
from lenet.studies.summary import conclusion
from soak.damage import DEEP
from soak.payloads import jpeg_of_scans
from tests.small import (
    hidden_files,
    raising,
    refused,
    resume,
    small_config,
    small_split,
    train,
    trained,
)

STATUS: dict[str, Any] = {"state": "finished", "pid": 1, "process_began": 1.0, "began": 2.0}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_dataset: DatasetInfo) -> Run:
    """A run of the page, on the small dataset, that has not begun."""
    monkeypatch.setenv("LENET_RUNS_DIR", str(tmp_path / "runs"))
    made = Run(tmp_path / "runs" / "20260101-000000-lab-0000")
    made.prepare(small_config())
    return made


DAMAGED = ("", "{", "[]", "[1]", "null", "3", '{"lr": -1}', '{"depth": 1}', '{"lr":' * DEEP)
IMPOSSIBLE: tuple[dict[str, Any], ...] = (
    *({"state": "asleep"}, {"state": []}, {"began": float("nan")}, {"total_steps": -1}),
    *({"total_steps": "many"}, {"earlier": 1e300}, {"message": 3}),
)


@pytest.mark.parametrize(
    "text",
    [*DAMAGED, *(json.dumps(STATUS | change) for change in IMPOSSIBLE)],
    ids=lambda text: text[-30:],
)
def test_an_impossible_status_is_said_to_be_unreadable(text: str, run: Run) -> None:
    (run.folder / "status.json").write_text(text)
    with refused(RunError, r"unreadable status\.json"):
        run.status()


@pytest.mark.parametrize("text", DAMAGED, ids=lambda text: text[-30:])
def test_a_damaged_configuration_is_said_to_be_unreadable(text: str, run: Run) -> None:
    (run.folder / "config.json").write_text(text)
    with refused(RunError, r"no readable config\.json"):
        run.config()


@pytest.mark.parametrize("asked", [{"lr": -1}, {"lr": "x"}, {"lr": 99}, {"wish": "dance"}, []])
def test_an_impossible_wish_is_none(asked: Any, run: Run) -> None:
    (run.folder / "control.json").write_text(json.dumps(asked))
    assert run.asked() == Control()


def test_a_folder_with_an_impossible_date_has_its_own_name(run: Run) -> None:
    assert Run(run.folder.with_name("20269999-999999-lab-0000")).name == "20269999-999999-lab-0000"


class TestNames:
    @pytest.mark.parametrize(
        "name", ["a\nb", "\u202egnp.exe", "nul\x00byte", "a\ud800b", "x" * 999]
    )
    def test_what_cannot_be_shown_is_left_out(self, name: str, run: Run) -> None:
        run.rename(name)
        assert run.name.isprintable()
        assert 0 < len(run.name) <= naming.MAX_NAME
        assert [found.id for found in launcher.list_runs()] == [run.id]

    def test_a_name_file_with_nothing_to_show_gives_the_first_name(self, run: Run) -> None:
        first = run.name
        (run.folder / "name.txt").write_bytes(b" \n\x00\t")
        assert run.name == first

    def test_a_folder_whose_name_cannot_be_shown_is_not_listed(self, run: Run) -> None:
        Run(run.folder.with_name("a\nb")).prepare(small_config())
        assert [found.id for found in launcher.list_runs()] == [run.id]


class TestLinks:
    """A link in a run's folder could lead anywhere; a pipe would be waited for for ever."""

    @pytest.fixture
    def outside(self, tmp_path: Path) -> Path:
        (tmp_path / "outside").write_text("nobody's business")
        return tmp_path / "outside"

    @pytest.mark.parametrize("make", [os.symlink, lambda outside, path: os.mkfifo(path)])
    def test_nothing_is_read_through_them(
        self, make: Callable[[Path, Path], None], run: Run, outside: Path
    ) -> None:
        first = run.name
        for name in ("name.txt", "log.txt", "metrics.jsonl", "control.json", "status.json"):
            make(outside, run.folder / name)
        assert run.name == first
        assert run.log_tail() == ""
        assert run.asked() == Control()
        assert len(read_history(run.metrics_file)) == 0
        with pytest.raises(RunError):
            run.status()

    def test_nothing_is_written_through_them(self, run: Run, outside: Path) -> None:
        run.log_file.symlink_to(outside)
        with pytest.raises(StorageError):
            launcher.spawn(run.log_file, ["--help"])
        run.metrics_file.symlink_to(outside)
        with pytest.raises(StorageError):
            Recorder(run, trained(small_config()))
        assert outside.read_text() == "nobody's business"

    def test_linked_runs_and_checkpoints_are_not_offered(
        self, run: Run, trained_file: Path, tmp_path: Path
    ) -> None:
        run.epoch_checkpoint(1).symlink_to(trained_file)
        run.stopped_checkpoint.symlink_to(trained_file)
        assert run.checkpoints() == {}
        assert run.saved() == []
        run.folder.rename(tmp_path / "elsewhere")
        run.folder.symlink_to(tmp_path / "elsewhere")
        assert launcher.list_runs() == []

    def test_a_small_file_is_not_read_when_it_is_large(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        os.truncate(tmp_path / "file", 2**36)
        with pytest.raises(OSError, match="too large"):
            read_small(tmp_path / "file")


def altered(source: Path, **parts: Any) -> bytes:
    """A checkpoint's bytes with other parts."""
    file = io.BytesIO()
    torch.save({**torch.load(source, weights_only=True), **parts}, file)
    return file.getvalue()


ENDLESS: Any = ["lr"]
for _ in range(60):
    ENDLESS = [ENDLESS, ENDLESS]


class TestCheckpoints:
    @pytest.mark.parametrize(
        "values",
        [{"lr": ENDLESS}, {"preset": "x" * 10**6}, {"y" * 10**6: 1}, {"a\nb": 1}],
        ids=["a value that takes for ever to quote", "a long one", "a long name", "two lines"],
    )
    def test_what_is_refused_is_quoted_shortly(
        self, values: dict[str, Any], trained_file: Path
    ) -> None:
        config = build_config().model_dump() | values
        data = altered(trained_file, config=config)
        assert zipfile.is_zipfile(io.BytesIO(data))
        for read in (partial(checkpoint.loads, data, "a.pt"), partial(build_config, config)):
            with pytest.raises(LabError) as caught:
                read()
            assert "\n" not in str(caught.value)
            assert len(str(caught.value)) < 900  # the names of all hyperparameters

    @pytest.mark.parametrize("number", [1e38, -1e38])
    def test_weights_out_of_all_proportion_are_said(
        self, number: float, trained_file: Path
    ) -> None:
        weights = {
            name: torch.full_like(part, number) if part.is_floating_point() else part
            for name, part in checkpoint.load(trained_file).weights.items()
        }
        loaded = checkpoint.loads(altered(trained_file, weights=weights), "a.pt")
        with refused(CheckpointError, "not numbers"):
            evaluate(loaded, small_split("test"))

    def test_names_without_number_are_not_read(
        self, trained_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = altered(trained_file, weights={str(number): 0 for number in range(200_000)})
        monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("read them"))
        with refused(CheckpointError, r"^a\.pt"):
            checkpoint.loads(data, "a.pt")

    @pytest.mark.parametrize("training", [{}, {"optimizer": 3}, {"rng": "x"}])
    def test_a_training_state_that_cannot_be_restored_is_said(
        self, training: dict[str, Any], run: Run, trained_file: Path
    ) -> None:
        whole = checkpoint.load(trained_file).training or {}
        data = altered(trained_file, training=whole | training if training else {})
        run.epoch_checkpoint(1).write_bytes(data)
        (run.folder / "status.json").write_text(json.dumps(STATUS | {"state": "crashed"}))
        with refused(CheckpointError, "cannot be restored"):
            resume(run)

    def test_one_without_its_epoch_is_not_promoted(
        self, run: Run, tmp_path: Path, trained_file: Path
    ) -> None:
        run.epoch_checkpoint(1).write_bytes(altered(trained_file, metrics={}))
        with pytest.raises(CheckpointError, match="does not say of which epoch"):
            promote(run.epoch_checkpoint(1), "mine", folder=tmp_path / "kept")
        assert not (tmp_path / "kept").exists()


def test_a_picture_made_to_be_slow_is_not_decoded() -> None:
    before = time.process_time()
    data = jpeg_of_scans(1000, 1024)
    made = time.process_time() - before
    with pytest.raises(ImageError, match="would take too long"):
        read_image(data, "slow.jpg")
    assert time.process_time() - before - made < 1
    read_image(jpeg_of_scans(2, 1024), "usual.jpg")


def test_what_a_killed_process_was_writing_is_cleared(run: Run) -> None:
    for name in (".model_epoch1.pt.0123abcd", ".status.json.0123abcd", ".control.json.0123abcd"):
        (run.folder / name).write_bytes(b"torn")
    train(run, small_config(epochs=1))
    # The page may be writing control.json just now; that is not the training's to delete.
    assert hidden_files(run.folder) == [".control.json.0123abcd"]


def test_tensorboard_that_meets_a_full_disk_is_said(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tensorboard.summary.writer.record_writer import RecordWriter

    monkeypatch.setattr(RecordWriter, "write", raising(OSError(28, "No space left on device")))
    with pytest.raises(StorageError, match="the disk is full"):
        train(run, small_config(epochs=1))


def test_a_disk_that_is_full_to_its_last_block_still_takes_the_reason(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Run.write_status

    def crowded(self: Run, status: Status) -> None:
        if status.state == "failed" and (self.folder / "moments.bin").exists():
            raise StorageError("the disk is full: there is no room for a status")
        write(self, status)

    monkeypatch.setattr(Run, "write_status", crowded)
    no_room = StorageError("the disk is full: there is no room for a checkpoint")
    monkeypatch.setattr(checkpoint, "save", raising(no_room))
    with pytest.raises(StorageError, match="room for a checkpoint"):
        train(run, small_config(epochs=1))
    assert run.status().state == "failed"
    assert "room for a checkpoint" in (run.status().message or "")


class TestStudies:
    @pytest.fixture
    def study(self) -> Study:
        return STUDY_PRESETS["nine-cases"].study(seeds=[0])

    @pytest.mark.usefixtures("run")
    @pytest.mark.parametrize(
        "change",
        [
            lambda content: content["cells"].append(content["cells"][0]),
            lambda content: content.update(seeds=[0, 0]),
            lambda content: content["cells"][0]["values"].update(lr="much"),
            lambda content: content.update(seeds=list(range(5000))),
        ],
        ids=["a cell twice", "a seed twice", "an impossible value", "too many runs"],
    )
    def test_an_impossible_definition_is_unreadable(
        self, change: Callable[[dict[str, Any]], object], study: Study
    ) -> None:
        folder = home_of(study)
        folder.keep(study)
        content = json.loads(folder.file.read_bytes())
        change(content)
        folder.file.write_text(json.dumps(content))
        with pytest.raises(StudyError, match="no readable study"):
            _ = folder.study
        assert [found.id for found in study_folders()] == [folder.id]

    def test_what_is_known_of_a_ready_made_study_is_said_of_no_other(self, study: Study) -> None:
        assert is_preset(study)
        [first, *others] = study.cells
        renamed = first.model_copy(update={"label": "<b>case</b>"})
        other = study.model_copy(update={"cells": (renamed, *others)})
        assert not is_preset(other)
        assert conclusion(Findings(study=other, runs=())) is None

    @pytest.mark.usefixtures("run")
    def test_an_impossible_result_is_none(self, study: Study) -> None:
        folder = home_of(study)
        folder.keep(study)
        [planned, *_] = folder.study.runs()
        run = folder.run(planned)
        run.folder.mkdir()
        result = {"train_loss": 1, "val_loss": 1, "val_accuracy": 1, "seconds": 1}
        impossible = {**result, "test_accuracy": 1e300}
        (run.folder / "result.json").write_text(json.dumps(impossible))
        assert folder.result(planned) is None
        with pytest.raises(ValueError):
            folder.keep_result(planned, impossible)
