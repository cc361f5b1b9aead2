"""Many visitors at once, drawing and switching pages while two runs train.

    python -m soak [--short] visitors

Twice 20 visitors come for five minutes. Two of them are pages of Chromium, which show what a
person sees; the others speak on the wire (`soak.wire`), for the browsers of a server's visitors
work on their own machines. Twenty pages of Chromium on the server's two cores were tried: they
take all of both for two minutes before they are even drawn (load 27, p95 of a prediction
4.7 s), with the server using 0.12 of a core. Needs Fashion-MNIST and what the browser tests need.
"""

import asyncio
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import psutil
from playwright.async_api import Browser, ConsoleMessage, Error, Page, Playwright, async_playwright

from benchmarks.browser import WATCH_PEN
from lenet.paths import ROOT
from soak.table import Row
from soak.wire import WireVisitor, parts
from tests.browser import candidates
from tests.e2e.app import App, serve
from tests.e2e.look import DRAWINGS, EXPECTED_404

GOAL = 1.0
"""Seconds within which 95 of 100 predictions must be there."""
FLAT = 0.05
"""Share by which the server may be larger after a second round than after the first."""
FORGOTTEN = 130.0
"""Seconds until Streamlit drops a session that was left: it keeps it for two minutes."""
RUNS = 2
ARRIVALS = 0.1
"""Share of the time in which all come, one after the other."""
STROKES = 6
PATIENCE = 60_000
"""Milliseconds."""

TITLES = {
    "Train": "Train LeNet-5",
    "Predict": "Predict",
    "Evaluate": "Evaluate",
    "Inside": "Inside",
    "Experiments": "Experiments",
}
OTHERS = [name for name in TITLES if name != "Predict"]


@dataclass(frozen=True)
class Form:
    """How many come, for how long, and how long each thinks between two things it does."""

    pages: int
    on_the_wire: int
    seconds: float
    think: tuple[float, float]
    rounds: int


LONG = Form(2, 18, 300, (2, 6), 2)
SHORT = Form(1, 2, 12, (0.3, 1), 1)


@dataclass
class Seen:
    """What visitors of one kind have seen: seconds they waited, and what went wrong."""

    strokes: list[float] = field(default_factory=list)
    switches: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def times(self) -> int:
        return len(self.strokes) + len(self.switches)

    @property
    def quick(self) -> bool:
        return bool(self.strokes) and _p95(self.strokes) <= GOAL


def rows(short: bool) -> list[Row]:
    """Let them all come; what they waited for, what went wrong, and what stayed in memory."""
    form = SHORT if short else LONG
    table, left = [], []
    with tempfile.TemporaryDirectory() as name, serve_and_train(Path(name)) as app:
        for number in range(form.rounds):
            table += _rows(form, number, *asyncio.run(visit(app, form, number)))
            if not short:
                left.append(_forgotten(app))
        log = app.log.read_text(errors="replace")
    table.append(Row("the server's log read", 1, log.count("Traceback"), "tracebacks"))
    return [*table, _memory(left)] if left else table


@contextmanager
def serve_and_train(folder: Path) -> Iterator[App]:
    """A server with runs that train as long as it is there."""
    trainings = []
    slots = {"LENET_SLOTS": str(RUNS)}
    with serve(folder, **slots) as app:
        try:
            for number in range(RUNS):
                place = app.runs_dir / f"20260101-00000{number}-lab-000{number}"
                command = ["--mode", "train", "--epochs", "500", "--output_dir", str(place)]
                command += ["--queue", "1"]  # as the page starts it
                trainings.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "lenet", *command],
                        cwd=ROOT,
                        env={**os.environ, "LENET_RUNS_DIR": str(app.runs_dir), **slots},
                        stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL,
                    )
                )
            yield app
            ended = [process.pid for process in trainings if process.poll() is not None]
            assert not ended, "a training ended while the visitors were there"
        finally:
            for process in trainings:
                process.kill()
                process.wait()


async def visit(app: App, form: Form, seed: int) -> tuple[Seen, Seen]:
    """What those with Chromium saw and those on the wire, all there at once."""
    seen, heard = Seen(), Seen()
    chances = (random.Random(1000 * seed + number) for number in count())
    until = time.monotonic() + form.seconds
    async with async_playwright() as playwright:
        browser = await _launch(playwright)
        await asyncio.gather(
            *[_browse(browser, app, form, next(chances), until, seen) for _ in range(form.pages)],
            *[_talk(app, form, next(chances), until, heard) for _ in range(form.on_the_wire)],
        )
        await browser.close()
    return seen, heard


