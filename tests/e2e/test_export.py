"""Take it with you: each file from the page, and the HTML file opened from the disk."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from lenet.catalog import SIDE, DatasetName
from lenet.data.reading import locate
from lenet.data.splits import load_split
from lenet.drawing import centre, examples
from lenet.evaluation.classify import answer
from lenet.export.forms import exported
from lenet.network import checkpoint as checkpoints
from lenet.network.checkpoint import Checkpoint
from lenet.network.unsure import FEATURES, Detector
from lenet.paths import DEFAULT_CHECKPOINT, SHIPPED
from lenet.runs.run import Run
from tests.drawing.shirts import SHIRTS
from tests.e2e.app import App
from tests.e2e.look import UNSURE, Visit, download, draw, enter, go, more_settings, title, unfold
from tests.export.test_onnx import untrained
from tests.small import small_config, small_split, train

FromDisk = Callable[[bytes], Page]

pytestmark = pytest.mark.e2e

CLOSE = 1e-3
"""How much a probability of the page may differ from Python's."""
ODD: list[dict[str, Any]] = [
    {"preset": "classic"},
    {"input_size": 40, "fit": "resize", "views": "mirror", "pooling": "average"},
    {"input_size": 20, "kernel_size": 3, "padding": 1, "activation": "relu", "batch_norm": 0},
    {"preset": "post", "input_size": 35, "dataset": "MNIST"},
    {"padding": 0, "conv2_kernel": 4, "activation": "sigmoid", "normalization": "symmetric"},
]

ANSWERS = """texts => texts.map(text => {
    const { probabilities, label, unsure } = answered(decoded(text));
    return { probabilities, label, unsure };
})"""
PREPARED = """([text, width]) => {
    const found = prepared(decoded(text), width);
    return found && [...found];
}"""
PAD = """() => {
    const { data } = pen.getImageData(0, 0, pad.width, pad.height);
    let text = "";
    for (const byte of data) text += String.fromCharCode(byte);
    return btoa(text);
}"""


@pytest.fixture
def from_disk(browser: Browser, tmp_path: Path) -> Iterator[FromDisk]:
    """Opens an HTML file from the disk, without any network."""
    context = browser.new_context(offline=True, viewport={"width": 390, "height": 844})
    faults: list[str] = []

    def opened(content: bytes) -> Page:
        file = tmp_path / "lenet5.html"
        file.write_bytes(content)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text))
        page.goto(file.as_uri())
        return page

    yield opened
    context.close()
    assert not faults


def page_of(found: Checkpoint, path: Path | None = None) -> bytes:
    dataset = found.config.dataset
    test = load_split(dataset, "test") if locate(dataset) else None
    return exported("html", found, path, test)


def text(pixels: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(pixels).tobytes()).decode()


def agree(page: Page, found: Checkpoint, images: torch.Tensor) -> None:
    """The page's answers to (N, 28, 28) uint8 are Python's."""
    theirs = page.evaluate(ANSWERS, [text(image) for image in images.numpy()])
    for one, other in zip(theirs, answer(found, images), strict=True):
        np.testing.assert_allclose(one["probabilities"], other["probabilities"], atol=CLOSE)
        assert (one["label"], one["unsure"]) == (other["label"], other["unsure"])


def canvases(dataset: str) -> list[np.ndarray]:
    """(280, 280) drawings: our own, and some that touch the border or are tiny, or hardly there."""
    drawings = [*examples.EXAMPLES[dataset].values(), *SHIRTS]
    found = [examples.picture(one, 280, 14) for one in drawings]
    cross = np.zeros((280, 280), np.uint8)
    cross[130:150] = cross[:, 135:142] = 255
    dot, speck, full = (np.zeros((280, 280), np.uint8) for _ in range(3))
    dot[100:109, 50:61], speck[9, 9], full[3:] = 200, 255, 255
    return [*found, cross, dot, speck, full]


def pictures(page: Page, dataset: DatasetName) -> torch.Tensor:
    """(N, 28, 28) uint8 of the canvases, after a check that the page makes the same of each."""
    seen = []
    for canvas in canvases(dataset):
        rgba = np.asarray(Image.fromarray(canvas).convert("RGBA"))
        made = centre.from_canvas(rgba, dataset, "light_on_dark")
        theirs = page.evaluate(PREPARED, [text(rgba), canvas.shape[1]])
        assert (theirs is None) == (made is None)
        if made:
            np.testing.assert_array_equal(np.reshape(theirs, (SIDE, SIDE)), made.array)
            seen.append(torch.from_numpy(made.array))
    return torch.stack(seen)


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.pt")), ids=lambda file: file.stem)
def test_page_from_disk_answers_as_python_does(file: Path, from_disk: FromDisk) -> None:
    found = checkpoints.load(file)
    page = from_disk(page_of(found, file))
    if locate(found.config.dataset):
        agree(page, found, load_split(found.config.dataset, "test").images[:100])
    agree(page, found, pictures(page, found.config.dataset))


