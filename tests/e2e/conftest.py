"""Servers, a browser, and pages that are watched for errors."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.browser import NoBrowserError, in_ci, launch
from tests.drawing.pictures import film, photo
from tests.e2e.app import App, serve
from tests.e2e.look import Visit, watched_tabs


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the browser's tests last: the quick ones have more to say and say it first."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is not None)


@pytest.fixture(scope="session")
def camera_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the browser's camera sees."""
    path = tmp_path_factory.mktemp("camera") / "film.y4m"
    path.write_bytes(film(photo(size=(640, 480))))
    return path


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright, camera_film: Path) -> Iterator[Browser]:
    camera = f"--use-file-for-fake-video-capture={camera_film}"
    try:
        started = launch(
            playwright,
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            camera,
        )
    except NoBrowserError as error:
        message = f"{error}; python -m tests.browser gets one"
        pytest.fail(message) if in_ci() else pytest.skip(message)
    yield started
    started.close()


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The server of all tests that do not need one of their own."""
    with serve(tmp_path_factory.mktemp("app")) as running:
        yield running


@pytest.fixture
def fresh_app(app: App) -> Iterator[App]:
    """The same server without a run; it is left without one."""
    app.clear()
    yield app
    app.check()
    app.clear()


@pytest.fixture
def unvisited_app(tmp_path: Path) -> Iterator[App]:
    with serve(tmp_path) as running:
        yield running


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[Visit]:
    """See `watched_tabs`."""
    with watched_tabs(browser) as visit:
        yield visit


@pytest.fixture
def on_phone(browser: Browser, playwright: Playwright) -> Iterator[Visit]:
    """The same on a phone."""
    with watched_tabs(browser, **playwright.devices["Pixel 5"]) as visit:
        yield visit
