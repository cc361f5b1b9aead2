"""Which input pixels speak for a class, and which against it."""

from dataclasses import dataclass

import torch
from numpy.polynomial.legendre import leggauss
from torch import Tensor

from lenet.network.checkpoint import Checkpoint
from lenet.network.inputs import to_input
from lenet.network.lenet5 import LeNet5

STEPS = 256  # points of the integral; with 64 the sum can be wrong in its third digit


@dataclass(frozen=True, eq=False)
class Attribution:
    """How the pixels share the difference that an image makes to a class's logit.

    Attributes:
        values: (S, S) float32, one for each input pixel; positive speaks for the class.
        logit: of the class, for the image.
        baseline: the same for a black image.
    """

    values: Tensor
    logit: float
    baseline: float


def integrated_gradients(
    checkpoint: Checkpoint, image: Tensor, label: int, steps: int = STEPS
) -> Attribution:
    """Integrated gradients of a class's logit on the way from a black image to this one.

    Sundararajan, Taly and Yan, "Axiomatic attribution for deep networks", 2017. The values add up
    to `logit` − `baseline`, except for the integral's error.

    Args:
        image: (28, 28) uint8, light on black.
        label: 0 to 9.
        steps: points of the integral.
    """
    # A softmax at the end is left out: where it is flat, it would hide the gradients.
    model = LeNet5(checkpoint.config.model_copy(update={"softmax": False}))
    model.load_state_dict(checkpoint.weights)
    model.eval().requires_grad_(requires_grad=False)
    both = to_input(torch.stack([image, torch.zeros_like(image)]), checkpoint.config)
    x, black = both.split(1)
    # Gauss-Legendre quadrature of the gradients on the way.
    places, weights = (torch.from_numpy(part).float() for part in leggauss(steps))
    way = black + (x - black) * ((places + 1) / 2).view(-1, 1, 1, 1)
    [gradients] = torch.autograd.grad(model(way.requires_grad_())[:, label].sum(), way)
    values = (x - black) * torch.tensordot(weights / 2, gradients, 1)
    with torch.inference_mode():
        logit, baseline = model(both)[:, label].tolist()
    return Attribution(values[0, 0].float(), logit, baseline)
