"""Several digits in a photograph or a drawing, read in the browser."""

import re
from collections.abc import Sequence

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.drawing.numbers import STROKES, on_paper
from tests.drawing.pictures import encode
from tests.e2e.app import App
from tests.e2e.look import Visit, at_rest, box_of, draw, upload

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]


def opened(app: App, open_tab: Visit, view: str) -> Page:
    page = open_tab(f"{app.url}/predict?checkpoint=mnist&view={view}")
    expect(page.get_by_role("radio", name=view, exact=True)).to_be_checked()
    at_rest(page)
    return page


def boxes(page: Page, count: int) -> Locator:
    """The boxes on the picture, of which there are so many."""
    found = page.get_by_role("button", name=re.compile(r"^Digit \d+: "))
    expect(found).to_have_count(count)
    at_rest(page)
    return found


def named(found: Locator) -> str:
    """What the boxes say, one after the other."""
    labels: Sequence[str] = found.evaluate_all("all => all.map(one => one.ariaLabel)")
    return "".join(re.sub(r"^Digit \d+: (\d).*", r"\1", label) for label in labels)


def surest(page: Page) -> str:
    """The digit whose bar is the longest."""
    bars = page.get_by_role("img", name=re.compile(r"^0 \d+%, .*9 \d+%$"))
    expect(bars).to_have_count(1)
    shares = re.findall(r"(\d) (\d+)%", bars.get_attribute("aria-label") or "")
    return max(shares, key=lambda share: int(share[1]))[0]


def test_a_sheet_of_five_is_read_and_a_tap_shows_the_bars_of_a_digit(
    app: App, open_tab: Visit
) -> None:
    page = opened(app, open_tab, "Upload")
    digits = (4, 10, 100, 70), (7, 70, 95, 70), (2, 120, 100, 70), (1, 175, 100, 70)
    upload(page, "five.png", encode(on_paper(*digits, (5, 215, 98, 60)), "PNG"))

    found = boxes(page, 5)
    assert named(found) == "47215"
    expect(page.get_by_role("heading", name="47215")).to_be_visible()
    places = [box_of(found.nth(at)) for at in range(5)]
    assert [box["x"] for box in places] == sorted(box["x"] for box in places)
    for at, digit in enumerate("47215"):
        found.nth(at).click()
        expect(found.nth(at)).to_have_attribute("aria-pressed", "true")
        at_rest(page)
        assert surest(page) == digit


def test_who_writes_42_on_the_canvas_gets_42(app: App, open_tab: Visit) -> None:
    page = opened(app, open_tab, "Draw")
    for left, digit in ((0.1, 4), (0.55, 2)):
        strokes = ([(left + x / 180, 0.2 + y / 180) for x, y in one] for one in STROKES[digit])
        draw(page, tuple(tuple(stroke) for stroke in strokes))

    found = boxes(page, 2)
    assert named(found) == "42"
    expect(page.get_by_role("heading", name="42")).to_be_visible()
    found.first.click()
    expect(found.first).to_have_attribute("aria-pressed", "true")
    at_rest(page)
    assert surest(page) == "4"


def test_a_box_corrects_what_was_read(
    app: App, open_tab: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 4 whose parts are so far from each other that it is taken for two digits."""
    first, stem = STROKES[4]
    monkeypatch.setitem(STROKES, 4, (first, [(x + 42, y) for x, y in stem]))
    page = opened(app, open_tab, "Upload")
    upload(page, "four.png", encode(on_paper((4, 60, 115, 140)), "PNG"))
    boxes(page, 2)
    page.get_by_text("Correct what was found").click()
    shows = "canvas => canvas.getContext('2d').getImageData(9, 9, 1, 1).data[3] > 0"
    page.wait_for_function(shows, arg=page.locator("canvas").first.element_handle())
    at_rest(page)
    draw(page, (((0.12, 0.32), (0.92, 0.97)),))

    assert named(boxes(page, 1)) == "4"
    assert surest(page) == "4"
