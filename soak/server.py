"""SIGKILL of the server while runs are training, and what a new server finds of them."""

import re
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
from playwright.sync_api import Page, expect, sync_playwright

from lenet.runs.history import read_metrics
from lenet.runs.run import Run
from soak.lab import scratch
from soak.table import Row
from tests.browser import launch
from tests.e2e.app import PATIENCE, App, kill, serve, until
from tests.e2e.look import title, watched_tabs

HEADING = "Train LeNet-5"

expect.set_options(timeout=1000 * PATIENCE)


def rows(short: bool) -> list[Row]:
    """Start runs on the page, kill the server, and look for them on a new one.

    Needs a browser and Fashion-MNIST.
    """
    runs = 2 if short else 5
    orphans: list[psutil.Process] = []
    with scratch() as home, sync_playwright() as playwright:
        browser = launch(playwright)
        try:
            with serve(home, LENET_SLOTS=str(runs)) as first:
                with watched_tabs(browser) as visit:
                    for number in range(runs):
                        _start(first, visit, number)
                started = first.runs()
                orphans += psutil.Process(first.process.pid).children(recursive=True)
                first.process.kill()
                first.process.wait()
            before = time.monotonic()
            steps = [_step(run) for run in started]
            with serve(home, LENET_SLOTS=str(runs)) as second, watched_tabs(browser) as visit:
                page = visit(second.url)
                title(page, HEADING)
                found = [run for run in started if _is_found(page, run)]
                seconds = time.monotonic() - before
                goes_on = [_goes_on(run, step) for run, step in zip(started, steps, strict=True)]
        finally:
            kill(orphans)
    measured = f"{sum(goes_on)} train on; a new server shows them after {seconds:.1f} s"
    done = "kill -9 of the server while runs train"
    return [Row(done, runs, runs - len(found), "runs", measured, all(goes_on))]


def _start(app: App, visit: Callable[[str], Page], number: int) -> None:
    """A visitor starts a run of their own; it has begun to train."""
    page = visit(f"{app.url}/?epochs={100 + number}")
    title(page, HEADING)
    page.get_by_role("main").get_by_role("button", name="Start", exact=True).click()
    until(lambda: len(app.runs()) == number + 1, "the run is there")
    until(lambda: all(_step(run) for run in app.runs()), "it trains")


def _step(run: Run) -> int:
    return len(read_metrics(run.metrics_file))


def _is_found(page: Page, run: Run) -> bool:
    """Whether the page offers the run, and shows it as training when it is chosen."""
    page.get_by_role("combobox", name="Run", exact=True).click()
    page.get_by_role("option", name=run.name).first.click()
    badge = page.get_by_role("paragraph").filter(has_text=re.compile("Training$"))
    with suppress(AssertionError):
        expect(badge).to_be_visible()
        return True
    return False


def _goes_on(run: Run, step: int) -> bool:
    """Whether the run is beyond a step."""
    with suppress(AssertionError):
        until(lambda: run.live and _step(run) > step, "another step")
        return True
    return False
