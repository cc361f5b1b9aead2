"""Damaged run folders and study folders, as the pages find them."""

import json
import random
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from lenet.runs.history import read_metrics
from lenet.runs.launcher import list_runs
from lenet.runs.run import Run
from lenet.runs.status import own_status
from lenet.studies.folder import StudyFolder, home_of
from lenet.studies.plan import Study
from lenet.studies.presets import READY
from lenet.studies.sweep import grid
from soak.damage import (
    NAMES,
    damage_json,
    damage_lines,
    damaged,
    replace_by_other_kind,
)
from soak.guard import Guard
from soak.lab import Lab, sound, visit
from soak.table import Row

PAGES = (
    *("streamlit_app.py", "streamlit_app.py"),
    *("pages/evaluate.py", "pages/predict.py", "pages/inside.py", "pages/experiments.py"),
)
JSON = ("config.json", "status.json", "process.json", "control.json", "glance.json")
FILES = (
    *(*JSON, *JSON, "metrics.jsonl", "metrics.jsonl", "name.txt", "glance.png", "log.txt"),
    *("model_epoch1.pt", "model_epoch2.pt", "stopped.pt"),
)
STAMPS = ("20260101-000000-lab-0000", "20269999-999999-lab-0000", "mine")


def runs_row(lab: Lab, count: int) -> Row:
    """A run whose folder is damaged, on every page that lists runs; some seem to be training."""
    guard, rng = Guard(lab.home), random.Random(4)
    (lab.home / "linked").mkdir(exist_ok=True)
    for number in range(count):
        run = _copy(lab, STAMPS[number % 3] if number % 20 else _folder_name(rng))
        if number % 3 == 0:
            run.write_status(own_status().changed(state="running", total_steps=16))
        what = _damage_run(lab, run, rng)
        page = PAGES[number % len(PAGES)]
        guard.trial(f"{what}, {page} ({run.id[:30]!r})", partial(_look_at_run, page, run))
        _clear(lab.runs)
    return guard.row("damaged run folders: files, links, pipes, names")


def _folder_name(rng: random.Random) -> str:
    names = [name for name in NAMES if "/" not in name and "\x00" not in name]
    return rng.choice([name for name in names if len(name) < 200 and name.strip(".")])


def _copy(lab: Lab, name: str) -> Run:
    run = Run(lab.runs / name)
    shutil.copytree(lab.finished.folder, run.folder)
    run.log_file.write_text("a line\n")
    run.note_process(1)
    (run.folder / "control.json").write_text('{"wish": "run", "lr": 0.01}')
    (run.folder / "name.txt").write_text("mine")
    shutil.copy(run.epoch_checkpoint(1), run.stopped_checkpoint)
    return run


def _damage_run(lab: Lab, run: Run, rng: random.Random) -> str:
    name = rng.choice(FILES)
    path = run.folder / name
    data = path.read_bytes()
    if rng.random() < 0.2:
        if rng.random() < 0.2:  # the whole folder is a link that leads outside
            shutil.move(run.folder, lab.home / "linked" / run.id)
            run.folder.symlink_to(lab.home / "linked" / run.id)
            return "a linked folder"
        replace_by_other_kind(path, lab.outside, rng)
        return f"{name} of another kind"
    if name in JSON and rng.random() < 0.7:
        path.write_bytes(damage_json(data, rng))
    elif name == "metrics.jsonl" and rng.random() < 0.7:
        path.write_bytes(damage_lines(data, rng))
    elif name == "name.txt":
        path.write_bytes(rng.choice(NAMES).encode(errors="surrogatepass"))
    else:
        path.write_bytes(damaged(data, rng))
    return name


def _look_at_run(page: str, run: Run) -> None:
    """See it on a page: listed, watched, chosen as checkpoint."""
    app = visit(page)
    if page == "streamlit_app.py":
        return
    for box in app.selectbox:
        if box.label == "Checkpoint" and len(box.options) > 1:
            others = [name for name in box.options if "fashion" not in name and "…" not in name]
            if others:
                box.set_value(others[-1])
                sound(app.run())
            return


def studies_row(lab: Lab, count: int) -> Row:
    """A study whose folder is damaged, on Experiments; some under a ready-made study's name."""
    guard, rng = Guard(lab.home), random.Random(5)
    names = ["own", *READY]
    for number in range(count):
        name = names[number % len(names)]
        folder = _study(lab, name, rng)
        what = _damage_study(lab, folder, rng)
        guard.trial(f"study {name}: {what}", partial(_look_at_study, name))
        _clear(lab.runs)
    return guard.row("damaged study folders")


def _study(lab: Lab, name: str, rng: random.Random) -> StudyFolder:
    if name == "own":
        cells, _ = grid({"epochs": 2}, {"lr": ["0.01", "0.02"]})
        study = Study(name="grid", title="lr", cells=tuple(cells), seeds=(0, 1))
    else:
        study = READY[name].study(epochs=2, seeds=[0])
    folder = home_of(study)
    folder.keep(study)
    for planned in study.runs()[:3]:
        run = folder.run(planned)
        shutil.copytree(lab.finished.folder, run.folder)
        run.write_config(planned.config)
        folder.keep_result(run, 0.9)
    folder.process.write_status(own_status().changed(state=rng.choice(["stopped", "running"])))
    return folder


def _damage_study(lab: Lab, folder: StudyFolder, rng: random.Random) -> str:
    files = ["study.json", "study.json", "status.json", "*/result.json", "*/metrics.jsonl"]
    path = rng.choice(sorted(folder.folder.glob(rng.choice(files))))
    data = path.read_bytes()
    if rng.random() < 0.15:
        replace_by_other_kind(path, lab.outside, rng)
        return f"{path.name} of another kind"
    if path.name == "study.json" and rng.random() < 0.3:
        content = json.loads(data)
        rng.choice(content["cells"])["label"] = rng.choice(NAMES)[:120]
        content["title"] = rng.choice(NAMES)[:120]
        path.write_text(json.dumps(content))
        return "a study with wicked labels"
    way: Callable[[bytes, random.Random], bytes] = damaged
    if rng.random() < 0.7:
        way = damage_lines if path.suffix == ".jsonl" else damage_json
    path.write_bytes(way(data, rng))
    return path.name


def _look_at_study(name: str) -> None:
    app = visit("pages/experiments.py")
    options = app.segmented_control(key="study")
    options.set_value(name if name in READY else "grid")
    sound(app.run())


def _clear(runs: Path) -> None:
    for folder in (runs, runs.parent.parent / "linked"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(exist_ok=True)


def names_row(lab: Lab, count: int) -> Row:
    """Names that lead elsewhere, given by all the ways in which names are given."""
    guard, rng = Guard(lab.home), random.Random(6)
    for number in range(count):
        name = rng.choice(NAMES)
        run = _copy(lab, "20260101-000000-lab-0000")
        guard.trial(f"rename to {name[:30]!r}", partial(_rename, run, name))
        guard.trial(f"promote as {name[:30]!r}", partial(_promote, run, name, lab))
        if number % 5 == 0:
            guard.trial(f"the page with {name[:30]!r}", visit)
        _clear(lab.runs)
    return guard.row("names of runs and checkpoints that lead elsewhere")


def _rename(run: Run, name: str) -> None:
    run.rename(name)
    assert run.name.isprintable()
    assert read_metrics(run.metrics_file)
    assert [found.id for found in list_runs()] == [run.id]


def _promote(run: Run, name: str, lab: Lab) -> None:
    from lenet.evaluation.model_card import promote

    promote(run.epoch_checkpoint(1), name, folder=lab.home / "lab" / "kept")
