"""Runs in the table: opened, ticked, compared, deleted, also while others appear."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from lenet.runs.run import Run
from tests.e2e.app import App
from tests.e2e.look import Visit, labels, point_at_run, tick, title
from tests.small import small_config, train

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]


def make_run(app: App, number: int, lr: float) -> Run:
    """A finished run, newer than those with a smaller number."""
    run = Run(app.runs_dir / f"20260101-00000{number}-lab-000{number}")
    train(run, small_config(epochs=1, lr=lr))
    return run


def opened(app: App, open_tab: Visit) -> Page:
    page = open_tab(app.url)
    title(page, "Train LeNet-5")
    return page


def ticked(page: Page) -> Locator:
    return page.locator("[class*=st-key-runs-] [role=row][aria-selected=true]")


def color(page: Page, name: str) -> str:
    """Of the dot beside a run's name on the chart, as the browser writes it."""
    dot = labels(page).filter(has_text=name).locator("tspan[style*=fill]").first
    return str(dot.evaluate("dot => getComputedStyle(dot).fill"))


def test_ticks_stay_with_their_runs_when_another_appears(fresh_app: App, open_tab: Visit) -> None:
    runs = [make_run(fresh_app, number, 0.01 * (number + 1)) for number in range(3)]
    page = opened(fresh_app, open_tab)
    tick(page, 2)  # the oldest
    expect(page).to_have_url(re.compile(f"compare={runs[0].id}$"))
    newest = make_run(fresh_app, 3, 0.5)

    tick(page, 1)

    expect(page).to_have_url(re.compile(f"compare={runs[0].id}%2C{runs[1].id}$"))
    expect(ticked(page)).to_have_count(2)
    for start in ("00:00:00", "00:00:01"):
        expect(ticked(page).filter(has_text=start)).to_have_count(1)
    for name in ("0.01", "0.02", "0.03"):  # the third is the watched one
        expect(labels(page).filter(has_text=name)).to_be_visible()
    page.get_by_role("button", name="Delete 2 ticked runs").click()
    expect(page.get_by_text("This deletes for good")).to_contain_text(runs[0].name)
    page.get_by_role("button", name="Delete for good").click()

    expect(page.get_by_role("button", name="Delete 2 ticked runs")).to_have_count(0)
    assert {run.id for run in fresh_app.runs()} == {runs[2].id, newest.id}
    expect(page).not_to_have_url(re.compile("compare="))


def test_a_row_opens_its_run(fresh_app: App, open_tab: Visit) -> None:
    runs = [make_run(fresh_app, number, 0.01 * (number + 1)) for number in range(3)]
    page = opened(fresh_app, open_tab)
    for row, run in ((1, runs[1]), (2, runs[0]), (1, runs[1])):
        point_at_run(page, row, 200)
        expect(page).to_have_url(re.compile(f"run={run.id}$"))
        expect(page.get_by_role("combobox", name="Run", exact=True)).to_have_value(run.name)
    expect(ticked(page)).to_have_count(0)


def test_eight_runs_are_compared_and_a_ninth_tick_says_so(fresh_app: App, open_tab: Visit) -> None:
    for number in range(9):
        make_run(fresh_app, number, (number + 1) / 50)  # 0.1 among them, the usual one
    page = opened(fresh_app, open_tab)
    for row in (8, 4):  # 0.02 and, as usual, 0.1; 0.18 is watched
        tick(page, row)
    names = ("0.02", "0.1", "0.18")
    for name in names:
        expect(
            labels(page).filter(has_text=re.compile(rf"learning rate\s*{name}$"))
        ).to_be_visible()
    colors = {name: color(page, name) for name in names[::2]}
    assert len(set(colors.values())) == 2

    tick(page, 4)
    expect(labels(page)).to_have_count(2)
    assert {name: color(page, name) for name in colors} == colors
    tick(page, -1)

    expect(labels(page)).to_have_count(8)
    expect(page.get_by_role("alert").filter(has_text="8 runs at most")).to_be_visible()
    assert {name: color(page, name) for name in colors} == colors
    first = page.locator("[class*=st-key-runs-] [role=gridcell]", has_text="%23")
    expect(first).to_have_count(8)
    red, green, blue = map(int, re.findall(r"\d+", colors["0.18"])[:3])
    expect(first.first).to_contain_text(quote(f"#{red:02x}{green:02x}{blue:02x}"))
    expect(page.get_by_role("button", name="Delete 9 ticked runs")).to_be_visible()
