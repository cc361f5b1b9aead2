"""Every page looks and works the same, however it is entered."""

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.app import App
from tests.e2e.look import Visit, box_of, go, title, watched_tabs

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]

PAGES = {"Evaluate": "Evaluate", "Predict": "Predict", "Train": "Train LeNet-5"}
"""Each page's name in the navigation, and its heading."""

Frame = tuple[str, list[str], int]


def frame_of(page: Page, name: str) -> Frame:
    """What is around a page: the document's title, the navigation, the content's width."""
    title(page, PAGES[name])
    links = page.get_by_role("navigation").get_by_role("link")
    width = box_of(page.get_by_test_id("stMainBlockContainer"))["width"]
    return page.title(), links.get_by_role("paragraph").all_inner_texts(), round(width)


@pytest.fixture(scope="module")
def by_clicks(app: App, browser: Browser) -> dict[str, Frame]:
    """The frame of each page, reached by clicks from the front page."""
    frames = {}
    with watched_tabs(browser) as visit:
        page = visit(app.url)
        title(page, PAGES["Train"])
        for name in PAGES:
            go(page, name)
            frames[name] = frame_of(page, name)
    return frames


@pytest.mark.parametrize(
    ("path", "name"),
    {"/": "Train", "/train": "Train", "/evaluate": "Evaluate", "/predict": "Predict"}.items(),
)
def test_a_deep_link_as_first_request_shows_the_wide_frame_that_clicks_show(
    path: str, name: str, unvisited_app: App, open_tab: Visit, by_clicks: dict[str, Frame]
) -> None:
    frame = frame_of(open_tab(unvisited_app.url + path), name)

    assert frame == by_clicks[name]
    document_title, navigation, width = frame
    assert document_title == "LeNet-5 lab"
    assert set(PAGES) <= set(navigation)
    assert width > 1200  # of 1280; Streamlit's narrow layout has 736
