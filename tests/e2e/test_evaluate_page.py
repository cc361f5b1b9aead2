"""Evaluating checkpoints in the browser, from the figures to the images behind them."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from lenet.data.splits import load_split
from lenet.evaluation.metrics import Comparison, Evaluation, evaluate
from lenet.network import checkpoint
from lenet.paths import CHECKPOINTS, DEFAULT_CHECKPOINT
from lenet.runs.run import Run
from tests.e2e.app import App
from tests.e2e.look import (
    CLASSES,
    Visit,
    at_rest,
    box_of,
    bytes_of,
    choose,
    download,
    go,
    is_gray,
    select,
    title,
    upload,
)
from tests.network.other_lenets import packed, trained
from tests.small import small_config, train, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]

COAT, PULLOVER = CLASSES.index("Coat"), CLASSES.index("Pullover")
PLOT = """(() => {
    const label = document.querySelector(".heatmap-label");
    return label && label.closest(".js-plotly-plot");
})()"""
CELL = f"""([truth, prediction]) => {{
    const plot = {PLOT};
    plot.scrollIntoView({{block: "center", behavior: "instant"}});
    const box = plot.getBoundingClientRect(), {{xaxis, yaxis}} = plot._fullLayout;
    const place = (axis, name) => axis._offset + axis.l2p(axis.ticktext.indexOf(name));
    return [box.left + place(xaxis, prediction), box.top + place(yaxis, truth)];
}}"""
"""Where on the screen a cell of the confusion matrix is."""
FRAMED = f"""([truth, prediction, first]) => {{
    const plot = {PLOT};
    if (!plot || !plot._fullLayout.shapes.length) return false;
    const [{{x0, y0}}] = plot._fullLayout.shapes, {{xaxis, yaxis}} = plot._fullLayout;
    return xaxis.ticktext[x0 + 0.5] === prediction && yaxis.ticktext[y0 + 0.5] === truth
        && (!first || xaxis.ticktext[0] === first);
}}"""
"""Whether this cell of the confusion matrix has the frame, and `first` comes first."""


def evaluated(path: Path) -> Evaluation:
    return evaluate(checkpoint.load(path), load_split("FashionMNIST", "test"))


@pytest.fixture(scope="module")
def found() -> Evaluation:
    """The shipped checkpoint's evaluation, made in this process."""
    return evaluated(DEFAULT_CHECKPOINT)


@pytest.fixture
def page(app: App, open_tab: Visit) -> Page:
    """Evaluate, with the shipped checkpoint's figures on it."""
    opened = open_tab(f"{app.url}/evaluate")
    title(opened, "Evaluate")
    expect(cells(opened).first).to_be_visible()
    at_rest(opened)
    return opened


def cells(page: Page) -> Locator:
    """The texts that are drawn into the cells of the confusion matrix."""
    return page.locator(".js-plotly-plot .heatmap-label")


def click_cell(page: Page, truth: str, prediction: str) -> None:
    at_rest(page)
    page.mouse.click(*page.evaluate(CELL, [truth, prediction]))


def expect_frame(page: Page, truth: str, prediction: str, first: str | None = None) -> None:
    page.wait_for_function(FRAMED, arg=[truth, prediction, first])


def gallery(page: Page) -> Locator:
    return page.locator("[class*=st-key-gallery]")


def behind_the_cell(page: Page) -> Locator:
    """The images beside the confusion matrix, or of a comparison: the page's first gallery."""
    return gallery(page).first.locator("img")


def expect_images(page: Page, index: np.ndarray) -> None:
    """Wait until exactly these, a dozen at most, are the images of the first gallery."""
    shown = behind_the_cell(page)
    expect(shown.and_(page.locator(f"img[alt^='Test image {index[0]}:']"))).to_have_count(1)
    expect(shown).to_have_count(min(12, len(index)))
    wait_until(lambda: np.array_equal(numbers(shown), index[:12]), "these images are there")


def numbers(shown: Locator) -> list[int]:
    """Which test images these are."""
    alts = shown.evaluate_all("images => images.map(image => image.alt)")
    return [int(re.findall(r"\d+", alt)[0]) for alt in alts]


def metric(page: Page, label: str) -> Locator:
    return page.get_by_test_id("stMetric").filter(has_text=label)


def compare(page: Page) -> None:
    page.get_by_text("Compare two").click()
    expect(page.get_by_text("Images that only one gets right")).to_be_visible()
    at_rest(page)


def test_the_confusion_matrix_is_ten_by_ten_in_counts_or_shares(
    page: Page, found: Evaluation
) -> None:
    counts = [str(count) for count in found.confusion_matrix.flat if count]
    assert sorted(cells(page).all_text_contents()) == sorted(counts)

    choose(page, "shares of the row")

    expect(cells(page).filter(has_not_text="%")).to_have_count(0)
    expect(cells(page)).to_have_count(len(counts))


