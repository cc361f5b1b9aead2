"""Files of an earlier lab open, those of a newer one are named, and nobody is told to delete any.

`tests/format_1` is a study that the first lab of format 1 wrote before its files had numbers: a
finished run without its checkpoints, and one that was stopped at the third step of its second
epoch, with the checkpoint of that moment.
"""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from lenet import formats
from lenet.config import build_config
from lenet.errors import CheckpointError, LabError, NewerFileError, RunError
from lenet.evaluation.metrics import evaluate
from lenet.formats import Migration, dropped
from lenet.network import checkpoint
from lenet.paths import ROOT, SHIPPED
from lenet.runs.history import read_history
from lenet.runs.run import Run
from lenet.studies import results
from lenet.studies.folder import StudyFolder
from tests.command import Lab
from tests.small import refused, resume, run_lab, same_weights, small_split, trained


def renamed(**names: str) -> Migration:
    """Fields have other names: `renamed(old="new")`."""
    return lambda values: {names.get(name, name): value for name, value in values.items()}


NEWER = 1000


@pytest.fixture
def old(tmp_path: Path) -> StudyFolder:
    return StudyFolder(shutil.copytree(ROOT / "tests/format_1", tmp_path / "study"))


@pytest.fixture
def stopped(old: StudyFolder) -> Run:
    return Run(old.folder / "002-seed0")


