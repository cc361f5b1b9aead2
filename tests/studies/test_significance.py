"""Intervals and paired tests against computations by other means."""

import itertools
import math
import random
import statistics

import numpy as np
import pytest
from scipy.stats import t as student

from lenet.studies.plan import Cell, make_study
from lenet.studies.presets import POST_FIGURES, STUDY_PRESETS
from lenet.studies.results import Findings, Finished, bundled, spread
from lenet.studies.significance import differences, holm
from lenet.studies.summary import caution, conclusion
from tests.studies.small_study import result_of


def found_in(accuracies: dict[str, list[float]]) -> Findings:
    """A study of one's own with these test accuracies, a seed each, which differs in its rates."""
    cells = [
        Cell(label=label, values={"lr": (place + 1) / 100})
        for place, label in enumerate(accuracies)
    ]
    study = make_study("grid", "lr", cells, range(len(next(iter(accuracies.values())))))
    runs = [
        Finished(
            label=label, seed=seed, result=result_of(val_accuracy=None, test_accuracy=accuracy)
        )
        for label, values in accuracies.items()
        for seed, accuracy in enumerate(values)
    ]
    return Findings(study=study, runs=tuple(runs))


def noisy(mean: float, deviation: float, count: int, seed: int) -> list[float]:
    rng = random.Random(seed)
    return [mean + rng.gauss(0, deviation) for _ in range(count)]


def by_hand(first: list[float], second: list[float]) -> tuple[float, float, float]:
    """Mean difference, half of its 95 % interval, and the p-value of a paired t-test."""
    gaps = [a - b for a, b in zip(first, second, strict=True)]
    error = statistics.stdev(gaps) / math.sqrt(len(gaps))
    mean, freedom = statistics.mean(gaps), len(gaps) - 1
    return mean, student.ppf(0.975, freedom) * error, 2 * student.sf(abs(mean) / error, freedom)


