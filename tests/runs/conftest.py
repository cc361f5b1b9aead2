"""Where the tests' runs are."""

from pathlib import Path

import pytest

from lenet.runs.run import Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "run")


@pytest.fixture
def runs_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LENET_RUNS_DIR", str(tmp_path / "runs"))
    return tmp_path / "runs"
