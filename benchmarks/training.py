"""Training and evaluating, beside the post's loop (`benchmarks.rival`).

What counts is the ratio. Needs Fashion-MNIST; Keras is measured where it is there.
"""

import gzip
import importlib.util
import json
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from benchmarks.alone import Finished, finished
from benchmarks.neighbour import busy
from benchmarks.table import Row, beside, limit
from lenet.catalog import FILES
from lenet.config import build_config
from lenet.cores import usable_cores
from lenet.data.reading import locate

TIMES, TIMES_CROWDED = 3, 2
GOALS = {128: 4, 32: 3}
"""How many times as quick as the post's loop an epoch is to be, by batch size."""
ON_A_CARD = 0.15
"""Seconds that an epoch may take on a CUDA card, batch size 128."""
SEEDS, RIVALS_SEEDS = 5, 3
"""Of the trainings up to 90 %; the rival's take over a minute each."""
STATUS = "status.json"
"""Of a run; last written when its training is finished."""
GOAL = 0.9
MOST_EPOCHS = 30
SAME = (
    *("--preset", "lab", "--optimizer", "sgd", "--lr", "0.01", "--momentum", "0.9"),
    *("--weight_decay", "0", "--schedule", "constant", "--label_smoothing", "0"),
    *("--normalization", "half", "--val_size", "0", "--seed", "0", "--sketches", "0"),
    *("--photographs", "0"),
)
"""The rival's network and optimizer."""
OWN = ("--preset", "lab", "--sketches", "0", "--photographs", "0", "--val_size", "0")
OWN_EPOCHS = 2
"""What is to reach the goal when the settings are ours to choose."""
KERAS = os.environ.get("LENET_KERAS_PYTHON") or (
    sys.executable if importlib.util.find_spec("keras") else ""
)
"""An interpreter that has Keras, which is no dependency of the lab; without one, no rows."""


def unpack(root: Path) -> None:
    """Put the data set where torchvision looks for it."""
    source = locate("FashionMNIST")
    if source is None:
        raise SystemExit(
            "Fashion-MNIST is missing; python -m lenet.data.download FashionMNIST gets it"
        )
    raw = root / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for path, file in zip(source.paths, FILES, strict=True):
        data = path.read_bytes()
        (raw / file.name).write_bytes(gzip.decompress(data) if path.suffix == ".gz" else data)


def train_ours(batch_size: int, *flags: str) -> tuple[float, Finished]:
    """Seconds of the second epoch, and the process.

    All that a user's run does is in them: recording, TensorBoard's files, writing a checkpoint.
    """
    flags = ("--batch_size", str(batch_size), "--epochs", "2", *flags)
    with tempfile.TemporaryDirectory() as folder:
        done = finished("lenet", "--mode", "train", *SAME, *flags, "--output_dir", folder)
        first = Path(folder, "model_epoch1.pt").stat().st_mtime
        second = Path(folder, STATUS).stat().st_mtime
    return second - first, done


def by_turns(root: Path, batch_size: int, turns: int, ours: Iterable[int]) -> dict[str, float]:
    """Median seconds of an epoch of the same network by who trains it; rivals use all cores.

    Also "evaluation", the seconds of the post's loop, and "memory" and "post's memory" in MB.

    Args:
        ours: our numbers of threads.
    """
    size = ("--batch_size", str(batch_size))
    taken: dict[str, list[float]] = defaultdict(list)
    for turn in range(turns):
        for threads in ours:
            seconds, mine = train_ours(batch_size, "--threads", str(threads), "--device", "cpu")
            taken[str(threads)].append(seconds)
        workers = ("--workers", str(usable_cores() * (turn % 2)))  # what suits it better counts
        theirs = finished("benchmarks.rival", str(root), *size, *workers)
        found = json.loads(theirs.output)
        taken["post"].append(found["epoch"][0])
        taken["evaluation"].append(found["evaluation"][0])
        taken["memory"].append(mine.megabytes)
        taken["post's memory"].append(theirs.megabytes)
        if KERAS:
            theirs = finished(
                "benchmarks.rival_keras", str(root), *size, "--epochs", "2", python=KERAS
            )
            taken["Keras"].append(json.loads(theirs.output)["epoch"][-1])
    middle = {name: statistics.median(values) for name, values in taken.items()}
    return {**middle, "post": min(taken["post"])}


def same_epochs(root: Path, batch_size: int) -> list[Row]:
    """An epoch of the same network, alone on the machine and beside one busy process.

    For 32 also the memory, for 128 also the evaluation of the post's loop.
    """
    cores = usable_cores()
    alone = by_turns(root, batch_size, TIMES, sorted({0, cores}))
    with busy(1):  # threads that wait for each other take a minute an epoch there
        crowded = by_turns(root, batch_size, TIMES_CROWDED, [0])
    name = f"epoch, batch size {batch_size}, threads"
    rows = [beside(f"{name} 0", alone["0"], alone["post"], "s", GOALS[batch_size])]
    rows.append(Row(f"{name} {cores}", alone[str(cores)], "s", alone["post"]))
    rows.append(Row(f"{name} 0, beside a busy process", crowded["0"], "s", crowded["post"]))
    if KERAS:
        rows.append(beside(f"{name} 0; Keras on JAX", alone["0"], alone["Keras"], "s", 2.5))
    if batch_size == 32:
        memory = alone["memory"], alone["post's memory"]
        return [*rows, beside("peak memory of a training", *memory, "MB", 1)]
    return [*rows, evaluation(alone["evaluation"])]


