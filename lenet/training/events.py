"""What a training tells while it goes on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StepEvent:
    """One optimizer step is done."""

    step: int
    epoch: int
    loss: float
    lr: float
    images_per_second: float


@dataclass(frozen=True)
class EpochEvent:
    """One pass over the training images is done; without validation images both are None."""

    epoch: int
    step: int
    train_loss: float
    val_loss: float | None
    val_accuracy: float | None
    seconds: float


@dataclass(frozen=True)
class ProbeEvent:
    """How the network stands after a step, in evaluation mode; it comes before the step's event.

    Its images, some for training and some held back, are the same each time. What is no finite
    number, or cannot be known, is None.

    Attributes:
        train_eval_loss: of the training images as they are, so that both losses can be compared.
        recalls: of each class, on images held back, else on training images.
        gradient_norm: of all weights together, after clipping.
        update_ratios: by layer, how far the step moved the weights, as a share of their length.
        idle: by layer, the share of dead units (ReLU) or saturated ones (tanh, sigmoid).
    """

    step: int
    epoch: int
    train_accuracy: float
    train_eval_loss: float | None
    val_loss: float | None
    val_accuracy: float | None
    recalls: list[float | None]
    gradient_norm: float | None
    update_ratios: dict[str, float | None]
    idle: dict[str, float]


@dataclass(frozen=True)
class LrEvent:
    """Somebody set another highest learning rate; it holds from the next step on."""

    step: int
    epoch: int
    lr_set: float


Event = StepEvent | EpochEvent | LrEvent | ProbeEvent
