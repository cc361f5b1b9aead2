"""A command in a process whose parent is small, so that its peak memory is its own.

Linux counts into a process's peak the memory of the process that started it, so a benchmark
that has loaded torch cannot measure another program itself: `finished` has it done by
`python -m benchmarks.alone COMMAND…`, which prints one JSON object.
"""

import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

from lenet.paths import ROOT


@dataclass(frozen=True)
class Finished:
    """A process that has ended well: its standard output, wall seconds and peak memory."""

    output: str
    seconds: float
    megabytes: float


def finished(module: str, *arguments: str, python: str = sys.executable) -> Finished:
    """Run `python -m module …` to its end."""
    command = [sys.executable, "-m", "benchmarks.alone", python, "-m", module, *arguments]
    alone = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if alone.returncode:
        raise SystemExit(alone.returncode)
    return Finished(**json.loads(alone.stdout))


def main() -> None:
    began = time.perf_counter()
    done = subprocess.run(
        sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"{' '.join(sys.argv[1:])} failed; run it to see why")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(json.dumps(asdict(Finished(done.stdout, seconds, peak))))


if __name__ == "__main__":
    main()
