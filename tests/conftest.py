"""Fixtures that several test files use."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw

from lenet.catalog import DatasetInfo
from lenet.cli.main import main
from lenet.data.reading import locate
from lenet.paths import ROOT
from lenet.runs import launcher
from tests.command import Lab, Result
from tests.idx_files import install_small_dataset
from tests.small import small_config, snapshot_of, trained

if TYPE_CHECKING:
    from lenet.network.checkpoint import Checkpoint

# More of torch's threads gain nothing on networks so small, and crawl when anything else runs.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Drawings and detectors are made once for all tests; their names change with what makes them.
os.environ["XDG_CACHE_HOME"] = str(ROOT / ".pytest_cache")
# Whoever runs the tests may ignore it, as nohup does, and processes would inherit that.
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _nobody_stands_by() -> Iterator[None]:
    """What a test's Train page has made ready must not take the next test's run."""
    yield
    while launcher._prewarmed:
        process = launcher._prewarmed.pop()
        process.kill()
        process.communicate()


@pytest.fixture
def lab(capsys: pytest.CaptureFixture[str]) -> Lab:
    """Run one command in this process."""

    def run(*flags: object) -> Result:
        try:
            status = main([str(flag) for flag in flags])
        except SystemExit as end:
            status = int(end.code or 0)
        return Result(status, *capsys.readouterr())

    return run


@pytest.fixture
def small_dataset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> DatasetInfo:
    """Put a small Fashion-MNIST ready in a data folder, for this process and those it starts."""
    return install_small_dataset(monkeypatch, tmp_path / "data")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A dark thing on a light background, in colour."""
    image = Image.new("RGB", (90, 120), "white")
    ImageDraw.Draw(image).rectangle([25, 10, 65, 110], fill=(40, 60, 90))
    image.save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.fixture
def sketch(tmp_path: Path) -> Path:
    """White strokes on a transparent canvas, as the Predict page saves them."""
    image = Image.new("RGBA", (280, 280), (0, 0, 0, 0))
    ImageDraw.Draw(image).line([(100, 40), (100, 240), (200, 240)], fill="white", width=22)
    image.save(tmp_path / "sketch.png")
    return tmp_path / "sketch.png"


@pytest.fixture(scope="session")
def trained_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of the `lab` preset that knows the small dataset well."""
    from lenet.network import checkpoint

    trainer = trained(small_config(epochs=4, augment="none"))
    path = tmp_path_factory.mktemp("trained") / "model_epoch4.pt"
    checkpoint.save(path, snapshot_of(trainer, epoch=4, val_accuracy=trainer.evaluate()[1]))
    return path


@pytest.fixture(scope="session")
def trained_checkpoint(trained_file: Path) -> "Checkpoint":
    from lenet.network import checkpoint

    return checkpoint.load(trained_file)


@pytest.fixture(scope="session")
def real_fashion_mnist() -> None:
    """The test needs the real dataset: without it, it fails where it must not be missing."""
    if locate("FashionMNIST") is None:
        message = "the real Fashion-MNIST is missing; python -m lenet.data.download FashionMNIST"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
