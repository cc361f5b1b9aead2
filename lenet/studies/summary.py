"""What the ready-made studies have found, in sentences made from their figures."""

import itertools
from collections.abc import Callable

from lenet.catalog import SOFTMAX_FLOOR
from lenet.studies.presets import POST_FIGURES, is_preset
from lenet.studies.results import Findings, Spread, summary


def conclusion(findings: Findings) -> str | None:
    """What a finished ready-made study says; None while cells are missing, or of another one."""
    write = _CONCLUSIONS.get(findings.study.name) if is_preset(findings.study) else None
    accuracies = summary(findings, "test_accuracy")
    if write is None or len(accuracies) < len(findings.study.cells):
        return None
    return write(findings, accuracies)


def _nine_cases(findings: Findings, accuracies: dict[str, Spread]) -> str:
    gaps = {
        label: accuracies[label].mean - said.accuracy
        for label, said in POST_FIGURES.items()
        if said.accuracy is not None and label in accuracies
    }
    mean_gap = sum(map(abs, gaps.values())) / len(gaps)
    widest = max(gaps, key=lambda label: abs(gaps[label]))
    low, high = _extremes(accuracies)
    text = (
        f"The five accuracies that the post gives are met within {_points(mean_gap)} on average, "
        f"{widest} least ({_points(gaps[widest], sign=True)}). The cases lie between "
        f"{accuracies[low].mean:.2%} ({low}) and {accuracies[high].mean:.2%} ({high})"
    )
    deviations = [found.deviation for found in accuracies.values() if found.deviation is not None]
    if not deviations:
        return text + ", with one seed each."
    typical = (sum(value**2 for value in deviations) / len(deviations)) ** 0.5
    return f"{text}; the standard deviation between seeds of one case is {_points(typical)}."


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
    labels = list(accuracies)
    gains = {
        label: accuracies[label].mean - accuracies[before].mean
        for before, label in itertools.pairwise(labels)
    }
    first, last = accuracies[labels[0]], accuracies[labels[-1]]
    told = ", ".join(f"{label} {_points(gain, sign=True)}" for label, gain in gains.items())
    most = max(gains, key=gains.__getitem__)
    return f"From {first.mean:.1%} to {last.mean:.1%}: {told}. The step “{most}” gains most."


def _extremes(accuracies: dict[str, Spread]) -> tuple[str, str]:
    ordered = sorted(accuracies, key=lambda label: accuracies[label].mean)
    return ordered[0], ordered[-1]


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
