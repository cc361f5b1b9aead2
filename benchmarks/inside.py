"""How long Inside takes from choosing an image to the full picture.

Measured are the processor time of the page's script on the server, and in Chromium the time
from a click on the next test image until every map of it is decoded and on the screen.
Needs Fashion-MNIST and what the browser tests need.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright
from streamlit.testing.v1 import AppTest

from benchmarks.table import Row, waits
from lenet.paths import ROOT
from lenet.ui import app as frame
from tests.browser import launch
from tests.e2e.app import PATIENCE, serve
from tests.e2e.look import at_rest, title

TIMES = 15
WARM = 3
"""Images before those that count."""

NEXT_IMAGE = """() => new Promise(done => {
  const shown = document
    .querySelector(".st-key-explorer [data-testid=stBidiComponentIsolated]").shadowRoot;
  const parts = [shown.querySelector(".stage"), shown.querySelector(".closeup")];
  const before = parts.map(part => part.innerHTML);
  const start = performance.now();
  const look = async () => {
    if (parts.some((part, place) => part.innerHTML === before[place]))
      return requestAnimationFrame(look);
    const pictures = parts.flatMap(part => [...part.querySelectorAll("img")]);
    await Promise.all(pictures.map(picture => picture.decode()));
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
  };
  document.querySelector("[data-testid=stNumberInputStepUp]").click();
  look();
})"""


def on_the_server() -> list[float]:
    """Milliseconds of processor time of the page's script, for one test image after the other."""
    taken: list[float] = []
    show = frame.show

    def timed_show(page: Callable[[], None]) -> None:
        def timed() -> None:
            start = time.thread_time()
            page()
            taken.append(1000 * (time.thread_time() - start))

        show(timed)

    frame.show = timed_show
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=PATIENCE).run()
    app.switch_page("pages/inside.py").run()
    for index in range(1, WARM + TIMES):
        app.number_input[0].set_value(index).run()
    return taken[WARM:]


def in_the_browser(page: Page) -> list[float]:
    """Milliseconds from a click to the full picture, for one test image after the other."""
    taken = []
    for _ in range(WARM + TIMES):
        at_rest(page)
        taken.append(page.evaluate(NEXT_IMAGE))
    return taken[WARM:]


def rows() -> list[Row]:
    """Both waits."""
    processor = on_the_server()
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder)) as app,
        sync_playwright() as playwright,
    ):
        page = launch(playwright).new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{app.url}/inside")
        title(page, "Inside")
        expect(page.locator(".stage [data-pick]").first).to_be_visible()
        expect(page.locator(".closeup .sum tr").first).to_be_visible()
        seen = in_the_browser(page)
    return [
        waits("another picture on Inside", seen, "ms"),
        waits("the server's processor time of it", processor, "ms"),
    ]
