"""Many visitors at once, drawing and switching pages while two runs train.

    python -m soak [--short] visitors

Twice 20 visitors come for five minutes. Two of them are pages of Chromium, which show what a
person sees; the others speak on the wire (`benchmarks.wire`), for the browsers of a server's
visitors work on their own machines: twenty pages of Chromium take both of two cores for themselves.
Needs Fashion-MNIST and what the browser tests need.
"""

import asyncio
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import NamedTuple

import psutil
import pytest
from playwright.async_api import Browser, ConsoleMessage, Error, Page, Playwright, async_playwright

from benchmarks.browser import WATCH_PEN
from benchmarks.wire import WireVisitor, parts
from lenet.config import build_config
from lenet.runs import launcher
from lenet.runs.run import Run
from soak.lab import scratch
from soak.table import Row
from tests.browser import NoBrowserError, candidates
from tests.e2e.app import App, kill, serve
from tests.e2e.look import DRAWINGS, EXPECTED_404

GOAL = 1.0
"""Seconds within which 95 of 100 predictions must be there."""
FLAT = 0.05
"""Share by which the server may be larger after a second round than after the first."""
FORGOTTEN = 130.0
"""Seconds until Streamlit drops a session that was left: it keeps it for two minutes."""
RUNS, CONFIG = 2, build_config({"epochs": 500})
ARRIVALS = 0.1
"""Share of the time in which all come, one after the other."""
STROKES = 6
PATIENCE = 60_000
"""Milliseconds."""

PAGES = {
    "Train": ("",),
    "Predict": ("predict", "view=Draw"),
    "Evaluate": ("evaluate",),
    "Inside": ("inside",),
    "Experiments": ("experiments",),
}
"""The addresses of the pages by their names."""
OTHERS = [name for name in PAGES if name != "Predict"]


class Form(NamedTuple):
    """How many come, for how long, and how long each thinks between two things it does."""

    pages: int
    on_the_wire: int
    seconds: float
    think: tuple[float, float]
    rounds: int


@dataclass
class Seen:
    """What visitors of one kind have seen: seconds they waited, and what went wrong."""

    strokes: list[float] = field(default_factory=list)
    switches: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def rows(short: bool) -> list[Row]:
    """Let them all come; what they waited for, what went wrong, and what stayed in memory."""
    form = Form(1, 2, 12, (0.3, 1), 1) if short else Form(2, 18, 300, (2, 6), 2)
    table, left = [], []
    with serve_and_train() as app:
        for number in range(form.rounds):
            table += _rows(form, number, *asyncio.run(visit(app, form, number)))
            if not short:
                left.append(asyncio.run(_forgotten(app)))
        log = app.log.read_text(errors="replace")
    table.append(Row("the server's log read", 1, log.count("Traceback"), "tracebacks"))
    return [*table, _memory(left)] if left else table


