"""Records all cases, or those that are named."""

import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from lenet.config import build_config
from lenet.data.splits import load_split
from lenet.errors import TrainingError
from lenet.runs.run import Run
from lenet.runs.worker import Execution
from tests.runs.cases import CASES, file

STEPS = 120
"""Steps of a run that are kept, at most twice as many."""


def record(name: str) -> None:
    config = build_config(CASES[name] | {"device": "cpu"})
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder) / "run")
        work = Execution(run, lambda: load_split("FashionMNIST", "train"), lambda *_: None)
        with suppress(TrainingError):
            work.start(config)
        lines = run.metrics_file.read_text().splitlines(keepends=True)
    steps = [line for line in lines if '"loss"' in line]
    left_out = set(steps) - set(steps[:: max(1, len(steps) // STEPS)]) - {steps[-1]}
    kept = [line for line in lines if line not in left_out]
    file(name).write_text("".join(kept))


for name in sys.argv[1:] or CASES:
    record(name)