def test_a_cell_shows_only_images_of_its_truth_and_prediction(
    page: Page, found: Evaluation
) -> None:
    click_cell(page, "Coat", "Pullover")

    expect_images(page, found.cell(COAT, PULLOVER))
    expect_frame(page, "Coat", "Pullover")
    shown = behind_the_cell(page)
    index = np.array(numbers(shown))
    assert set(found.targets[index]) == {COAT}
    assert set(found.predictions[index]) == {PULLOVER}
    for alt in shown.evaluate_all("images => images.map(image => image.alt)"):
        assert ": Coat, taken for Pullover, " in alt
    images = load_split("FashionMNIST", "test").images
    for at, picture in zip(index[:3], shown.all(), strict=False):
        pixels = bytes_of(picture)
        assert is_gray(pixels)
        assert np.array_equal(pixels[..., 0], images[at])
    caption = page.locator(".lenet-gallery figcaption").first
    expect(caption).to_contain_text("Pullover")
    expect(caption).to_contain_text("Truth: Coat")
    expect(caption).to_contain_text(f"{found.confidence[index[0]]:.0%}")

    page.get_by_role("button", name=re.compile(r"^Show \d+ more")).first.click()
    expect(shown).to_have_count(int(found.confusion_matrix[COAT, PULLOVER]))


def test_a_cell_is_hit_in_another_order_and_a_second_time(page: Page, found: Evaluation) -> None:
    sneaker, sandal = CLASSES.index("Sneaker"), CLASSES.index("Sandal")
    pair = found.confused_pairs[0]
    choose(page, "by likeness")
    first = CLASSES[found.clustered[0]]
    expect_frame(page, CLASSES[pair.truth], CLASSES[pair.prediction], first)
    for _ in range(2):
        click_cell(page, "Sneaker", "Sneaker")
        expect_images(page, found.cell(sneaker, sneaker))
        expect_frame(page, "Sneaker", "Sneaker")

        select(page, "Prediction", "Sandal")
        expect_images(page, found.cell(sneaker, sandal))
        expect_frame(page, "Sneaker", "Sandal")


def test_a_confused_pair_shows_its_images(page: Page, found: Evaluation) -> None:
    pair = found.confused_pairs[2]
    box = box_of(page.locator(".st-key-pairs").get_by_test_id("stDataFrame"))

    page.mouse.click(box["x"] + 18, box["y"] + 3 * 36 + 18)  # a canvas: the third row's mark

    expect_images(page, found.cell(pair.truth, pair.prediction))


def test_the_most_confident_mistakes_come_first(page: Page, found: Evaluation) -> None:
    assert np.array_equal(numbers(gallery(page).last.locator("img")), found.mistakes[:12])


def test_two_checkpoints_are_compared(page: Page, found: Evaluation) -> None:
    other = evaluated(CHECKPOINTS / "post.pt")
    both = Comparison(found, other)

    compare(page)
    select(page, "Checkpoint B", "post")

    verdict = page.get_by_role("paragraph").filter(has_text="A is better")
    expect(verdict).to_contain_text(f"by {-100 * both.difference:.2f} points")
    expect(verdict).to_contain_text("McNemar's test, p < 0.0001")
    gain = 100 * (other.classes[COAT].recall - found.classes[COAT].recall)
    label = f"Coat, {gain:+.1f}".replace("-", "−")
    expect(page.locator("[class*=st-key-class-bars] .ytick", has_text=label)).to_be_visible()
    for text in (f"{found.accuracy:.2%}", f"{other.accuracy:.2%}", f"{other.loss:.4f}"):
        expect(page.get_by_test_id("stTable").get_by_text(text, exact=True)).to_be_visible()
    for name, index in (("A", both.only_first), ("B", both.only_second)):
        choose(page, f"only {name} is right: {len(index):,}")
        expect_images(page, index)


def test_an_uploaded_checkpoint_is_evaluated_and_a_damaged_one_refused(page: Page) -> None:
    file = CHECKPOINTS / "post.pt"
    select(page, "Checkpoint", "Upload a file…")
    expect(page.get_by_text("Choose the file of a checkpoint.")).to_be_visible()

    upload(page, "mine.pth", file.read_bytes())

    expect(metric(page, "Weights")).to_contain_text("29,638")
    expect(metric(page, "Accuracy")).to_contain_text(f"{evaluated(file).accuracy:.2%}")

    alert = page.get_by_test_id("stAlert")
    for name in ("notes.txt", "broken.pt"):
        upload(page, name, file.read_bytes()[:20_000])

        expect(alert).to_have_text(
            re.compile(rf"{name} is damaged or no checkpoint; choose another file\.$")
        )
        expect(page.get_by_test_id("stFileChip")).to_have_count(1)
    select(page, "Checkpoint", "fashion-mnist")
    expect(alert).to_have_count(0)
    expect(cells(page).first).to_be_visible()


