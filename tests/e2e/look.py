"""What a person sees on a page of the lab, and does there."""

import base64
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Download,
    FloatRect,
    Locator,
    Page,
    Request,
    Route,
    expect,
)

from lenet.catalog import DATASETS
from lenet.drawing.examples import EXAMPLES, Example, Line
from tests.e2e.app import PATIENCE
from tests.small import wait_until

CLASSES = DATASETS["FashionMNIST"].classes

DRAWINGS = EXAMPLES["FashionMNIST"]

UNSURE = "This looks like none of the ten to me. Nearest: "
NOT_SURE = "Not sure"

expect.set_options(timeout=1000 * PATIENCE)

Visit = Callable[[str], Page]
"""Opens an address; see `watched_tabs`."""

WATCHER = """{
  let asked = 0, begun = 0, ended = 0, timed = false;
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (message) {
    if (message[0] === 0x5a && !timed) asked = performance.now();  // it asks for a run
    return send.call(this, message);
  };
  const every = window.setInterval;  // a live page asks by itself, again and again
  window.setInterval = (act, ...rest) => every((...given) => {
    timed = true;
    try { return act(...given); } finally { timed = false; }
  }, ...rest);
  const state = app => app?.getAttribute("data-test-script-state");
  new MutationObserver(changes => changes.forEach(change => {
    if (state(change.target) === "running") begun = performance.now();
    else ended = performance.now();
  })).observe(document, { subtree: true, attributeFilter: ["data-test-script-state"] });
  window.isAtRest = () => state(document.querySelector("[data-testid=stApp]")) === "notRunning"
    && (begun > asked || performance.now() > Math.max(asked, ended) + 3000);  // it may never run
}"""
"""Streamlit shows that a script runs only once the server has begun, and an earlier run may end
after something was asked: only a run that begins later has answered it."""
EXPECTED_404 = re.compile(r"/_stcore/(health|host-config)$")
"""What Streamlit's own page asks for below a deep link before it finds the server's root."""


@dataclass
class Tab:
    """A page and what went wrong on it."""

    page: Page
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.add_init_script(WATCHER)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        self.page.route(lambda url: urlsplit(url).hostname != "localhost", self._foreign)

    def check(self) -> None:
        """Fail if the page shows an exception or its console an error."""
        expect(self.page.get_by_test_id("stException")).to_have_count(0)
        assert not self.faults, "\n".join(self.faults)

    def _console(self, message: ConsoleMessage) -> None:
        expected = EXPECTED_404.search(str(message.location.get("url", "")))
        if message.type == "error" and not expected:
            self.faults.append(f"console: {message.text} ({message.location})")

    def _foreign(self, route: Route, request: Request) -> None:
        self.faults.append(f"it asks another machine: {request.url}")
        route.abort()


@contextmanager
def watched_tabs(browser: Browser, **device: Any) -> Iterator[Visit]:
    """Opens addresses, each as a visitor of its own; afterwards no page may show an error."""
    tabs: list[Tab] = []

    def visit(url: str) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **device})
        context.set_default_timeout(1000 * PATIENCE)
        tabs.append(Tab(context.new_page()))
        tabs[-1].page.goto(url)
        return tabs[-1].page

    yield visit
    try:
        for tab in tabs:
            tab.check()
    finally:
        for tab in tabs:
            tab.page.context.close()


def title(page: Page, name: str) -> None:
    """Wait until the page of this name is there and at rest."""
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    at_rest(page)


def at_rest(page: Page) -> None:
    """Wait until the page's script has run; a page of `watched_tabs` knows what was just asked."""
    shown = "document.querySelector('[data-test-script-state=notRunning]')"
    page.wait_for_function(f"() => window.isAtRest ? window.isAtRest() : {shown}")


def number(page: Page, label: str) -> Locator:
    """The number field with this label."""
    return page.get_by_role("spinbutton", name=label, exact=True)


def enter(page: Page, label: str, value: float | str) -> None:
    """Type a number into the field with this label."""
    at_rest(page)
    number(page, label).fill(str(value))
    number(page, label).press("Enter")
    at_rest(page)


def box_of(thing: Locator) -> FloatRect:
    """Where on the screen it is, scrolled into view."""
    expect(thing).to_be_visible()
    thing.scroll_into_view_if_needed()
    box = thing.bounding_box()
    assert box
    return box


def select(page: Page, label: str | re.Pattern[str], option: str) -> None:
    """Choose an option of the box with this label."""
    at_rest(page)
    wanted = page.get_by_role("option", name=option, exact=True)
    unfold(page.get_by_role("combobox", name=label, exact=True), wanted)
    wanted.click()
    at_rest(page)


def unfold(handle: Locator, shows: Locator) -> None:
    """Press what opens a list or a popover; again if that closes at once.

    It does so where the page is drawn anew just then, for a change made before.
    """
    handle.click()
    try:
        expect(shows).to_be_visible(timeout=15_000)
    except AssertionError:
        if not shows.is_visible():
            handle.click()
        expect(shows).to_be_visible()


