"""How runs are told apart."""

from pathlib import Path
from typing import Any

from lenet.config import build_config
from lenet.runs.naming import told_apart
from lenet.runs.run import Run


def named(folder: Path, *settings: dict[str, Any]) -> list[str]:
    runs = []
    for place, values in enumerate(settings):
        runs.append(run := Run(folder / f"20260101-00000{place}-lab-000{place}"))
        run.prepare(build_config(values))
    return [*told_apart(runs).values()]


def test_runs_are_named_by_what_differs_the_usual_values_too(tmp_path: Path) -> None:
    assert named(tmp_path, {"lr": 0.012, "sketches": 0}, {"sketches": 0}) == [
        "learning rate 0.012",
        "learning rate 0.1",
    ]


def test_of_presets_only_what_was_set_or_differs_within_one_is_told(tmp_path: Path) -> None:
    different = named(
        tmp_path, {"preset": "lab"}, {"preset": "classic"}, {"preset": "lab", "optimizer": "adam"}
    )
    assert different == ["lab, Muon", "classic", "lab, Adam"]


def test_runs_that_are_alike_are_told_by_their_start(tmp_path: Path) -> None:
    assert named(tmp_path, {}, {}) == ["01 Jan, 00:00:00", "01 Jan, 00:00:01"]


def test_a_name_that_a_person_gave_stays(tmp_path: Path) -> None:
    names = named(tmp_path, {"lr": 1})
    run = Run(tmp_path / "20260101-000000-lab-0000")
    run.rename("mine")
    assert names != [*told_apart([run]).values()] == ["mine"]
