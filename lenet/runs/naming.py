"""What runs are called: names that people give, and how they are told apart."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lenet.runs.run import Run

MAX_NAME = 60


def clean_name(text: str) -> str:
    """A name in one line, without characters that cannot be shown."""
    return " ".join("".join(filter(_showable, text)).split())[:MAX_NAME].strip()


def _showable(sign: str) -> bool:
    return sign.isprintable() or sign.isspace()


def labels(runs: "Iterable[Run]") -> dict[str, str]:
    """A different label for each run, by id: its name, with the id's end where names are equal."""
    names = {run.id: run.name for run in runs}
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