async def _browse(
    browser: Browser, app: App, form: Form, chance: random.Random, until: float, seen: Seen
) -> None:
    """One visitor with a browser, from opening the lab to closing it."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    page.on("console", lambda message: _console(message, seen))
    page.on("pageerror", lambda error: seen.faults.append(f"page error: {error}"))
    think = _thinking(form, chance)
    await asyncio.sleep(chance.uniform(0, ARRIVALS * form.seconds))
    try:
        await page.goto(app.url)
        await page.get_by_role("heading", name=TITLES["Train"], level=1).wait_for()
        while time.monotonic() < until:
            seen.switches.append(await _switch(page, "Predict"))
            await page.get_by_role("radio", name="Draw", exact=True).click()
            await _strokes(page, think, until, seen)
            seen.switches.append(await _switch(page, chance.choice(OTHERS)))
            await think()
            await think()
            if await page.get_by_test_id("stException").count():
                seen.faults.append("an exception is shown")
    except Error as error:
        seen.faults.append(f"Chromium: {error.message.partition(chr(10))[0]}")
    await context.close()


async def _switch(page: Page, name: str) -> float:
    """Go to a page by the navigation; seconds until it is there and its script has run."""
    began = time.perf_counter()
    await page.get_by_role("link", name=name, exact=True).click()
    await page.get_by_role("heading", name=TITLES[name], level=1).wait_for()
    await page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    return time.perf_counter() - began


async def _strokes(page: Page, think: "Thinking", until: float, seen: Seen) -> None:
    """Draw the first lines of a T-shirt, waiting for the answer to each."""
    canvas = page.locator("canvas").last
    await canvas.scroll_into_view_if_needed()
    [outline] = DRAWINGS["T-shirt"]
    for (x, y), (to_x, to_y) in list(pairwise(outline))[:STROKES]:
        await think()
        if time.monotonic() > until:
            return
        box = await canvas.bounding_box()
        assert box
        await page.evaluate(WATCH_PEN)
        await page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        await page.mouse.down()
        await page.mouse.move(
            box["x"] + to_x * box["width"], box["y"] + to_y * box["height"], steps=5
        )
        await page.mouse.up()
        await page.wait_for_function("() => window.waited !== null")
        seen.strokes.append(float(await page.evaluate("() => window.waited")) / 1000)


async def _talk(app: App, form: Form, chance: random.Random, until: float, seen: Seen) -> None:
    """One visitor on the wire, who does what one with a browser does."""
    think = _thinking(form, chance)
    await asyncio.sleep(chance.uniform(0, ARRIVALS * form.seconds))
    drawn = parts(DRAWINGS["T-shirt"])[:STROKES]
    async with WireVisitor(app.port) as visitor:
        await visitor.visit("")
        while time.monotonic() < until:
            seen.switches.append(await visitor.visit("predict", "view=Draw"))
            for drawing in drawn:
                await think()
                if time.monotonic() > until:
                    break
                seen.strokes.append(await visitor.draw(drawing))
            other = chance.choice(OTHERS).lower()
            seen.switches.append(await visitor.visit("" if other == "train" else other))
            await think()
            await think()
    seen.faults += visitor.faults


Thinking = Callable[[], Coroutine[Any, Any, None]]


def _thinking(form: Form, chance: random.Random) -> Thinking:
    return lambda: asyncio.sleep(chance.uniform(*form.think))


def _console(message: ConsoleMessage, seen: Seen) -> None:
    expected = EXPECTED_404.search(str(message.location.get("url", "")))
    if message.type == "error" and not expected:
        seen.faults.append(f"console: {message.text}")


async def _launch(playwright: Playwright) -> Browser:
    for _, options in candidates():
        try:
            return await playwright.chromium.launch(**options)
        except Error:
            continue
    raise SystemExit("no browser starts; python -m tests.browser gets one")


def _forgotten(app: App) -> float:
    """MB that the server holds for itself alone once it has dropped the sessions that were left."""
    time.sleep(FORGOTTEN)

    async def one_more() -> None:  # dropping is done when the next session is left
        async with WireVisitor(app.port) as visitor:
            await visitor.visit("")

    asyncio.run(one_more())
    time.sleep(1)
    # What it has written: a library's pages are shared with whatever training just runs.
    maps = psutil.Process(app.process.pid).memory_maps()
    return float(sum(part.private_dirty for part in maps)) / 2**20


def _memory(left: list[float]) -> Row:
    grown = left[-1] / left[0] - 1
    return Row(
        "the server's own memory once all sessions are dropped, after each round",
        len(left),
        int(grown > FLAT),
        f"of its limit of +{FLAT:.0%} passed",
        f"{' MB, '.join(f'{size:.0f}' for size in left)} MB ({grown:+.1%})",
    )


def _rows(form: Form, number: int, seen: Seen, heard: Seen) -> list[Row]:
    all_of_them = form.pages + form.on_the_wire
    what = f"{all_of_them} visitors at once for {form.seconds:.0f} s, {RUNS} runs training"
    kinds = {f"{form.pages} in Chromium": seen, f"{form.on_the_wire} on the wire": heard}
    return [
        Row(
            f"round {number + 1} of {what}: strokes and clicks of {kind}",
            waits.times,
            len(waits.faults),
            "errors",
            f"prediction after a stroke {_spread(waits.strokes)}; "
            f"page after a click {_spread(waits.switches)}",
            met=waits.quick,
            faults=sorted({*waits.faults}),
        )
        for kind, waits in kinds.items()
    ]


def _spread(seconds: list[float]) -> str:
    if not seconds:
        return "never"
    return f"p50 {statistics.median(seconds):.2f} s, p95 {_p95(seconds):.2f} s"


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[max(0, -(-95 * len(seconds) // 100) - 1)]