def by_flipping_signs(gaps: list[float]) -> float:
    """Share of all ways to swap the pairs in which the mean is at least as far from 0."""
    means = [
        abs(sum(sign * gap for sign, gap in zip(signs, gaps, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(gaps))
    ]
    return sum(mean >= abs(sum(gaps)) - 1e-12 for mean in means) / len(means)


def test_intervals_are_those_of_the_table_of_students_t() -> None:
    found = spread([0.81, 0.83, 0.82, 0.86, 0.84])
    error = statistics.stdev([0.81, 0.83, 0.82, 0.86, 0.84])
    assert found.half == pytest.approx(2.776 * error / math.sqrt(5), rel=1e-3)  # t of 4, 97.5 %
    assert found.half_of_one == pytest.approx(2.776 * error * math.sqrt(1 + 1 / 5), rel=1e-3)


def test_intervals_hold_the_true_mean_and_the_next_value_nineteen_times_in_twenty() -> None:
    inside = one = 0
    for seed in range(2000):
        *values, following = noisy(0.8, 0.01, 6, seed)
        found = spread(values)
        inside += abs(found.mean - 0.8) <= (found.half or 0)
        one += abs(found.mean - following) <= (found.half_of_one or 0)
    assert inside / 2000 == pytest.approx(0.95, abs=0.02)
    assert one / 2000 == pytest.approx(0.95, abs=0.02)


def test_each_cell_is_compared_with_the_best_in_pairs_of_seeds() -> None:
    common = noisy(0.8, 0.03, 10, 1)  # what a seed does to every cell alike
    small = {label: noisy(gain, 0.004, 10, place) for place, (label, gain) in enumerate(GAINS)}
    accuracies = {
        label: [a + b for a, b in zip(common, noise, strict=True)] for label, noise in small.items()
    }
    found = {pair.other: pair for pair in differences(found_in(accuracies))}
    assert set(found) == {"poor", "middling", "like"}
    raw = {label: by_hand(accuracies["best"], accuracies[label]) for label in found}
    for label, pair in found.items():
        mean, half, p_value = raw[label]
        assert pair.label == "best"
        assert pair.mean == pytest.approx(mean)
        assert pair.half == pytest.approx(half)
        # Holm: of three, the smallest counts three times, the next twice, none less than before.
        smaller = sum(other <= p_value for _, _, other in raw.values())
        assert pair.p_value >= p_value * (4 - smaller) * (1 - 1e-9)
        gaps = [a - b for a, b in zip(accuracies["best"], accuracies[label], strict=True)]
        assert p_value == pytest.approx(by_flipping_signs(gaps), abs=0.03)
    assert [label for label, pair in found.items() if pair.is_significant] == ["poor", "middling"]
    text = str(conclusion(found_in(accuracies)))
    assert (
        f"best is ahead of poor by {100 * raw['poor'][0]:.1f} ± {100 * raw['poor'][1]:.1f}" in text
    )
    assert "best cannot be told apart from like" in text


GAINS = (("poor", -0.05), ("best", 0.001), ("middling", -0.02), ("like", -0.002))


def test_unpaired_noise_of_that_size_would_have_hidden_it() -> None:
    common = noisy(0.8, 0.03, 5, 2)
    accuracies = {"a": common, "b": [value - 0.002 for value in common]}
    [pair] = differences(found_in(accuracies))
    assert pair.mean == pytest.approx(0.002)
    assert pair.half == pytest.approx(0, abs=1e-12)
    assert pair.is_significant
    [same] = differences(found_in({"a": common, "b": common}))
    assert not same.is_significant
    assert same.p_value == 1


@pytest.mark.parametrize(
    ("raw", "corrected"),
    [
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),  # Holm 1979, worked by hand
        ([0.5, 0.9], [1, 1]),
        ([0.02], [0.02]),
    ],
)
def test_holm(raw: list[float], corrected: list[float]) -> None:
    assert holm(np.array(raw)).tolist() == pytest.approx(corrected)


def test_no_more_than_one_study_in_twenty_finds_what_is_not_there() -> None:
    wrong = 0
    for study in range(300):
        cells = {f"cell {place}": noisy(0.8, 0.01, 5, 10 * study + place) for place in range(4)}
        runs = found_in(cells).runs
        one_by_one = STUDY_PRESETS["kernel-3-padding-2-32x32"].study()
        renamed = [
            run.model_copy(update={"label": one_by_one.cells[int(run.label[-1])].label})
            for run in runs
            if int(run.label[-1]) < 3
        ]
        found = differences(Findings(study=one_by_one, runs=tuple(renamed)))
        assert len(found) == 3
        wrong += any(pair.is_significant for pair in found)
    assert wrong / 300 < 0.08


def test_steps_are_compared_with_the_step_before() -> None:
    shipped = bundled("one-by-one")
    assert shipped is not None
    labels = [cell.label for cell in shipped.study.cells]
    found = differences(shipped)
    assert [(pair.other, pair.label) for pair in found] == list(itertools.pairwise(labels))
    for pair in found:
        values = {
            label: [result.test_accuracy for result in shipped.of(label)]
            for label in (pair.label, pair.other)
        }
        mean, half, p_value = by_hand(values[pair.label], values[pair.other])
        assert [pair.mean, pair.half] == pytest.approx([mean, half])
        assert p_value <= pair.p_value * (1 + 1e-9)
        assert pair.p_value <= min(1, len(found) * p_value) * (1 + 1e-9)


def test_seeds_that_a_cell_lacks_are_left_out() -> None:
    findings = found_in({"a": [0.8, 0.81, 0.82], "b": [0.7, 0.72, 0.71]})
    fewer = findings.model_copy(update={"runs": findings.runs[:-1]})
    [pair] = differences(fewer)
    assert pair.mean == pytest.approx((0.8 - 0.7 + 0.81 - 0.72) / 2)
    assert differences(findings.model_copy(update={"runs": findings.runs[:4]})) == []


def test_few_seeds_are_warned_of() -> None:
    few = found_in({"a": [0.8, 0.9], "b": [0.7, 0.8]}).study
    assert "by chance" in str(caution(few))
    assert caution(few.model_copy(update={"seeds": (0, 1, 2)})) is None
    assert caution(few.model_copy(update={"cells": few.cells[:1]})) is None


def test_the_nine_cases_say_which_of_the_posts_figures_a_single_run_could_not_give() -> None:
    study = STUDY_PRESETS["nine-cases"].study()
    runs, outside = [], []
    for place, cell in enumerate(study.cells):
        said = POST_FIGURES[cell.label].accuracy
        shift = 0.008 if cell.label in ("case 6", "case 9") else 0.0
        values = noisy((said or 0.84) - shift, 0.002, len(study.seeds), place)
        deviation, count = statistics.stdev(values), len(values)
        half = student.ppf(0.975, count - 1) * deviation * math.sqrt(1 + 1 / count)
        if said and abs(statistics.mean(values) - said) > half:
            outside.append(cell.label)
        runs += [
            Finished(label=cell.label, seed=seed, result=result_of(test_accuracy=value))
            for seed, value in enumerate(values)
        ]
    assert outside == ["case 6", "case 9"]
    text = str(conclusion(Findings(study=study, runs=tuple(runs))))
    assert "could give all but case 6 and case 9 of these five" in text
