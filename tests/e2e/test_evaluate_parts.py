"""Evaluate's other parts in the browser: what breaks it, the map, labels that may be wrong."""

import csv
import re

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from lenet.data.splits import load_split
from lenet.evaluation.image_map import nearest
from lenet.evaluation.labels import candidates
from lenet.evaluation.metrics import evaluate
from lenet.evaluation.predict import features
from lenet.evaluation.robustness import CHANGES, robustness
from lenet.network import checkpoint
from lenet.network.checkpoint import Checkpoint
from lenet.paths import CHECKPOINTS
from tests.e2e.app import App
from tests.e2e.look import CLASSES, Visit, at_rest, bytes_of, choose, download, title

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]

PLACE = """index => {
    const plot = document.querySelector(".image-map .js-plotly-plot");
    const { xaxis, yaxis } = plot._fullLayout, box = plot.getBoundingClientRect();
    for (const trace of plot._fullData) {
        const at = [...trace.customdata].findIndex(([image]) => image === index);
        if (at >= 0) return [box.left + xaxis._offset + xaxis.l2p(trace.x[at]),
            box.top + yaxis._offset + yaxis.l2p(trace.y[at])];
    }
}"""
"""Where on the screen a test image's point is."""
SIZE = """() => {
  const plot = document.querySelector(".image-map .js-plotly-plot");
  const points = plot?._fullData?.reduce((total, trace) => total + trace.x.length, 0);
  return points === 10000 && plot.listens;
}"""


@pytest.fixture(scope="module")
def post() -> Checkpoint:
    return checkpoint.load(CHECKPOINTS / "post.pt")


def part(app: App, open_tab: Visit, query: str) -> Page:
    page = open_tab(f"{app.url}/evaluate?checkpoint=post&{query}")
    title(page, "Evaluate")
    return page


def saved(page: Page, label: str) -> list[dict[str, str]]:
    return list(csv.DictReader(download(page, label).path().open()))


def test_what_breaks_it_is_measured_drawn_and_downloaded(
    app: App, open_tab: Visit, post: Checkpoint
) -> None:
    page = part(app, open_tab, "part=robustness")
    expect(page.get_by_role("radio", name="What breaks it")).to_be_checked()
    charts = page.locator(".js-plotly-plot")
    expect(charts).to_have_count(len(CHANGES))
    expected = robustness(post, load_split("FashionMNIST", "test"))

    for change, chart in zip(CHANGES, charts.all(), strict=True):
        points = [at for at in expected if at.change in ("none", change)]
        drawn = chart.evaluate("plot => [...plot._fullData[0].y]")
        assert drawn == pytest.approx([at.accuracy for at in points])
        assert chart.locator(".imagelayer image, .layer-above image").count() == len(points)
    page.get_by_role("button", name="Download", exact=True).last.click()
    rows = saved(page, "Accuracies, CSV")
    assert [float(row["high"]) for row in rows] == pytest.approx(
        [at.interval[1] for at in expected]
    )

    choose(page, "Answers")
    expect(page.get_by_text("Most confident mistakes")).to_be_visible()
    expect(page).not_to_have_url(re.compile("part="))


