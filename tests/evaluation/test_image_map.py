"""The map of images, by other ways of computing it."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.manifold import trustworthiness

from lenet.data.splits import load_split
from lenet.evaluation.image_map import ITERATIONS, by_pca, nearest
from lenet.evaluation.predict import features
from lenet.files import write_array
from lenet.network.checkpoint import Checkpoint, load
from lenet.network.inputs import to_input
from lenet.paths import SHIPPED
from tests.small import small_split


@pytest.fixture(scope="module")
def rows(trained_checkpoint: Checkpoint) -> np.ndarray:
    return features(trained_checkpoint, small_split().images).numpy()


def test_features_are_what_fc4_gets(trained_checkpoint: Checkpoint, rows: np.ndarray) -> None:
    got = []
    model = trained_checkpoint.model()
    model.fc4.register_forward_pre_hook(lambda _, inputs: got.append(inputs[0]))
    with torch.no_grad():
        model(to_input(small_split().images, trained_checkpoint.config))

    assert rows.shape == (200, 84)
    assert np.allclose(rows, got[0], atol=1e-5)


def test_pca_is_the_singular_value_decomposition_s(rows: np.ndarray) -> None:
    centred = rows - rows.mean(0)
    left, sizes, _ = np.linalg.svd(centred.astype(np.float64), full_matrices=False)
    expected = left[:, :2] * sizes[:2]

    found = by_pca(rows).astype(np.float64)

    assert found.max() == 65_535
    assert found.min(0).tolist() == [0, 0]
    for axis in range(2):  # its direction is a matter of taste
        assert abs(np.corrcoef(found[:, axis], expected[:, axis])[0, 1]) > 0.99999
    assert np.ptp(found[:, 0]) / np.ptp(found[:, 1]) == pytest.approx(
        np.ptp(expected[:, 0]) / np.ptp(expected[:, 1]), rel=1e-3
    )


def test_nearest_are_nearest(rows: np.ndarray) -> None:
    by_hand = sorted(range(200), key=lambda at: float(np.linalg.norm(rows[at] - rows[7])))

    found = nearest(rows[7], rows, 9)

    assert found[0] == 7
    assert set(found) == set(by_hand[:9])


@pytest.mark.slow
def test_the_process_writes_a_map_that_keeps_neighbours_and_tells_how_far_it_is(
    rows: np.ndarray, tmp_path: Path
) -> None:
    write_array(tmp_path / "features.npy", rows)
    with (tmp_path / "features.npy").open("rb") as given:
        result = subprocess.run(
            [sys.executable, "-m", "lenet.evaluation.image_map", str(tmp_path / "map.npy")],
            stdin=given,
            capture_output=True,
            check=True,
        )

    found = np.load(tmp_path / "map.npy")
    assert found.shape == (200, 2)
    assert found.dtype == np.uint16
    assert trustworthiness(rows, found.astype(float), n_neighbors=5) > 0.9
    assert f"Iteration {ITERATIONS}".encode() in result.stdout


CLOTHES = sorted({*SHIPPED.glob("*.pt")} - {SHIPPED / "mnist.pt"})


@pytest.mark.real_data
@pytest.mark.usefixtures("real_fashion_mnist")
@pytest.mark.parametrize("path", CLOTHES, ids=lambda path: path.stem)
def test_a_shipped_checkpoint_has_its_map(path: Path) -> None:
    name = f"{hashlib.sha256(path.read_bytes()).hexdigest()[:24]}-FashionMNIST.npy"
    assert (SHIPPED / "maps" / name).is_file(), "CONTRIBUTING.md says how to make it"

    places = np.load(SHIPPED / "maps" / name)

    assert places.shape == (10_000, 2)
    assert places.dtype == np.uint16
    rows = features(load(path), load_split("FashionMNIST", "test").images[:1000]).numpy()
    assert trustworthiness(rows, places[:1000].astype(float), n_neighbors=10) > 0.9
