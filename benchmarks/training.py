"""Training and evaluating, beside the post's loop (`benchmarks.rival`).

    python -m benchmarks.training [--json] [--times 3]

Each row is the median of several runs in processes of their own, ours and the rival's in
turn; what counts is the ratio. Needs Fashion-MNIST.
"""

import argparse
import gzip
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from lenet.datasets import FILES, locate
from lenet.metrics import Metrics
from lenet.paths import ROOT

GOAL = 0.9
MOST_EPOCHS = 30
SAME = (
    *("--preset", "lab", "--optimizer", "sgd", "--lr", "0.01", "--momentum", "0.9"),
    *("--weight_decay", "0", "--schedule", "constant", "--label_smoothing", "0"),
    *("--normalization", "half", "--val_size", "0", "--seed", "0", "--epochs", "1"),
)
"""The rival's network and optimizer."""


@dataclass(frozen=True)
class Finished:
    """A process that has ended well: its standard output, wall seconds and peak memory."""

    output: str
    seconds: float
    megabytes: float


@dataclass(frozen=True)
class Row:
    """What both took, each the median of its runs, and how many times less ours is."""

    what: str
    ours: float
    rival: float
    unit: str
    goal: str

    @property
    def ratio(self) -> float:
        return self.rival / self.ours


def finished(module: str, *arguments: str) -> Finished:
    """Run `python -m module …` to its end."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{module} {' '.join(arguments)} failed; run it to see why")
    return Finished(output, time.perf_counter() - began, usage.ru_maxrss / 1024)


def unpack(root: Path) -> None:
    """Put the data set where torchvision looks for it."""
    source = locate("FashionMNIST")
    if source is None:
        raise SystemExit("Fashion-MNIST is missing; python -m lenet.fetch FashionMNIST gets it")
    raw = root / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for path, file in zip(source.paths, FILES, strict=True):
        data = path.read_bytes()
        (raw / file.name).write_bytes(gzip.decompress(data) if path.suffix == ".gz" else data)


def epochs(root: Path, batch_size: int, times: int) -> list[Row]:
    """Seconds of an epoch, and peak memory of the process."""
    ours, rivals, memory = [], [], []
    size = ("--batch_size", str(batch_size))
    for turn in range(times):
        with tempfile.TemporaryDirectory() as folder:
            mine = finished("lenet", "--mode", "train", *SAME, *size, "--output_dir", folder)
            ours.append(Metrics(Path(folder) / "metrics.jsonl").poll().epochs[0]["seconds"])
        workers = ("--workers", str(2 * (turn % 2)))  # the rival counts with what suits it better
        theirs = finished("benchmarks.rival", str(root), *size, *workers)
        rivals.append(json.loads(theirs.output)["epoch"][0])
        memory.append((mine.megabytes, theirs.megabytes))
    goal = {32: "≥ 3", 128: "≥ 4"}[batch_size]
    rows = [Row(f"epoch, batch size {batch_size}", statistics.median(ours), min(rivals), "s", goal)]
    if batch_size == 32:
        mine_mb, their_mb = (statistics.median(column) for column in zip(*memory, strict=True))
        rows.append(Row("peak memory of a training", mine_mb, their_mb, "MB", "> 1"))
    return rows


def to_the_goal(root: Path) -> Row:
    """Wall seconds from process start to 90 % of the test images, both with their own settings."""
    with tempfile.TemporaryDirectory() as folder:
        mine = finished(
            *("lenet", "--mode", "train", "--preset", "lab", "--epochs", "2", "--val_size", "0"),
            *("--output_dir", folder),
        )
        checkpoint = str(Path(folder) / "model_epoch2.pt")
        said = finished("lenet", "--mode", "eval", "--checkpoint", checkpoint, "--json")
    accuracy = json.loads(said.output)["accuracy"]
    theirs = finished(
        *("benchmarks.rival", str(root), "--until", str(GOAL), "--epochs", str(MOST_EPOCHS))
    )
    reached = json.loads(theirs.output)["accuracy"]
    what = f"to {GOAL:.0%} (ours {accuracy:.2%}; rival {reached[-1]:.2%} in {len(reached)} epochs)"
    return Row(what, mine.seconds, theirs.seconds, "s", "≥ 10")


def evaluation(root: Path, times: int) -> Row:
    """Seconds of the evaluation of 10,000 images, each image seen once."""
    ours, rivals = [], []
    with tempfile.TemporaryDirectory() as folder:
        finished("lenet", "--mode", "train", *SAME, "--output_dir", folder)
        checkpoint = ("--checkpoint", str(Path(folder) / "model_epoch1.pt"))
        for _ in range(times):
            said = finished("lenet", "--mode", "eval", *checkpoint, "--json")
            ours.append(json.loads(said.output)["seconds"])
            theirs = finished("benchmarks.rival", str(root), "--batch_size", "128")
            rivals.append(json.loads(theirs.output)["evaluation"][-1])
    name = "evaluation of 10,000 images"
    return Row(name, statistics.median(ours), statistics.median(rivals), "s", "≥ 10")


def show(rows: Sequence[Row]) -> None:
    print(f"{'what':<62} {'ours':>9} {'rival':>9} {'ratio':>6}  goal")
    for row in rows:
        ours, rival = f"{row.ours:.1f} {row.unit}", f"{row.rival:.1f} {row.unit}"
        print(f"{row.what:<62} {ours:>9} {rival:>9} {row.ratio:>6.1f}  {row.goal}")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python", end=" ")
    print(f"{platform.python_version()}, torch {torch.__version__}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--times", type=int, default=3, help="runs of each, of which the median")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        unpack(root)
        rows = [
            *epochs(root, 128, args.times),
            *epochs(root, 32, args.times),
            evaluation(root, args.times),
            to_the_goal(root),
        ]
    if args.json:
        print(json.dumps([vars(row) | {"ratio": row.ratio} for row in rows]))
    else:
        show(rows)


if __name__ == "__main__":
    main()
