"""Inside in the browser: the layers, a map that is computed before one's eyes, the last step."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from torch import Tensor

from lenet.config import build_config
from lenet.data.splits import load_split
from lenet.drawing import centre
from lenet.explain.activations import layer_outputs
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
    pixels_of,
    screen_of,
    select,
    title,
    unfold,
    upload,
)
from tests.receptive import window
from tests.small import small_config, train

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]

EPOCHS = 3
GEOMETRIES: dict[str, dict[str, Any]] = {
    "classic": {"preset": "classic"},
    "lab": {"preset": "lab"},
    "post": {"preset": "post"},
    "draw": {"preset": "draw", "augment": "none", "pooling": "average", "activation": "relu"},
    "small": {"padding": 0, "conv2_kernel": 4, "activation": "sigmoid", "batch_norm": False},
}
"""32×32 k5 with average pooling, 28×28 k5 p2, 28×28 k3 pool2 with softmax; several views; k4."""
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
    expect(stage(opened).locator("[data-pick]").first).to_be_visible()
    return opened


def part(page: Page, key: str) -> Locator:
    """One of the page's pieces of HTML."""
    return page.locator(f".st-key-{key}")


def stage(page: Page) -> Locator:
    """The layers."""
    return part(page, "explorer").locator(".stage")


def closeup(page: Page) -> Locator:
    """The map that was chosen in them, and how it comes about."""
    return part(page, "explorer").locator(".closeup")


def look_at(page: Page, name: str, index: int) -> None:
    """Choose a map or a feature among the layers."""
    button = stage(page).locator(f"[data-pick='{name}/{index}']")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(closeup(page).locator("h3")).to_have_text(re.compile(f"^{name}, "))
    at_rest(page)


def point_at(page: Page, row: int, column: int, side: int) -> None:
    """Click a position of the chosen map."""
    if side > 1:
        chosen = the_map(page)
        pixel = box_of(chosen)["width"] / side
        chosen.click(position={"x": (column + 0.5) * pixel, "y": (row + 0.5) * pixel})
        expect(closeup(page)).to_contain_text(f"Row {row}, column {column} of")
    at_rest(page)


def the_map(page: Page) -> Locator:
    """The chosen map, large."""
    return closeup(page).locator(".result")


def opacity(page: Page) -> list[int]:
    """Of each value of the chosen map, 0 before it is computed and 255 from then on."""
    return (
        the_map(page)
        .locator("canvas")
        .evaluate(
            "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)"
            ".data.filter((_, at) => at % 4 === 3)]"
        )
    )


def choose_checkpoint(page: Page, name: str) -> None:
    at_rest(page)
    option = page.get_by_role("option", name=re.compile(f"^{name}(,| ·)"))
    unfold(page.get_by_role("combobox", name="Checkpoint"), option)
    option.click()
    at_rest(page)


def value(page: Page) -> float:
    """The number that the arithmetic ends in."""
    return numbers(closeup(page).locator(".sum td:last-child"))[-1]


def numbers(shown: Locator) -> list[float]:
    """Numbers as the page writes them."""
    return [float(text.replace("\N{MINUS SIGN}", "-")) for text in shown.all_inner_texts()]


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
        shown = outlined(page, found.config.input_size)
        assert shown == pytest.approx((top, left, bottom, right), abs=0.3), layer


def outlined(page: Page, size: int = 28) -> tuple[float, ...]:
    """Top, left, bottom and right of the receptive field on the screen, in input pixels."""
    picture = box_of(stage(page).locator("[data-layer=input] image"))
    field, pixel = box_of(stage(page).locator(".field")), picture["width"] / size
    top, left = field["y"] - picture["y"], field["x"] - picture["x"]
    edges = (top, left, top + field["height"], left + field["width"])
    return tuple(edge / pixel for edge in edges)


def test_the_field_follows_the_pointer_and_the_arrow_keys_move_the_position(page: Page) -> None:
    config = build_config()
    look_at(page, "conv1", 3)
    point_at(page, 4, 4, 10)
    chosen = the_map(page)
    box = box_of(chosen)

    chosen.hover(position={"x": 0.65 * box["width"], "y": 0.25 * box["height"]})
    assert outlined(page) == pytest.approx(window(config, "conv1", 2, 6), abs=0.3)
    page.mouse.move(0, 0)
    assert outlined(page) == pytest.approx(window(config, "conv1", 4, 4), abs=0.3)

    for key in ("ArrowRight", "ArrowRight", "ArrowUp"):
        chosen.press(key)
    expect(closeup(page)).to_contain_text("Row 3, column 6 of 10×10")
    expect(chosen).to_be_focused()

    there_and_back = ("ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown")
    for key in (*there_and_back * 8, "ArrowRight", "ArrowDown"):  # quicker than the answers come
        chosen.press(key)
    expect(closeup(page)).to_contain_text("Row 4, column 7 of 10×10")


