"""Where the project keeps what."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHECKPOINTS = ROOT / "checkpoints"
DEFAULT_CHECKPOINT = CHECKPOINTS / "fashion-mnist.pt"


def runs_dir() -> Path:
    """The folder of the runs that the page starts: `LENET_RUNS_DIR`, else `runs/`."""
    return Path(os.environ.get("LENET_RUNS_DIR") or ROOT / "runs")
