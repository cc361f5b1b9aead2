"""What studies have found, in sentences made from their figures."""

from collections.abc import Callable, Iterable

from lenet.catalog import SOFTMAX_FLOOR
from lenet.studies.plan import Study
from lenet.studies.presets import POST_FIGURES, is_preset
from lenet.studies.results import Findings, Spread, summary
from lenet.studies.significance import ENOUGH, Difference, compared, differences

NAMED, FEW = 8, 3
"""Cells of which a sentence speaks by name, and of which it says by how much they do not differ."""
METHOD = (
    "Two cells are compared by their runs of the same seeds, with a paired t-test. They differ "
    "where it gives a probability below 5 % after Holm's correction for all pairs compared. "
    "± is half of the 95 % interval of one difference alone, without that correction: it may "
    "leave out 0 and the difference still be unproven."
)


def conclusion(findings: Findings) -> str | None:
    """What a study says, and which of its cells differ; None while cells are missing, and where
    nothing can be said.
    """
    accuracies = summary(findings, "test_accuracy")
    if len(accuracies) < len(findings.study.cells):
        return None
    write = _CONCLUSIONS.get(findings.study.name) if is_preset(findings.study) else None
    said = write(findings, accuracies) if write else ""
    return f"{said} {_differing(findings)}".strip() or None


def caution(study: Study) -> str | None:
    """What to know about a study with too few seeds."""
    if len(study.cells) < 2 or len(study.seeds) >= ENOUGH:
        return None
    return (
        f"With fewer than {ENOUGH} seeds for each variant, what looks better may be so by chance: "
        "the same settings with another seed give another accuracy. Take five seeds, if you can "
        "wait."
    )


def _differing(findings: Findings) -> str:
    """Which cells differ by more than chance, and by how much; which cannot be told apart.
    Nothing where there are too few seeds to tell.
    """
    if len(findings.study.seeds) < ENOUGH:
        return ""
    in_steps = compared(findings.study) == "steps"
    groups: dict[str, tuple[list[Difference], list[Difference]]] = {}
    for found in differences(findings):
        pair = found if in_steps or found.mean >= 0 else found.reversed()  # the better one first
        groups.setdefault(pair.label, ([], []))[pair.is_significant].append(pair)
    said, unproven = [], []
    for label, (alike, apart) in groups.items():
        if apart and in_steps:
            verb = "gains" if apart[0].mean > 0 else "loses"
            said.append(f"{_named(label)} {verb} {_margin(apart[0])}")
        elif apart:
            others = _listed(f"{_named(pair.other)} by {_margin(pair)}" for pair in apart)
            said.append(f"{_named(label)} is ahead of {others}")
        if alike and in_steps:
            unproven.append(f"{_named(label)} ({_margin(alike[0], sign=True)})")
        elif alike:
            few = len(alike) <= FEW
            others = _listed(
                f"{_named(pair.other)} ({_margin(pair)})" if few else _named(pair.other)
                for pair in alike
            )
            said.append(f"{_named(label)} cannot be told apart from {others}")
    if unproven:
        said.append(f"{_listed(unproven)} cannot be told apart from the step before")
    return f"What differs and what does not: {'; '.join(said)}." if said else ""


def _named(label: str) -> str:
    return label if label.replace(" ", "").isalnum() else f"“{label}”"


def _margin(pair: Difference, *, sign: bool = False) -> str:
    mean = pair.mean if sign else abs(pair.mean)
    return _points(mean, sign=sign).replace(" points", f" ± {_points(pair.half)}")


def _listed(parts: Iterable[str]) -> str:
    *some, last = [*parts]
    if len(some) >= NAMED:
        some, last = some[:NAMED], f"{len(some) - NAMED + 1} others"
    return f"{', '.join(some)} and {last}" if some else last


def _nine_cases(findings: Findings, accuracies: dict[str, Spread]) -> str:
    gaps = {
        label: accuracies[label].mean - said.accuracy
        for label, said in POST_FIGURES.items()
        if said.accuracy is not None and label in accuracies
    }
    mean_gap = sum(map(abs, gaps.values())) / len(gaps)
    widest = max(gaps, key=lambda label: abs(gaps[label]))
    low, *_, high = sorted(accuracies, key=lambda label: accuracies[label].mean)
    text = (
        f"The five accuracies that the post gives are met within {_points(mean_gap)} on average, "
        f"{widest} least ({_points(gaps[widest], sign=True)}). The cases lie between "
        f"{accuracies[low].mean:.2%} ({low}) and {accuracies[high].mean:.2%} ({high})."
    )
    if len(findings.study.seeds) < ENOUGH:
        return text
    halves = {label: accuracies[label].half_of_one or 0 for label in gaps}
    outside = [label for label, gap in gaps.items() if abs(gap) > halves[label]]
    which = f"all but {_listed(outside)} of these five" if outside else "each of these five"
    return f"{text} A single run of ours could give {which} (95 % prediction intervals)."


def _input_size_softmax(findings: Findings, accuracies: dict[str, Spread]) -> str:
    losses = summary(findings, "train_loss")
    softmax = {cell.label: cell.config().softmax for cell in findings.study.cells}
    with_it = [losses[label].mean for label, on in softmax.items() if on]
    without = [losses[label].mean for label, on in softmax.items() if not on]
    text = (
        f"With softmax the training loss ends at {_and(with_it)}, without it at {_and(without)}, "
        "at 28×28 and 32×32. "
    )
    if min(with_it) >= SOFTMAX_FLOOR > max(without):
        return text + (
            "So the floor of 1.4612 comes from the softmax, and the input size has nothing to "
            "do with it."
        )
    return text + "These figures do not settle the question; train longer."


def _geometries(findings: Findings, accuracies: dict[str, Spread]) -> str:
    weights = {
        cell.label: sum(layer.parameters for layer in cell.config().layers())
        for cell in findings.study.cells
    }
    parts = [
        f"{label} reaches {found.mean:.1%} with {weights[label]:,} parameters"
        for label, found in accuracies.items()
    ]
    return "; ".join(parts) + "."


def _one_by_one(findings: Findings, accuracies: dict[str, Spread]) -> str:
    first, *_, last = accuracies.values()
    return f"From {first.mean:.1%} to {last.mean:.1%}."


def _points(share: float, *, sign: bool = False) -> str:
    text = f"{100 * share:+.1f}" if sign else f"{100 * share:.1f}"
    return f"{text.replace('-', '−')} points"


def _and(values: list[float]) -> str:
    return " and ".join(f"{value:.2f}" for value in values)


_CONCLUSIONS: dict[str, Callable[[Findings, dict[str, Spread]], str]] = {
    "nine-cases": _nine_cases,
    "input-size-softmax": _input_size_softmax,
    "kernel-3-padding-2-32x32": _geometries,
    "one-by-one": _one_by_one,
}
