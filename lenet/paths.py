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

_IN_WHEEL = Path(__file__).resolve().parent / "shipped"
"""Where a wheel holds what lies beside `lenet/` in the project."""
INSTALLED = _IN_WHEEL.is_dir()

SHIPPED = (_IN_WHEEL if INSTALLED else ROOT) / "checkpoints"
SHIPPED_STUDIES = SHIPPED.parent / "studies"
DEFAULT_CHECKPOINT = SHIPPED / "fashion-mnist.pt"
PHOTO_CHECKPOINT = SHIPPED / "fashion-mnist-photo.pt"
"""Answers in place of the default one where a thing was cut out of a photograph."""
CHECKPOINTS = Path(os.environ.get("LENET_CHECKPOINTS_DIR") or SHIPPED)
"""What the pages offer, and where Offer to all puts a run's best weights."""


def home() -> Path:
    """Where runs and data are kept by default: the project's folder, else the user's own."""
    if not INSTALLED:
        return ROOT
    from platformdirs import user_data_path

    return user_data_path("lenet-lab", appauthor=False)


def output_dir() -> Path:
    """The default of `--output_dir`: `output` where the command is called, else the user's own."""
    return home() / "output" if INSTALLED else Path("output")


def runs_dir() -> Path:
    """The folder of the runs that the page starts: `LENET_RUNS_DIR`, else `runs/`."""
    return Path(os.environ.get("LENET_RUNS_DIR") or home() / "runs")


def data_dir() -> Path:
    """The folder of the datasets: `LENET_DATA_DIR`, else `data/`."""
    return Path(os.environ.get("LENET_DATA_DIR") or home() / "data")


def cache_dir() -> Path:
    """The user's folder for what can be made anew."""
    from platformdirs import user_cache_path

    return user_cache_path("lenet-lab", appauthor=False)


def studies_dir() -> Path:
    """The folder of the studies, each with its runs."""
    return runs_dir() / "studies"