def change(path: Path, edit: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Rewrite a JSON file or a checkpoint."""
    if path.suffix == ".json":
        path.write_text(json.dumps(edit(json.loads(path.read_bytes()))))
    else:
        torch.save(edit(torch.load(path, weights_only=True)), path)


class TestEarlierLab:
    def test_stopped_run_goes_on_as_if_nothing_had_happened(self, stopped: Run) -> None:
        config = stopped.config()
        found = checkpoint.load(stopped.stopped_checkpoint)
        assert found.config == config
        assert 0 <= evaluate(found, small_split("test")).accuracy <= 1
        assert stopped.status().state == "stopped"
        assert stopped.status().total_steps == 16
        resume(stopped)
        assert stopped.status().state == "finished"
        last = checkpoint.load(stopped.checkpoints()[2])
        assert same_weights(last.model(), trained(config).model)
        assert len(read_history(stopped.metrics_file).steps["loss"]) == 16

    @pytest.mark.slow
    @pytest.mark.usefixtures("small_dataset")
    def test_study_does_what_is_left_and_keeps_what_is_done(self, old: StudyFolder) -> None:
        one, two = old.study.runs()
        before = old.result(one)
        assert before
        assert [planned.key for planned in old.unfinished()] == [two.key]
        assert all(old.run(planned).config() == planned.config for planned in (one, two))
        done = run_lab("--mode", "study", "--study", old.folder, "--json")
        assert done.returncode == 0, done.stderr
        assert old.result(one) == before
        assert old.result(two)
        assert 1 not in old.run(two).checkpoints(), "it began again instead of going on"

    @pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.pt")), ids=lambda path: path.stem)
    def test_shipped_checkpoints_open(self, path: Path) -> None:
        assert checkpoint.load(path).predictor.parameters()


class TestMigrations:
    """A hyperparameter that is no more, or has another name, is one entry of the table."""

    @pytest.mark.parametrize(
        ("earlier", "migration"),
        [
            ({"views": "one", "gamma": 2.5}, dropped("gamma")),
            ({"perspectives": "one"}, renamed(perspectives="views")),
        ],
        ids=["dropped", "renamed"],
    )
    def test_of_the_configuration_holds_wherever_one_is_kept(
        self,
        earlier: dict[str, Any],
        migration: formats.Migration,
        old: StudyFolder,
        stopped: Run,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def as_before(values: dict[str, Any]) -> dict[str, Any]:
            return {name: value for name, value in values.items() if name != "views"} | earlier

        def cell_before(cell: dict[str, Any]) -> dict[str, Any]:
            return cell | {"values": cell["values"] | earlier}

        for path, edit in {
            stopped.folder / "config.json": as_before,
            old.folder / "001-seed0/config.json": as_before,
            stopped.stopped_checkpoint: lambda it: it | {"config": as_before(it["config"])},
            old.file: lambda study: study | {"cells": [*map(cell_before, study["cells"])]},
        }.items():
            change(path, edit)
        with pytest.raises(RunError, match="no readable"):
            stopped.config()

        monkeypatch.setattr(formats, "MIGRATIONS", (*formats.MIGRATIONS, {"config": migration}))
        assert stopped.config().views == "one"
        assert all(old.run(plan).config() == plan.config for plan in old.study.runs())
        assert checkpoint.load(stopped.stopped_checkpoint).config == stopped.config()
        resume(stopped)
        assert stopped.status().state == "finished"

    def test_of_other_files(self, stopped: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        before = asdict(stopped.status())
        change(stopped.folder / "status.json", lambda status: {"mood": "good"} | status)
        monkeypatch.setattr(
            formats, "MIGRATIONS", (*formats.MIGRATIONS, {"status": dropped("mood")})
        )
        assert asdict(stopped.status()) == before
        stopped.write_status(stopped.status())
        change(stopped.folder / "status.json", lambda status: status | {"mood": "good"})
        with pytest.raises(RunError, match="unreadable"):  # only of an earlier format
            stopped.status()

    def test_one_after_the_other(self, monkeypatch: pytest.MonkeyPatch) -> None:
        steps = ({"config": renamed(a="b")}, {"status": dropped("b")}, {"config": renamed(b="c")})
        monkeypatch.setattr(formats, "MIGRATIONS", steps)
        assert formats.migrated("config", {"a": 1}, "it") == {"c": 1}
        assert formats.migrated("config", {"format_number": 2, "b": 1}, "it") == {"c": 1}
        assert formats.migrated("config", formats.numbered({"c": 1}), "it") == {"c": 1}

    def test_what_the_lab_preset_and_sketches_meant_before_muon(self) -> None:
        old = {"augment": "sketch", "seed": 3}
        config = build_config(formats.migrated("config", old, "it"))
        assert (config.optimizer, config.lr, config.batch_size) == ("adamw", 0.012, 64)
        assert (config.augment, config.sketches, config.seed) == ("flip_shift", 0.17, 3)
        plain = build_config(formats.migrated("config", {"preset": "lab", "lr": 0.5}, "it"))
        assert (plain.optimizer, plain.lr, plain.sketches) == ("adamw", 0.5, 0)
        assert (config.photographs, plain.photographs) == (0, 0)

    def test_what_the_presets_meant_before_photographs(self) -> None:
        lab = build_config(formats.migrated("config", {"format_number": 3}, "it"))
        assert (lab.optimizer, lab.sketches, lab.photographs) == ("muon", 0.12, 0)
        assert lab.label_smoothing == 0.05
        for number in (1, 3):
            old = {"format_number": number, "preset": "draw", "seed": 3}
            draw = build_config(formats.migrated("config", old, "it"))
            assert (draw.optimizer, draw.batch_size, draw.lr) == ("adamw", 64, 0.01)
            assert (draw.epochs, draw.photographs, draw.label_smoothing) == (110, 0, 0)

    @pytest.mark.parametrize(
        "content", [None, [], "x", {"format_number": 0}, {"format_number": "1"}]
    )
    def test_damaged_content(self, content: Any) -> None:
        with pytest.raises(ValueError, match="it "):
            formats.migrated("config", content, "it")


class TestNewerLab:
    """What it wrote is not taken for damaged, and stays as it is."""

    @pytest.mark.parametrize(
        ("file", "read"),
        {
            "002-seed0/config.json": lambda old: Run(old.folder / "002-seed0").config(),
            "002-seed0/status.json": lambda old: Run(old.folder / "002-seed0").status(),
            "002-seed0/stopped.pt": lambda old: checkpoint.load(
                old.folder / "002-seed0/stopped.pt"
            ),
            "001-seed0/result.json": lambda old: old.unfinished(),
            "study.json": lambda old: old.study,
        }.items(),
    )
    @pytest.mark.usefixtures("small_dataset")
    def test_is_named(self, file: str, read: Any, old: StudyFolder, lab: Lab) -> None:
        change(old.folder / file, lambda content: content | {"format_number": NEWER, "new": 1})
        before = (old.folder / file).read_bytes()
        with refused(NewerFileError, "written by a newer version") as caught:
            read(old)
        assert Path(file).name in str(caught.value)
        refusal = lab("--mode", "study", "--study", old.folder)
        assert refusal.status == 1
        assert "newer version" in refusal.err
        assert (old.folder / file).read_bytes() == before

    def test_shipped_study(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(results, "SHIPPED_STUDIES", tmp_path)
        (tmp_path / "nine-cases.json").write_text(json.dumps({"format_number": NEWER}))
        with pytest.raises(NewerFileError, match="newer version"):
            results.bundled("nine-cases")


class TestNothingIsAdvisedAway:
    def test_of_a_damaged_run(self, stopped: Run) -> None:
        content = torch.load(stopped.stopped_checkpoint, weights_only=True)
        content["training"]["rng"] = torch.zeros(3, dtype=torch.uint8)
        torch.save(content, stopped.stopped_checkpoint)
        for call in (partial(resume, stopped), stopped.config, stopped.status):
            with refused(LabError) as caught:
                call()
            assert not re.search(r"delete|remove|start it again", str(caught.value))
            for name in ("status.json", "config.json"):
                (stopped.folder / name).write_text("{")

    def test_of_a_damaged_checkpoint_the_one_before_is_enough(self, stopped: Run) -> None:
        whole = stopped.stopped_checkpoint.read_bytes()
        stopped.stopped_checkpoint.write_bytes(b"torn")
        with pytest.raises(CheckpointError):
            resume(stopped)
        stopped.epoch_checkpoint(1).write_bytes(whole)
        resume(stopped)
        assert stopped.status().state == "finished"