def on_a_card(root: Path) -> list[Row]:
    """An epoch of 128 on a CUDA card, beside the post's loop there; no row without a card."""
    import torch

    if not torch.cuda.is_available():
        return []
    card = ("--device", "cuda")
    ours = [train_ours(128, *card)[0] for _ in range(TIMES)]
    theirs = []
    for workers in (0, usable_cores() // 2):  # what suits it better counts
        flags = ("--batch_size", "128", "--epochs", "2", "--workers", str(workers), *card)
        done = finished("benchmarks.rival", str(root), *flags)
        theirs.append(json.loads(done.output)["epoch"][-1])
    name = f"epoch, batch size 128, on {torch.cuda.get_device_name()}"
    return [replace(limit(name, statistics.median(ours), "s", ON_A_CARD), rival=min(theirs))]


def probes() -> Row:
    """The share of a training of the preset `lab` that looking at it and recording it take."""
    from lenet.data.splits import load_split
    from lenet.runs.recorder import Recorder
    from lenet.runs.run import Run
    from lenet.training.events import ProbeEvent, StepEvent
    from lenet.training.trainer import Trainer

    trainer = Trainer(
        build_config({"device": "cpu"}), load_split("FashionMNIST", "train"), probing=True
    )
    taken: dict[type, list[float]] = {StepEvent: [], ProbeEvent: []}
    recording = 0.0
    with tempfile.TemporaryDirectory() as folder, Recorder(Run(Path(folder)), trainer) as recorder:
        began = time.perf_counter()
        for event in trainer.run():
            if event.epoch > 1 or not isinstance(event, StepEvent | ProbeEvent):
                break
            now = time.perf_counter()
            taken[type(event)].append(now - began)  # a probe's step is in it: it is told first
            recorder.record(event)
            began = time.perf_counter()
            recording += began - now
    step, probe = (statistics.median(taken[kind]) for kind in (StepEvent, ProbeEvent))
    spent = len(taken[ProbeEvent]) * (probe - step) + recording
    share = spent / (trainer.steps_per_epoch * step)
    return limit("what a training is looked at and recorded for", 100 * share, "%", 3)


def evaluation(rival: float) -> Row:
    """Seconds of the evaluation of 10,000 images, each image seen once."""
    ours = []
    with tempfile.TemporaryDirectory() as folder:
        finished("lenet", "--mode", "train", *SAME, "--epochs", "1", "--output_dir", folder)
        checkpoint = ("--checkpoint", str(Path(folder) / "model_epoch1.pt"))
        for _ in range(TIMES):
            said = finished("lenet", "--mode", "eval", *checkpoint, "--json")
            ours.append(json.loads(said.output)["seconds"])
    return beside("evaluation of 10,000 images", statistics.median(ours), rival, "s", 10)


def to_the_goal(root: Path) -> Row:
    """Wall seconds from process start to 90 % of the test images, each with its own settings."""
    ours, theirs = [], []
    for seed in range(SEEDS):
        ours.append(_reach(seed))
        if seed >= RIVALS_SEEDS:
            continue
        done = finished(
            *("benchmarks.rival", str(root), "--until", str(GOAL), "--epochs", str(MOST_EPOCHS)),
            *("--seed", str(seed)),
        )
        reached = json.loads(done.output)["accuracy"]
        theirs.append((done.seconds, reached[-1], len(reached)))
    what = f"to {GOAL:.0%} (ours {_told(ours)}; rival {_told(theirs)})"
    mine, rival = (statistics.median(row[0] for row in rows) for rows in (ours, theirs))
    return beside(what, mine, rival, "s", 10)


def _reach(seed: int) -> tuple[float, float, int]:
    """Wall seconds up to the test accuracy, the accuracy, and epochs until a training gets there.

    One that does not is followed by a longer one, and its seconds count as the rival's do.
    """
    seconds = 0.0
    for epochs in range(OWN_EPOCHS, MOST_EPOCHS + 1):
        with tempfile.TemporaryDirectory() as folder:
            began = time.time()
            done = finished(
                *("lenet", "--mode", "train", *OWN, "--epochs", str(epochs), "--seed", str(seed)),
                *("--output_dir", folder, "--evaluate", "1", "--json"),
            )
            seconds += Path(folder, STATUS).stat().st_mtime - began
        accuracy = json.loads(done.output)["test_accuracy"]
        if accuracy >= GOAL:
            return seconds, accuracy, epochs
    raise SystemExit(f"no training of up to {MOST_EPOCHS} epochs reaches {GOAL:.0%}")


def _told(reached: list[tuple[float, float, int]]) -> str:
    return ", ".join(f"{accuracy:.2%} in {epochs}" for _, accuracy, epochs in reached)


def rows() -> list[Row]:
    """Each the median of several runs in processes of their own, ours and the rival's in turn."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        unpack(root)
        return [
            *same_epochs(root, 128),
            *same_epochs(root, 32),
            *on_a_card(root),
            probes(),
            to_the_goal(root),
        ]
