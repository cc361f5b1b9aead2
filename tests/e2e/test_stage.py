"""On stage: Present shows what a page is about, and the stand is for people who pass by."""

import re
from random import Random

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from lenet.runs.run import Run
from soak.stand import act, seen
from tests.e2e.app import App
from tests.e2e.look import DRAWINGS, REPORTED, Visit, at_rest, draw, title
from tests.small import small_config, train, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]

PROJECTOR: ViewportSize = {"width": 1280, "height": 720}
SMALLEST = """() => {
  let found = [999, ""];
  const look = (node) => {
    if (node.shadowRoot) look(node.shadowRoot);
    if (node.nodeType === Node.TEXT_NODE && node.data.trim()) {
      const element = node.parentElement, range = document.createRange();
      if (!element || element.matches("style, script") || !element.checkVisibility()) return;
      range.selectNodeContents(node);
      const box = range.getBoundingClientRect();
      if (box.width < 2 || element.closest(".unseen")) return;
      const scale = element.ownerSVGElement?.getScreenCTM().a ?? 1;
      const size = parseFloat(getComputedStyle(element).fontSize) * scale;
      if (size < found[0]) found = [size, node.data];
    }
    node.childNodes.forEach(look);
  };
  look(document.querySelector("[role=main], main, section") ?? document.body);
  return found;
}"""
"""The size on the screen of the smallest text, and that text."""
THINGS = {"a T-shirt": "T-shirt", "trousers": "Trousers", "a dress": "Dress", "a bag": "Bag"}
"""What the stand asks for, and our drawing of it."""


def presented(page: Page) -> None:
    """Wait until a page is presented, and see that all can be read from the last row."""
    expect(page.get_by_role("toolbar", name="Present")).to_be_visible()
    expect(page.get_by_role("navigation")).to_have_count(0)
    at_rest(page)
    size, text = page.evaluate(SMALLEST)
    assert size >= 20, f"{text!r} has {size} px"


def leave(page: Page, name: str) -> None:
    page.keyboard.press("Escape")
    title(page, name)
    assert "present" not in page.url


def test_a_run_is_presented_and_stepped_through(fresh_app: App, open_tab: Visit) -> None:
    train(Run(fresh_app.runs_dir / "20260101-000000-lab-0000"), small_config(epochs=2))
    page = open_tab(fresh_app.url)
    page.set_viewport_size(PROJECTOR)
    title(page, "Train LeNet-5")
    page.get_by_role("button", name="Present", exact=True).click()
    presented(page)
    expect(page).to_have_url(re.compile(r"[?&]present=1"))
    expect(page.get_by_role("button", name="Start", exact=True)).to_have_count(0)
    chart = page.get_by_role("figure", name=re.compile("^Training and validation"))
    expect(chart.locator(".scatterlayer .trace").first).to_be_visible()
    steps = page.get_by_text(re.compile(r"^Step \d"))
    last = steps.inner_text()
    page.keyboard.press("ArrowLeft")
    expect(steps).not_to_have_text(last)
    page.keyboard.press("PageDown")
    expect(steps).to_have_text(last)
    page.keyboard.press("Space")  # plays from the first one on
    expect(steps).not_to_have_text(last)
    expect(steps).to_have_text(last)
    leave(page, "Train LeNet-5")


def test_predictions_are_presented_on_other_pages_too(app: App, open_tab: Visit) -> None:
    page = open_tab(f"{app.url}/predict?present=1")
    page.set_viewport_size(PROJECTOR)
    presented(page)
    picture = page.get_by_role("img", name=re.compile("^Test image"))
    first = picture.get_attribute("src")
    page.keyboard.press("ArrowRight")
    expect(picture).not_to_have_attribute("src", first or "")
    expect(page).to_have_url(re.compile(r"picture=FashionMNIST\.test\d+"))
    page.keyboard.press("PageUp")
    expect(picture).to_have_attribute("src", first or "")
    page.keyboard.press("f")
    page.wait_for_function("() => document.fullscreenElement")
    page.keyboard.press("f")
    page.wait_for_function("() => !document.fullscreenElement")
    page.get_by_role("link", name="Inside", exact=True).click()
    expect(page).to_have_url(re.compile(r"/inside\?.*present=1"))
    expect(page.locator("[data-layer=conv0]").first).to_be_visible()
    presented(page)
    page.get_by_role("button", name="Leave").click()
    title(page, "Inside")


