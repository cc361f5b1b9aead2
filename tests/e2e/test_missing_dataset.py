"""A machine on which no dataset is: the pages say so, fetch it, and draw without it."""

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from lenet.catalog import FILES
from lenet.data.reading import locate
from tests.e2e.app import BARE_MACHINE, PATIENCE, App, free_port, serve
from tests.e2e.look import CLASSES, DRAWINGS, Visit, draw, read_answer, title

pytestmark = pytest.mark.e2e

LARGEST = "train-images-idx3-ubyte.gz"


class Mirror(ThreadingHTTPServer):
    """Serves the real dataset once told to, and only then the second half of its largest file."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("localhost", 0), Answer)
        self.open = False
        self.go_on = threading.Event()
        source = locate("FashionMNIST")
        assert source
        self.files = {
            f"/FashionMNIST/raw/{file.name}.gz": path
            for file, path in zip(FILES, source.paths, strict=True)
        }

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    """One answer of the mirror."""

    server: Mirror

    def do_GET(self) -> None:
        if not self.server.open or self.path not in self.server.files:
            return self.send_error(404)
        body = packed(self.server.files[self.path])
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        half = len(body) // 2 if self.path.endswith(LARGEST) else len(body)
        self.wfile.write(body[:half])
        if half < len(body):
            self.server.go_on.wait(PATIENCE)
            self.wfile.write(body[half:])
        return None

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def packed(path: Path) -> bytes:
    data = path.read_bytes()
    return data if path.suffix == ".gz" else gzip.compress(data)


@pytest.fixture(scope="module")
def mirror(real_fashion_mnist: None) -> Iterator[Mirror]:
    server = Mirror()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.go_on.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def bare_app(mirror: Mirror, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A server without data and, but for this machine's mirror, without a network."""
    folder = tmp_path_factory.mktemp("bare")
    nowhere = f"http://localhost:{free_port()}"
    proxies = {"http_proxy": nowhere, "https_proxy": nowhere, "no_proxy": "localhost"}
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
    mirror.open = True

    fetch_button(page).click()

    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_text(f"{LARGEST}: 13.")).to_be_visible()
    mirror.go_on.set()
    expect(page.locator("img[alt^='Test image']")).to_have_count(5)
    expect(fetch_button(page)).to_have_count(0)
    raw = bare_app.runs_dir.parent / "data/FashionMNIST/raw"
    assert {path.name for path in raw.glob("*.gz")} == {f"{file.name}.gz" for file in FILES}
