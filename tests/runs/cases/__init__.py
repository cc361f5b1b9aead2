"""Real runs, each of which shows a case that is recognised; `python -m tests.runs.cases` records
them anew, in a few minutes.
"""

from pathlib import Path
from typing import Any

from lenet.config import Config, build_config
from lenet.paths import ROOT
from lenet.runs.history import History, read_history

FOLDER = Path(__file__).parent
EXAMPLE = ROOT / "lenet/ui/train/example.jsonl"
SMALL: dict[str, Any] = {"val_size": 50000, "epochs": 1, "sketches": 0, "photographs": 0}
CLASSIC = SMALL | {"preset": "classic"}
OWN_WAY = {"label_smoothing": 0, "weight_decay": 0, "optimizer": "adam", "lr": 0.004}
OWN_WAY |= {"schedule": "constant"}
CASES: dict[str, dict[str, Any]] = {
    "lab": {"preset": "lab"},
    "diverged": CLASSIC | {"lr": 5},
    "too high": CLASSIC | {"lr": 0.25},
    "too low": CLASSIC | {"lr": 0.0005},
    "nothing learned": CLASSIC | {"lr": 1, "activation": "relu"},
    "dead": CLASSIC | {"lr": 0.3, "activation": "relu"},
    "saturated": CLASSIC | {"lr": 1.5},
    "class given up": SMALL | {"preset": "post", "lr": 0.5},
    "softmax floor": SMALL | {"preset": "lab", "softmax": 1, "label_smoothing": 0, "epochs": 4},
    "over-fitting": SMALL | OWN_WAY | {"epochs": 12},
    "rising": CLASSIC | {"epochs": 2},
}


def file(name: str) -> Path:
    """Where a case is recorded; that of `lab` is the example that the page shows."""
    return EXAMPLE if name == "lab" else FOLDER / f"{name}.jsonl"


def case(name: str) -> tuple[Config, History]:
    """A recorded run; of its steps every few only."""
    return build_config(CASES[name] | {"device": "cpu"}), read_history(file(name))
