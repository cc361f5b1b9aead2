"""SIGKILL of the server while runs train; needs Fashion-MNIST and what the browser tests need."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from soak.lab import scratch
from soak.table import Row
from tests.browser import launch
from tests.e2e.app import App, kill, serve
from tests.e2e.look import Visit, watched_tabs
from tests.e2e.test_train_page import grows, has_state, open_train, press_start
from tests.small import holder


def rows(short: bool) -> list[Row]:
    """Kill the server, and watch each of its runs go on by way of a new one."""
    row = Row("kill -9 of the server while runs train")
    with scratch() as folder, training(Path(folder), 2 if short else 5) as first:
        first.process.kill()
        first.process.wait()
        began = time.monotonic()
        with serve(Path(folder)) as second, _tabs() as visit:
            page = open_train(second, visit)
            for run in first.runs():
                row.times += 1
                with row.checked(run.id):
                    page.get_by_role("combobox", name="Run", exact=True).click()
                    page.get_by_role("option", name=run.name, exact=True).click()
                    expect(page.get_by_text(f"of {run.config().epochs}, step")).to_be_visible()
                    has_state(page, "Training")
                    grows(page)
        seconds = time.monotonic() - began
    row.measured = f"{row.times - len(row.faults)} seen to go on within {seconds:.0f} s"
    return [row]


@contextmanager
def training(home: Path, runs: int) -> Iterator[App]:
    """A server, and so many runs started on its page, each of another number of epochs."""
    with serve(home, LENET_SLOTS=str(runs)) as app:
        for number in range(runs):
            with _tabs() as visit:  # closed again: who watches takes processor time from the runs
                press_start(open_train(app, visit, f"?epochs={500 + number}"))
        try:
            yield app
        finally:
            kill([holder(run) for run in app.runs() if run.live])


@contextmanager
def _tabs() -> Iterator[Visit]:
    with sync_playwright() as driver, launch(driver) as browser, watched_tabs(browser) as visit:
        yield visit
