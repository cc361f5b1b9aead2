"""Training in the browser: start, watch, leave, come back, stop."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from lenet.runs.history import read_history
from tests.e2e.app import App
from tests.e2e.look import (
    Visit,
    at_rest,
    box_of,
    enter,
    go,
    more_settings,
    number,
    title,
    unfold,
    watched_tabs,
)
from tests.small import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]

HEADING = "Train LeNet-5"


def open_train(app: App, open_tab: Visit, query: str = "") -> Page:
    page = open_tab(f"{app.url}/{query}")
    title(page, HEADING)
    return page


def button(page: Page, name: str) -> None:
    """Press a button of the page, or of a popover, which Streamlit puts beside the page."""
    at_rest(page)
    shown = page.get_by_role("button", name=name, exact=True)
    shown = shown.and_(page.locator("[data-testid=stMain] *, [data-testid=stPopoverBody] *"))
    if shown.get_attribute("aria-haspopup"):
        unfold(shown, page.get_by_test_id("stPopoverBody"))
    else:
        shown.click()


def press_start(page: Page) -> None:
    button(page, "Start")
    grows(page)


def press_stop(page: Page) -> None:
    button(page, "Stop")
    has_state(page, "Stopped")


def has_state(page: Page, state: str) -> None:
    """Wait until the watched run's badge says so."""
    badge = page.get_by_role("paragraph").filter(has_text=re.compile(rf"{state}$"))
    expect(badge).to_be_visible()


def reach(page: Page) -> int:
    """The step to which the drawn curve goes; 0 without one."""
    return int(
        page.evaluate(
            """() => Math.max(0, ...[...document.querySelectorAll(".st-key-curves .live-chart")]
                .flatMap(plot => plot.calcdata ?? [])
                .filter(curve => curve.length > 1).map(curve => curve.at(-1).x))"""
        )
    )


def step(page: Page) -> int:
    """The step that the progress bar names."""
    text = page.get_by_text(re.compile(r"[Ss]tep [\d,]+ of [\d,]+")).first.inner_text()
    return int(re.search(r"[Ss]tep ([\d,]+)", text)[1].replace(",", ""))  # type: ignore[index]


def grows(page: Page) -> None:
    """Wait until the curve has grown twice, and the step with it."""
    wait_until(lambda: reach(page) > 0, "the curve appears")
    for _ in range(2):
        end, at = reach(page), step(page)
        wait_until(lambda: reach(page) > end and step(page) > at, "the curve grows")  # noqa: B023


def test_on_a_phone_the_run_comes_into_sight(fresh_app: App, open_tab: Visit) -> None:
    page = open_train(fresh_app, open_tab, "?epochs=20")
    page.set_viewport_size({"width": 390, "height": 844})
    button(page, "Start")

    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_in_viewport()
    grows(page)
    press_stop(page)

    enter(page, "Epochs", 21)  # a second one, too
    resume = page.get_by_role("button", name="Resume", exact=True)
    page.get_by_role("heading", name=HEADING).scroll_into_view_if_needed()
    expect(resume).not_to_be_in_viewport()
    button(page, "Start")

    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_in_viewport()
    expect(resume).to_have_count(0)
    press_stop(page)


def test_address_and_other_pages_keep_the_configuration(app: App, open_tab: Visit) -> None:
    page = open_train(app, open_tab)
    enter(page, "Epochs", 7)
    more_settings(page, "Network")
    enter(page, "Input size", 32)
    expect(page).to_have_url(re.compile(r"[?&]epochs=7(&|$)"))
    expect(page).to_have_url(re.compile(r"[?&]input_size=32(&|$)"))

    other = open_tab(page.url)

    title(other, HEADING)
    expect(number(other, "Epochs")).to_have_value("7")
    more_settings(other, "Network")
    expect(number(other, "Input size")).to_have_value("32")
    at_rest(other)

    go(page, "Evaluate")
    title(page, "Evaluate")
    go(page, "Train")
    title(page, HEADING)
    expect(number(page, "Epochs")).to_have_value("7")


def test_zoom_and_hover_stay_while_the_curve_grows(fresh_app: App, open_tab: Visit) -> None:
    page = open_train(fresh_app, open_tab, "?epochs=6")
    press_start(page)
    wait_until(lambda: reach(page) > 100, "there is something to see")
    chart = page.locator(".js-plotly-plot")
    box = box_of(chart.locator(".nsewdrag").first)
    left, top = box["x"] + 10, box["y"] + 0.3 * box["height"]

    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(left + 0.1 * box["width"], box["y"] + 0.9 * box["height"], steps=5)
    page.mouse.up()
    ranges = "plot => [plot.layout.xaxis.range, plot.layout.yaxis.range]"
    zoomed = chart.evaluate(ranges)
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 0.5 * box["height"])
    label = chart.locator(".hoverlayer .legendtext").first
    expect(label).to_be_visible()

    most = "plot => plot.layout.yaxis.autorangeoptions.maxallowed"
    before = chart.evaluate(most)
    wait_until(lambda: chart.evaluate(most) != before, "the whole axis has another end")
    grows(page)
    assert 0 < zoomed[0][0] < zoomed[0][1] < 1000
    assert chart.evaluate(ranges) == zoomed
    expect(label).to_be_visible()
    press_stop(page)


