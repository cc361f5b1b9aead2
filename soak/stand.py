"""A stand at a fair: ten minutes of random taps, strokes and keys leave it as it was."""

import time
from pathlib import Path
from random import Random

from playwright.sync_api import Page, expect, sync_playwright

from soak.lab import scratch
from soak.table import Row
from tests.browser import launch
from tests.e2e.app import PATIENCE, serve
from tests.e2e.look import Tab, at_rest

ADDRESS = "?stand=1"
MINUTES = 10
KEYS = (
    *("Tab", "Tab", "Shift+Tab", "Enter", "Space", "Escape", "ArrowRight", "ArrowDown", "PageDown"),
    *("Home", "c", "r", "f", ".", "Delete", "Backspace", "Control+z", "Control+Shift+z"),
    *("Alt+ArrowLeft", "Alt+ArrowRight", "F1", "Control+a"),
)
HELD = 3
"""Of so many acts one is a tap, one a stroke and one a key."""


def act(page: Page, chance: Random) -> None:
    """Tap anywhere, draw anywhere, or press a key."""
    size = page.viewport_size or {"width": 0, "height": 0}

    def place() -> tuple[float, float]:
        return chance.uniform(0, size["width"]), chance.uniform(0, size["height"])

    kind = chance.randrange(HELD)
    if kind == 0:
        page.mouse.click(*place(), button="right" if chance.random() < 0.1 else "left")
    elif kind == 1:
        page.mouse.move(*place())
        page.mouse.down()
        for _ in range(chance.randint(1, 4)):
            page.mouse.move(*place(), steps=4)
        page.mouse.up()
    else:
        page.keyboard.press(chance.choice(KEYS))


def seen(page: Page) -> tuple[str, list[str], int]:
    """What must not change: the address, what can be pressed, and what leads elsewhere."""
    at_rest(page)
    buttons = page.get_by_role("button").all()
    names = [one.get_attribute("aria-label") or one.inner_text() for one in buttons]
    return page.url, names, page.get_by_role("link").count() + page.get_by_role("dialog").count()


def rows(short: bool) -> list[Row]:
    row = Row("random taps, strokes and keys at the stand")
    with (
        scratch() as folder,
        serve(Path(folder)) as app,
        sync_playwright() as driver,
        launch(driver) as browser,
    ):
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(1000 * PATIENCE)
        tab, chance = Tab(page), Random(20)
        page.goto(f"{app.url}/{ADDRESS}")
        page.wait_for_url("**embed=true**")  # it loads once more
        expect(page.get_by_role("button", name="Another idea")).to_be_visible()
        before = seen(page)
        until = time.monotonic() + 60 * (0.2 if short else MINUTES)
        while time.monotonic() < until:
            act(page, chance)
            row.times += 1
        with row.checked("afterwards"):
            assert seen(page) == before, f"{seen(page)}, not {before}"
            tab.check()
    return [row]
