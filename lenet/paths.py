"""Where the project keeps what."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "checkpoints"
DEFAULT_CHECKPOINT = SHIPPED / "fashion-mnist.pt"
CHECKPOINTS = Path(os.environ.get("LENET_CHECKPOINTS_DIR") or SHIPPED)
"""What the pages offer, and where Promote puts a run's best weights."""


def runs_dir() -> Path:
    """The folder of the runs that the page starts: `LENET_RUNS_DIR`, else `runs/`."""
    return Path(os.environ.get("LENET_RUNS_DIR") or ROOT / "runs")


def studies_dir() -> Path:
    """The folder of the studies, each with its runs."""
    return runs_dir() / "studies"
