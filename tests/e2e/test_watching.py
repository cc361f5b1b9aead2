"""What a training shows of itself: how well it does, what happened, which rate to use."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.app import App
from tests.e2e.look import Visit, at_rest, box_of, number, title
from tests.small import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]

SHORT = "epochs=1&val_size=50000&kernel_size=3&pool2=1&sketches=0&photographs=0"
CLASSIC = "preset=classic&epochs=1&val_size=50000"


def trained(app: App, open_tab: Visit, query: str) -> Page:
    """A page that has started a run of these settings and seen its end."""
    page = open_tab(f"{app.url}/?{query}")
    title(page, "Train LeNet-5")
    page.get_by_role("button", name="Start", exact=True).click()
    badge = page.get_by_role("paragraph").filter(has_text=re.compile(r"(Finished|Failed)$"))
    expect(badge).to_be_visible()
    at_rest(page)
    return page


def points(page: Page, name: str) -> int:
    """How many values of a line of this name the accuracies' axis shows."""
    return int(
        page.evaluate(
            """name => Math.max(0, ...[...document.querySelectorAll(".st-key-curves .live-chart")]
                .flatMap(plot => plot.calcdata ?? [])
                .filter(([{ trace }]) => trace?.name === name && trace.yaxis === "y2")
                .map(line => line.length))""",
            name,
        )
    )


def test_training_accuracy_and_twenty_validations(fresh_app: App, open_tab: Visit) -> None:
    page = trained(fresh_app, open_tab, SHORT)
    wait_until(lambda: points(page, "validation accuracy") == 1, "the last figure is drawn")
    assert points(page, "training accuracy") >= 20
    assert points(page, "validation, some images") >= 20

    plots = page.locator(".js-plotly-plot")
    expect(plots).to_have_count(1)
    page.get_by_text("More", exact=True).click()
    expect(plots).to_have_count(2)
    expect(page.get_by_role("figure", name=re.compile("recall of each class"))).to_be_visible()


@pytest.mark.parametrize(
    ("query", "words", "remedy", "field"),
    [
        (f"{CLASSIC}&lr=5", "diverged", "Set learning rate: 0.5", ("Learning rate", "0.5")),
        (f"{CLASSIC}&lr=0.0005", "too low", "Set learning rate: 0.005", ("Learning rate", "0.005")),
        (f"{SHORT}", "still rising", "Set epochs: 2", ("Epochs", "2")),
    ],
)
def test_says_what_happened_and_sets_what_to_try(
    query: str, words: str, remedy: str, field: tuple[str, str], fresh_app: App, open_tab: Visit
) -> None:
    page = trained(fresh_app, open_tab, query)
    sentence = page.get_by_role("paragraph").filter(has_text=words)
    expect(sentence).to_be_visible()
    went_wrong = words != "still rising"
    chart = box_of(page.locator(".js-plotly-plot"))
    assert (box_of(sentence)["y"] < chart["y"]) == went_wrong
    expect(page.get_by_role("link", name="Draw for it")).to_have_count(int(words != "diverged"))
    page.get_by_role("button", name=remedy, exact=True).click()
    expect(number(page, field[0])).to_have_value(field[1])


def test_finds_a_learning_rate_and_uses_it(fresh_app: App, open_tab: Visit) -> None:
    page = open_tab(f"{fresh_app.url}/?{SHORT}&lr=7")
    title(page, "Train LeNet-5")
    page.get_by_role("button", name="Find one").click()
    use = page.get_by_role("button", name=re.compile(r"^Use [\d.]+$"))
    expect(use).to_be_visible()
    rate = use.inner_text().split()[-1]
    assert 0.005 <= float(rate) <= 1
    use.click()
    expect(number(page, "Learning rate")).to_have_value(rate)
    expect(use).to_have_count(0)
    assert fresh_app.runs() == []
