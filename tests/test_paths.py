"""Folders that a person names: the same ones for every process, and remembered by a run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lenet.cli.main import main
from lenet.paths import ROOT
from lenet.runs.run import Run
from tests.idx_files import install_small_dataset

QUICK = ("--epochs", "1", "--batch_size", "20", "--val_size", "40", "--download", "0")
FOLDERS = """
import json, os, subprocess, sys
from lenet import paths
print(json.dumps([str(paths.runs_dir()), str(paths.data_dir()), str(paths.CHECKPOINTS)]))
"""


def test_folders_of_the_environment_are_those_of_where_the_lab_was_started(tmp_path: Path) -> None:
    child = f"{FOLDERS}\nif len(sys.argv) < 2: subprocess.run([sys.executable, '-c', "
    child += f"{FOLDERS!r}], cwd={str(ROOT)!r}, check=True)"
    named = {"LENET_RUNS_DIR": "my/runs", "LENET_DATA_DIR": "~/data", "HOME": f"{tmp_path}/home"}
    named |= {"LENET_CHECKPOINTS_DIR": "../weights", "PYTHONPATH": str(ROOT)}
    printed = subprocess.check_output(
        [sys.executable, "-c", child], cwd=tmp_path, env=os.environ | named, text=True
    )
    expected = [tmp_path / "my/runs", tmp_path / "home/data", tmp_path.parent / "weights"]
    assert [json.loads(line) for line in printed.splitlines()] == 2 * [[*map(str, expected)]]


class TestRemembered:
    @pytest.fixture(autouse=True)
    def images(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The images lie where only `--data_dir` leads, named from within `tmp_path`."""
        install_small_dataset(monkeypatch, tmp_path / "images")
        monkeypatch.setenv("LENET_DATA_DIR", str(tmp_path / "nothing"))
        monkeypatch.chdir(tmp_path)
        return tmp_path / "images"

    def test_by_a_run(
        self, images: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        run = Run(images.parent / "run")
        resume = ("--mode", "train", "--resume", str(run.folder), "--evaluate", "1", "--json")
        train = ("--mode", "train", *QUICK, "--output_dir", str(run.folder))
        assert main([*train, "--data_dir", "images"]) == 0
        assert (run.folder / "moments.bin").exists()
        monkeypatch.chdir(ROOT)
        capsys.readouterr()
        assert main(resume) == 0
        assert json.loads(capsys.readouterr().out)["test_accuracy"] > 0

        moved = images.rename(images.with_name("moved"))
        assert main(resume) == 1
        assert f"no longer in {images}" in capsys.readouterr().err
        assert not images.exists()
        assert main([*resume, "--data_dir", str(moved)]) == 0
        assert main(resume) == 0

    @pytest.mark.slow
    def test_by_a_study(self, images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        study = str(images.parent / "study")
        grid = ("--mode", "study", "--study", "grid", "--vary", "lr=0.01", *QUICK)
        assert main([*grid, "--output_dir", study, "--data_dir", "images"]) == 0
        monkeypatch.chdir(ROOT)
        assert main(["--mode", "study", "--study", study]) == 0
