"""Many visitors at once, drawing and switching pages while two runs train.

Twice 20 visitors come for five minutes. Two of them use Chromium, which shows what a person sees;
the others speak on the wire (`benchmarks.wire`), for the browsers of a server's visitors work on
their own machines: twenty pages of Chromium take both of two cores for themselves.
Needs Fashion-MNIST and what the browser tests need.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
import psutil
from playwright.sync_api import Error, sync_playwright

from benchmarks.browser import places, stroke
from benchmarks.wire import WireVisitor, parts
from soak.lab import scratch
from soak.server import training
from soak.table import Row
from tests.browser import launch
from tests.e2e.app import PATIENCE, App
from tests.e2e.look import DRAWINGS, Tab, choose, go, title

GOAL = 1.0
"""Seconds within which 95 of 100 predictions must be there."""
FLAT = 0.05
"""Share by which the server may be larger after a second round than after the first."""
FORGOTTEN = 130.0
"""Seconds until Streamlit drops a session that was left: it keeps it for two minutes."""
RUNS = 2
STROKES = 6
OTHERS = ("Train", "Evaluate", "Inside", "Experiments")
"""The pages beside Predict."""
Act = float | int | str
"""What a visitor does: wait for seconds, draw the stroke of a number, go to the page of a name."""


class Form(NamedTuple):
    """How many come, for how many seconds, and how long each thinks between two things it does."""

    pages: int
    on_the_wire: int
    seconds: float
    think: tuple[float, float]


@dataclass
class Seen(Row):
    """What visitors of one kind have seen: seconds they waited, and what went wrong."""

    strokes: list[float] = field(default_factory=list)
    switches: list[float] = field(default_factory=list)

    def sum_up(self) -> None:
        self.times = len(self.strokes) + len(self.switches)
        drawn, went = (
            np.percentile(seconds or [np.inf], [50, 95], method="inverted_cdf")
            for seconds in (self.strokes, self.switches)
        )
        self.measured = (
            f"prediction after a stroke p50 {drawn[0]:.2f} s, p95 {drawn[1]:.2f} s; "
            f"page after a click p50 {went[0]:.2f} s, p95 {went[1]:.2f} s"
        )
        self.met = bool(drawn[1] <= GOAL)


def rows(short: bool) -> list[Row]:
    """Let them all come; what they waited for, what went wrong, and what stayed in memory."""
    form = Form(1, 2, 12, (0.3, 1)) if short else Form(2, 18, 300, (2, 6))
    table, left = list[Row](), list[float]()
    with scratch() as folder, training(Path(folder), RUNS) as app:
        for number in range(1 if short else 2):
            table += asyncio.run(_round(app, form, number))
            if not short:
                left.append(asyncio.run(_forgotten(app)))
        assert all(run.live for run in app.runs()), "a training ended while visitors were there"
    if left:
        grown = left[-1] / left[0] - 1
        measured = f"{' MB, '.join(f'{size:.0f}' for size in left)} MB ({grown:+.1%})"
        done = "the server's own memory once all sessions are dropped, after each round"
        table.append(Row(done, len(left), measured, met=grown <= FLAT))
    return table


async def _round(app: App, form: Form, number: int) -> list[Seen]:
    """Those with Chromium and those on the wire, all there at once."""
    plans = [_plan(form, Random(1000 * number + who)) for who in range(sum(form[:2]))]
    what = f"round {number + 1} of {len(plans)} visitors at once for {form.seconds:.0f} s"
    what += f", {RUNS} runs training: strokes and clicks of"
    seen = Seen(f"{what} {form.pages} in Chromium")
    heard = Seen(f"{what} {form.on_the_wire} on the wire")
    browsing = [asyncio.to_thread(_browse, app, plan, seen) for plan in plans[: form.pages]]
    await asyncio.gather(*browsing, *[_talk(app, plan, heard) for plan in plans[form.pages :]])
    seen.sum_up()
    heard.sum_up()
    return [seen, heard]


def _plan(form: Form, chance: Random) -> Iterator[Act]:
    """What a visitor does, from the first tenth of the time on, until it is over."""
    yield chance.uniform(0, form.seconds / 10)
    drawn, until = 0, time.monotonic() + form.seconds
    while time.monotonic() < until:
        yield "Predict"
        for number in range(STROKES):
            yield chance.uniform(*form.think)
            if time.monotonic() < until or not drawn:
                drawn += 1
                yield number
        yield chance.choice(OTHERS)
        yield chance.uniform(*form.think) + chance.uniform(*form.think)


def _browse(app: App, plan: Iterator[Act], seen: Seen) -> None:
    """One visitor with a browser, from opening the lab to closing it."""
    with sync_playwright() as playwright, launch(playwright) as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(1000 * PATIENCE)
        tab = Tab(page)
        try:
            page.goto(app.url)
            title(page, "Train")
            for act in plan:
                if isinstance(act, str):
                    if page.get_by_test_id("stException").count():
                        seen.faults.append("an exception is shown")
                    began = time.perf_counter()
                    go(page, act)
                    title(page, act)
                    seen.switches.append(time.perf_counter() - began)
                    if act == "Predict":
                        choose(page, "Draw")
                elif isinstance(act, int):
                    seen.strokes.append(stroke(page, *list(pairwise(places(page)))[act]))
                else:
                    page.wait_for_timeout(1000 * act)
        except (Error, AssertionError) as error:
            seen.faults.append(f"Chromium: {str(error).partition(chr(10))[0]}")
        seen.faults += tab.faults


async def _talk(app: App, plan: Iterator[Act], seen: Seen) -> None:
    """One visitor on the wire, who does what one with a browser does."""
    drawn = parts(DRAWINGS["T-shirt"])
    async with WireVisitor(app.port) as visitor:
        await visitor.visit("")
        for act in plan:
            if isinstance(act, str):
                name = "" if act == "Train" else act.lower()
                query = "view=Draw" if act == "Predict" else ""
                seen.switches.append(await visitor.visit(name, query))
            elif isinstance(act, int):
                seen.strokes.append(await visitor.draw(drawn[act]))
            else:
                await asyncio.sleep(act)
    seen.faults += visitor.faults


async def _forgotten(app: App) -> float:
    """MB that the server holds for itself alone once it has dropped the sessions that were left."""
    await asyncio.sleep(FORGOTTEN)
    async with WireVisitor(app.port) as visitor:  # dropping is done when the next session is left
        await visitor.visit("")
    await asyncio.sleep(1)
    # What it has written: a library's pages are shared with whatever training just runs.
    maps = psutil.Process(app.process.pid).memory_maps()
    return float(sum(part.private_dirty for part in maps)) / 2**20
