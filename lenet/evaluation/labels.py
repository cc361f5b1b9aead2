"""Labels that may be wrong, by confident learning (Northcutt et al. 2021).

`python -m lenet.evaluation.labels SHARES.npy < NAME.npy` cross-validates on the training images of
the dataset that NAME holds.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lenet.config import Config, build_config
from lenet.data.splits import Split, load_split
from lenet.evaluation.predict import predict
from lenet.files import write_array
from lenet.network.checkpoint import snapshot
from lenet.training.events import StepEvent
from lenet.training.trainer import Trainer

FOLDS = 3
QUICK = {"epochs": 3, "val_size": 0, "sketches": 0, "photographs": 0, "label_smoothing": 0}
"""What the networks of a cross-validation have differently from the preset `lab`."""


def candidates(
    shares: NDArray[np.floating], labels: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The images off the diagonal of the confident joint, and the class of each there.

    A network is confident of a class where it gives it at least the probability that it gives
    images with that label on average. The most probable of these classes counts.

    Args:
        shares: (N, 10), the probabilities of a network that was not trained on these images.
        labels: (N,).

    Returns:
        (n,) indices, the one that speaks most against its label first, and (n,) classes.
    """
    rows = np.arange(len(labels))
    own = shares[rows, labels].astype(np.float64)
    counts = np.bincount(labels, minlength=shares.shape[1])
    usual = np.bincount(labels, own, minlength=len(counts)) / np.maximum(counts, 1)
    confident = np.where((shares >= usual) & (counts > 0), shares, -1)
    best = confident.argmax(1)
    found = ((confident[rows, best] >= 0) & (best != labels)).nonzero()[0]
    order = found[np.argsort(own[found] - shares[found, best[found]], kind="stable")]
    return order, best[order]


def cross_validated(config: Config, data: Split, folds: int = FOLDS) -> NDArray[np.float32]:
    """(N, 10): for each image the answer of a network that was trained on the others' folds.

    Prints "Iteration N" for each hundredth that is done.
    """
    order = np.random.RandomState(config.seed).permutation(len(data.labels))
    shares = np.empty((len(order), 10), np.float32)
    for fold in range(folds):
        held, others = order[fold::folds], np.delete(order, np.s_[fold::folds])
        trainer = Trainer(config, Split(data.images[others], data.labels[others]))
        for event in trainer.run():
            if isinstance(event, StepEvent):
                done = (fold + event.step / trainer.total_steps) / folds
                sys.stdout.write(f"Iteration {100 * done:.0f}\n")
        found = snapshot(config, trainer.state(), {})
        shares[held] = predict(found, data.images[held]).numpy()
    return shares


def main(target: str) -> None:
    config = build_config({**QUICK, "dataset": str(np.load(sys.stdin.buffer))})
    write_array(Path(target), cross_validated(config, load_split(config.dataset, "train")))


if __name__ == "__main__":
    main(sys.argv[1])
