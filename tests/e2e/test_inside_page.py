"""Inside in the browser: the strip, a value pointed at, the epochs of a run."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from torch import Tensor

from lenet.config import build_config
from lenet.data.splits import load_split
from lenet.drawing import centre
from lenet.explain.activations import layer_outputs
from lenet.explain.receptive_field import window
from lenet.network import checkpoint
from lenet.network.checkpoint import Checkpoint
from lenet.network.inputs import to_input
from lenet.runs.run import Run
from tests.drawing.pictures import encode
from tests.e2e.app import App
from tests.e2e.look import (
    DRAWINGS,
    Visit,
    at_rest,
    box_of,
    bytes_of,
    choose,
    draw,
    is_gray,
    screen_of,
    select,
    title,
    upload,
)
from tests.small import small_config, train

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]

EPOCHS = 3
GEOMETRIES: dict[str, dict[str, Any]] = {
    "classic": {"preset": "classic"},
    "lab": {"preset": "lab"},
    "post": {"preset": "post"},
    "draw": {"preset": "draw", "augment": "none", "pooling": "average", "activation": "relu"},
}
"""32×32 k5 with average pooling, 28×28 k5 p2, 28×28 k3 pool2 with softmax; several views."""
IMAGE = 7


@pytest.fixture(scope="module")
def runs(app: App) -> Iterator[Path]:
    """The server's folder with a run for each geometry, trained on the small dataset."""
    app.clear()
    for number, (name, values) in enumerate(GEOMETRIES.items()):
        run = Run(app.runs_dir / f"20260101-00000{number}-{name}-000{number}")
        train(run, small_config(**{**values, "epochs": EPOCHS}))
        run.metrics_file.unlink()  # so that the page opens the last epoch, not the best
    yield app.runs_dir
    app.clear()


@pytest.fixture
def page(app: App, runs: Path, open_tab: Visit) -> Page:
    opened = open_tab(f"{app.url}/inside?picture=FashionMNIST.test{IMAGE}")
    title(opened, "Inside")
    expect(part(opened, "strip").locator(".strip")).to_be_visible()
    return opened


def part(page: Page, key: str) -> Locator:
    """One of the page's pieces of HTML."""
    return page.locator(f".st-key-{key}")


def look_at(page: Page, name: str, index: int) -> None:
    """Choose a map or a feature in the strip."""
    button = part(page, "strip").locator(f"[data-pick='{name}/{index}']")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(part(page, "closeup").locator(".closeup")).to_have_attribute(
        "data-spot", re.compile(f"^{name}, ")
    )
    at_rest(page)


def point_at(page: Page, row: int, column: int, side: int) -> None:
    """Click a position of the chosen map."""
    chosen = part(page, "closeup").locator(".map")
    box = box_of(chosen)
    pixel = box["width"] / side
    chosen.click(position={"x": (column + 0.5) * pixel, "y": (row + 0.5) * pixel})
    expect(part(page, "closeup")).to_contain_text(f"Row {row}, column {column} of")
    at_rest(page)


def choose_checkpoint(page: Page, name: str) -> None:
    page.get_by_role("combobox", name="Checkpoint").click()
    page.get_by_role("option", name=re.compile(f"^{name}(,| ·)")).click()
    at_rest(page)


def value(page: Page) -> float:
    """The number that the arithmetic ends in."""
    shown = part(page, "closeup").locator(".value")
    return float(shown.inner_text().replace("\N{MINUS SIGN}", "-"))


def loaded(runs: Path, name: str, epoch: int = EPOCHS) -> Checkpoint:
    [file] = runs.glob(f"*-{name}-*/model_epoch{epoch}.pt")
    return checkpoint.load(file)


def values_of(found: Checkpoint) -> dict[str, Tensor]:
    """Every layer's values for the page's image; tests/explain has compared them with others."""
    layers = layer_outputs(found.model(), to_input(an_image()[None], found.config))
    return {name: layer.values for name, layer in layers.items() if name != "input"}


def an_image() -> Tensor:
    return load_split("FashionMNIST", "test").images[IMAGE]


