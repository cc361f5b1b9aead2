"""What a visitor waits for, measured in Chromium.

Needs Fashion-MNIST and what the browser tests need.
"""

import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import psutil
from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.table import Row, shown, waits
from tests.browser import launch
from tests.e2e import look
from tests.e2e.app import PATIENCE, App, serve
from tests.e2e.look import DRAWINGS, at_rest, choose, go, title
from tests.small import wait_until

STARTS = 5
STROKES = 15
SWITCHES = 6

WATCH_START = """() => {
  const reach = () => Math.max(0, ...[...document.querySelectorAll(".st-key-curves .live-chart")]
    .flatMap(plot => plot.calcdata ?? []).filter(curve => curve.length > 1)
    .map(curve => curve.at(-1).x ?? 0));
  const start = [...document.querySelectorAll("button")].find(b => /Start$/.test(b.innerText));
  window.waited = null;
  start.addEventListener("click", () => {
    const began = performance.now();
    const look = () => reach() > 0
      ? window.waited = performance.now() - began : requestAnimationFrame(look);
    look();
  }, { once: true, capture: true });
}"""
"""From a click on Start to the first point that is drawn."""

WATCH_PEN = """() => {
  const seen = () => [...document.querySelectorAll("[data-testid=stImage]")]
    .find(image => image.innerText.includes("What the network sees"))?.querySelector("img");
  window.waited = null;
  document.addEventListener("pointerup", () => {
    const [began, before] = [performance.now(), seen()?.src];
    const look = async () => {
      const picture = seen();
      if (!picture || picture.src === before) return requestAnimationFrame(look);
      await picture.decode();
      requestAnimationFrame(() => window.waited = performance.now() - began);
    };
    look();
  }, { once: true, capture: true });
}"""
"""From lifting the pen to the picture of what the network sees, which comes with the answer."""


def waited(page: Page) -> float:
    """Seconds that the watched wait took."""
    page.wait_for_function("() => window.waited !== null", timeout=1000 * PATIENCE)
    return float(page.evaluate("() => window.waited")) / 1000


def first_page() -> list[float]:
    """Seconds from the start of the server's process to a page whose Start can be pressed."""
    taken = []
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for _ in range(STARTS):
            began = time.perf_counter()
            with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as app:
                page = browser.new_page()
                page.goto(app.url)
                start = page.get_by_role("button", name="Start", exact=True)
                expect(start).to_be_enabled(timeout=1000 * PATIENCE)
                taken.append(time.perf_counter() - began)
                page.close()
        browser.close()
    return taken


def first_points(app: App, page: Page) -> list[float]:
    """Seconds from Start to the first point of the curve, each on a freshly opened page."""
    taken = []
    for _ in range(STARTS):
        page.goto(app.url)
        title(page, "Train LeNet-5")
        page.wait_for_timeout(5000)  # a person reads at least so long; a process is made ready
        page.evaluate(WATCH_START)
        page.get_by_role("button", name="Start", exact=True).click()
        taken.append(waited(page))
        page.get_by_role("main").get_by_role("button", name="Stop", exact=True).click()
        wait_until(lambda: not any(run.live for run in app.runs()), "the run ends")
        for run in app.runs():
            run.delete()
    return taken


def places(page: Page) -> list[tuple[float, float]]:
    """Where on the screen the corners of a T-shirt lie on the canvas."""
    [outline] = DRAWINGS["T-shirt"]
    return look.places(page, outline)


def stroke(page: Page, start: tuple[float, float], end: tuple[float, float]) -> float:
    """Draw a line; seconds from lifting the pen to the answer."""
    page.evaluate(WATCH_PEN)
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=5)
    page.mouse.up()
    return waited(page)


def strokes(app: App, page: Page) -> tuple[list[float], float]:
    """Seconds from lifting the pen to the answer, and processor seconds of the server a stroke."""
    page.goto(f"{app.url}/predict")
    title(page, "Predict")
    choose(page, "Draw")
    pairs = list(pairwise(places(page)))
    server = psutil.Process(app.process.pid)
    taken, before = [], 0.0
    for number in range(STROKES + 1):
        if number == 1:  # the first one loads what the others find
            before = sum(server.cpu_times()[:2])
        (x, y), (to_x, to_y) = pairs[number % len(pairs)]
        shift = number // len(pairs)
        taken.append(stroke(page, (x + shift, y), (to_x + shift, to_y)))
        at_rest(page)
    return taken[1:], (sum(server.cpu_times()[:2]) - before) / STROKES


def switches(app: App, page: Page) -> list[float]:
    """Seconds from a click in the navigation to the other page's figures, each page seen before."""
    ready: dict[str, Callable[[], None]] = {
        "Predict": lambda: expect(page.locator("img[alt^='Test image']")).to_have_count(5),
        "Train": lambda: expect(
            page.get_by_role("button", name="Start", exact=True)
        ).to_be_visible(),
    }
    page.goto(app.url)
    title(page, "Train LeNet-5")
    taken = []
    for _ in range(SWITCHES):
        for name, there in ready.items():
            began = time.perf_counter()
            go(page, name)
            there()
            taken.append(time.perf_counter() - began)
            at_rest(page)
    return taken[len(ready) :]


def rows() -> list[Row]:
    """What a person waits for, and the server's part of a stroke."""
    starts = first_page()
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder)) as app,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        points = first_points(app, page)
        drawn, processor = strokes(app, page)
        switched = switches(app, page)
        browser.close()
    return [
        waits("`streamlit run` to the first page usable in Chromium", starts, "s", 4),
        waits("Start to the first point of the curve", points, "s"),
        waits("pen lifted to ten probabilities", drawn, "s"),
        shown("the server's processor time of it", 1000 * processor, "ms"),
        waits("another page", switched, "s", 0.7),
    ]
