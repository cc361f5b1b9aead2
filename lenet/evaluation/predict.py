"""Images in, ten probabilities each out."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from lenet.cores import memory_is_short, usable_cores
from lenet.errors import CheckpointError
from lenet.network.checkpoint import Checkpoint
from lenet.network.inputs import to_input
from lenet.network.lenet5 import LeNet5

BATCH = 50 if memory_is_short() else 200  # the quickest of 50, 100 and 200, on two cores
WORKERS = 1 if memory_is_short() else min(4, usable_cores())  # threads that classify side by side


def predict(
    checkpoint: Checkpoint, images: Tensor, progress: Callable[[float], None] | None = None
) -> Tensor:
    """The network's answer to each image, computed on the CPU.

    Each worker computes a batch of its own on one core: PyTorch's threads, which share a batch,
    wait for one another at every layer and are slow when anything else runs.

    Args:
        images: (N, 28, 28) uint8, light on black as in the datasets.
        progress: called with the share that is done, 0 to 1, in the caller's thread.

    Returns:
        (N, 10) float32, each row sums to 1.

    Raises:
        CheckpointError: an answer is NaN or infinite.
    """
    if not len(images):
        return torch.empty(0, 10)
    answers = _each_batch(checkpoint, images, LeNet5.probabilities, progress)
    if not bool(torch.isfinite(answers).all()):  # finite weights can be too large all the same
        raise CheckpointError(
            "the network's answers are not numbers, its weights are out of all proportion; "
            "choose another checkpoint"
        )
    return answers


def features(
    checkpoint: Checkpoint, images: Tensor, progress: Callable[[float], None] | None = None
) -> Tensor:
    """(N, 28, 28) uint8 → (N, 84) float32: what fc4 gets of the images alone.

    N is at least 1; `progress` as in `predict`.
    """
    return _each_batch(checkpoint, images, lambda model, x: model.stages(x)[-1], progress)


def _each_batch(
    checkpoint: Checkpoint,
    images: Tensor,
    work: Callable[[LeNet5, Tensor], Tensor],
    progress: Callable[[float], None] | None,
) -> Tensor:
    """What `work` makes of the images as the network takes them, in one tensor."""
    torch.set_num_threads(1)
    model = checkpoint.predictor

    def answer(batch: Tensor) -> Tensor:
        with torch.inference_mode():  # counts for one thread alone
            return work(model, to_input(batch, checkpoint.config))

    rows: list[Tensor] = []
    workers = ThreadPoolExecutor(WORKERS)
    try:
        for found in workers.map(answer, images.split(BATCH)):
            rows.append(found)
            if progress:
                progress(min(1.0, len(rows) * BATCH / len(images)))
    finally:  # a visitor who has left does not keep the cores busy
        workers.shutdown(cancel_futures=True)
    return torch.cat(rows)
