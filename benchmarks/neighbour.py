"""A training step on one thread, with a second core's help, and on two threads, beside busy others.

The three train by turns in one process; torch's two threads wait for each other in every
operation, the second core of `--threads 0` only does what can wait.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

import torch

from benchmarks.table import Row, beside, shown
from lenet.config import build_config
from lenet.data.splits import load_split
from lenet.training.events import Event
from lenet.training.trainer import Trainer

TURNS = 9
STEPS = 25
"""Of one turn; the first turn warms up."""
BATCH_SIZES = (128, 32)
MOST_NEIGHBOURS = 2
MOST = 1.2
"""What the second core's help may cost at worst, in times of one thread."""
SPIN = "while True: pass"


def step_times(batch_size: int) -> dict[int, float]:
    """Median milliseconds of a step by `threads`."""
    images = load_split("FashionMNIST", "train")
    trainings: dict[int, Iterator[Event]] = {}
    for threads in (1, 0, 2):
        config = build_config({"batch_size": batch_size, "threads": threads})
        trainings[threads] = Trainer(config, images).run()
    taken: dict[int, list[float]] = {threads: [] for threads in trainings}
    for _ in range(TURNS):
        for threads, events in trainings.items():
            torch.set_num_threads(threads or 1)
            began = time.perf_counter()
            for _ in range(STEPS):
                next(events)
            taken[threads].append((time.perf_counter() - began) / STEPS * 1000)
    return {threads: statistics.median(times[1:]) for threads, times in taken.items()}


def rows() -> list[Row]:
    """For each batch size and each number of busy neighbours."""
    found = []
    for neighbours in range(MOST_NEIGHBOURS + 1):
        busy = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(neighbours)]
        try:
            for batch_size in BATCH_SIZES:
                took = step_times(batch_size)
                where = f"step of {batch_size} beside {neighbours} busy processes"
                found += [
                    beside(f"{where}, threads 0 (rival: 1)", took[0], took[1], "ms", 1 / MOST),
                    shown(f"{where}, threads 2", took[2], "ms"),
                ]
        finally:
            for process in busy:
                process.kill()
                process.wait()
    return found