def more_settings(page: Page, group: str) -> None:
    """Unfold a group of Train's settings."""
    at_rest(page)
    shown = page.locator("summary", has_text=group)
    if not shown.is_visible():
        page.locator("summary", has_text="More settings").click()
    shown.click()
    at_rest(page)


def upload(page: Page, name: str, content: bytes) -> None:
    """Give a file to the page's uploader."""
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )


def download(page: Page, label: str) -> Download:
    """The file behind a button."""
    with page.expect_download() as waiting:
        page.get_by_test_id("stDownloadButton").get_by_role("button", name=label).click()
    return waiting.value


def choose(page: Page, option: str) -> None:
    """Choose an option of a segmented control."""
    page.get_by_role("radio", name=option, exact=True).click()
    at_rest(page)


def tick(page: Page, row: int) -> None:
    """Tick a run in the table, or take the tick away; -1 is all of them."""
    point_at_run(page, row, 18)


def point_at_run(page: Page, row: int, x: int) -> None:
    """Click on a row of the runs' table, a canvas, so many pixels from its left."""
    at_rest(page)
    expect(page.locator(".st-key-curves .main-svg").first).to_be_visible()  # what is above it
    table = page.locator("[class*=st-key-runs-]").get_by_test_id("stDataFrame")
    wait_until(lambda: box_of(table) == box_of(table), "nothing moves")
    box = box_of(table)
    page.mouse.click(box["x"] + x, box["y"] + 35 * (row + 1) + 18)
    at_rest(page)


def labels(page: Page) -> Locator:
    """The names of the compared runs at the ends of their lines."""
    return page.locator(".st-key-curves .annotation-text", has_text="●")


def go(page: Page, name: str) -> None:
    """Go to another page by the navigation."""
    page.get_by_role("link", name=name, exact=True).click()


def bytes_of(picture: Locator) -> np.ndarray:
    """(H, W, 3) uint8: the pixels of the file behind an `<img>`, as the browser decodes it."""
    url = picture.evaluate(
        """async image => {
            for (let frames = 0; ; frames += 1) {  // another picture may just take its place
                try { await image.decode(); break; }
                catch (error) { if (frames > 600) throw error; }
                await new Promise(requestAnimationFrame);
            }
            const canvas = document.createElement("canvas");
            canvas.width = image.naturalWidth;
            canvas.height = image.naturalHeight;
            canvas.getContext("2d").drawImage(image, 0, 0);
            return canvas.toDataURL();
        }"""
    )
    return pixels_of(base64.b64decode(url.partition(",")[2]))


def screen_of(picture: Locator) -> np.ndarray:
    """(H, W, 3) uint8: the pixels of an element as the screen shows them."""
    return pixels_of(picture.screenshot())


def pixels_of(png: bytes) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(png)).convert("RGB"))


def is_gray(pixels: np.ndarray) -> bool:
    """Whether R = G = B in every pixel."""
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    return bool((red == green).all() and (green == blue).all())


def answers(page: Page) -> Locator:
    """The bars of ten probabilities under each picture."""
    return page.get_by_role("img", name=re.compile(r"^T-shirt.top \d+%, .*Ankle boot \d+%$"))


def seen(page: Page) -> Locator:
    """The picture of what the network sees of a drawing or a photograph."""
    return page.get_by_test_id("stImage").filter(has_text="What the network sees").locator("img")


def read_answer(page: Page) -> str:
    """The class that the network names for a drawing or a photograph, with all that shows it.

    Also where it only names it as the nearest.
    """
    expect(answers(page)).to_have_count(1)
    at_rest(page)
    expect(seen(page)).to_be_visible()
    assert is_gray(bytes_of(seen(page)))
    assert bytes_of(seen(page)).max() > 0
    shares = re.findall(r"(\d+)%", answers(page).get_attribute("aria-label") or "")
    assert len(shares) == len(CLASSES)
    assert sum(map(int, shares)) == pytest.approx(100, abs=5)  # each is rounded
    shown = page.locator(".lenet-answer.large")
    name = shown.get_by_role("heading").inner_text()
    if name == NOT_SURE:
        name = shown.get_by_role("paragraph").inner_text().removeprefix(UNSURE).rpartition(" ")[0]
    assert name in CLASSES
    return name


REPORTED = """() => new Promise(done =>
    setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done))))"""
"""Until a stroke has been reported, and the page shows that its script is to run."""


def places(page: Page, stroke: Line, pad: str = "canvas") -> list[tuple[float, float]]:
    """Where on the screen the points of a stroke lie on the canvas."""
    box = box_of(page.locator(pad).last)
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]


def draw(page: Page, strokes: Example, pad: str = "canvas") -> None:
    """Draw on the canvas with the mouse."""
    for stroke in strokes:
        first, *others = places(page, stroke, pad)
        page.mouse.move(*first)
        page.mouse.down()
        for place in others:
            page.mouse.move(*place, steps=8)
        page.mouse.up()
    page.evaluate(REPORTED)
