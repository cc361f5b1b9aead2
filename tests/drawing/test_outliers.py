"""Pictures of what is none of the classes."""

import numpy as np
import pytest

from lenet.drawing import portions
from lenet.drawing.outliers import digits, outliers


@pytest.mark.parametrize("dataset", ["FashionMNIST", "MNIST"])
def test_each_is_another_picture_and_there_is_something_on_it(dataset: str) -> None:
    images = outliers(dataset, 600).images.numpy()
    assert images.shape == (600, 28, 28)
    assert len(np.unique(images.reshape(600, -1), axis=0)) == 600
    assert (images.max((1, 2)) > 100).all()


def test_they_are_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    first = outliers("FashionMNIST", 20).images.numpy()
    monkeypatch.setattr(portions, "kept", lambda _kind, number, make: make(number))
    assert np.array_equal(first, outliers("FashionMNIST", 20).images.numpy())


def test_digits_lie_where_mnist_has_them() -> None:
    images, labels = digits(500)
    assert set(labels.tolist()) == set(range(10))
    ink = images.numpy() / images.sum((1, 2), keepdim=True).numpy()
    rows, columns = ((ink.sum(axis) * np.arange(28)).sum(1) for axis in (2, 1))
    assert np.abs(np.array([rows, columns]) - 14).max() < 2
    assert images.any(1).sum(1).max() <= 20
    assert images.any(2).sum(1).max() <= 20