def test_every_map_is_shown_in_true_grayscale_with_its_shape_and_parameters(page: Page) -> None:
    for layer in build_config().layers():
        if layer.name.startswith("bn"):
            continue
        column = stage(page).locator(f"[data-layer={layer.name}]")
        expect(column.get_by_role("button")).to_have_count(layer.output_shape[0])
        expect(column).to_contain_text(str(layer.output_shape[0]))
        expect(column).to_contain_text("×".join(map(str, layer.output_shape[1:])))
    expect(stage(page).locator("[data-layer=conv0]")).to_contain_text("168")
    for picture in stage(page).locator("image").all():
        assert is_gray(pixels(picture))
    assert is_gray(screen_of(part(page, "filters").get_by_alt_text("conv0, from 0 to 1")))


def pixels(picture: Locator) -> np.ndarray:
    """(H, W, 3) uint8: the pixels of the file behind an `<image>` of the drawing."""
    return pixels_of(base64.b64decode((picture.get_attribute("href") or "").partition(",")[2]))


def test_grays_are_the_values_around_mid_grey(page: Page, runs: Path) -> None:
    choose_checkpoint(page, "lab")
    values = values_of(loaded(runs, "lab"))["conv0"].numpy()
    look_at(page, "conv0", 3)
    expect(closeup(page)).to_contain_text(f"to {np.abs(values).max():.2f} (white)")
    sheet = pixels(stage(page).locator("[data-layer=conv0] image"))[..., 0].astype(float)
    for index in range(6):
        top, left = (29 * place for place in divmod(index, 2))
        expected = 128 + 127 * values[index] / np.abs(values).max()
        assert np.abs(sheet[top : top + 28, left : left + 28] - expected).max() <= 0.51


def test_an_epoch_shows_the_maps_and_filters_of_that_epoch(page: Page, runs: Path) -> None:
    choose_checkpoint(page, "lab")
    shown = []
    for epoch in range(EPOCHS, 0, -1):
        expect(page.get_by_text(f"Epoch {epoch} of {EPOCHS}")).to_be_visible()
        expect(page.get_by_role("combobox", name="Epoch")).to_have_value(f"epoch {epoch}")
        at_rest(page)
        weights = loaded(runs, "lab", epoch).weights["conv0.weight"]
        expect(part(page, "filters")).to_contain_text(f"to {weights.abs().max():.2f} (white)")
        values = values_of(loaded(runs, "lab", epoch))["conv0"]
        expect(closeup(page)).to_contain_text(f"to {values.abs().max():.2f} (white)")
        shown.append(bytes_of(part(page, "filters").locator("img").nth(1)).tobytes())
        if epoch > 1:
            page.get_by_role("button", name="Epoch before").click()
    assert len(set(shown)) == EPOCHS
    expect(page.get_by_role("button", name="Epoch before")).to_be_disabled()
    assert stage(page).count() == 1


def test_play_fills_a_map_and_each_of_its_values_is_the_networks(page: Page, runs: Path) -> None:
    choose_checkpoint(page, "lab")
    values = values_of(loaded(runs, "lab"))["conv1"]
    look_at(page, "conv1", 3)
    assert set(opacity(page)) == {255}

    closeup(page).get_by_role("button", name="Play").click()
    expect(closeup(page).get_by_role("button", name="Pause")).to_be_visible()
    some = opacity(page)
    assert 0 < some.count(255) < len(some), "it shows all at once, or nothing"
    assert some == sorted(some, reverse=True), "not one after the other"
    expect(closeup(page).get_by_role("button", name="Play")).to_be_visible()

    assert set(opacity(page)) == {255}
    expect(closeup(page)).to_contain_text("Row 9, column 9 of 10×10")
    assert value(page) == pytest.approx(float(values[3, 9, 9]), abs=1e-5)
    shown = (
        the_map(page)
        .locator("canvas")
        .evaluate("canvas => [...canvas.getContext('2d').getImageData(0, 0, 10, 10).data]")
    )
    expected = 128 + 127 * values[3].numpy() / values.abs().max().item()
    assert np.abs(np.reshape(shown, (10, 10, 4))[..., 0] - expected).max() <= 0.51


