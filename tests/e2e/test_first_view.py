"""What a first view shows: the canvas with its answer, and on a phone the pages at its lower edge.

Every text has enough contrast, on light and on dark pages.
"""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect

from tests.e2e.app import App
from tests.e2e.look import (
    DRAWINGS,
    Visit,
    answers,
    at_rest,
    choose,
    draw,
    go,
    read_answer,
    title,
    watched_tabs,
)
from tests.small import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]

HEADINGS = {
    "Train": "Train LeNet-5",
    **{name: name for name in ("Evaluate", "Predict", "Inside", "Experiments")},
}
FAINT = Path(__file__).with_name("faint.js").read_text(encoding="utf-8")
"""A function that finds texts with less contrast than 4.5 to 1."""


def answer_of(page: Page) -> Locator:
    return page.locator(".lenet-answer.large")


def canvas_of(page: Page) -> Locator:
    return page.locator("canvas.upper-canvas")


def in_view(page: Page, thing: Locator) -> FloatRect:
    """Where it is, all of it on the screen without scrolling."""
    expect(thing).to_be_visible()
    box, size = thing.bounding_box(), page.viewport_size
    assert box
    assert size
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= size["width"]
    assert box["y"] + box["height"] <= size["height"]
    return box


def letters(thing: Locator) -> float:
    """The size of its font, in pixels."""
    return float(thing.evaluate("one => parseFloat(getComputedStyle(one).fontSize)"))


def test_canvas_and_answer_are_large_and_together_in_the_first_view(
    app: App, open_tab: Visit
) -> None:
    page = open_tab(f"{app.url}/predict?view=Draw")
    title(page, "Predict")
    draw(page, DRAWINGS["T-shirt"])
    assert read_answer(page) == "T-shirt/top"

    assert in_view(page, canvas_of(page))["width"] >= 480
    in_view(page, answers(page))
    in_view(page, answer_of(page))
    word, heading = (page.get_by_role("heading", level=level) for level in (2, 1))
    assert letters(word) > letters(heading)


def test_on_a_phone_the_top_three_stand_above_the_canvas(app: App, on_phone: Visit) -> None:
    page = on_phone(f"{app.url}/predict?view=Draw")
    page.set_viewport_size({"width": 390, "height": 844})
    title(page, "Predict")
    draw(page, DRAWINGS["T-shirt"])
    expect(answer_of(page)).to_contain_text("T-shirt/top")
    at_rest(page)

    answer, canvas = in_view(page, answer_of(page)), in_view(page, canvas_of(page))
    in_view(page, page.get_by_role("button", name="Undo"))
    assert answer["y"] + answer["height"] < canvas["y"]
    assert canvas["width"] >= 280
    assert canvas["y"] + canvas["height"] < in_view(page, page.locator(".st-key-pages"))["y"]
    in_view(page, page.get_by_text(re.compile(r"^Then .+ <?\d+% · .+ <?\d+%$")))
    page.get_by_text("All ten").click()
    assert read_answer(page) == "T-shirt/top"


def test_a_drawing_survives_another_size_of_its_canvas(app: App, open_tab: Visit) -> None:
    page = open_tab(f"{app.url}/predict?view=Draw")
    title(page, "Predict")
    draw(page, DRAWINGS["T-shirt"])
    assert read_answer(page) == "T-shirt/top"
    large = in_view(page, canvas_of(page))["width"]

    page.set_viewport_size({"width": 1024, "height": 576})
    expect(answer_of(page)).to_contain_text("T-shirt/top")
    assert in_view(page, canvas_of(page))["width"] < large
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_text("Draw a piece of clothing")).to_be_visible()
    draw(page, DRAWINGS["Trousers"])
    expect(answer_of(page)).to_contain_text("Trouser")


def test_a_phone_has_the_pages_at_its_lower_edge(app: App, on_phone: Visit) -> None:
    page = on_phone(app.url)
    title(page, "Train LeNet-5")
    expect(page.get_by_role("navigation")).to_have_count(0)
    for name in HEADINGS:
        shown = page.get_by_role("link", name=name, exact=True)
        wait_until(lambda: in_view(page, shown)["height"] >= 40, "a thumb finds it")  # noqa: B023
        link = in_view(page, shown)
        assert link["y"] > 0.85 * (page.viewport_size or {"height": 0})["height"]
    start = in_view(page, page.get_by_role("button", name="Start", exact=True))
    assert start["y"] + start["height"] <= in_view(page, page.locator(".st-key-pages"))["y"]
    for name in ("Predict", "Experiments", "Train"):
        go(page, name)
        title(page, HEADINGS[name])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(
    app: App, browser: Browser, scheme: str
) -> None:
    with watched_tabs(browser, color_scheme=scheme) as visit:
        page = visit(f"{app.url}/predict?view=Draw")
        title(page, "Predict")
        draw(page, DRAWINGS["T-shirt"])
        read_answer(page)
        assert page.evaluate(FAINT) == []
        choose(page, "Samples")
        assert page.evaluate(FAINT) == []
        for name in ("Inside", "Train", "Evaluate", "Experiments"):
            go(page, name)
            title(page, HEADINGS[name])
            assert page.evaluate(FAINT) == [], name
