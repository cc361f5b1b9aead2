"""The optimizers do what torch's do, without what makes torch's slow to start."""

import pytest
import torch

from lenet.config import build_config
from lenet.network.lenet5 import LeNet5
from lenet.training.optimizers import (
    ITERATIONS,
    NEWTON_SCHULZ,
    OTHERS_SHARE,
    make_optimizer,
    orthogonal,
)
from lenet.training.trainer import Trainer
from tests.small import small_config, small_split

TORCHS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


@pytest.mark.parametrize("name", TORCHS)
def test_steps_are_torch_s(name: str) -> None:
    values = {"optimizer": name, "momentum": 0.8, "weight_decay": 0.01, "lr": 0.01}
    config = build_config(values)
    weights = []
    for ours in (True, False):
        torch.manual_seed(0)
        model = LeNet5(config)
        common = {"lr": 0.01, "weight_decay": 0.01, "fused": True}
        if name == "sgd":
            common |= {"momentum": 0.8, "nesterov": config.nesterov}
        optimizer = (
            make_optimizer(model, config) if ours else TORCHS[name](model.parameters(), **common)
        )
        for _ in range(3):
            model.zero_grad()
            model(torch.randn(8, 1, 28, 28)).square().sum().backward()
            optimizer.step()
        weights.append([weight.detach().clone() for weight in model.parameters()])
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(*weights, strict=True))


class TestMuon:
    CONFIG = build_config({"optimizer": "muon", "lr": 0.1, "momentum": 0.8, "weight_decay": 0.01})

    def test_steps_are_torch_s_which_knows_matrices_only(self) -> None:
        """To the rounding of bfloat16, in which torch's iterates."""
        torch.manual_seed(0)
        model = LeNet5(self.CONFIG)
        start = {name: weight.detach().clone() for name, weight in model.named_parameters()}
        hidden = ("conv0.weight", "conv1.weight", "conv2.weight", "fc3.weight")
        copies = {
            name: torch.nn.Parameter(
                weight.clone().flatten(1) if name in hidden else weight.clone()
            )
            for name, weight in start.items()
        }
        ours = make_optimizer(model, self.CONFIG)
        theirs = (
            torch.optim.Muon(
                [copies[name] for name in hidden],
                lr=0.1,
                momentum=0.8,
                weight_decay=0.01,
                ns_steps=ITERATIONS,
            ),
            torch.optim.AdamW(
                [weight for name, weight in copies.items() if name not in hidden],
                lr=0.1 * OTHERS_SHARE,
                weight_decay=0.01,
            ),
        )
        for _ in range(3):
            for name, weight in model.named_parameters():
                weight.grad = torch.randn_like(weight)
                copies[name].grad = weight.grad.view_as(copies[name])
            for optimizer in (ours, *theirs):
                optimizer.step()
        for name, weight in model.named_parameters():
            moved, expected = (w.view_as(weight) - start[name] for w in (weight, copies[name]))
            tolerance = 0.02 if name in hidden else 1e-5
            assert (moved - expected).norm() < tolerance * expected.norm(), name

    @pytest.mark.parametrize("shape", [(6, 25), (84, 120), (120, 84)])
    def test_all_directions_become_about_as_strong(self, shape: tuple[int, int]) -> None:
        torch.manual_seed(0)
        strengths = torch.linalg.svdvals(orthogonal(torch.randn(shape)))
        assert strengths.max() < 1.3
        assert strengths.median() > 0.6

    @pytest.mark.parametrize("shape", [(6, 25), (84, 120), (120, 400), (120, 84)])
    def test_iterating_the_gram_matrix_gives_what_iterating_the_matrix_does(
        self, shape: tuple[int, int]
    ) -> None:
        torch.manual_seed(0)
        matrix = torch.randn(shape)
        a, b, c = NEWTON_SCHULZ
        x = matrix.double() / matrix.norm()
        for _ in range(ITERATIONS):
            gram = x @ x.t()
            x = a * x + b * gram @ x + c * gram @ gram @ x
        torch.testing.assert_close(orthogonal(matrix), x.float(), rtol=0, atol=1e-5)

    def test_a_gradient_of_zeros_moves_nothing(self) -> None:
        assert torch.equal(orthogonal(torch.zeros(4, 9)), torch.zeros(4, 9))

    def test_the_schedule_moves_both_rates(self) -> None:
        trainer = Trainer(small_config(optimizer="muon", lr=0.1), small_split())
        trainer.set_lr(0.05)
        hidden, others = (group["lr"] for group in trainer.optimizer.param_groups)
        assert others == pytest.approx(OTHERS_SHARE * hidden)
        assert hidden == pytest.approx(0.05 / 25)