def test_who_wants_no_motion_gets_the_whole_map_at_once(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    look_at(page, "conv1", 3)
    closeup(page).get_by_role("button", name="Play").click()

    assert set(opacity(page)) == {255}
    expect(closeup(page).get_by_role("button", name="Play")).to_be_visible()
    expect(closeup(page)).to_contain_text("Row 9, column 9 of 10×10")


@pytest.mark.parametrize("name", ["conv1", "conv2"])
def test_a_map_is_the_sum_of_what_each_map_before_it_adds(
    page: Page, runs: Path, name: str
) -> None:
    choose_checkpoint(page, "lab")
    found = loaded(runs, "lab")
    model = found.model()
    layers = layer_outputs(model, to_input(an_image()[None], found.config))
    before = layers[f"pool{int(name[-1]) - 1}"].values
    conv = getattr(model, name)
    adds = torch.stack(
        [
            F.conv2d(one[None].double(), kernel[None, None].detach().double())[0]
            for one, kernel in zip(before, conv.weight[3], strict=True)
        ]
    )

    look_at(page, name, 3)
    rows = closeup(page).locator(".rows .row")
    expect(rows).to_have_count(len(before))
    expect(closeup(page).locator("path")).to_have_count(len(before))
    side = adds.shape[-1]
    point_at(page, side - 1, side // 2, side)
    at = (side - 1, side // 2)
    told = numbers(rows.locator("span"))
    assert told == pytest.approx(adds[:, *at].tolist(), abs=0.0051)
    total, bias, convolved, *_ = numbers(closeup(page).locator(".sum td:last-child"))
    assert total == pytest.approx(float(adds[:, *at].sum()), abs=1e-5)
    assert bias == pytest.approx(conv.bias[3].item(), abs=1e-5)
    expected = float(layers[name].steps["convolution"][3, *at])
    assert convolved == pytest.approx(expected, abs=1e-5)
    assert value(page) == pytest.approx(float(layers[name].values[3, *at]), abs=1e-5)


def test_pointing_at_what_a_kernel_sees_shows_the_value_that_it_gives(
    page: Page, runs: Path
) -> None:
    choose_checkpoint(page, "lab")
    values = values_of(loaded(runs, "lab"))["conv1"][3]
    look_at(page, "conv1", 3)
    seen = closeup(page).locator(".rows .row").nth(2).locator(".input")
    pixel = box_of(seen)["width"] / 14

    seen.click(position={"x": 7.5 * pixel, "y": 5.5 * pixel})

    expect(closeup(page)).to_contain_text("Row 3, column 5 of 10×10")
    assert value(page) == pytest.approx(float(values[3, 5]), abs=1e-5)
    expect(closeup(page).locator("h4")).to_contain_text("Map 2 of pool0")
    three = [
        numbers(table.locator("td")) for table in closeup(page).locator(".numbers table").all()
    ]
    patch, kernel, products = np.array(three)
    assert np.abs(patch * kernel - products).max() < 0.05
    [added] = re.findall(r"sum (.+)$", closeup(page).locator("h4").inner_text())
    assert sum(products) == pytest.approx(float(added.replace("\N{MINUS SIGN}", "-")), abs=0.13)


def test_the_arrow_keys_go_in_their_four_directions(page: Page) -> None:
    first = stage(page).locator("[data-pick='conv1/5']")
    first.focus()
    for key, there in {
        "ArrowDown": "conv1/9",
        "ArrowRight": "conv1/10",
        "ArrowUp": "conv1/6",
        "ArrowLeft": "conv1/5",
    }.items():
        page.keyboard.press(key)
        expect(stage(page).locator(f"[data-pick='{there}']")).to_be_focused()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(stage(page).locator("[data-pick^='pool1/']:focus")).to_have_count(1)
    first.focus()
    page.keyboard.press("Enter")
    expect(closeup(page).locator("h3")).to_have_text("conv1, map 5")
    expect(first).to_be_focused()
    play = closeup(page).get_by_role("button", name="Play")
    play.focus()
    page.keyboard.press("Space")
    expect(closeup(page).get_by_role("button", name="Pause")).to_be_focused()
    row = closeup(page).get_by_role("button", name="Map 4 of pool0")
    row.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(closeup(page).locator("h4")).to_contain_text("Map 3 of pool0")


def test_pointing_at_a_feature_shows_its_weight_and_product(page: Page, runs: Path) -> None:
    choose_checkpoint(page, "lab")
    weights = loaded(runs, "lab").weights["fc3.weight"][5].tolist()
    values = values_of(loaded(runs, "lab"))["conv2"].flatten().tolist()
    look_at(page, "fc3", 5)
    maps = closeup(page).locator(".input")
    cell = box_of(maps)["width"] / 12

    def told(feature: int) -> None:
        value, weight = values[feature], weights[feature]
        shown = closeup(page).locator(".product")
        expect(shown).to_have_text(re.compile(f"^{feature}: "))
        found = re.findall(r"-?[\d.]+", shown.inner_text().replace("\N{MINUS SIGN}", "-"))
        expected = [feature, value, weight, value * weight]
        assert [float(one) for one in found] == pytest.approx(expected, abs=0.0006)

    maps.click(position={"x": 3.5 * cell, "y": 2.5 * cell})
    told(27)
    maps.press("ArrowDown")
    maps.press("ArrowLeft")
    told(38)


def test_the_last_step_is_worked_out_with_a_temperature(page: Page, runs: Path) -> None:
    choose_checkpoint(page, "lab")
    found = loaded(runs, "lab")
    logits = found.model()(to_input(an_image()[None], found.config)).detach()[0]
    look_at(page, "fc4", 4)
    shown = closeup(page).locator(".softmax tbody tr")

    def percent() -> list[float]:
        return [
            float(text.rstrip("% ")) for text in shown.locator("td:last-child").all_inner_texts()
        ]

    assert numbers(shown.locator("td:nth-child(3)")) == pytest.approx(logits.tolist(), abs=0.0051)
    assert percent() == pytest.approx((100 * logits.softmax(0)).tolist(), abs=0.051)
    slider = page.get_by_role("slider", name="Temperature")
    for _ in range(20):
        slider.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "2.00"
    assert percent() == pytest.approx((100 * (logits / 2).softmax(0)).tolist(), abs=0.051)


def test_what_a_layer_does_is_said_until_it_is_hidden_for_good(page: Page) -> None:
    words = closeup(page).locator(".words")
    expect(words).to_contain_text("slides over the picture")
    words.get_by_role("button", name="Hide").click()
    expect(words).to_be_hidden()
    page.reload()
    title(page, "Inside")
    expect(closeup(page).locator("h3")).to_be_visible()
    expect(words).to_be_hidden()
    closeup(page).get_by_role("button", name="What is this?").click()
    expect(words).to_be_visible()


def test_it_is_legible_in_the_dark(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    look_at(page, "conv1", 3)
    color = "one => getComputedStyle(one).color.match(/\\d+/g).slice(0, 3).map(Number)"
    for place in (closeup(page).locator("h3"), closeup(page).locator(".sum td").first):
        assert min(place.evaluate(color)) > 180


def test_the_answer_says_where_predict_asks_more_views(page: Page, runs: Path) -> None:
    choose_checkpoint(page, "draw")
    found = loaded(runs, "draw")
    one = values_of(found)["fc4"]
    with torch.inference_mode():
        several = found.model().probabilities(to_input(an_image()[None], found.config))[0]
    assert float((one - several).abs().max()) > 0.005, "this image shows nothing"

    expect(page.get_by_text("This is one look.")).to_contain_text(f"{float(several.max()):.1%}")
    look_at(page, "fc4", 0)
    views = closeup(page).locator(".views figure")
    expect(views).to_have_count(10)
    shares = [float(text.rstrip("%")) for text in views.all_inner_texts()]
    assert float(np.mean(shares)) == pytest.approx(100 * float(several.max()), abs=0.51)

    choose_checkpoint(page, "lab")
    expect(page.get_by_text("This is one look.")).to_have_count(0)


def test_a_drawing_and_an_upload_are_walked_through_too(page: Page) -> None:
    choose(page, "Draw")
    expect(page.get_by_text("Draw a piece of clothing")).to_be_visible()
    expect(stage(page)).to_have_count(0)
    draw(page, DRAWINGS["Trousers"])
    expect(stage(page).locator("[data-pick]").first).to_be_visible()
    expect(stage(page).locator("[data-layer=input] image")).to_be_visible()
    look_at(page, "fc4", 0)
    expect(closeup(page)).to_contain_text("Is it sure?")

    choose(page, "Upload")
    upload(page, "notes.png", b"no picture")
    expect(page.get_by_role("alert")).to_contain_text("notes.png is not a PNG")
    expect(stage(page)).to_have_count(0)

    picture = Image.new("L", (200, 200), 230)
    picture.paste(40, (50, 20, 150, 180))
    upload(page, "bag.png", encode(picture, "PNG"))
    expect(stage(page).locator("[data-pick]").first).to_be_visible()
    at_rest(page)
    seen = pixels(stage(page).locator("[data-layer=input] image"))
    expected = centre.from_photo(picture, "FashionMNIST").array
    assert np.array_equal(seen[..., 0], expected)


def test_another_image_of_a_class_is_of_that_class(page: Page) -> None:
    select(page, "Class", "Bag")
    page.get_by_role("button", name="Another").click()

    expect(page).not_to_have_url(re.compile(rf"test{IMAGE}\b"))
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
    strip = stage(page)
    assert strip.evaluate("strip => strip.scrollWidth > strip.clientWidth"), "it scrolls by itself"
