"""Two checkpoints on the same images."""

from math import comb

import numpy as np
import pytest

from lenet.evaluation.metrics import Comparison, Evaluation


def evaluation(right: list[bool], sure: list[float]) -> Evaluation:
    """Answers to images of class 0: right ones say 0 and wrong ones 1, `sure` as they are."""
    shares = np.zeros((len(right), 10), dtype=np.float32)
    for row, is_right, share in zip(shares, right, sure, strict=True):
        row[:2] = (share, 1 - share) if is_right else (1 - share, share)
    return Evaluation(shares, np.zeros(len(right), dtype=np.int64), parameters=0, seconds=1.0)


def split(only_first: int, only_second: int, both: int = 5) -> Comparison:
    first = [True] * only_first + [False] * only_second + [True] * both
    second = [False] * only_first + [True] * only_second + [True] * both
    sure = [0.9] * len(first)
    return Comparison(evaluation(first, sure), evaluation(second, sure))


@pytest.mark.parametrize(
    ("only_first", "only_second"), [(0, 1), (1, 0), (3, 9), (20, 20), (15, 42), (0, 30)]
)
def test_mcnemar_counts_the_splits_that_are_as_uneven(only_first: int, only_second: int) -> None:
    n = only_first + only_second
    tail = sum(comb(n, k) for k in range(min(only_first, only_second) + 1))
    expected = min(1.0, 2 * tail / 2**n)
    assert split(only_first, only_second).p_value == pytest.approx(expected)


def test_a_network_does_not_differ_from_itself() -> None:
    same = split(0, 0)
    assert same.p_value == 1
    assert same.difference == 0
    assert len(same.only_first) == len(same.only_second) == 0


def test_difference_is_what_the_second_is_better_by() -> None:
    assert split(1, 4).difference == pytest.approx(3 / 10)


def test_images_that_only_one_gets_right_the_other_s_surest_mistake_first() -> None:
    first = evaluation([True, True, True, False], [0.6, 0.9, 0.7, 0.8])
    second = evaluation([False, True, False, True], [0.7, 0.9, 0.95, 0.6])
    both = Comparison(first, second)
    assert both.only_first.tolist() == [2, 0]
    assert both.only_second.tolist() == [3]