def test_confusions_are_presented_cell_by_cell(app: App, open_tab: Visit) -> None:
    page = open_tab(f"{app.url}/evaluate?present=1")
    page.set_viewport_size(PROJECTOR)
    cell = page.get_by_text(re.compile(r"^\d+ images: .* taken for"))
    first = cell.inner_text()
    expect(page.locator(".js-plotly-plot .heatmaplayer image").first).to_be_visible()
    presented(page)
    page.keyboard.press("PageDown")
    expect(cell).not_to_have_text(first)
    expect(page).to_have_url(re.compile(r"[?&]cell="))
    page.keyboard.press("ArrowLeft")
    expect(cell).to_have_text(first)
    leave(page, "Evaluate")


@pytest.fixture
def stand(app: App, open_tab: Visit) -> Page:
    page = open_tab(f"{app.url}/?stand=1")
    page.wait_for_url(re.compile("embed=true"))  # so that Streamlit shows no toolbar
    return ready(page)


def ready(page: Page) -> Page:
    """Wait until the stand's canvas can be drawn on."""
    expect(page.locator("canvas").last).to_be_visible()
    at_rest(page)
    return page


def prompt(page: Page) -> Locator:
    return page.get_by_role("heading", name=re.compile("^(Draw|Write) "))


def asked(page: Page) -> str:
    return prompt(page).inner_text().partition(" ")[2].strip()


def another(page: Page, wanted: set[str]) -> str:
    """Ask for another idea until it is one of these."""
    for _ in range(100):
        before = prompt(page).inner_text()
        page.get_by_role("button", name="Another idea").click()
        expect(prompt(page)).not_to_have_text(before)
        ready(page)
        if (found := asked(page)) in wanted:
            return found
    raise AssertionError(f"the stand never asks for {wanted}")


def answer(page: Page) -> Locator:
    return page.get_by_role("img", name=re.compile(r"^\w.* \d+%, .* \d+%$"))


def strip(page: Page) -> int:
    return page.locator(".lenet-strip img").count()


def test_the_stand_knows_what_it_asked_for_and_says_what_else_it_sees(stand: Page) -> None:
    thing = another(stand, set(THINGS))
    draw(stand, DRAWINGS[THINGS[thing]])
    expect(stand.get_by_role("heading", name="Got it!")).to_be_visible()
    assert asked(stand) == thing
    other = another(stand, {"an ankle boot", "a sneaker", "a sandal"})
    expect(stand.get_by_role("heading", name="Got it!")).to_have_count(0)
    draw(stand, DRAWINGS["Bag"])
    expect(stand.get_by_role("heading", name="Bag", exact=True)).to_be_visible()
    expect(stand.get_by_role("heading", name="Got it!")).to_have_count(0)
    assert asked(stand) == other
    assert strip(stand) == 1
    assert "picture" not in stand.url


def test_half_a_minute_without_a_touch_clears_the_stand(stand: Page) -> None:
    stand.clock.install()
    stand.reload()
    draw(ready(stand), DRAWINGS["Bag"])
    expect(answer(stand)).to_be_visible()
    at_rest(stand)
    stand.clock.fast_forward(20_000)
    stand.mouse.move(5, 5)  # somebody is there
    stand.clock.fast_forward(20_000)
    stand.evaluate(REPORTED)
    at_rest(stand)
    expect(answer(stand)).to_be_visible()
    stand.clock.fast_forward(31_000)
    expect(answer(stand)).to_have_count(0)
    expect(stand.locator(".lenet-strip img")).to_have_count(1)


def test_the_stand_keeps_eight_drawings_and_its_place(stand: Page) -> None:
    before, chance = seen(stand), Random(20)
    for number in range(9):
        draw(stand, (((0.1, 0.1 * number), (0.9, 0.5)),))
        expect(answer(stand)).to_be_visible()
        stand.get_by_role("button", name="Another idea").click()
        expect(answer(stand)).to_have_count(0)
        ready(stand)
    wait_until(lambda: strip(stand) == 8, "eight are left")
    for _ in range(300):
        act(stand, chance)
    assert seen(stand) == before
    assert strip(stand) <= 8
    draw(stand, DRAWINGS["Bag"])
    expect(answer(stand)).to_be_visible()


def test_with_a_network_of_digits_the_stand_asks_to_write(app: App, open_tab: Visit) -> None:
    page = open_tab(f"{app.url}/?stand=1&checkpoint=mnist")
    expect(page.get_by_role("heading", name=re.compile(r"^Write an? \d$"))).to_be_visible()
