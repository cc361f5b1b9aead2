"""Evaluating the shipped checkpoint in the browser."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from lenet.cli import main
from tests.e2e.app import App
from tests.e2e.look import choose, title

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]


def cell_texts(page: Page) -> list[str]:
    """The texts that are drawn into the cells of the confusion matrix."""
    return page.locator(".js-plotly-plot .heatmap-label").all_text_contents()


@pytest.fixture
def page(app: App, open_tab: Callable[[str], Page]) -> Page:
    """Evaluate, with the shipped checkpoint's figures on it."""
    opened = open_tab(f"{app.url}/evaluate")
    title(opened, "Evaluate")
    expect(opened.locator(".js-plotly-plot .heatmap-label").first).to_be_visible()
    return opened


def test_the_accuracy_is_the_command_lines(page: Page, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--mode", "eval", "--json"]) == 0
    accuracy = json.loads(capsys.readouterr().out)["accuracy"]

    metric = page.get_by_test_id("stMetric").filter(has_text="Accuracy")

    expect(metric).to_contain_text(f"{accuracy:.2%}")
    assert accuracy >= 0.9


def test_the_confusion_matrix_is_ten_by_ten_in_counts_or_shares(page: Page) -> None:
    shape = page.evaluate(
        """() => {
            const cells = document.querySelector(".js-plotly-plot").calcdata[0][0].z;
            return [cells.length, ...new Set(cells.map(row => row.length))];
        }"""
    )
    assert shape == [10, 10]
    counts = cell_texts(page)
    assert sum(map(int, counts)) == 10_000

    choose(page, "shares of the row")

    cells = page.locator(".js-plotly-plot .heatmap-label")
    expect(cells.filter(has_not_text="%")).to_have_count(0)
    expect(cells).to_have_count(len(counts))


def test_each_class_has_precision_recall_and_f1(page: Page) -> None:
    heads = page.locator("[role=columnheader]")
    expect(heads.first).to_be_attached()
    assert [head.lower() for head in heads.all_text_contents()][:4] == [
        *("class", "precision", "recall", "f1")
    ]
    cells = page.locator("[role=gridcell]")
    for name in ("T-shirt/top", "Shirt", "Ankle boot"):
        expect(cells.get_by_text(name, exact=True)).to_be_attached()
