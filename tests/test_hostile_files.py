"""Files that are not what the lab wrote: each fault that the soak has found, one by one."""

import io
import json
import os
import shutil
import time
import zipfile
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import torch

from lenet.config import build_config
from lenet.drawing.image_files import read_image
from lenet.errors import (
    CheckpointError,
    ConfigError,
    ImageError,
    RunError,
    StorageError,
    StudyError,
)
from lenet.evaluation.metrics import evaluate
from lenet.evaluation.model_card import promote
from lenet.files import read_small
from lenet.network import checkpoint
from lenet.network.checkpoint import Checkpoint
from lenet.runs import launcher, naming
from lenet.runs.history import read_history
from lenet.runs.recorder import Recorder
from lenet.runs.run import Control, Run
from lenet.runs.status import Status
from lenet.runs.worker import Execution
from lenet.studies.folder import StudyFolder, home_of, study_folders
from lenet.studies.plan import Study
from lenet.studies.presets import STUDY_PRESETS, is_preset
from lenet.studies.summary import conclusion
from soak.damage import DEEP
from soak.payloads import jpeg_of_scans
from tests.small import (
    assert_one_sentence,
    hidden_files,
    small_config,
    small_split,
    snapshot_of,
    trained,
)

STEP = {"step": 1, "epoch": 1, "loss": 2.0, "lr": 0.1, "images_per_second": 9.0}
EPOCH = {
    **{"epoch": 1, "step": 1, "train_loss": 1.0, "val_loss": 0.4, "val_accuracy": 0.5},
    "seconds": 2.0,
}
STATUS: dict[str, Any] = {"state": "finished", "pid": 1, "process_began": 1.0, "began": 2.0}
SECRET = "nobody's business"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run of the page that has not begun."""
    monkeypatch.setenv("LENET_RUNS_DIR", str(tmp_path / "runs"))
    made = Run(tmp_path / "runs" / "20260101-000000-lab-0000")
    made.prepare(small_config())
    return made


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    path = tmp_path / "outside"
    path.write_text(SECRET)
    return path


@pytest.mark.parametrize(
    "event",
    [
        STEP | {"loss": 10**400},
        STEP | {"loss": float("nan")},
        STEP | {"lr": True},
        EPOCH | {"epoch": 1.5},
        EPOCH | {"val_accuracy": "high"},
        EPOCH | {"seconds": float("inf")},
    ],
)
def test_an_event_with_an_impossible_figure_is_left_out(event: Any, run: Run) -> None:
    whole = [json.dumps(STEP), json.dumps(EPOCH)]
    run.metrics_file.write_text("\n".join([whole[0], json.dumps(event), whole[1], ""]))
    metrics = read_history(run.metrics_file)
    assert list(metrics.steps["loss"]) == [2.0]
    assert metrics.epochs == [EPOCH]


def test_a_line_that_is_nested_beyond_all_measure_is_left_out(run: Run) -> None:
    run.metrics_file.write_text("[" * DEEP + "\n" + json.dumps(STEP) + "\n")
    assert len(read_history(run.metrics_file)) == 1


def test_a_huge_file_of_metrics_without_a_line_is_not_read_whole(run: Run) -> None:
    run.metrics_file.touch()
    os.truncate(run.metrics_file, 2**36)  # takes no room on the disk
    before = time.process_time()
    assert len(read_history(run.metrics_file)) == 0
    assert time.process_time() - before < 5  # 64 GB take minutes


@pytest.mark.parametrize(
    "change",
    [
        {"state": "asleep"},
        {"state": []},
        {"began": float("nan")},
        {"total_steps": -1},
        {"total_steps": "many"},
        {"earlier": 1e300},
        {"message": 3},
    ],
    ids=str,
)
def test_an_impossible_status_is_said_to_be_unreadable(change: dict[str, Any], run: Run) -> None:
    (run.folder / "status.json").write_text(json.dumps(STATUS | change))
    with pytest.raises(RunError, match=r"unreadable status\.json"):
        run.status()


@pytest.mark.parametrize("asked", [{"lr": -1}, {"lr": "x"}, {"lr": 99}, {"wish": "dance"}, []])
def test_an_impossible_wish_is_none(asked: Any, run: Run) -> None:
    (run.folder / "control.json").write_text(json.dumps(asked))
    assert run.asked() == Control()


@pytest.mark.parametrize("name", ["config.json", "status.json"])
def test_json_nested_beyond_all_measure_is_refused(name: str, run: Run) -> None:
    (run.folder / name).write_text('{"lr":' * DEEP)
    with pytest.raises(RunError) as caught:
        run.config() if name == "config.json" else run.status()
    assert_one_sentence(str(caught.value))


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

    def test_no_two_runs_are_called_the_same(self, run: Run) -> None:
        others = [Run(run.folder.with_name(f"20260101-00000{n}-lab-0000")) for n in (1, 2)]
        for other in others:
            other.prepare(small_config())
        for one, name in zip((run, *others), ("x", "x", "x (0000)"), strict=True):
            one.rename(name)
        assert len(set(naming.labels([run, *others]).values())) == 3

    def test_a_deleted_run_does_not_come_back_by_its_name(self, run: Run) -> None:
        shutil.rmtree(run.folder)
        with pytest.raises(RunError, match="gone"):
            run.rename("ghost")
        assert not run.folder.exists()

    def test_a_folder_whose_name_cannot_be_shown_is_not_listed(self, run: Run) -> None:
        Run(run.folder.with_name("a\nb")).prepare(small_config())
        assert [found.id for found in launcher.list_runs()] == [run.id]


class TestLinks:
    """A link in a run's folder could lead anywhere; a pipe would be waited for for ever."""

    def test_nothing_is_read_through_them(self, run: Run, outside: Path) -> None:
        first = run.name
        for name in ("name.txt", "log.txt", "metrics.jsonl", "status.json"):
            (run.folder / name).symlink_to(outside)
        assert run.name == first
        assert run.log_tail() == ""
        assert len(read_history(run.metrics_file)) == 0
        with pytest.raises(RunError):
            run.status()

    def test_pipes_are_not_waited_for(self, run: Run) -> None:
        for name in ("name.txt", "log.txt", "metrics.jsonl", "control.json", "status.json"):
            os.mkfifo(run.folder / name)
        assert run.name
        assert run.log_tail() == ""
        assert run.asked() == Control()
        assert len(read_history(run.metrics_file)) == 0
        with pytest.raises(RunError):
            run.status()

    def test_nothing_is_written_through_them(self, run: Run, outside: Path) -> None:
        run.log_file.symlink_to(outside)
        with pytest.raises(StorageError):
            launcher.spawn(run, ["--help"])
        run.metrics_file.symlink_to(outside)
        with pytest.raises(StorageError):
            Recorder(run, trained(small_config()))
        assert outside.read_text() == SECRET

    def test_linked_runs_and_checkpoints_are_not_offered(
        self, run: Run, trained_file: Path, tmp_path: Path
    ) -> None:
        run.epoch_checkpoint(1).symlink_to(trained_file)
        run.stopped_checkpoint.symlink_to(trained_file)
        assert run.checkpoints() == {}
        assert run.saved() is None
        run.folder.rename(tmp_path / "elsewhere")
        run.folder.symlink_to(tmp_path / "elsewhere")
        assert launcher.list_runs() == []

    def test_a_small_file_is_not_read_when_it_is_large(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        os.truncate(tmp_path / "file", 2**36)
        with pytest.raises(OSError, match="too large"):
            read_small(tmp_path / "file")


def saved(found: Checkpoint, **parts: Any) -> bytes:
    """A checkpoint's bytes with other parts."""
    file = io.BytesIO()
    whole = {field.name: getattr(found, field.name) for field in fields(found)}
    whole |= {"format": checkpoint.FORMAT, "config": found.config.model_dump()}
    torch.save({**whole, **parts}, file)
    return file.getvalue()


class TestCheckpoints:
    def test_a_value_that_takes_for_ever_to_quote_is_not_quoted(
        self, trained_checkpoint: Checkpoint
    ) -> None:
        doubled: Any = ["lr"]
        for _ in range(60):
            doubled = [doubled, doubled]
        config = {**trained_checkpoint.config.model_dump(), "lr": doubled}
        self.refused(saved(trained_checkpoint, config=config))

    @pytest.mark.parametrize("values", [{"preset": "x" * 10**6}, {"y" * 10**6: 1}, {"a\nb": 1}])
    def test_a_long_or_broken_value_is_quoted_shortly(
        self, values: dict[str, Any], trained_checkpoint: Checkpoint
    ) -> None:
        with pytest.raises(ConfigError) as caught:
            build_config(values)
        self.refused(saved(trained_checkpoint, config=values))
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 800  # the names of all hyperparameters

    @pytest.mark.parametrize("number", [1e38, -1e38])
    def test_weights_out_of_all_proportion_are_said(
        self, number: float, trained_checkpoint: Checkpoint
    ) -> None:
        weights = {
            name: torch.full_like(part, number) if part.is_floating_point() else part
            for name, part in trained_checkpoint.weights.items()
        }
        loaded = checkpoint.loads(saved(trained_checkpoint, weights=weights), "a.pt")
        with pytest.raises(CheckpointError, match="not numbers") as caught:
            evaluate(loaded, small_split("test"))
        assert_one_sentence(str(caught.value))

    def test_names_without_number_are_not_read(
        self, trained_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        names = {str(number): 0 for number in range(200_000)}
        monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("read them"))
        self.refused(saved(trained_checkpoint, weights=names))

    def refused(self, data: bytes) -> None:
        assert zipfile.is_zipfile(io.BytesIO(data))
        with pytest.raises(CheckpointError, match=r"^a\.pt") as caught:
            checkpoint.loads(data, "a.pt")
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 900

    @pytest.mark.parametrize("path", ["nul\x00byte.pt", "x" * 5000])
    def test_a_name_that_cannot_be_is_no_checkpoint(self, path: str) -> None:
        with pytest.raises(CheckpointError, match="there is no checkpoint"):
            checkpoint.load(Path(path))

    @pytest.mark.usefixtures("small_dataset")
    @pytest.mark.parametrize("training", [{}, {"optimizer": 3}, {"rng": "x"}])
    def test_a_training_state_that_cannot_be_restored_is_said(
        self, training: dict[str, Any], run: Run
    ) -> None:
        whole = snapshot_of(trained(small_config(epochs=1)), epoch=1)
        state = {**(whole.training or {}), **training} if training else {}
        run.epoch_checkpoint(1).write_bytes(saved(whole, training=state))
        (run.folder / "status.json").write_text(json.dumps(STATUS | {"state": "crashed"}))
        with pytest.raises(CheckpointError, match="cannot be restored") as caught:
            Execution(run, small_split, lambda event, steps: None).resume()
        assert_one_sentence(str(caught.value))

    @pytest.mark.usefixtures("small_dataset")
    def test_one_without_its_epoch_is_not_promoted(self, run: Run, tmp_path: Path) -> None:
        whole = snapshot_of(trained(small_config(epochs=1)))
        run.epoch_checkpoint(1).write_bytes(saved(whole))
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


@pytest.mark.usefixtures("small_dataset")
def test_what_a_killed_process_was_writing_is_cleared(run: Run) -> None:
    for name in (".model_epoch1.pt.0123abcd", ".status.json.0123abcd", ".control.json.0123abcd"):
        (run.folder / name).write_bytes(b"torn")
    Execution(run, small_split, lambda event, steps: None).start(small_config(epochs=1))
    # The page may be writing control.json just now; that is not the training's to delete.
    assert hidden_files(run.folder) == [".control.json.0123abcd"]


@pytest.mark.usefixtures("small_dataset")
def test_tensorboard_that_meets_a_full_disk_is_said(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tensorboard.summary.writer.record_writer import RecordWriter

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RecordWriter, "write", full)
    with pytest.raises(StorageError, match="the disk is full"):
        Execution(run, small_split, lambda event, steps: None).start(small_config(epochs=1))


@pytest.mark.usefixtures("small_dataset")
def test_a_disk_that_is_full_to_its_last_block_still_takes_the_reason(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Run.write_status

    def crowded(self: Run, status: Status) -> None:
        if status.state == "failed" and (self.folder / "glance.png").exists():
            raise StorageError("the disk is full: there is no room for a status")
        write(self, status)

    def full(path: Path, found: Checkpoint) -> None:
        raise StorageError("the disk is full: there is no room for a checkpoint")

    monkeypatch.setattr(Run, "write_status", crowded)
    monkeypatch.setattr(checkpoint, "save", full)
    with pytest.raises(StorageError, match="room for a checkpoint"):
        Execution(run, small_split, lambda event, steps: None).start(small_config(epochs=1))
    assert run.status().state == "failed"
    assert "room for a checkpoint" in (run.status().message or "")


class TestStudies:
    @pytest.fixture
    def study(self) -> Study:
        return STUDY_PRESETS["nine-cases"].study(seeds=[0])

    def spoiled(self, study: Study, change: Callable[[dict[str, Any]], object]) -> StudyFolder:
        content = study.model_dump(mode="json")
        change(content)
        folder = home_of(study)
        folder.folder.mkdir(parents=True)
        folder.file.write_text(json.dumps(content))
        return folder

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
        folder = self.spoiled(study, change)
        with pytest.raises(StudyError, match="no readable study"):
            _ = folder.study
        assert [found.id for found in study_folders()] == [folder.id]

    def test_what_is_known_of_a_ready_made_study_is_said_of_no_other(self, study: Study) -> None:
        from lenet.studies.results import Findings

        assert is_preset(study)
        [first, *others] = study.cells
        renamed = first.model_copy(update={"label": "<b>case</b>"})
        other = study.model_copy(update={"cells": (renamed, *others)})
        assert not is_preset(other)
        assert conclusion(Findings(study=other, runs=())) is None

    @pytest.mark.usefixtures("run")
    def test_an_impossible_result_is_none(self, study: Study) -> None:
        folder = self.spoiled(study, lambda content: None)
        [planned, *_] = folder.study.runs()
        run = folder.run(planned)
        run.folder.mkdir()
        result = {"train_loss": 1, "val_loss": 1, "val_accuracy": 1, "seconds": 1}
        impossible = {**result, "test_accuracy": 1e300}
        (run.folder / "result.json").write_text(json.dumps(impossible))
        assert folder.result(planned) is None
        with pytest.raises(ValueError):
            folder.keep_result(planned, impossible)
