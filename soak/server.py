"""SIGKILL of the server while runs are training, and what a new server finds of them."""

import time
from contextlib import suppress

import psutil
from playwright.sync_api import Page, expect, sync_playwright

from lenet.runs.history import read_metrics
from lenet.runs.run import Run
from soak.lab import scratch
from soak.table import Row
from tests.browser import launch
from tests.e2e.app import PATIENCE, kill, serve, until
from tests.e2e.look import watched_tabs
from tests.e2e.test_train_page import has_state, open_train, press_start

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
                        press_start(open_train(first, visit, f"?epochs={100 + number}"))
                started = first.runs()
                orphans += psutil.Process(first.process.pid).children(recursive=True)
                first.process.kill()
                first.process.wait()
            before = time.monotonic()
            steps = [_step(run) for run in started]
            with serve(home, LENET_SLOTS=str(runs)) as second, watched_tabs(browser) as visit:
                page = open_train(second, visit)
                found = sum(_is_found(page, run) for run in started)
                seconds = time.monotonic() - before
                goes_on = sum(map(_goes_on, started, steps))
        finally:
            kill(orphans)
    measured = f"{goes_on} train on; a new server shows them after {seconds:.1f} s"
    done = "kill -9 of the server while runs train"
    return [Row(done, runs, runs - found, "runs", measured, goes_on == runs)]


def _step(run: Run) -> int:
    return len(read_metrics(run.metrics_file))


def _is_found(page: Page, run: Run) -> bool:
    """Whether the page offers the run, and shows it as training when it is chosen."""
    with suppress(AssertionError):
        page.get_by_role("combobox", name="Run", exact=True).click()
        page.get_by_role("option", name=run.name).first.click()
        has_state(page, "Training")
        return True
    return False


def _goes_on(run: Run, step: int) -> bool:
    """Whether the run is beyond a step."""
    with suppress(AssertionError):
        until(lambda: run.live and _step(run) > step, "another step")
        return True
    return False
