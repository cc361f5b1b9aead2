"""Images in, ten probabilities each out."""

from collections.abc import Callable

import torch
from torch import Tensor

from lenet.checkpoint import Checkpoint
from lenet.preprocessing import to_input

BATCH = 500


def predict(
    checkpoint: Checkpoint, images: Tensor, progress: Callable[[float], None] | None = None
) -> Tensor:
    """The network's answer to each image, computed on the CPU.

    Args:
        images: (N, 28, 28) uint8, light on black as in the datasets.
        progress: called with the share that is done, 0 to 1.

    Returns:
        (N, 10) float32, each row sums to 1.
    """
    torch.set_num_threads(1)  # several would wait for each other while a training runs beside
    model = checkpoint.model()
    rows = [torch.empty(0, 10)]
    with torch.inference_mode():
        for start in range(0, len(images), BATCH):
            batch = to_input(images[start : start + BATCH], checkpoint.config)
            rows.append(model.probabilities(batch))
            if progress:
                progress(min(1.0, (start + BATCH) / len(images)))
    return torch.cat(rows)