def test_the_map_shows_the_image_of_a_point_and_its_neighbours_and_takes_a_lasso(
    app: App, open_tab: Visit, post: Checkpoint
) -> None:
    test, train = (load_split("FashionMNIST", name) for name in ("test", "train"))
    found = evaluate(post, test)
    rows = features(post, test.images).numpy()
    near = nearest(rows[17], features(post, train.images).numpy(), 11)
    page = part(app, open_tab, "part=map&map=pca")
    page.wait_for_function(SIZE)
    at_rest(page)

    page.locator(".image-map").scroll_into_view_if_needed()
    page.mouse.move(*page.evaluate(PLACE, 17))
    pointed = page.locator(".under-pointer")
    expect(pointed).to_contain_text(re.compile(r"^Test image \d+: "))
    shown = int(re.findall(r"\d+", pointed.inner_text())[0])  # another one may lie above it
    assert CLASSES[test.labels[shown]] in pointed.inner_text()
    sprite = pointed.locator("i").evaluate(
        """async thing => {
            const { backgroundImage, backgroundPosition } = thing.style;
            const image = new Image(), canvas = document.createElement("canvas");
            image.src = backgroundImage.slice(5, -2);
            await image.decode();
            const [x, y] = backgroundPosition.split(" ").map((side) => -parseInt(side) / 3);
            canvas.width = canvas.height = 28;
            canvas.getContext("2d").drawImage(image, x, y, 28, 28, 0, 0, 28, 28);
            const drawn = canvas.getContext("2d").getImageData(0, 0, 28, 28).data;
            return [...drawn].filter((_, at) => at % 4 === 0);
        }"""
    )
    assert np.array_equal(np.reshape(sprite, (28, 28)), test.images[shown])

    page.goto(f"{app.url}/evaluate?checkpoint=post&part=map&map=pca&point=17")
    neighbours = page.locator("img[alt^='Training image']")
    expect(neighbours).to_have_count(11)
    assert numbers(neighbours) == near.tolist()
    for picture, at in zip(neighbours.all()[:3], near, strict=False):
        assert np.array_equal(bytes_of(picture)[..., 0], train.images[at])
    page.wait_for_function(SIZE)
    at_rest(page)
    page.locator(".image-map").scroll_into_view_if_needed()
    page.mouse.click(*page.evaluate(PLACE, shown))
    expect(page).to_have_url(re.compile(f"point={shown}$"))

    page.locator(".image-map .modebar-btn[data-val=lasso]").click()
    lasso(page)
    wrong = int((~found.right).sum())
    expect(
        page.get_by_text(f"In the lasso: 10,000 images, {wrong:,} of them mistakes")
    ).to_be_visible()


def lasso(page: Page) -> None:
    """Draw around all of the map."""
    box = page.locator(".image-map .nsewdrag").bounding_box()
    assert box
    left, top = box["x"] + 2, box["y"] + 2
    right, bottom = left + box["width"] - 4, top + box["height"] - 4
    page.mouse.move(left, top)
    page.mouse.down()
    for corner in ((right, top), (right, bottom), (left, bottom), (left, top + 3)):
        page.mouse.move(*corner, steps=5)
    page.mouse.up()


def numbers(shown: Locator) -> list[int]:
    alts = shown.evaluate_all("images => images.map(image => image.alt)")
    return [int(re.findall(r"\d+", alt)[0]) for alt in alts]


def test_labels_that_may_be_wrong_are_looked_through_and_marked(
    app: App, open_tab: Visit, post: Checkpoint
) -> None:
    test = load_split("FashionMNIST", "test")
    index, _ = candidates(evaluate(post, test).probabilities, test.labels.numpy())
    page = part(app, open_tab, "part=labels")
    shown = page.locator(".doubted img")
    expect(shown).to_have_count(12)
    assert numbers(shown) == index[:12].tolist()

    at_rest(page)  # the page must not be drawn anew under the click
    mark = page.get_by_role("radio", name="data's").nth(2)
    mark.click()
    expect(mark).to_be_checked()
    at_rest(page)
    page.get_by_role("button", name=re.compile("^Show 12 more")).click()
    expect(shown).to_have_count(24)
    choose(page, "Answers")
    choose(page, "Labels that may be wrong")

    expect(mark).to_be_checked()
    rows = saved(page, "All of them with your marks, CSV")
    assert [int(row["index"]) for row in rows] == index.tolist()
    assert [row["mistake"] for row in rows] == ["", "", "data's", *[""] * (len(rows) - 3)]
    choose(page, "training images")
    expect(page).to_have_url(re.compile("set=train"))
    expect(page.get_by_role("button", name="Look for them")).to_be_visible()
