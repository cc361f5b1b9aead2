"""A training step on one thread, with a second core's help, and on two threads, beside busy others.

Torch's two threads wait for each other in every operation; the second core of `--threads 0` only
does what can wait. Each figure is of processes of their own, by turns.
"""

import statistics
import subprocess
import sys
import time

from benchmarks.alone import finished
from benchmarks.table import Row, beside, shown

TURNS = 2
SECONDS = 4
"""Of counted steps in a process."""
WARM_UP = 10
"""Steps before them."""
BATCH_SIZES = (128,)
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


if __name__ == "__main__":
    main()
