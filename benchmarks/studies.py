"""How the time of a study falls with workers: `python -m benchmarks.studies [ROUNDS]`.

Twelve tiny runs (the tests' 200 images, 20 epochs) on 1 and 2 processes of this machine, and on
a Dask cluster of 2 worker processes on loopback. Most of a run is its start, importing torch.
Each round has a folder of its own, so that nothing is finished already; the median over the
rounds is given.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lenet.paths import ROOT
from tests.idx_files import small_info, write_files

RUNS = 12
VARY = ("--vary", "lr=0.002..0.02/6", "--vary", "batch_norm=0,1")
SMALL = ("--val_size", "40", "--batch_size", "20", "--epochs", "20", "--device", "cpu")


def seconds(folder: Path, slots: int, *flags: str) -> float:
    """The time of the whole study, from the command to its JSON."""
    command = [sys.executable, "-m", "tests.small_lab", "--mode", "study", "--study", "grid"]
    write_files(folder / "data/FashionMNIST/raw", small_info())
    environment = {**os.environ, "LENET_RUNS_DIR": str(folder), "LENET_SLOTS": str(slots)}
    places = ["--output_dir", str(folder / "study"), "--data_dir", str(folder / "data")]
    began = time.perf_counter()
    subprocess.run(
        [*command, *VARY, *SMALL, *flags, *places, "--json"],
        check=True,
        cwd=ROOT,
        env={**environment, "OMP_NUM_THREADS": "1"},
        capture_output=True,
    )
    taken = time.perf_counter() - began
    assert len(list(folder.glob("study/*/result.json"))) == RUNS
    return taken


def main() -> None:
    from distributed import LocalCluster

    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    taken: dict[str, list[float]] = {}
    with LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        ways = {
            "1 local": (1, ("--workers", "1")),
            "2 local": (2, ("--workers", "2")),
            "2 on a cluster": (2, ("--backend", "dask", "--address", cluster.scheduler_address)),
        }
        for _ in range(rounds):
            for name, (slots, flags) in ways.items():
                with tempfile.TemporaryDirectory() as folder:
                    taken.setdefault(name, []).append(seconds(Path(folder), slots, *flags))
                    print(f"{name}: {taken[name][-1]:.1f} s", file=sys.stderr, flush=True)
    one = statistics.median(taken["1 local"])
    print("| workers | median | times as fast |\n| --- | --- | --- |")
    for name, found in taken.items():
        median = statistics.median(found)
        print(f"| {name} | {median:.1f} s of {len(found)} | {one / median:.2f} |")


if __name__ == "__main__":
    main()
