"""Answers from several views of an image: mirrored and moved."""

import pytest
import torch
from torch import Tensor

from lenet.config import build_config
from lenet.network.lenet5 import LeNet5

VIEWS = {"one": 1, "mirror": 2, "mirror_shift": 10}


def network(views: str, **values: object) -> LeNet5:
    torch.manual_seed(0)
    return LeNet5(build_config({"views": views, **values})).eval()


def batch() -> Tensor:
    return torch.rand(8, 1, 28, 28, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("softmax", [False, True])
@pytest.mark.parametrize(("views", "count"), VIEWS.items())
def test_are_the_mean_over_so_many_answers(views: str, count: int, softmax: bool) -> None:
    model = network(views, softmax=softmax)
    seen: list[Tensor] = []
    model.register_forward_hook(
        lambda _, args, out: seen.append(out if softmax else out.softmax(1))
    )
    answers = model.probabilities(batch())
    assert answers.sum(1).tolist() == pytest.approx([1.0] * 8)
    assert len(seen) == count
    assert torch.allclose(answers, torch.stack(seen).mean(0))


@pytest.mark.parametrize("views", ["mirror", "mirror_shift"])
def test_mirror_image_gets_the_same_answer(views: str) -> None:
    model = network(views)
    assert torch.allclose(
        model.probabilities(batch()), model.probabilities(batch().flip(3)), atol=1e-6
    )


@pytest.mark.parametrize("views", VIEWS)
def test_weights_and_forward_pass_do_not_depend_on_it(views: str) -> None:
    assert torch.equal(network(views)(batch()), network("one")(batch()))
