"""What happened in a run, in a sentence or two, from what it has recorded.

A rule looks at the figures and says what it sees only where it is sure.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean, median
from typing import Any

from lenet.catalog import CLASSES, SOFTMAX_FLOOR, dataset_info
from lenet.config import MAX_LR, Config
from lenet.runs.history import History

GUESSING = math.log(CLASSES)
"""The loss of a network that gives every class the same probability."""
MOST = 3
"""Sentences that are told."""
FEWEST = 8
"""Probes from which on there is something to be said."""
GOOD = 0.85
"""An accuracy that shows that a training goes well."""
SHORT = 1e-3
"""A step that moves the weights by less than this share of them learns little."""


@dataclass(frozen=True)
class Finding:
    """A sentence about a run.

    Attributes:
        text: what was seen, with its figures, and what to try.
        settings: hyperparameters that try it; empty where nothing needs to change.
        warns: whether something went wrong.
        in_vain: whether it went so wrong that the network is of no use.
    """

    text: str
    settings: dict[str, Any] = field(default_factory=dict)
    warns: bool = True
    in_vain: bool = False


@dataclass(frozen=True)
class _Run:
    """A run's figures as the rules use them."""

    config: Config
    history: History

    @property
    def probes(self) -> Sequence[dict[str, Any]]:
        return self.history.probes

    @property
    def late(self) -> Sequence[dict[str, Any]]:
        """The last quarter of the probes."""
        return self.probes[-max(3, len(self.probes) // 4) :]

    def loss(self) -> float:
        """The mean loss of the last tenth of the steps."""
        losses = self.history.steps["loss"]
        return float(fmean(losses[-max(1, len(losses) // 10) :]))

    def series(self, name: str) -> list[float]:
        """A figure of the probes that have it."""
        return [event[name] for event in self.probes if event[name] is not None]

    def moved(self, probes: Sequence[dict[str, Any]]) -> float:
        """By how much of their length a step moved a layer's weights, in the middle of all."""
        ratios = [ratio for event in probes for ratio in event["update_ratios"].values()]
        return float(median([ratio for ratio in ratios if ratio is not None] or [math.inf]))

    def faster(self, times: float) -> dict[str, Any]:
        """Another learning rate."""
        return {"lr": min(MAX_LR, float(f"{self.config.lr * times:.2g}"))}


def what_happened(config: Config, history: History, *, failed: bool = False) -> list[Finding]:
    """Up to `MOST` findings about an ended run, the weightiest first.

    Args:
        failed: the training ended because its loss was no number any more.
    """
    run = _Run(config, history)
    if failed:
        return [_too_long(run, "The loss grew until it was no number any more")]
    if len(run.probes) < FEWEST or not len(history):
        return []
    found = list(filter(None, (rule(run) for rule in _COURSE)))[:1]
    # What follows from a course gone wrong need not be told, but for units that learn no more.
    found += filter(None, (rule(run) for rule in (_DETAILS[:1] if found else _DETAILS)))
    return (found or list(filter(None, (rule(run) for rule in _CALM))))[:MOST]


def _diverged(run: _Run) -> Finding | None:
    if run.loss() < 1.3 * GUESSING:
        return None
    worse = f"worse than guessing, which gives {GUESSING:.1f}"
    return _too_long(run, f"The loss ended at {run.loss():.3g}, {worse}")


def _too_long(run: _Run, seen: str) -> Finding:
    slower = run.faster(1 / 10)
    return Finding(
        f"{seen}: the training diverged. With a learning rate of {run.config.lr:g} its steps are "
        f"too long; try {slower['lr']:g}.",
        slower,
        in_vain=True,
    )


def _nothing_learned(run: _Run) -> Finding | None:
    best = max(event["train_accuracy"] for event in run.late)
    if best > 2 / CLASSES or abs(run.loss() - GUESSING) > 0.1:
        return None
    still = run.moved(run.probes[: len(run.probes) // 4]) < SHORT
    change = run.faster(10 if still else 1 / 10)
    why = "the weights hardly moved" if still else "the first steps were too long and broke it"
    return Finding(
        f"Nothing was learned: the loss ended at {run.loss():.2f}, which is guessing; {why}. "
        f"Try a learning rate of {change['lr']:g}.",
        change,
        in_vain=True,
    )


def _too_high(run: _Run) -> Finding | None:
    losses = run.series("train_eval_loss")
    half = losses[len(losses) // 2 :]
    swing = fmean(abs(b - a) for a, b in pairwise(half)) / fmean(half)
    is_good = median(event["train_accuracy"] for event in run.late) > GOOD
    if is_good or swing < 0.2 or fmean(half[-4:]) < 1.2 * min(losses):
        return None
    slower = run.faster(1 / 5)
    return Finding(
        f"The loss on the same training images jumps by {swing:.0%} from one look to the next, and "
        f"was lower before: the learning rate of {run.config.lr:g} is too high. "
        f"Try {slower['lr']:g}.",
        slower,
    )


def _too_low(run: _Run) -> Finding | None:
    losses, moved = run.series("train_eval_loss"), run.moved(run.probes)
    falling = fmean(after < before for before, after in pairwise(losses))
    accuracy = run.probes[-1]["train_accuracy"]
    if moved > SHORT or falling < 0.8 or accuracy > GOOD:
        return None
    faster = run.faster(10)
    return Finding(
        f"Each step moved the weights by only {moved:.2%}, and after {len(run.probes)} looks, each "
        f"a little better, {accuracy:.0%} of the training images are right: the learning rate of "
        f"{run.config.lr:g} is too low. Try {faster['lr']:g}.",
        faster,
    )


def _idle(run: _Run) -> Finding | None:
    idle = run.probes[-1]["idle"]
    layer, share = max(idle.items(), key=lambda item: item[1], default=("", 0.0))
    if share < 0.5:
        return None
    if run.config.activation == "relu":
        return Finding(
            f"{share:.0%} of the units of {layer} are dead: they give 0 for every image, and a "
            "ReLU at 0 learns no more. Leaky ReLU keeps them alive.",
            {"activation": "leaky_relu"},
        )
    calmer = run.faster(1 / 5) if run.config.batch_norm else {"batch_norm": True}
    what = f"a learning rate of {calmer['lr']:g}" if "lr" in calmer else "batch norm"
    ends = "0 or 1" if run.config.activation == "sigmoid" else "1 or −1"
    return Finding(
        f"{share:.0%} of the units of {layer} are saturated: {run.config.activation} gives nearly "
        f"{ends} for every image, where it is flat and hardly learns. Try {what}.",
        calmer,
    )


def _given_up(run: _Run) -> Finding | None:
    late = [event["recalls"] for event in run.late]
    names = dataset_info(run.config.dataset).classes
    lost = [
        name
        for name, recalls in zip(names, zip(*late, strict=False), strict=False)
        if not any(recalls)
    ]
    if not lost or run.probes[-1]["train_accuracy"] < 3 / CLASSES:
        return None
    seen = f"The network has given up on {_listed(lost)}: it finds none of them any more."
    if run.config.softmax:
        why = "Softmax in forward() makes its gradient vanish; switch it off."
        return Finding(f"{seen} {why}", {"softmax": False})
    change = run.faster(1 / 3)
    return Finding(f"{seen} Try a learning rate of {change['lr']:g}.", change)


def _floor(run: _Run) -> Finding | None:
    if not run.config.softmax or run.loss() > SOFTMAX_FLOOR + 0.2:
        return None
    return Finding(
        f"The loss ended at {run.loss():.2f} and cannot fall below {SOFTMAX_FLOOR:.4f}: with "
        "softmax in forward() even a perfect answer costs that much. Switch it off.",
        {"softmax": False},
    )


def _over_fitting(run: _Run) -> Finding | None:
    val, train = (_smooth(run.series(name)) for name in ("val_loss", "train_eval_loss"))
    if len(val) < FEWEST:
        return None
    at = val.index(min(val))
    rise = val[-1] / val[at] - 1
    if len(val) - at < 4 or rise < 0.08 or train[-1] > 0.95 * train[at]:
        return None
    epoch = run.probes[at + 1]["epoch"]
    change: dict[str, Any] = {"epochs": epoch} if epoch < run.config.epochs else {"dropout": 0.3}
    what = f"{epoch} epochs" if "epochs" in change else "dropout"
    return Finding(
        f"Since epoch {epoch} the network learns its images by heart: the validation loss rose by "
        f"{rise:.0%} while the training loss went on falling. Try {what}.",
        change,
    )


def _above(run: _Run) -> Finding | None:
    last = run.history.epochs[-1] if run.history.epochs else {}
    if not last or last["val_loss"] is None or not last["val_loss"] < last["train_loss"] < GUESSING:
        return None
    config = run.config
    reasons = [
        name
        for name, used in {
            "dropout": config.dropout,
            "augmentation": config.augment != "none",
            "label smoothing": config.label_smoothing,
            "made-up pictures": config.dataset == "FashionMNIST"
            and config.sketches + config.photographs,
        }.items()
        if used
    ] or ["the average over an epoch in which the network still improved"]
    return Finding(
        f"The training loss ({last['train_loss']:.2f}) lies above the validation loss "
        f"({last['val_loss']:.2f}). That is as it should be: {_listed(reasons)} "
        f"{'make' if len(reasons) > 1 else 'makes'} training harder than the test.",
        warns=False,
    )


def _rising(run: _Run) -> Finding | None:
    scores = run.series("val_accuracy") or run.series("train_accuracy")
    third = len(scores) // 3
    before, last = fmean(scores[-2 * third : -third]), fmean(scores[-third:])
    if last - before < 0.01 or run.history.epochs == []:
        return None
    more = {"epochs": min(1000, 2 * run.config.epochs)}
    return Finding(
        f"The accuracy was still rising, from {before:.1%} to {last:.1%} in the last third: more "
        f"epochs would help. Try {more['epochs']}.",
        more,
        warns=False,
    )


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _smooth(values: list[float]) -> list[float]:
    """The mean of each value and its two neighbours."""
    return [fmean(values[at - 1 : at + 2]) for at in range(1, len(values) - 1)]


_Rule = Callable[[_Run], Finding | None]
_COURSE: tuple[_Rule, ...] = (_diverged, _nothing_learned, _too_high, _too_low)
_DETAILS: tuple[_Rule, ...] = (_idle, _given_up, _floor, _over_fitting)
_CALM: tuple[_Rule, ...] = (_above, _rising)
