"""Every page looks and works the same, however it is entered."""

from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.app import App
from tests.e2e.look import Visit, go, title, watched_tabs

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]

PAGES = {"Train": "Train LeNet-5", "Evaluate": "Evaluate", "Predict": "Predict"}
"""Each page's name in the navigation, and its heading."""

DEEP_LINKS = {"/": "Train", "/train": "Train", "/evaluate": "Evaluate", "/predict": "Predict"}


@dataclass(frozen=True)
class Frame:
    """What is around a page's content."""

    document_title: str
    navigation: tuple[str, ...]
    content_width: int


def frame_of(page: Page) -> Frame:
    links = page.get_by_role("navigation").get_by_role("link")
    box = page.get_by_test_id("stMainBlockContainer").bounding_box()
    return Frame(
        page.title(),
        tuple(links.get_by_role("paragraph").all_inner_texts()),
        round(box["width"]) if box else 0,
    )


@pytest.fixture(scope="module")
def by_clicks(app: App, browser: Browser) -> dict[str, Frame]:
    """The frame of each page, reached by clicks from the front page."""
    frames = {}
    with watched_tabs(browser) as visit:
        page = visit(app.url)
        title(page, PAGES["Train"])
        for name in ("Evaluate", "Predict", "Train"):
            go(page, name)
            title(page, PAGES[name])
            frames[name] = frame_of(page)
    return frames


@pytest.mark.parametrize("path", DEEP_LINKS)
def test_a_deep_link_as_first_request_shows_what_clicks_show(
    path: str, unvisited_app: App, open_tab: Visit, by_clicks: dict[str, Frame]
) -> None:
    name = DEEP_LINKS[path]

    page = open_tab(unvisited_app.url + path)

    title(page, PAGES[name])
    expect(page).to_have_title("LeNet-5 lab")
    assert frame_of(page) == by_clicks[name]


def test_the_frame_is_the_wide_one_with_all_pages(by_clicks: dict[str, Frame]) -> None:
    for frame in by_clicks.values():
        assert frame.document_title == "LeNet-5 lab"
        assert set(PAGES) <= set(frame.navigation)
        assert frame.content_width > 1200  # of 1280; Streamlit's narrow layout has 736
