"""A command in a process whose parent is small, so that its peak memory is its own.

    python -m benchmarks.alone COMMAND…

Linux counts into a process's peak the memory of the process that started it, so a benchmark
that has loaded torch cannot measure another program itself. Prints one JSON object: what the
command printed, its wall seconds and its peak memory.
"""

import json
import resource
import subprocess
import sys
import time


def main() -> None:
    began = time.perf_counter()
    done = subprocess.run(
        sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"{' '.join(sys.argv[1:])} failed; run it to see why")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(json.dumps({"output": done.stdout, "seconds": seconds, "megabytes": peak}))


if __name__ == "__main__":
    main()