@pytest.fixture(scope="module")
def training_app(browser: Browser, app: App) -> Iterator[App]:
    """The server on which a visitor, who has left, has started a long training."""
    app.clear()
    with watched_tabs(browser) as visit:
        press_start(open_train(app, visit, "?epochs=50"))
    yield app
    app.clear()


def test_the_curve_never_vanishes_while_it_grows(training_app: App, open_tab: Visit) -> None:
    page = open_train(training_app, open_tab)
    grows(page)

    page.evaluate(
        """() => {
            window.frames_seen = window.frames_blank = 0;
            const look = () => {
                const plots = [...document.querySelectorAll(".js-plotly-plot")];
                const drawn = plots.some(plot =>
                    plot.checkVisibility({checkOpacity: true, checkVisibilityCSS: true})
                    && plot.calcdata?.[0].length > 1);
                window.frames_seen += 1;
                window.frames_blank += !drawn;
                requestAnimationFrame(look);
            };
            look();
        }"""
    )
    grows(page)

    assert page.evaluate("() => window.frames_seen") > 10
    assert page.evaluate("() => window.frames_blank") == 0


def test_a_training_goes_on_through_a_reload_and_while_another_page_is_shown(
    training_app: App, open_tab: Visit
) -> None:
    page = open_train(training_app, open_tab)
    grows(page)
    before = step(page)

    page.reload()

    title(page, HEADING)
    grows(page)
    assert step(page) > before
    before = step(page)

    go(page, "Predict")
    title(page, "Predict")
    go(page, "Train")

    title(page, HEADING)
    grows(page)
    assert step(page) > before


def test_while_a_run_trains_its_buttons_stand_by_the_numbers_and_start_steps_back(
    training_app: App, open_tab: Visit
) -> None:
    page = open_train(training_app, open_tab)
    grows(page)
    start = page.get_by_role("button", name="Start", exact=True)
    loss = page.get_by_text("Training loss", exact=True)
    for size in ((1280, 800), (1024, 576)):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        expect(page.locator(".js-plotly-plot")).to_be_in_viewport()
        for thing in (loss, page.get_by_role("button", name="Pause", exact=True)):
            expect(thing).to_be_in_viewport(ratio=1)
        time = page.get_by_text("Time left", exact=True)
        wait_until(lambda: box_of(time)["y"] == box_of(loss)["y"], "one line of numbers")  # noqa: B023
    page.set_viewport_size({"width": 1280, "height": 800})
    pause = box_of(page.get_by_role("button", name="Pause", exact=True))
    assert abs(pause["y"] - box_of(loss)["y"]) < 60
    network = box_of(page.locator("[data-layer=conv0] image"))
    assert network["y"] + network["height"] < 800, "the maps are in the first view"
    assert network["x"] > box_of(page.locator(".js-plotly-plot"))["x"] + 300, "beside the curve"
    background = "button => getComputedStyle(button).backgroundColor"
    stepped_back = start.evaluate(background)
    button(page, "Pause")
    has_state(page, "Paused")
    button(page, "Continue")
    press_stop(page)
    wait_until(lambda: start.evaluate(background) != stepped_back, "Start stands out again")


def test_a_run_begins_with_the_checkpoint_in_hand(fresh_app: App, open_tab: Visit) -> None:
    page = open_train(fresh_app, open_tab, "?checkpoint=post&lr=0.0001")
    more_settings(page, "Data")
    page.get_by_text("Begin with the checkpoint in hand").click()
    expect(page.get_by_text("Begins with post.")).to_be_visible()
    press_start(page)
    press_stop(page)
    expect(page.get_by_text("This run: begun with a checkpoint's weights")).to_be_visible()
    [run] = fresh_app.runs()
    assert (run.config().kernel_size, run.config().lr, run.config().preset) == (3, 0.0001, "lab")
    first = read_history(run.metrics_file).steps["loss"][0]
    assert first < 2  # of weights by chance it is 2.3, with a softmax too many also
    page.get_by_text("This run: name, command").click()
    expect(page.get_by_test_id("stCode").filter(has_text="--init_from")).to_be_visible()