def test_downloads_hold_what_the_page_says(
    page: Page, found: Evaluation, tmp_path: Path, browser: Browser
) -> None:
    page.get_by_role("button", name="Download", exact=True).click()
    figures = json.loads(download(page, "Figures, JSON").path().read_text())
    answers = list(csv.DictReader(download(page, "Every answer, CSV").path().open()))
    download(page, "Charts, HTML").save_as(charts := tmp_path / "charts.html")

    expect(metric(page, "Accuracy")).to_contain_text(f"{figures['accuracy']:.2%}")
    expect(metric(page, "Loss")).to_contain_text(f"{figures['loss']:.4f}")
    expect(metric(page, "Misjudges itself by")).to_contain_text(
        f"{figures['calibration_error']:.2%}"
    )
    assert figures["confusion_matrix"] == found.confusion_matrix.tolist()
    right = sum(row["target"] == row["prediction"] for row in answers)
    assert right / len(answers) == pytest.approx(figures["accuracy"])
    shares = np.array([[float(row[name]) for name in CLASSES] for row in answers])
    assert np.allclose(shares, found.probabilities, atol=1e-5)
    with browser.new_context(offline=True) as alone:
        file = alone.new_page()
        file.goto(charts.as_uri())
        expect(file.locator(".js-plotly-plot")).to_have_count(3)
        corner = cells(file).get_by_text(str(found.confusion_matrix[0, 0]), exact=True)
        expect(corner).to_be_visible()


def test_weights_from_elsewhere_are_evaluated_with_what_was_found(page: Page) -> None:
    model, expected = trained("textbook")
    labels = load_split("FashionMNIST", "test").labels[: len(expected)]
    right = (expected.argmax(1) == labels).float().mean().item()
    select(page, "Checkpoint", "Upload a file…")
    upload(page, "textbook.pt", packed(model.state_dict()))
    header = page.get_by_text("weights from elsewhere, and what was found of them")
    expect(header).to_be_visible()

    def accuracy() -> float:
        at_rest(page)
        return float(metric(page, "Accuracy").inner_text().split()[1].rstrip("%")) / 100

    expect(metric(page, "Weights")).to_contain_text("61,706", timeout=60_000)
    assert accuracy() == pytest.approx(right, abs=0.03)  # of all test images, not the first ones
    header.click()
    expect(page.get_by_text("activation sigmoid, pooling average")).to_be_visible()
    select(page, "Activation", "tanh")
    expect(page.get_by_text("activation tanh")).to_be_visible(timeout=60_000)
    wait_until(lambda: accuracy() < right - 0.05, "another activation is worse")
    taken = download(page, "As a checkpoint of this lab")
    assert taken.suggested_filename == "textbook-imported.pt"
    assert checkpoint.load(taken.path()).config.activation == "tanh"

    go(page, "Predict")
    title(page, "Predict")
    expect(header).to_be_visible()
    expect(page.locator("img[alt^='Test image']").first).to_be_visible()


def test_an_image_asked_why_is_looked_into_with_the_checkpoint_that_answered(page: Page) -> None:
    compare(page)
    select(page, "Checkpoint B", "post")
    choose(page, "B")
    at_rest(page)
    mistakes = gallery(page).last
    number = numbers(mistakes.locator("img"))[1]

    mistakes.get_by_role("link", name="Why?").nth(1).click()

    title(page, "Inside")
    expect(page.locator(".in-hand")).to_contain_text(f"Test image {number:,}")
    expect(page.get_by_role("combobox", name="Checkpoint", exact=True)).to_have_value("post")


def test_a_checkpoint_deleted_meanwhile_is_said_where_only_a_part_runs_again(
    fresh_app: App, open_tab: Visit
) -> None:
    run = Run(fresh_app.runs_dir / "20260101-000000-lab-0000")
    train(run, small_config(epochs=1))
    page = open_tab(f"{fresh_app.url}/evaluate?checkpoint={run.id}")
    title(page, "Evaluate")
    notice = page.get_by_role("alert").filter(has_text="deleted meanwhile")
    expect(notice).to_have_count(0)
    name = run.name
    run.delete()
    choose(page, "by likeness")
    expect(notice.first).to_contain_text(name)


def test_a_drawing_of_clothes_is_said_to_be_none_of_digits(app: App, open_tab: Visit) -> None:
    for path, name in (("evaluate", "Evaluate"), ("predict", "Predict")):
        page = open_tab(f"{app.url}/{path}?checkpoint=mnist&picture=FashionMNIST.test3")
        title(page, name)
        notice = page.get_by_role("alert").filter(has_text="made for Fashion-MNIST")
        expect(notice).to_contain_text("MNIST only")
