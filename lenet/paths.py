"""Where the project keeps what."""

import os
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def absolute(folder: str | Path) -> Path:
    """A folder that a person named, with `~` expanded, independent of the current folder."""
    with suppress(RuntimeError):  # no such user: as in a shell, the name stays as it is
        folder = Path(folder).expanduser()
    return Path(folder).resolve()


for _name in ("LENET_RUNS_DIR", "LENET_DATA_DIR", "LENET_CHECKPOINTS_DIR"):
    if _folder := os.environ.get(_name):  # processes that are started from here work elsewhere
        os.environ[_name] = str(absolute(_folder))

SHIPPED = ROOT / "checkpoints"
DEFAULT_CHECKPOINT = SHIPPED / "fashion-mnist.pt"
CHECKPOINTS = Path(os.environ.get("LENET_CHECKPOINTS_DIR") or SHIPPED)
"""What the pages offer, and where Promote puts a run's best weights."""


def runs_dir() -> Path:
    """The folder of the runs that the page starts: `LENET_RUNS_DIR`, else `runs/`."""
    return Path(os.environ.get("LENET_RUNS_DIR") or ROOT / "runs")


def data_dir() -> Path:
    """The folder of the datasets: `LENET_DATA_DIR`, else `data/`."""
    return Path(os.environ.get("LENET_DATA_DIR") or ROOT / "data")


def studies_dir() -> Path:
    """The folder of the studies, each with its runs."""
    return runs_dir() / "studies"
