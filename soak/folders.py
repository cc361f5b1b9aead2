"""Damaged run folders and study folders, as the pages find them."""

import json
import random
import shutil
from pathlib import Path

from lenet.evaluation.model_card import promote
from lenet.runs.history import read_metrics
from lenet.runs.launcher import list_runs
from lenet.runs.run import Run
from lenet.studies.folder import StudyFolder, home_of
from lenet.studies.plan import Study
from lenet.studies.presets import READY
from lenet.studies.sweep import grid
from soak.damage import NAMES, damage_file
from soak.guard import UPLOADED, Guard
from soak.lab import Lab, sound, visit
from soak.table import Row

PAGES = (
    *("streamlit_app.py", "streamlit_app.py"),
    *("pages/evaluate.py", "pages/predict.py", "pages/inside.py", "pages/experiments.py"),
)
STAMPS = ("20260101-000000-lab-0000", "20269999-999999-lab-0000", "mine")
FOLDER_NAMES = [n for n in UPLOADED if "/" not in n and len(n) < 200 and n.strip(".")]


def runs_row(lab: Lab, number: int) -> Row:
    """A run whose folder is damaged, on every page that lists runs; some seem to be training."""
    guard, rng = Guard(home=lab.home), random.Random(4)
    for place in range(number):
        run = _copy(lab, STAMPS[place % 3] if place % 20 else rng.choice(FOLDER_NAMES))
        if place % 3 == 0:
            _set_state(run.folder / "status.json", "running")
        what = _damage_run(lab, run, rng)
        page = PAGES[place % len(PAGES)]
        guard.trial(f"{what}, {page} ({run.id[:30]!r})", _look_at_run, page)
        _clear(lab)
    return guard.row("damaged run folders: files, links, pipes, names")


def _copy(lab: Lab, name: str) -> Run:
    run = Run(lab.runs / name)
    shutil.copytree(lab.finished.folder, run.folder)
    run.log_file.write_text("a line\n")
    (run.folder / "control.json").write_text('{"wish": "run", "lr": 0.01}')
    (run.folder / "name.txt").write_text("mine")
    shutil.copy(run.epoch_checkpoint(1), run.stopped_checkpoint)
    return run


def _set_state(status: Path, state: str) -> None:
    """Of a run of this very process, which lives."""
    status.write_text(json.dumps({**json.loads(status.read_bytes()), "state": state}))


def _damage_run(lab: Lab, run: Run, rng: random.Random) -> str:
    if rng.random() < 0.04:  # the whole folder is a link that leads outside
        shutil.move(run.folder, lab.linked / run.id)
        run.folder.symlink_to(lab.linked / run.id)
        return "a linked folder"
    files = [path for path in sorted(run.folder.iterdir()) if not path.name.startswith("events")]
    twice = [path for path in files if path.suffix in (".json", ".jsonl")]
    return damage_file(rng.choice(files + twice), lab.outside, rng)


def _look_at_run(page: str) -> None:
    """See it on a page: listed, watched, chosen as checkpoint."""
    app = visit(page)
    for box in app.selectbox:
        others = [name for name in box.options if "fashion" not in name and "…" not in name]
        if box.label == "Checkpoint" and len(box.options) > 1 and others:
            box.set_value(others[-1])
            sound(app.run())
            return


def studies_row(lab: Lab, number: int) -> Row:
    """A study whose folder is damaged, on Experiments; some under a ready-made study's name."""
    guard, rng = Guard(home=lab.home), random.Random(5)
    names = ["grid", *READY]
    for place in range(number):
        name = names[place % len(names)]
        what = _damage_study(lab, _study(lab, name, rng).folder, rng)
        guard.trial(f"study {name}: {what}", _look_at_study, name)
        _clear(lab)
    return guard.row("damaged study folders")


FIGURES = {"train_loss": 1, "val_loss": 1, "val_accuracy": 0.5, "test_accuracy": 0.5, "seconds": 9}
"""Of a finished run."""


def own_study(*seeds: int) -> Study:
    """Two learning rates."""
    cells, _ = grid({"epochs": 2}, {"lr": ["0.01", "0.02"]})
    return Study(name="grid", title="lr", cells=tuple(cells), seeds=seeds)


def _study(lab: Lab, name: str, rng: random.Random) -> StudyFolder:
    study = READY[name].study(epochs=2, seeds=[0]) if name in READY else own_study(0, 1)
    folder = home_of(study)
    folder.keep(study)
    for planned in study.runs()[:3]:
        run = folder.run(planned)
        shutil.copytree(lab.finished.folder, run.folder)
        run.write_config(planned.config)
        folder.keep_result(planned, FIGURES)
    shutil.copy(lab.finished.folder / "status.json", folder.folder)
    _set_state(folder.folder / "status.json", rng.choice(["stopped", "running"]))
    return folder


def _damage_study(lab: Lab, folder: Path, rng: random.Random) -> str:
    files = ["study.json", "study.json", "status.json", "*/result.json", "*/metrics.jsonl"]
    path = rng.choice(sorted(folder.glob(rng.choice(files))))
    if path.name == "study.json" and rng.random() < 0.25:
        content = json.loads(path.read_bytes())
        rng.choice(content["cells"])["label"] = rng.choice(NAMES)[:120]
        content["title"] = rng.choice(NAMES)[:120]
        path.write_text(json.dumps(content))
        return "a study with wicked labels"
    return damage_file(path, lab.outside, rng)


def _look_at_study(name: str) -> None:
    app = visit("pages/experiments.py")
    app.segmented_control(key="study").set_value(name)
    sound(app.run())


def _clear(lab: Lab) -> None:
    for folder in (lab.runs, lab.linked):
        shutil.rmtree(folder)
        folder.mkdir()


def names_row(lab: Lab, number: int) -> Row:
    """Names that lead elsewhere, given by all the ways in which names are given."""
    guard, rng = Guard(home=lab.home), random.Random(6)
    for place in range(number):
        name = rng.choice(NAMES)
        run = _copy(lab, STAMPS[0])
        guard.trial(f"rename to {name[:30]!r}", _rename, run, name)
        kept = lab.home / "lab" / "kept"
        what = f"promote as {name[:30]!r}"
        guard.trial(what, promote, run.epoch_checkpoint(1), name, folder=kept)
        if place % 5 == 0:
            guard.trial(f"the page with {name[:30]!r}", visit)
        _clear(lab)
    return guard.row("names of runs and checkpoints that lead elsewhere")


def _rename(run: Run, name: str) -> None:
    run.rename(name)
    assert run.name.isprintable()
    assert read_metrics(run.metrics_file)
    assert [found.id for found in list_runs()] == [run.id]
