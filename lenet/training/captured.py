"""A training step on a CUDA card without Python: its kernels as one graph.

A step of LeNet-5 is some two hundred kernels of a few microseconds each; to start them one by one
takes Python many times as long as the card needs to run them.
"""

import logging
import warnings
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

# The last batch of an epoch is computed without the graph, on purpose.
warnings.filterwarnings("ignore", "This instance was constructed with capturable")

log = logging.getLogger(__name__)

Step = Callable[[Tensor], Tensor]
"""Indices of a batch's images, on the card → the loss there; it moves the weights."""
WARM_UP = 3
"""Steps on batches of the same size before one is captured: they make what is made but once."""


class CapturedStep:
    """A step, captured after a few calls and replayed from then on.

    A batch of another size, as an epoch's last one, is computed kernel by kernel, and so are all
    if the card cannot capture the step. What the step reads besides the indices must be tensors
    that stay where they are. Random numbers of torch's own generator are drawn anew each time.
    """

    def __init__(self, step: Step) -> None:
        self._step = step
        self._replay: Callable[[], object] | None = None
        self._is_refused = False
        self._size = self._alike = 0
        """Images of the last batch, and how many batches in a row had as many."""
        self._stream = torch.cuda.Stream()

    def __call__(self, index: Tensor) -> Tensor:
        if self._replay is None:
            self._alike = self._alike + 1 if len(index) == self._size else 1
            self._size = len(index)
            if self._alike > WARM_UP and not self._is_refused:
                self._capture(index)
        if self._replay is None or len(index) != self._size:
            return self._kernel_by_kernel(index)
        self._index.copy_(index)
        self._replay()
        return self._loss.clone()

    def _kernel_by_kernel(self, index: Tensor) -> Tensor:
        """In the stream of the capture, as PyTorch's notes on CUDA graphs ask for."""
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            loss = self._step(index)
        torch.cuda.current_stream().wait_stream(self._stream)
        return loss

    def _capture(self, index: Tensor) -> None:
        self._index = index.clone()
        work = partial(self._step, self._index)
        try:
            self._replay, self._loss = captured(work, self._stream)
        except RuntimeError as error:
            self._is_refused = True
            log.warning("note: the card cannot capture a step (%s); it takes longer so", error)


def captured(
    work: Callable[[], Tensor], stream: "torch.cuda.Stream"
) -> tuple[Callable[[], object], Tensor]:
    """What does the work of a card again, and where its result will be; it is not done yet."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        result = work()
    return graph.replay, result
