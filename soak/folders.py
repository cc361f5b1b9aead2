"""Damaged dataset files, run folders and study folders, as the lab finds them on its disk."""

import json
import random
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from lenet.catalog import DATASETS
from lenet.data.splits import load_split
from lenet.evaluation.model_card import promote
from lenet.runs.history import read_history
from lenet.runs.launcher import list_runs
from lenet.runs.run import Control, Run
from lenet.runs.status import own_status
from lenet.studies.folder import StudyFolder, home_of
from lenet.studies.plan import Study
from lenet.studies.presets import STUDY_PRESETS
from lenet.studies.sweep import grid
from soak.damage import NAMES, damage_file, damaged
from soak.guard import UPLOADED, Trial
from soak.lab import Lab, sound, visit
from soak.payloads import PARAMETERS
from tests.idx_files import write_files
from tests.small import at_work

STAMPS = ("20260101-000000-lab-0000", "20269999-999999-lab-0000", "mine")
FOLDER_NAMES = [n for n in UPLOADED if "/" not in n and len(n) < 200 and n.strip(".")]
FIGURES = {"train_loss": 1, "val_loss": 1, "val_accuracy": 0.5, "test_accuracy": 0.5, "seconds": 9}
"""Of a finished run."""


def datasets(lab: Lab, rng: random.Random, number: int) -> Iterator[Trial]:
    """IDX files, packed and plain, on the disk where the lab keeps them."""
    info = DATASETS["FashionMNIST"]
    raw = lab.data / "FashionMNIST" / "raw"
    for place in range(number):
        write_files(raw, info, packed=place % 2 == 0)
        path = rng.choice(sorted(raw.iterdir()))
        whole = path.read_bytes()
        path.write_bytes(b"\x1f\x8b" + whole if place % 50 == 49 else damaged(whole, rng))
        yield f"{path.name} {place}", _load_both
        shutil.rmtree(raw)
    write_files(raw, info)


def _load_both() -> None:
    for split in map(partial(load_split, "FashionMNIST"), ("train", "test")):
        assert split.images.shape[1:] == (28, 28)
        assert len(split.images) == len(split.labels)


def runs(lab: Lab, rng: random.Random, number: int) -> Iterator[Trial]:
    """A run whose folder is damaged, on every page that lists runs; some are training."""
    for place in range(number):
        run = _copy(lab, STAMPS[place % 3] if place % 20 else rng.choice(FOLDER_NAMES))
        page = list(PARAMETERS)[place % len(PARAMETERS)]
        with at_work(run, 16) if rng.random() < 0.4 else nullcontext():
            what = _damage_run(lab, run, rng)
            yield f"{what}, {page} ({run.id[:30]!r})", partial(_look_at_run, page)
        _clear(lab)


def _copy(lab: Lab, name: str) -> Run:
    run = Run(lab.runs / name)
    shutil.copytree(lab.finished.folder, run.folder)
    run.log_file.write_text("a line\n")
    run.ask(Control(lr=0.01))
    run.rename("mine")
    shutil.copy(run.epoch_checkpoint(1), run.stopped_checkpoint)
    return run


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
        others = [run.id for run in list_runs() if run.checkpoints()]
        if box.label == "Checkpoint" and others:
            box.set_value(others[-1])
            sound(app.run())
            return


def studies(lab: Lab, rng: random.Random, number: int) -> Iterator[Trial]:
    """A study whose folder is damaged, on Experiments; some under a ready-made study's name."""
    kinds = ["grid", *STUDY_PRESETS]
    for place in range(number):
        name = kinds[place % len(kinds)]
        folder = _study(lab, name)
        with at_work(folder.process) if rng.random() < 0.5 else nullcontext():
            what = _damage_study(lab, folder.folder, rng)
            yield f"study {name}: {what}", partial(_look_at_study, name)
        _clear(lab)


def own_study(*seeds: int) -> Study:
    """Two learning rates."""
    cells, _ = grid({"epochs": 2}, {"lr": ["0.01", "0.02"]})
    return Study(name="grid", title="lr", cells=tuple(cells), seeds=seeds)


def _study(lab: Lab, name: str) -> StudyFolder:
    """One with up to three finished runs, which has been stopped."""
    preset = STUDY_PRESETS.get(name)
    study = preset.study(epochs=2, seeds=[0]) if preset else own_study(0, 1)
    folder = home_of(study)
    folder.keep(study)
    for planned in study.runs()[:3]:
        run = folder.run(planned)
        shutil.copytree(lab.finished.folder, run.folder)
        run.write_config(planned.config)
        folder.keep_result(planned, FIGURES)
    folder.process.write_status(own_status().changed(state="stopped"))
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
    app.segmented_control(key="kind of study").set_value(name)
    sound(app.run())


def _clear(lab: Lab) -> None:
    for folder in (lab.runs, lab.linked):
        shutil.rmtree(folder)
        folder.mkdir()


def names(lab: Lab, rng: random.Random, number: int) -> Iterator[Trial]:
    """Names that lead elsewhere, given by all the ways in which names are given."""
    kept = lab.home / "lab" / "kept"
    for place in range(number):
        name = rng.choice(NAMES)
        run = _copy(lab, STAMPS[0])
        yield f"rename to {name[:30]!r}", partial(_rename, run, name)
        file = run.epoch_checkpoint(1)
        yield f"promote as {name[:30]!r}", partial(promote, file, name, folder=kept)
        if place % 5 == 0:
            yield f"the page with {name[:30]!r}", visit
        _clear(lab)


def _rename(run: Run, name: str) -> None:
    run.rename(name)
    assert run.name.isprintable()
    assert read_history(run.metrics_file)
    assert [found.id for found in list_runs()] == [run.id]
