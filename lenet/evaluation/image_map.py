"""A map of images: what a network makes of them, 84 features each, in two dimensions.

`python -m lenet.evaluation.image_map MAP.npy < FEATURES.npy` computes the map by t-SNE.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lenet.cores import usable_cores
from lenet.files import write_array

ITERATIONS = 500
"""Of t-SNE, which says on standard output after each fiftieth that it has done "Iteration N"."""


def by_pca(features: NDArray[np.float32]) -> NDArray[np.uint16]:
    """(N, F) → (N, 2), a map along the two directions in which they differ most."""
    from sklearn.decomposition import PCA

    return _on_grid(PCA(2, svd_solver="covariance_eigh").fit_transform(features))


def by_tsne(features: NDArray[np.float32]) -> NDArray[np.uint16]:
    """(N, F) → (N, 2), a map that keeps neighbours together (van der Maaten and Hinton 2008)."""
    from sklearn.manifold import TSNE

    near = min(30.0, (len(features) - 1) / 3)
    work = TSNE(
        perplexity=near,
        max_iter=ITERATIONS,
        angle=0.7,  # coarser than the usual 0.5, and quicker
        random_state=0,
        n_jobs=usable_cores(),
        verbose=2,
    )
    return _on_grid(work.fit_transform(features))


def _on_grid(places: NDArray[np.float32]) -> NDArray[np.uint16]:
    """(N, 2) of any size → the same on a grid of 65,536 by 65,536, which the longer side fills."""
    low, high = places.min(0), places.max(0)
    shares = (places - low) / max((high - low).max(), 1e-9)
    return np.asarray(np.round(65_535 * shares), np.uint16)


def nearest(
    features: NDArray[np.float32], among: NDArray[np.float32], count: int
) -> NDArray[np.int64]:
    """Which `count` rows of `among`, (N, F), are nearest to `features`, (F,), nearest first."""
    apart = np.square(among - features).sum(1)
    return np.argsort(apart, kind="stable")[:count].astype(np.int64)


if __name__ == "__main__":
    write_array(Path(sys.argv[1]), by_tsne(np.load(sys.stdin.buffer)))
