"""A training step on one thread, with a second core's help, and on two threads, beside busy others.

Torch's two threads wait for each other in every operation; the second core of `--threads 0` only
does what can wait. Each figure is of processes of their own, by turns.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.alone import finished
from benchmarks.table import Row, beside, shown

TURNS = 2
SECONDS = 4
"""Of counted steps in a process."""
WARM_UP = 10
"""Steps before them."""
BATCH_SIZE = 128
MOST_NEIGHBOURS = 2
MOST = 1.2
"""What the second core's help may cost at worst, in times of one thread."""
SPIN = "while True: pass"


def main() -> None:
    """`python -m benchmarks.neighbour BATCH_SIZE THREADS`: milliseconds of a step."""
    from lenet.config import build_config
    from lenet.data.splits import load_split
    from lenet.training.trainer import Trainer

    config = build_config({"batch_size": sys.argv[1], "threads": sys.argv[2]})
    steps = Trainer(config, load_split(config.dataset, "train")).run()
    for _ in range(WARM_UP):
        next(steps)
    began, count = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < SECONDS:
        next(steps)
        count += 1
    print(passed / count * 1000)


def step_times(batch_size: int) -> dict[int, float]:
    """Median milliseconds of a step by `threads`."""
    taken: dict[int, list[float]] = {1: [], 0: [], 2: []}
    for _ in range(TURNS):
        for threads, times in taken.items():
            done = finished("benchmarks.neighbour", str(batch_size), str(threads))
            times.append(float(done.output))
    return {threads: statistics.median(times) for threads, times in taken.items()}


@contextmanager
def busy(neighbours: int) -> Iterator[None]:
    """So many processes that each keep a core busy."""
    processes = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(neighbours)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def rows() -> list[Row]:
    """For each number of busy neighbours."""
    found = []
    for neighbours in range(MOST_NEIGHBOURS + 1):
        with busy(neighbours):
            took = step_times(BATCH_SIZE)
        where = f"step of {BATCH_SIZE} beside {neighbours} busy processes"
        found += [
            beside(f"{where}, threads 0 (rival: 1)", took[0], took[1], "ms", 1 / MOST),
            shown(f"{where}, threads 2", took[2], "ms"),
        ]
    return found


if __name__ == "__main__":
    main()
