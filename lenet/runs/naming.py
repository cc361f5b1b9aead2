"""What runs are called: names that people give, and how they are told apart."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from lenet.config import Config, overrides, told
from lenet.errors import LabError

if TYPE_CHECKING:
    from lenet.runs.run import Run

MAX_NAME = 60


def clean_name(text: str) -> str:
    """A name in one line, without characters that cannot be shown."""
    shown = "".join(sign for sign in text if sign.isprintable() or sign.isspace())
    return " ".join(shown.split())[:MAX_NAME].strip()


def labels(runs: "Iterable[Run]") -> dict[str, str]:
    """A different label for each run, by id: its name, with the id's end where names are equal."""
    return _distinct({run.id: run.name for run in runs})


def told_apart(runs: "Sequence[Run]") -> dict[str, str]:
    """A different label for each of a few runs, by id: the name that a person gave it, else the
    settings in which they differ, the usual ones too; of presets only what differs within one.
    """
    configs: dict[str, Config] = {}
    for run in runs:
        with suppress(LabError):
            configs[run.id] = run.config()

    names = {}
    for run_id, config in configs.items():
        alike = [other for other in configs.values() if other.preset == config.preset]
        own = {"preset", *overrides(config)}
        shown = {
            name: value
            for name, value in config
            if any(
                getattr(other, name) != value
                for other in (configs.values() if name in own else alike)
            )
        }
        preset = shown.pop("preset", None)
        names[run_id] = ", ".join(filter(None, [preset, told(shown)]))
    start = {run.id: run.name.rpartition("· ")[2] for run in runs}  # of those that are alike
    return _distinct({one.id: one.given_name or names.get(one.id) or start[one.id] for one in runs})


def _distinct(names: Mapping[str, str]) -> dict[str, str]:
    """Names by id, with the id's end where they are equal."""
    often = Counter(names.values())
    found = {
        run_id: f"{name} ({run_id[-4:]})" if often[name] > 1 else name
        for run_id, name in names.items()
    }
    often = Counter(found.values())
    return {
        run_id: f"{names[run_id]} ({run_id})" if often[label] > 1 else label
        for run_id, label in found.items()
    }
