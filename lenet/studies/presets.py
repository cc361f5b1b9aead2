"""The ready-made studies, and what the source post says of its own nine cases."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

from lenet.catalog import SOFTMAX_FLOOR, dataset_info
from lenet.errors import ConfigError
from lenet.studies.plan import Cell, Study, make_study

Compared = Literal["best", "steps", "all"]
"""Each cell with the best one, with the one before it, or with all others."""
OWN = "grid"
"""The name of studies of one's own, as `--vary` makes them."""


@dataclass(frozen=True)
class Published:
    """What the post says of a case: the loss, and the test accuracy where it is given."""

    loss: float
    accuracy: float | None = None


POST_FIGURES = {
    "case 1": Published(1.721),
    "case 2": Published(1.628),
    "case 3": Published(1.664),
    "case 4": Published(1.668),
    "case 5": Published(1.613, 0.8553),
    "case 6": Published(1.616, 0.8533),
    "case 7": Published(1.621, 0.8429),
    "case 8": Published(1.632, 0.8460),
    "case 9": Published(1.632, 0.8489),
}


@dataclass(frozen=True)
class StudyPreset:
    """A ready-made study: its cells, the question, and what to expect."""

    name: str
    title: str
    expect: str
    cells: Callable[[], list[Cell]]
    epochs: int
    batch_size: int
    seeds: tuple[int, ...] = tuple(range(5))
    floor: float | None = None
    """A loss to draw as a line."""
    compared: Compared = "best"
    falls_every: int | None = None
    """Epochs after which the learning rate becomes a tenth, again and again."""

    def study(
        self,
        epochs: int | None = None,
        batch_size: int | None = None,
        seeds: Iterable[int] | None = None,
    ) -> Study:
        """The study, perhaps with other values; ConfigError if one of them cannot be used."""
        size = {"epochs": epochs or self.epochs, "batch_size": batch_size or self.batch_size}
        cells = [Cell(label=cell.label, values={**cell.values, **size}) for cell in self.cells()]
        if self.falls_every:
            cells = [_falling(cell, self.falls_every) for cell in cells]
        return make_study(self.name, self.title, cells, self.seeds if seeds is None else seeds)


def _falling(cell: Cell, every: int) -> Cell:
    """The cell with a tenth of its learning rate after each `every` epochs."""
    config = cell.config()
    steps = ceil((dataset_info(config.dataset).train_count - config.val_size) / config.batch_size)
    changes = [
        f"{epoch * steps}:{config.lr * 0.1 ** (epoch // every):g}"
        for epoch in range(every, config.epochs, every)
    ]
    return Cell(label=cell.label, values={**cell.values, "lr_changes": ",".join(changes)})


def _nine_cases() -> list[Cell]:
    sgd = {"optimizer": "sgd", "lr": 0.01, "weight_decay": 0.0}
    adam = {"optimizer": "adam", "lr": 1e-3, "weight_decay": 1e-5}
    rows: list[tuple[dict[str, Any], float, str]] = [
        ({**sgd, "momentum": 0.9}, 0.1, "leaky_relu"),
        ({**sgd, "momentum": 0.9}, 0.3, "leaky_relu"),
        ({**sgd, "momentum": 0.9}, 0.5, "leaky_relu"),
        ({**sgd, "momentum": 0.9}, 0.5, "tanh"),
        ({**sgd, "momentum": 0.9}, 0.3, "tanh"),
        ({**sgd, "momentum": 0.5}, 0.1, "tanh"),
        (adam, 0.1, "tanh"),
        (adam, 0.5, "tanh"),
        (adam, 0.5, "leaky_relu"),
    ]
    return [
        Cell(
            label=f"case {number}",
            values={
                **{"preset": "post", "pooling": "average", **optimizer},
                **{"dropout": dropout, "activation": activation},
            },
        )
        for number, (optimizer, dropout, activation) in enumerate(rows, 1)
    ]


HELD_BACK = {"val_size": 5000}
_CLASSIC_32 = {"input_size": 32, "kernel_size": 5, "pool2": False, "padding": 0}


