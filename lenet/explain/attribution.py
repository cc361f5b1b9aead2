"""Which input pixels speak for a class, and which against it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lenet.network.checkpoint import Checkpoint
from lenet.network.inputs import to_input
from lenet.network.lenet5 import LeNet5

STEPS = 256
"""Points of the integral; with 64 the sum can miss the difference in its third digit."""


@dataclass(frozen=True, eq=False)
class Attribution:
    """How the pixels share the difference that an image makes to a class's logit.

    Attributes:
        values: (S, S) float32, one for each input pixel; light speaks for the class.
        logit: of the class, for the image.
        baseline: the same for an image of background alone.
    """

    values: Tensor
    logit: float
    baseline: float


def integrated_gradients(checkpoint: Checkpoint, image: Tensor, label: int) -> Attribution:
    """Integrated gradients of a class's logit on the way from a black image to this one.

    Sundararajan, Taly and Yan, "Axiomatic attribution for deep networks", 2017, as Captum
    computes them. The values add up to `logit` − `baseline`, but for the integral's error.

    Args:
        image: (28, 28) uint8, light on black.
        label: 0 to 9.
    """
    from captum.attr import IntegratedGradients  # slow to import: it brings Matplotlib

    model = _logits(checkpoint)
    x, black = (
        to_input(pixels[None], checkpoint.config) for pixels in (image, torch.zeros_like(image))
    )
    values = IntegratedGradients(model).attribute(x, black, target=label, n_steps=STEPS)
    with torch.inference_mode():
        logit, baseline = model(torch.cat([x, black]))[:, label].tolist()
    return Attribution(values[0, 0].float(), logit, baseline)


def _logits(checkpoint: Checkpoint) -> LeNet5:
    """The network without a softmax at its end, whose flat parts would hide the gradients."""
    model = LeNet5(checkpoint.config.model_copy(update={"softmax": False}))
    model.load_state_dict(checkpoint.weights)
    return model.eval().requires_grad_(requires_grad=False)
