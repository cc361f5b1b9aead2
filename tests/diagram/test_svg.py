"""The drawing of a network, from its settings alone."""

import base64
import io
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from lenet.config import PRESETS, Config, build_config
from lenet.diagram.columns import columns
from lenet.diagram.svg import draw, sheet
from lenet.paths import ROOT

SVG = "{http://www.w3.org/2000/svg}"


def drawn(**more: Any) -> ElementTree.Element:
    return ElementTree.fromstring(draw(settings(), **more))


def settings(**changed: Any) -> dict[str, Any]:
    return {**build_config().model_dump(), **changed}


def layers(svg: ElementTree.Element) -> dict[str, ElementTree.Element]:
    found = (group for group in svg.iter(f"{SVG}g") if "data-layer" in group.attrib)
    return {group.attrib["data-layer"]: group for group in found}


def words(group: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in group.iter(f"{SVG}text")]


@pytest.mark.parametrize("preset", PRESETS)
def test_each_layer_of_a_preset_has_its_size_and_parameters(preset: str) -> None:
    config: Config = build_config({"preset": preset})
    shown = {column.name: column for column in columns(config.model_dump())}
    own = [layer for layer in config.layers() if not layer.name.startswith("bn")]
    assert list(shown) == ["input", *(layer.name for layer in own)]
    assert all(shown[layer.name].shape == layer.output_shape for layer in own)
    parameters = sum(column.parameters for column in shown.values())
    assert parameters == sum(layer.parameters for layer in config.layers())
    svg = ElementTree.fromstring(draw(config.model_dump()))
    assert f"{parameters:,} parameters" in svg.attrib["data-total"]
    for name, group in layers(svg).items():
        assert group.attrib["tabindex"] == "0"
        assert group.attrib["aria-label"] == f"{name}, {shown[name].size}"
        assert {name, shown[name].size, *shown[name].steps} <= set(words(group))


def test_steps_stand_at_their_layers() -> None:
    plain = {column.name: column.steps for column in columns(settings())}
    assert plain["conv0"] == ("5×5, padding 2", "batch norm", "LeakyReLU")
    assert plain["conv1"] == ("5×5", "batch norm", "LeakyReLU")
    assert plain["pool0"] == ("max of 2×2",)
    assert plain["fc4"] == ("10 sums", "softmax")
    changed = {"pooling": "average", "batch_norm": False, "activation": "tanh"}
    changed |= {"dropout": 0.3, "softmax": True, "padding": 2, "input_size": 28}
    other = {column.name: column.steps for column in columns(settings(**changed))}
    assert other["conv1"] == ("5×5", "tanh")
    assert other["pool0"] == ("mean of 2×2",)
    assert other["fc3"] == ("84 sums", "tanh", "dropout 30%")
    assert other["fc4"] == ("10 sums", "softmax inside")


def test_a_layer_says_what_it_costs() -> None:
    said = {column.name: column.says for column in columns(settings())}
    assert "168 parameters, 117,600 multiply-adds" in said["conv0"]
    assert "10,164 parameters, 10,080 multiply-adds" in said["fc3"]


def test_ends_at_the_layer_that_does_not_fit() -> None:
    svg = ElementTree.fromstring(draw(settings(padding=0)))
    shown = layers(svg)
    assert list(shown) == ["input", "conv0", "pool0", "conv1", "pool1", "conv2"]
    assert [name for name, group in shown.items() if "broken" in group.attrib["class"]] == ["conv2"]
    assert "16 × 4×4" in words(shown["pool1"])
    assert {"does not fit", "needs 5×5", "gets 4×4"} <= set(words(shown["conv2"]))
    assert svg.attrib["data-total"].startswith("conv2 needs 5×5")


def test_names_the_classes_of_its_dataset() -> None:
    outputs = layers(drawn())["fc4"]
    assert {"Sandal", "Bag"} <= set(words(outputs))


def test_real_maps_fill_the_layers_and_can_be_picked() -> None:
    shapes = {column.name: column.shape for column in columns(settings())}
    rng = np.random.default_rng(0)
    maps = {name: rng.integers(0, 256, shape, np.uint8) for name, shape in shapes.items()}
    svg = drawn(maps=maps, pick=True)
    pictures = {
        name: [image.attrib["href"] for image in group.iter(f"{SVG}image")]
        for name, group in layers(svg).items()
    }
    assert [name for name, found in pictures.items() if not found] == ["fc4"]
    targets = [node.attrib["data-pick"] for node in svg.iter() if "data-pick" in node.attrib]
    counts = [shape[0] for name, shape in shapes.items() if name != "input"]
    assert len(targets) == len(set(targets)) == sum(counts)
    assert {"conv1/15", "fc3/83", "fc4/9"} <= set(targets)
    maps["conv1"] = 255 - maps["conv1"]
    again = layers(drawn(maps=maps, pick=True))
    changed = [
        name
        for name, group in again.items()
        if [image.attrib["href"] for image in group.iter(f"{SVG}image")] != pictures[name]
    ]
    assert changed == ["conv1"]


def test_sheet_holds_every_map_where_it_belongs() -> None:
    maps = np.arange(6 * 3 * 3, dtype=np.uint8).reshape(6, 3, 3)
    data = base64.b64decode(sheet(maps, 2).partition(",")[2])
    found = np.asarray(Image.open(io.BytesIO(data)))
    assert found.shape == (11, 7, 2)
    assert (found[4:7, 4:7, 0] == maps[3]).all()
    assert (found[3, :, 1] == 0).all()


def test_the_shipped_file_is_current() -> None:
    """`python -m lenet.diagram > docs/diagram.svg` writes it."""
    assert (ROOT / "docs/diagram.svg").read_text(encoding="utf-8") == drawn_file()


def drawn_file() -> str:
    return draw(settings()) + "\n"
