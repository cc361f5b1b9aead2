"""A machine on which no dataset is: the pages say so, fetch it, and draw without it."""

import gzip
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from lenet.catalog import FILES
from lenet.data.reading import locate
from tests.data.test_download import Mirror
from tests.e2e.app import BARE_MACHINE, App, free_port, serve
from tests.e2e.look import CLASSES, DRAWINGS, Visit, draw, read_answer, title

pytestmark = pytest.mark.e2e


def packed(path: Path) -> bytes:
    data = path.read_bytes()
    return data if path.suffix == ".gz" else gzip.compress(data)


@pytest.fixture(scope="module")
def mirror(real_fashion_mnist: None) -> Iterator[Mirror]:
    """It has no file until a test gives it some, and then half of each until it is over."""
    server = Mirror({}, "falls silent")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def bare_app(mirror: Mirror, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A server without data and, but for this machine's mirror, without a network."""
    folder = tmp_path_factory.mktemp("bare")
    nowhere = f"http://localhost:{free_port()}"
    proxies = {"http_proxy": nowhere, "https_proxy": nowhere, "no_proxy": "127.0.0.1"}
    data = {"LENET_DATA_DIR": str(folder / "data"), "LENET_MIRROR": mirror.url}
    with serve(folder, module=BARE_MACHINE, **proxies, **data) as running:
        yield running


def fetch_button(page: Page) -> Locator:
    return page.get_by_role("button", name="Fetch Fashion-MNIST")


def test_a_dataset_that_cannot_be_fetched_is_explained(bare_app: App, open_tab: Visit) -> None:
    page = open_tab(f"{bare_app.url}/predict")

    fetch_button(page).click()

    complaint = page.get_by_role("alert").filter(has_text="could not be fetched")
    expect(complaint).to_contain_text("what to do")
    expect(complaint).to_contain_text("t10k-labels-idx1-ubyte.gz")


def test_drawing_works_without_a_dataset(bare_app: App, open_tab: Visit) -> None:
    page = open_tab(f"{bare_app.url}/predict?view=Draw")
    title(page, "Predict")

    draw(page, DRAWINGS["T-shirt"])

    assert read_answer(page) in CLASSES


def test_the_button_fetches_the_dataset_with_a_progress_bar(
    mirror: Mirror, bare_app: App, open_tab: Visit
) -> None:
    page = open_tab(f"{bare_app.url}/predict")
    source = locate("FashionMNIST")
    assert source
    for file, path in zip(FILES, source.paths, strict=True):
        mirror.files[f"{file.name}.gz"] = packed(path)

    fetch_button(page).click()

    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_text("train-images-idx3-ubyte.gz: 13.")).to_be_visible()
    mirror.over.set()
    expect(page.locator("img[alt^='Test image']")).to_have_count(5)
    expect(fetch_button(page)).to_have_count(0)
    raw = bare_app.runs_dir.parent / "data/FashionMNIST/raw"
    assert {path.name for path in raw.glob("*.gz")} == set(mirror.files)
