"""The network as a drawing: before the first run, by the settings, and while it learns."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.app import App, serve
from tests.e2e.look import Visit, at_rest, box_of, enter, more_settings, title
from tests.small import wait_until

pytestmark = [pytest.mark.e2e]

needs_data = pytest.mark.usefixtures("real_fashion_mnist")
PHONE = {"width": 393, "height": 727}


def opened(app: App, open_tab: Visit, query: str = "") -> Page:
    page = open_tab(f"{app.url}/{query}")
    title(page, "Train LeNet-5")
    return page


def layer(page: Page, name: str) -> Locator:
    return page.locator(f"[data-layer={name}]")


def colour(thing: Locator) -> str:
    return str(thing.locator("text").first.evaluate("text => getComputedStyle(text).fill"))


def drawn_example(page: Page) -> Locator:
    """A line of the recorded example's chart."""
    chart = page.get_by_role("figure", name=re.compile("^Example"))
    return chart.locator(".scatterlayer .trace").first


@needs_data
def test_a_first_visit_says_what_this_is_and_shows_it(fresh_app: App, open_tab: Visit) -> None:
    page = opened(fresh_app, open_tab)
    expect(page.get_by_text("learns here to tell ten kinds of clothes apart")).to_be_visible()
    classes = page.get_by_role("group", name="The classes").locator("img")
    expect(classes).to_have_count(10)
    expect(layer(page, "fc4")).to_contain_text("Sandal")
    example = drawn_example(page)
    expect(example).to_be_visible()
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("main").get_by_role("button", name="Stop")).to_be_visible()
    expect(example).to_have_count(0)
    expect(classes).to_have_count(0)

    other = opened(fresh_app, open_tab)  # a newcomer is told in the presence of others' runs, too
    expect(other.get_by_text("learns here to tell ten kinds of clothes apart")).to_be_visible()
    expect(other.get_by_role("group", name="The classes").locator("img")).to_have_count(10)
    expect(other.locator("[data-layer=fc4]")).to_have_count(1)  # one drawing, that of the run
    more_settings(other, "Network")
    enter(other, "Input size", 32)
    expect(other.get_by_role("heading", name="The network of your settings")).to_be_visible()
    expect(other.locator("[data-layer=fc4]")).to_have_count(2)


@needs_data
def test_on_a_phone_start_is_within_reach(fresh_app: App, open_tab: Visit) -> None:
    page = opened(fresh_app, open_tab)
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    start = page.get_by_role("button", name="Start", exact=True)
    expect(start).to_be_in_viewport(ratio=1)
    classes = page.get_by_role("group", name="The classes").locator("img")
    expect(classes.last).to_be_in_viewport(ratio=1)
    width = "() => document.querySelector('[data-testid=stMain]').scrollWidth"
    wait_until(lambda: page.evaluate(width) <= PHONE["width"], "nothing is wider than the phone")
    for name in ("input", "conv1", "pool1", "fc4"):
        box = box_of(layer(page, name))
        assert 0 <= box["x"] <= box["x"] + box["width"] <= PHONE["width"], name


def test_without_data_the_classes_are_drawn(tmp_path: Path, open_tab: Visit) -> None:
    with serve(tmp_path, module=("tests.e2e.app",), LENET_DATA_DIR=str(tmp_path)) as app:
        page = opened(app, open_tab)
        classes = page.get_by_role("group", name="The classes").locator("img")
        expect(classes).to_have_count(10)
        pictures = classes.evaluate_all("all => all.map(one => one.src)")
        assert len(set(pictures)) == 10
        expect(drawn_example(page)).to_be_visible()  # the server ends after this


@needs_data
def test_the_diagram_follows_a_setting_and_breaks_in_red(app: App, open_tab: Visit) -> None:
    page = opened(app, open_tab)
    expect(layer(page, "conv0")).to_have_accessible_name("conv0, 6 × 28×28")
    usual = colour(layer(page, "conv1"))
    more_settings(page, "Network")
    enter(page, "Padding", 0)
    expect(layer(page, "conv0")).to_have_accessible_name("conv0, 6 × 24×24")
    expect(layer(page, "conv2")).to_contain_text("gets 4×4")
    expect(layer(page, "fc3")).to_have_count(0)
    assert colour(layer(page, "conv1")) == usual != colour(layer(page, "conv2"))
    red, green, blue = map(int, re.findall(r"\d+", colour(layer(page, "conv2")))[:3])
    assert red > 2 * max(green, blue)
    enter(page, "Input size", 32)
    expect(layer(page, "fc3")).to_be_visible()


@needs_data
def test_a_layer_says_what_it_does_by_tap_and_by_key(app: App, open_tab: Visit) -> None:
    page = opened(app, open_tab)
    at_rest(page)
    layer(page, "conv1").click()
    expect(page.get_by_text("2,448 parameters, 240,000 multiply-adds")).to_be_visible()
    layer(page, "conv1").press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_text("half the size")).to_be_visible()
    expect(layer(page, "pool1")).to_have_attribute("aria-pressed", "true")


@needs_data
def test_maps_and_filters_change_while_a_run_is_trained_and_after(
    fresh_app: App, open_tab: Visit
) -> None:
    page = opened(fresh_app, open_tab, "?epochs=50&val_size=50000")
    page.get_by_role("button", name="Start", exact=True).click()
    other = opened(fresh_app, open_tab)  # who has not started it sees the same
    maps = other.locator("[data-layer=conv0] image")
    filters = other.get_by_role("img", name="The filters of conv1")

    def shown() -> tuple[str | None, str | None]:
        return maps.get_attribute("href"), filters.get_attribute("src")

    def drawn() -> None:
        at_rest(other)
        expect(other.locator("[aria-busy=true]")).to_have_count(0)

    before = shown()
    wait_until(lambda: all(a != b for a, b in zip(before, shown(), strict=True)), "both change")
    page.get_by_role("main").get_by_role("button", name="Stop").click()
    play = other.get_by_role("button", name="Play", exact=True)
    expect(play).to_be_visible()
    drawn()
    sandal = other.locator("button[data-pick='5']")
    top = shown()
    sandal.click()
    wait_until(lambda: shown()[0] != top[0], "the maps are those of the sandal")
    expect(sandal).to_have_attribute("aria-pressed", "true")
    drawn()
    expect(sandal).to_have_attribute("aria-pressed", "true")

    slider = other.get_by_role("slider", name="Moment of the training")
    last = shown()
    slider.press("Home")
    expect(other.get_by_text("step 0", exact=True).first).to_be_visible()
    wait_until(lambda: shown()[0] != last[0], "the first weights make other maps")
    drawn()
    first = shown()
    play.click()
    wait_until(lambda: shown()[0] not in (first[0], last[0]), "moments in between are played")
    other.get_by_role("button", name="Hold", exact=True).click()
    expect(play).to_be_visible()
    slider.press("End")
    wait_until(lambda: shown() == last, "the last moment is there")