@pytest.mark.parametrize("name", GEOMETRIES)
def test_a_value_pointed_at_is_what_weights_and_input_give(
    page: Page, runs: Path, name: str
) -> None:
    choose_checkpoint(page, name)
    found = loaded(runs, name)
    for layer, values in values_of(found).items():
        index = values.shape[0] // 2
        look_at(page, layer, index)
        if values.dim() == 1:
            assert value(page) == pytest.approx(float(values[index]), abs=1e-5), layer
            continue
        side = values.shape[-1]
        row, column = side - 1, side // 3
        point_at(page, row, column, side)
        assert value(page) == pytest.approx(float(values[index, row, column]), abs=1e-5), layer
        top, left, bottom, right = window(found.config, layer, row, column)
        assert outlined(page) == pytest.approx((top, left, bottom, right), abs=0.3), layer


def outlined(page: Page) -> tuple[float, ...]:
    """Top, left, bottom and right of the receptive field on the screen, in input pixels."""
    closeup = part(page, "closeup")
    input_image = closeup.get_by_alt_text("The input")
    picture, field = box_of(input_image), box_of(closeup.locator(".field"))
    pixel = picture["width"] / input_image.evaluate("picture => picture.naturalHeight")
    top, left = field["y"] - picture["y"], field["x"] - picture["x"]
    edges = (top, left, top + field["height"], left + field["width"])
    return tuple(edge / pixel for edge in edges)


def test_the_field_follows_the_pointer_and_the_arrow_keys_move_the_position(page: Page) -> None:
    config = build_config()
    look_at(page, "conv1", 3)
    point_at(page, 4, 4, 10)
    chosen = part(page, "closeup").locator(".map")
    box = box_of(chosen)

    chosen.hover(position={"x": 0.65 * box["width"], "y": 0.25 * box["height"]})
    assert outlined(page) == pytest.approx(window(config, "conv1", 2, 6), abs=0.3)
    page.mouse.move(0, 0)
    assert outlined(page) == pytest.approx(window(config, "conv1", 4, 4), abs=0.3)

    for key in ("ArrowRight", "ArrowRight", "ArrowUp"):
        chosen.press(key)
    expect(part(page, "closeup")).to_contain_text("Row 3, column 6 of 10×10")
    expect(chosen).to_be_focused()

    there_and_back = ("ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown")
    for key in (*there_and_back * 8, "ArrowRight", "ArrowDown"):  # quicker than the answers come
        chosen.press(key)
    expect(part(page, "closeup")).to_contain_text("Row 4, column 7 of 10×10")


def test_every_map_is_shown_in_true_grayscale_with_its_shape_and_parameters(page: Page) -> None:
    strip = part(page, "strip")
    for layer in build_config().layers():
        if layer.name.startswith("bn"):
            continue
        column = strip.locator(f"[data-layer={layer.name}]")
        expect(column.get_by_role("button")).to_have_count(layer.output_shape[0])
        expect(column).to_contain_text("×".join(map(str, layer.output_shape)))
    expect(strip.locator("[data-layer=conv0]")).to_contain_text("168 parameters")
    pictures = strip.locator("img").all()
    assert len(pictures) == 1 + 6 + 6 + 16 + 16
    for picture in pictures:
        assert is_gray(bytes_of(picture))
    for name in ("conv1", "pool1", "conv2", "fc3"):
        buttons = strip.locator(f"[data-layer={name}] button")
        for index in (1, 2, 3):
            assert is_gray(screen_of(buttons.nth(index))), name
    assert is_gray(screen_of(part(page, "filters").get_by_alt_text("conv0, from 0 to 1")))


def test_grays_are_the_values_around_mid_grey(page: Page, runs: Path) -> None:
    choose_checkpoint(page, "lab")
    values = values_of(loaded(runs, "lab"))["conv0"].numpy()
    expect(part(page, "strip").locator("[data-layer=conv0]")).to_contain_text(
        f"±{np.abs(values).max():.2f}"
    )
    pictures = part(page, "strip").locator("[data-layer=conv0] img")
    for index in range(6):
        shown = bytes_of(pictures.nth(index))[..., 0].astype(float)
        expected = 128 + 127 * values[index] / np.abs(values).max()
        assert np.abs(shown - expected).max() <= 0.51