@contextmanager
def serve_and_train() -> Iterator[App]:
    """A server with runs that train as long as it is there."""
    with (
        scratch() as folder,
        serve(folder, LENET_SLOTS=str(RUNS)) as app,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("LENET_SLOTS", str(RUNS))
        patch.setenv("LENET_RUNS_DIR", str(app.runs_dir))
        runs = [Run(app.runs_dir / f"20260101-00000{number}-lab-0000") for number in range(RUNS)]
        trainings = []
        try:
            for run in runs:
                run.prepare(CONFIG)
                flags = [*launcher.training_arguments(CONFIG, run.folder), "--queue", "1"]
                trainings.append(psutil.Process(launcher.spawn(run, flags).pid))
            yield app
            assert all(run.live for run in runs), "a training ended while the visitors were there"
        finally:
            kill(trainings)


async def visit(app: App, form: Form, seed: int) -> tuple[Seen, Seen]:
    """What those with Chromium saw and those on the wire, all there at once."""
    seen, heard = Seen(), Seen()
    chances = (random.Random(1000 * seed + number) for number in count())
    async with async_playwright() as playwright:
        browser = await _launch(playwright)
        await asyncio.gather(
            *[_browse(browser, app, form, next(chances), seen) for _ in range(form.pages)],
            *[_talk(app, form, next(chances), heard) for _ in range(form.on_the_wire)],
        )
        await browser.close()
    return seen, heard


async def _stay(
    form: Form,
    chance: random.Random,
    seen: Seen,
    switch: Callable[[str], Awaitable[float]],
    draw: Callable[[int], Awaitable[float]],
) -> None:
    """What each visitor does once the first page is there, timed.

    Args:
        switch: goes to a page; seconds until it is there.
        draw: draws a stroke; seconds until the answer to it is there.
    """
    until = time.monotonic() + form.seconds

    async def think() -> None:
        await asyncio.sleep(chance.uniform(*form.think))

    while time.monotonic() < until:
        seen.switches.append(await switch("Predict"))
        for number in range(STROKES):
            await think()
            if time.monotonic() < until or not seen.strokes:
                seen.strokes.append(await draw(number))
        seen.switches.append(await switch(chance.choice(OTHERS)))
        await think()
        await think()


async def _browse(
    browser: Browser, app: App, form: Form, chance: random.Random, seen: Seen
) -> None:
    """One visitor with a browser, from opening the lab to closing it."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()

    def console(message: ConsoleMessage) -> None:
        address = str(message.location.get("url", ""))
        if message.type == "error" and not EXPECTED_404.search(address):
            seen.faults.append(f"console: {message.text} ({address})")

    async def switch(name: str) -> float:
        if await page.get_by_test_id("stException").count():
            seen.faults.append("an exception is shown")
        began = time.perf_counter()
        await page.get_by_role("link", name=name, exact=True).click()
        await page.get_by_role("heading", name=name, level=1).wait_for()
        await page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        waited = time.perf_counter() - began
        if name == "Predict":
            await page.get_by_role("radio", name="Draw", exact=True).click()
        return waited

    page.on("console", console)
    page.on("pageerror", lambda error: seen.faults.append(f"page error: {error}"))
    await asyncio.sleep(chance.uniform(0, ARRIVALS * form.seconds))
    try:
        await page.goto(app.url)
        await page.get_by_role("heading", name="Train", level=1).wait_for()
        await _stay(form, chance, seen, switch, lambda number: _stroke(page, number))
    except Error as error:
        seen.faults.append(f"Chromium: {error.message.partition(chr(10))[0]}")
    await context.close()


async def _stroke(page: Page, number: int) -> float:
    """Draw a line of a T-shirt; seconds until its answer is shown."""
    canvas = page.locator("canvas").last
    await canvas.scroll_into_view_if_needed()
    [outline] = DRAWINGS["T-shirt"]
    box = await canvas.bounding_box()
    assert box
    (x, y), (to_x, to_y) = [
        (box["x"] + x * box["width"], box["y"] + y * box["height"])
        for x, y in list(pairwise(outline))[number]
    ]
    await page.evaluate(WATCH_PEN)
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(to_x, to_y, steps=5)
    await page.mouse.up()
    await page.wait_for_function("() => window.waited !== null")
    return float(await page.evaluate("() => window.waited")) / 1000


async def _talk(app: App, form: Form, chance: random.Random, seen: Seen) -> None:
    """One visitor on the wire, who does what one with a browser does."""
    drawn = parts(DRAWINGS["T-shirt"])
    await asyncio.sleep(chance.uniform(0, ARRIVALS * form.seconds))
    async with WireVisitor(app.port) as visitor:
        await visitor.visit("")
        await _stay(
            form,
            chance,
            seen,
            lambda name: visitor.visit(*PAGES[name]),
            lambda number: visitor.draw(drawn[number]),
        )
    seen.faults += visitor.faults


async def _launch(playwright: Playwright) -> Browser:
    for _, options in candidates():
        try:
            return await playwright.chromium.launch(**options)
        except Error:
            continue
    raise NoBrowserError("no browser starts; python -m tests.browser gets one")


async def _forgotten(app: App) -> float:
    """MB that the server holds for itself alone once it has dropped the sessions that were left."""
    await asyncio.sleep(FORGOTTEN)
    async with WireVisitor(app.port) as visitor:  # dropping is done when the next session is left
        await visitor.visit("")
    await asyncio.sleep(1)
    # What it has written: a library's pages are shared with whatever training just runs.
    maps = psutil.Process(app.process.pid).memory_maps()
    return float(sum(part.private_dirty for part in maps)) / 2**20


def _memory(left: list[float]) -> Row:
    done = "the server's own memory once all sessions are dropped, after each round"
    grown = left[-1] / left[0] - 1
    measured = f"{' MB, '.join(f'{size:.0f}' for size in left)} MB ({grown:+.1%})"
    return Row(done, len(left), int(grown > FLAT), f"of its limit of +{FLAT:.0%} passed", measured)


def _rows(form: Form, number: int, seen: Seen, heard: Seen) -> list[Row]:
    what = f"{form.pages + form.on_the_wire} visitors at once for {form.seconds:.0f} s"
    kinds = {f"{form.pages} in Chromium": seen, f"{form.on_the_wire} on the wire": heard}
    return [
        Row(
            f"round {number + 1} of {what}, {RUNS} runs training: strokes and clicks of {kind}",
            len(found.strokes) + len(found.switches),
            len(found.faults),
            "errors",
            f"prediction after a stroke {_spread(found.strokes)}; "
            f"page after a click {_spread(found.switches)}",
            bool(found.strokes) and _p95(found.strokes) <= GOAL,
            sorted({*found.faults}),
        )
        for kind, found in kinds.items()
    ]


def _spread(seconds: list[float]) -> str:
    if not seconds:
        return "never"
    return f"p50 {statistics.median(seconds):.2f} s, p95 {_p95(seconds):.2f} s"


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[max(0, -(-95 * len(seconds) // 100) - 1)]
