"""A range test: which learning rates make the loss of a few steps fall, and which make it burst.

Smith 2017, "Cyclical learning rates for training neural networks", section 3.3: the rate grows
exponentially from step to step.
"""

from dataclasses import dataclass

from lenet.config import MAX_LR, Config
from lenet.data.splits import Split
from lenet.errors import ConfigError, TrainingError
from lenet.training.events import StepEvent
from lenet.training.trainer import Trainer, check

STEPS, FEWEST = 100, 40
IMAGES = 51_200
"""All steps' images, if that leaves `FEWEST` steps."""
LOWEST = 1e-5
PAST = 0.85
"""Weight of the past in the smoothed loss."""
BURST = 0.6
"""The test ends where the smoothed loss has risen again by this share of its fall."""
SHARE, WITH_SOFTMAX = 0.2, 0.05
"""Of the rate at which the loss is lowest: there it is about to burst, and falls no more. With
softmax in forward() a step that was too long is never taken back, since the gradient vanishes."""


@dataclass(frozen=True)
class LrRange:
    """The rates tried, the smoothed loss at each, and the rate to train with."""

    lrs: list[float]
    losses: list[float]
    suggestion: float


def find_lr(config: Config, data: Split) -> LrRange:
    """Try learning rates from `LOWEST` up, one a step, on a network of these settings.

    Raises:
        ConfigError: a training cannot begin, or no rate makes the loss fall.
    """
    train, _ = check(config, data)
    count = max(FEWEST, min(STEPS, IMAGES // config.batch_size))
    lrs = [LOWEST * (MAX_LR / LOWEST) ** (at / (count - 1)) for at in range(count)]
    epochs = min(1000, 1 + count // max(1, len(train) // config.batch_size))
    changes = ",".join(f"{step}:{lr!r}" for step, lr in enumerate(lrs) if step)
    steady = {"schedule": "constant", "lr": lrs[0], "lr_changes": changes, "epochs": epochs}
    trainer = Trainer(config.model_copy(update=steady), data)
    losses: list[float] = []
    mean = 0.0
    try:
        for event in trainer.run():
            if not isinstance(event, StepEvent):
                continue
            mean = PAST * mean + (1 - PAST) * event.loss
            losses.append(mean / (1 - PAST ** (len(losses) + 1)))
            risen = losses[-1] - min(losses)
            if len(losses) == count or risen > max(0.3, BURST * (losses[0] - min(losses))):
                break
    except TrainingError:  # it has burst at once
        pass
    if not losses:
        raise ConfigError("no learning rate could be tried: the loss is no number from the start")
    lowest = losses.index(min(losses))
    share = WITH_SOFTMAX if config.softmax else SHARE
    suggestion = float(f"{share * lrs[lowest]:.1g}")
    return LrRange(lrs[: len(losses)], losses, max(suggestion, LOWEST))