@pytest.mark.parametrize("values", ODD, ids=lambda values: "-".join(map(str, values.values())))
def test_every_geometry_answers_as_python_does(values: dict[str, Any], from_disk: FromDisk) -> None:
    found = untrained(**values)
    generator = torch.Generator().manual_seed(5)
    detector = Detector(
        hidden=torch.randn(24, FEATURES, generator=generator),
        hidden_bias=torch.zeros(24),
        out=torch.randn(1, 24, generator=generator),
        out_bias=torch.zeros(1),
        set_on=[],
    )
    found = replace(found, detector=detector)
    agree(from_disk(page_of(found)), found, small_split("test").images)


def test_page_is_drawn_on_and_tells_a_sample(from_disk: FromDisk) -> None:
    found = checkpoints.load(DEFAULT_CHECKPOINT)
    page = from_disk(page_of(found, DEFAULT_CHECKPOINT))
    heading = page.get_by_role("heading", level=2)
    expect(heading).to_have_text("Nothing drawn yet")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    for strokes in list(examples.EXAMPLES["FashionMNIST"].values())[1:4]:
        draw(page, strokes, "#pad")
        data = page.evaluate(PAD)
        canvas = np.frombuffer(base64.b64decode(data), np.uint8).reshape(280, 280, 4)
        made = centre.from_canvas(canvas, "FashionMNIST", "light_on_dark")
        assert made
        [said] = answer(found, torch.from_numpy(made.array)[None])
        expect(heading).to_have_text((UNSURE if said["unsure"] else "") + said["name"])
        shares = page.locator("#bars .share").all_inner_texts()
        assert [int(share.rstrip("%")) / 100 for share in shares] == pytest.approx(
            said["probabilities"], abs=0.0051 + CLOSE
        )
        page.get_by_role("button", name="Clear").click()
        expect(heading).to_have_text("Nothing drawn yet")
    page.get_by_role("button", name="Test image: Trouser").click()
    expect(heading).to_have_text("Trouser")
    expect(page.get_by_text("Right", exact=True)).to_be_visible()
    page.get_by_text("About this network").click()
    expect(page.get_by_role("cell", name="93.15% of 10,000 images")).to_be_visible()


def test_each_page_gives_the_files(fresh_app: App, open_tab: Visit, from_disk: FromDisk) -> None:
    run = Run(fresh_app.runs_dir / "20260101-000000-lab-0000")
    train(run, small_config())
    page = open_tab(fresh_app.url)
    title(page, "Train LeNet-5")
    page.get_by_text("This run: name, command").click()
    assert "class LeNet5" in take(page, "Training, Python").decode()
    for name in ("Evaluate", "Predict"):
        go(page, name)
        title(page, name)
        content = {label: take(page, label) for label in LABELS}
        assert b"class LeNet5" in content["Training, Python"]
        assert b"probabilities" in content["Model, ONNX"]
        assert len(content["Page to draw on, HTML"]) < 600 * 1024
        taken = from_disk(content["Page to draw on, HTML"])
        expect(taken.get_by_role("heading", level=2)).to_have_text("Nothing drawn yet")


def test_train_shows_the_settings_as_code(fresh_app: App, open_tab: Visit) -> None:
    page = open_tab(fresh_app.url)
    title(page, "Train LeNet-5")
    more_settings(page, "All of it as one Python file")
    shown = page.get_by_test_id("stCode").filter(has_text="class LeNet5")
    expect(shown).to_contain_text("EPOCHS = 3 ")
    enter(page, "Epochs", 7)
    expect(shown).to_contain_text("EPOCHS = 7 ")
    shown.hover()
    expect(shown.get_by_role("button", name="Copy")).to_be_visible()


LABELS = ("Page to draw on, HTML", "Model, ONNX", "Training, Python")


def take(page: Page, label: str) -> bytes:
    """The file behind an entry of the popover."""
    button = page.get_by_role("button", name=label)
    if not button.is_visible():
        unfold(page.get_by_role("button", name="Take it with you"), button)
    return download(page, label).path().read_bytes()
