"""One picture and one checkpoint in hand through the lab's pages."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.app import App
from tests.e2e.look import (
    DRAWINGS,
    Visit,
    answers,
    at_rest,
    box_of,
    choose,
    draw,
    go,
    number,
    read_answer,
    seen,
    select,
    title,
)
from tests.e2e.test_address import back, checkpoint, two_runs
from tests.e2e.test_inside_page import part
from tests.small import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]

INK = """canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
    .filter((value, at) => at % 4 == 0 && value > 128).length"""


@pytest.fixture
def page(app: App, open_tab: Visit) -> Page:
    """Predict, with a drawn T-shirt in hand."""
    opened = open_tab(f"{app.url}/predict?view=Draw")
    title(opened, "Predict")
    draw(opened, DRAWINGS["T-shirt"])
    assert read_answer(opened) == "T-shirt/top"
    return opened


def ink(page: Page) -> int:
    """How many pixels of the canvas are light."""
    return int(page.locator("canvas.dc-canvas.lower-canvas").last.evaluate(INK))


def has_ink(page: Page, least: int) -> None:
    wait_until(lambda: ink(page) >= least, "the canvas shows the drawing")


def bar(page: Page) -> Locator:
    return page.locator(".in-hand")


def tool(page: Page, name: str) -> Locator:
    return page.get_by_role("radio", name=name, exact=True)


def test_a_drawing_is_asked_why_and_can_be_drawn_on_after_back(page: Page) -> None:
    expect(bar(page)).to_contain_text("Drawing")
    before, address = ink(page), page.url
    assert len(address) < 1200
    first = seen(page).get_attribute("src") or "none"

    page.get_by_role("link", name="Why?").click()
    title(page, "Inside")
    expect(page.locator(".why img")).to_be_visible()
    expect(page.get_by_role("heading", name="T-shirt/top")).to_be_visible()
    has_ink(page, before)  # the same drawing, on Inside's canvas
    back(page, "Predict")

    expect(page).to_have_url(address)
    has_ink(page, before)
    assert read_answer(page) == "T-shirt/top"
    draw(page, (((0.05, 0.95), (0.95, 0.95)),))
    expect(seen(page)).not_to_have_attribute("src", first)
    has_ink(page, before + 1000)


def test_a_link_with_a_drawing_shows_the_same_in_another_browser(
    page: Page, open_tab: Visit
) -> None:
    picture = seen(page).get_attribute("src")
    for path in ("predict", "inside", "evaluate", "experiments", ""):
        other = open_tab(re.sub("/predict", f"/{path}", page.url))
        expect(bar(other)).to_contain_text("Drawing")
        at_rest(other)
        other.reload()
        expect(bar(other)).to_contain_text("Drawing")
        if path == "predict":
            assert read_answer(other) == "T-shirt/top"
            assert picture
        if path == "inside":
            expect(other.get_by_role("heading", name="T-shirt/top")).to_be_visible()


def test_two_tabs_have_two_hands(page: Page, app: App, open_tab: Visit) -> None:
    other = open_tab(f"{app.url}/inside?picture=FashionMNIST.test7&checkpoint=post")
    title(other, "Inside")
    expect(bar(other)).to_contain_text("Test image 7")

    go(page, "Evaluate")
    title(page, "Evaluate")
    expect(bar(page)).to_contain_text("Drawing")
    expect(checkpoint(page)).to_have_value("fashion-mnist")
    go(other, "Train")
    title(other, "Train LeNet-5")
    expect(bar(other)).to_contain_text("Test image 7")
    expect(checkpoint(other)).to_have_value("post")


def test_undo_and_clear_are_large_and_ctrl_z_is_the_canvass_alone(page: Page) -> None:
    buttons = [page.get_by_role("button", name=name, exact=True) for name in ("Undo", "Clear")]
    for one in buttons:
        box = box_of(one)
        assert box["width"] >= 44
        assert box["height"] >= 44
    empty = page.get_by_text("Draw a piece of clothing")
    page.keyboard.press("Control+z")
    expect(empty).to_be_visible()
    page.keyboard.press("Control+Shift+z")
    assert read_answer(page) == "T-shirt/top"

    buttons[0].click()
    expect(empty).to_be_visible()
    draw(page, DRAWINGS["T-shirt"])
    tool(page, "Pen").focus()
    page.keyboard.press("Control+z")
    at_rest(page)
    assert read_answer(page) == "T-shirt/top"

    buttons[1].click()
    expect(empty).to_be_visible()
    expect(answers(page)).to_have_count(0)
    assert ink(page) == 0


def test_an_eraser_does_not_stay_on_a_blank_canvas(page: Page) -> None:
    choose(page, "Eraser")
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(tool(page, "Pen")).to_be_checked()
    draw(page, DRAWINGS["T-shirt"])
    choose(page, "Eraser")

    page.get_by_role("button", name="Another idea").click()

    expect(tool(page, "Pen")).to_be_checked()
    expect(page.get_by_text("Draw a piece of clothing")).to_be_visible()
    expect(bar(page)).to_contain_text("Test image 0")


def test_clothes_with_a_checkpoint_of_digits_are_kept_and_that_is_said(page: Page) -> None:
    before = ink(page)
    select(page, "Checkpoint", "mnist")

    notice = page.get_by_role("alert").filter(has_text="made for Fashion-MNIST")
    expect(notice).to_contain_text("MNIST only")
    expect(bar(page)).to_contain_text("Drawing")
    has_ink(page, before)
    select(page, "Checkpoint", "fashion-mnist")
    expect(notice).to_have_count(0)
    assert read_answer(page) == "T-shirt/top"


def test_the_first_visit_has_the_default_checkpoint_and_a_test_image(
    app: App, open_tab: Visit
) -> None:
    page = open_tab(app.url)
    title(page, "Train LeNet-5")
    expect(checkpoint(page)).to_have_value("fashion-mnist")
    expect(bar(page)).to_contain_text("Test image 0")
    expect(bar(page).locator("img")).to_be_visible()
    assert "?" not in page.url or "run=" in page.url


def test_a_test_image_asked_why_is_the_first_sample_afterwards(app: App, open_tab: Visit) -> None:
    page = open_tab(f"{app.url}/predict?sample_seed=3")
    title(page, "Predict")
    page.get_by_role("link", name="Why?").nth(2).click()
    title(page, "Inside")
    index = number(page, "Test image").input_value()
    go(page, "Predict")
    title(page, "Predict")
    expect(page.locator("img[alt^='Test image']").first).to_have_attribute(
        "alt", re.compile(f"^Test image {index}:")
    )
    expect(page.get_by_text(", chosen")).to_be_visible()


def test_a_checkpoint_that_is_deleted_meanwhile_is_said(fresh_app: App, open_tab: Visit) -> None:
    run, other = two_runs(fresh_app)
    page = open_tab(f"{fresh_app.url}/evaluate?checkpoint={run.id}&epoch=1")
    title(page, "Evaluate")
    expect(checkpoint(page)).to_have_value(run.name)
    run.delete()
    go(page, "Predict")
    title(page, "Predict")
    expect(page.get_by_role("alert").filter(has_text="not any more")).to_contain_text(run.id)
    expect(checkpoint(page)).to_have_value("fashion-mnist")

    select(page, "Checkpoint", other.name)  # Train shows the run that the checkpoint comes from
    go(page, "Train")
    title(page, "Train LeNet-5")
    expect(page.get_by_role("combobox", name="Run", exact=True)).to_have_value(other.name)
    assert part(page, "hand").count() == 1


def test_a_drawing_from_the_address_says_that_its_strokes_are_elsewhere(page: Page) -> None:
    notice = page.get_by_text("its strokes were in another session")
    expect(notice).to_have_count(0)
    page.reload()
    title(page, "Predict")
    assert read_answer(page) == "T-shirt/top"
    expect(notice).to_be_visible()
    draw(page, DRAWINGS["T-shirt"])
    expect(notice).to_have_count(0)
