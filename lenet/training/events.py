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
class LrEvent:
    """Somebody set another highest learning rate; it holds from the next step on."""

    step: int
    epoch: int
    lr_set: float


Event = StepEvent | EpochEvent | LrEvent