def test_an_epoch_shows_the_maps_and_filters_of_that_epoch(page: Page, runs: Path) -> None:
    choose_checkpoint(page, "lab")
    epochs = part(page, "epochs")
    slider = page.get_by_role("slider", name="Epoch")
    shown = []
    for epoch in range(EPOCHS, 0, -1):
        expect(slider).to_have_attribute("aria-valuetext", str(epoch))
        values = values_of(loaded(runs, "lab", epoch))["conv0"]
        expect(epochs.locator("[data-layer=conv0]")).to_contain_text(f"±{values.abs().max():.2f}")
        weights = loaded(runs, "lab", epoch).weights["conv0.weight"]
        expect(epochs.locator("figure").first).to_contain_text(f"±{weights.abs().max():.2f}")
        pictures = (
            epochs.locator("[data-layer=conv0] img").nth(2),
            epochs.locator("figure img").nth(1),
        )
        shown.append(tuple(bytes_of(picture).tobytes() for picture in pictures))
        slider.press("ArrowLeft")
        at_rest(page)
    for one, other in itertools.combinations(shown, 2):
        assert one[0] != other[0]
        assert one[1] != other[1]


def test_the_answer_says_where_predict_asks_more_views(page: Page, runs: Path) -> None:
    choose_checkpoint(page, "draw")
    found = loaded(runs, "draw")
    one = values_of(found)["fc4"]
    with torch.inference_mode():
        several = found.model().probabilities(to_input(an_image()[None], found.config))[0]
    assert float((one - several).abs().max()) > 0.005, "this image shows nothing"

    expect(page.get_by_text("This is one pass.")).to_contain_text(f"{float(several.max()):.1%}")

    choose_checkpoint(page, "lab")
    expect(page.get_by_text("This is one pass.")).to_have_count(0)


def test_a_drawing_and_an_upload_are_walked_through_too(page: Page) -> None:
    choose(page, "Draw")
    expect(page.get_by_text("Draw a piece of clothing")).to_be_visible()
    expect(part(page, "strip")).to_have_count(0)
    draw(page, DRAWINGS["Trousers"])
    expect(part(page, "strip").locator(".strip")).to_be_visible()
    expect(page.get_by_alt_text("The input").first).to_be_visible()

    choose(page, "Upload")
    upload(page, "notes.png", b"no picture")
    expect(page.get_by_role("alert")).to_contain_text("notes.png is not a PNG")
    expect(part(page, "strip")).to_have_count(0)

    picture = Image.new("L", (200, 200), 230)
    picture.paste(40, (50, 20, 150, 180))
    upload(page, "bag.png", encode(picture, "PNG"))
    expect(part(page, "strip").locator(".strip")).to_be_visible()
    at_rest(page)
    seen = bytes_of(part(page, "closeup").get_by_alt_text("The input"))
    expected = centre.from_photo(picture, "FashionMNIST").array
    assert np.array_equal(seen[..., 0], expected)


def test_another_image_of_a_class_is_of_that_class(page: Page) -> None:
    select(page, "Class", "Bag")
    page.get_by_role("button", name="Another").click()

    expect(page.get_by_text("Truth: Bag")).to_be_visible()
    at_rest(page)
    index = int(re.findall(r"picture=FashionMNIST.test(\d+)", page.url)[0])
    assert load_split("FashionMNIST", "test").labels[index] == 8


def test_what_speaks_for_the_answer_is_shown_at_once_in_two_colours(page: Page) -> None:
    picture = page.locator(".why img")
    expect(picture).to_be_visible()
    before = bytes_of(picture).astype(int)
    greener = before[..., 1] - before[..., 0]
    assert greener.max() > 60, "nothing speaks for it"
    assert greener.min() < -60, "nothing speaks against it"

    select(page, "What speaks for", "Bag")

    expect(page.locator(".why")).to_contain_text("against Bag")
    assert (bytes_of(picture) != before).any()


def test_a_phone_is_not_scrolled_sideways(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    look_at(page, "conv1", 5)
    at_rest(page)

    width = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert width <= 390
    strip = part(page, "strip").locator(".pointing")
    assert strip.evaluate("strip => strip.scrollWidth > strip.clientWidth"), "it scrolls by itself"