def _input_size_softmax() -> list[Cell]:
    sizes = {
        "28×28": {"input_size": 28, "kernel_size": 3, "pool2": True, "padding": 0},
        "32×32": _CLASSIC_32,
    }
    return [
        Cell(
            label=f"{size}, {'with' if softmax else 'no'} softmax",
            values={"preset": "post", **HELD_BACK, **geometry, "softmax": softmax},
        )
        for size, geometry in sizes.items()
        for softmax in (True, False)
    ]


def _geometries() -> list[Cell]:
    shapes = {
        "28×28, kernel 3": {"input_size": 28, "kernel_size": 3, "pool2": True, "padding": 0},
        "28×28, padding 2": {"input_size": 28, "kernel_size": 5, "pool2": False, "padding": 2},
        "32×32": _CLASSIC_32,
    }
    return [
        Cell(label=label, values={"preset": "post-32", **HELD_BACK, **geometry})
        for label, geometry in shapes.items()
    ]


def _one_by_one() -> list[Cell]:
    values: dict[str, Any] = {
        **{"preset": "post", **HELD_BACK, "batch_norm": False, "activation": "tanh"},
        **{"init": "default", "dropout": 0.0, "softmax": True},
    }
    cells = [Cell(label="plain tanh net", values=dict(values))]
    for label, change in (
        ("+ batch norm", {"batch_norm": True}),
        ("+ LeakyReLU", {"activation": "leaky_relu"}),
        ("+ Xavier", {"init": "xavier_uniform"}),
        ("+ dropout 0.3", {"dropout": 0.3}),
        ("− softmax", {"softmax": False}),
    ):
        values |= change
        cells.append(Cell(label=label, values=dict(values)))
    return cells


STUDY_PRESETS = {
    study.name: study
    for study in (
        StudyPreset(
            "nine-cases",
            "The nine cases",
            "The post's table of nine hand-run cases. Expect accuracies near its own, and "
            "differences between the cases about as large as those between two seeds.",
            _nine_cases,
            epochs=6,
            batch_size=8,
            seeds=tuple(range(10)),
            falls_every=5,
        ),
        StudyPreset(
            "input-size-softmax",
            "Input size × softmax",
            "The post reads a loss that stays above 1.46 as an effect of the input size. "
            "If the softmax in forward() is the cause, the loss stays there at both sizes with "
            "it, and falls far below at both sizes without it.",
            _input_size_softmax,
            epochs=3,
            batch_size=64,
            floor=SOFTMAX_FLOOR,
            compared="all",
        ),
        StudyPreset(
            "kernel-3-padding-2-32x32",
            "Kernel 3, padding 2 or 32×32",
            "Three ways to make the layers fit to 28×28 images. Expect the two networks with "
            "kernel 5 to be alike, and the smaller one, with half their weights, a little behind.",
            _geometries,
            epochs=3,
            batch_size=64,
            compared="all",
        ),
        StudyPreset(
            "one-by-one",
            "The improvements, one by one",
            "The plain tanh network, then one change after the other. Expect batch norm to "
            "gain most at the start, and the step without softmax to gain more than all others.",
            _one_by_one,
            epochs=3,
            batch_size=64,
            compared="steps",
        ),
    )
}


def is_preset(study: Study) -> bool:
    """Whether a study's cells are those of the ready-made study of its name."""
    chosen = STUDY_PRESETS.get(study.name)
    if chosen is None:
        return False
    last = study.cells[-1].config()
    usual = chosen.study(last.epochs, last.batch_size)
    varied = [name for name in usual.varied() if name != "lr_changes"]  # they follow from the rest

    def cells(one: Study) -> list[tuple[str, list[Any]]]:
        return [
            (cell.label, [getattr(cell.config(), name) for name in varied]) for cell in one.cells
        ]

    return cells(study) == cells(usual)


def preset_named(name: str) -> StudyPreset:
    """The ready-made study of that name; ConfigError if there is none."""
    if name not in STUDY_PRESETS:
        raise ConfigError(
            f"{name} is no study; choose {', '.join(STUDY_PRESETS)}, grid, or a study's folder"
        )
    return STUDY_PRESETS[name]
