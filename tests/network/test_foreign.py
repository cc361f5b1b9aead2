"""Weights from elsewhere: every layout, however saved, answers as it did at home."""

import io
import random
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lenet.data.splits import load_split
from lenet.errors import CheckpointError, DatasetError
from lenet.evaluation.predict import predict
from lenet.network import checkpoint, foreign
from lenet.network.trials import OPTIONS
from lenet.network.weight_file import MAX_LEGACY
from tests.network.other_lenets import LAYOUTS, TESTED_ON, WAYS, Blog, packed, prefixed, trained
from tests.small import refused

real = pytest.mark.usefixtures("real_fashion_mnist")


def check(found: checkpoint.Checkpoint, expected: Tensor) -> None:
    """Same answers to the test images, and so the same accuracy."""
    split = load_split("FashionMNIST", "test")
    answers = predict(found, split.images[:TESTED_ON])
    labels = split.labels[:TESTED_ON]
    assert torch.equal(answers.argmax(1), expected.argmax(1))
    assert (expected.argmax(1) == labels).float().mean() > 0.6, "it has learnt too little to tell"
    if not torch.allclose(expected.sum(1), torch.ones(TESTED_ON)):
        expected = F.softmax(expected, dim=1)
    assert torch.allclose(answers, expected, atol=1e-4)


@real
@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_found_and_answers_the_same(layout: str, tmp_path: Path) -> None:
    model, expected = trained(layout)
    made = LAYOUTS[layout]
    known: dict[str, Any] = {}
    for name, save in WAYS.items():
        found, is_foreign = foreign.loads(save(model), name, known)
        assert is_foreign
        assert {key: getattr(found.config, key) for key in made.settings} == made.settings
        check(found, expected)
        notes = " ".join(found.metrics["imported"])
        if not known:
            assert all(note in notes for note in made.notes), notes
            assert "combinations tried on 1,000 training images" in notes
            assert "second best" in notes
            assert ("The same comes of input_size 32" in notes) == (layout == "textbook")
        known = {key: getattr(found.config, key) for key in OPTIONS}  # need not be tried again

    checkpoint.save(tmp_path / "ours.pt", found)
    check(checkpoint.load(tmp_path / "ours.pt"), expected)


@real
def test_what_a_person_knows_is_not_tried() -> None:
    model, _ = trained("textbook")
    known = {"activation": "tanh", "input_size": 32, "normalization": "half"}
    found, _ = foreign.loads(WAYS["bare.pt"](model), "a.pt", known)
    assert {key: getattr(found.config, key) for key in known} == known
    assert "No combination fits well" in " ".join(found.metrics["imported"])


def test_other_precisions_are_taken() -> None:
    half = {name: part.half() for name, part in changed().items()}
    found = foreign.five_layers(torch.load(io.BytesIO(packed({"ema": half}))), "a.pt")
    weight = found.weights["conv0.weight"]
    assert weight.dtype == torch.float32
    assert torch.equal(weight, half["conv0.weight"].float())


@pytest.mark.usefixtures("small_dataset")
def test_shapes_count_more_than_what_a_person_says() -> None:
    data = packed(Blog().state_dict())
    with refused(CheckpointError, "has kernel_size 3 by its shapes, not 5"):
        foreign.loads(data, "a.pt", {"kernel_size": 5})
    with refused(CheckpointError, "fits no image of 28×28 or 32×32"):
        foreign.loads(data, "a.pt", {"input_size": 50})


def test_without_training_images_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lenet.network.trials.locate", lambda *_: None)
    data = packed(Blog().state_dict())
    with refused(DatasetError, "not on this machine"):
        foreign.loads(data, "a.pt", {}, tmp_path)
    options = {name: values[0] for name, values in OPTIONS.items() if name != "pool2"}
    found, _ = foreign.loads(data, "a.pt", options, tmp_path)
    assert found.config.pool2


def changed(**parts: Tensor | None) -> dict[str, Tensor]:
    """The blog's weights, some of them others (`__` for a dot) or gone."""
    state = dict(Blog().state_dict())
    for name, part in parts.items():
        key = name.replace("__", ".")
        if part is None:
            del state[key]
        else:
            state[key] = part
    return state


def two_more() -> dict[str, Tensor]:
    return changed(fc5__weight=torch.zeros(10, 10), fc6__weight=torch.zeros(10, 10))


REFUSED: dict[str, tuple[Any, str]] = {
    "seven layers": (two_more(), "has 7 weighted layers; a LeNet-5 has five"),
    "one": ({"a": torch.zeros(3, 3)}, "has one weighted layer; a LeNet-5 has five"),
    "colours": (changed(conv0__weight=torch.zeros(6, 3, 3, 3)), r"could be conv0.*\(6, 3, 3, 3\)"),
    "more maps": (changed(conv1__weight=torch.zeros(32, 6, 3, 3)), "could be conv1"),
    "letters": (changed(fc4__weight=torch.zeros(26, 84)), r"could be fc4.*\(26, 84\)"),
    "kernels": (changed(conv1__weight=torch.zeros(16, 6, 5, 5)), "a kernel of 3 in conv0 and of 5"),
    "learnt slope": (changed(act__weight=torch.zeros(1)), r"has weights .* 'act.weight' \(1,\)"),
    "two norms": (
        changed(more__running_mean=torch.zeros(6), more__running_var=torch.ones(6)),
        "2 batch norms of 6 channels",
    ),
    "half a norm": (changed(bn0__running_var=None), "incomplete batch norm"),
    "two biases": (changed(other=torch.zeros(84)), "could be the bias of fc3"),
    "not numbers": (changed(fc4__bias=torch.full((10,), torch.nan)), "not numbers"),
    "boundless": (
        changed(
            conv0__weight=torch.zeros(1).expand(6, 1, 2**20, 2**20),
            conv1__weight=torch.zeros(1).expand(16, 6, 2**20, 2**20),
        ),
        "too large for an image",
    ),
    "no weights": ({"epoch": 3, "history": [1, 2]}, "holds no weights"),
    "a list": ([torch.zeros(3)], "holds no weights"),
}


@pytest.mark.usefixtures("small_dataset")
@pytest.mark.parametrize(("content", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_named(content: Any, words: str) -> None:
    with refused(CheckpointError, words):
        foreign.loads(packed(content), "a.pt")


class TestPrograms:
    """Files that are more than weights; nothing in them is executed."""

    @pytest.fixture(autouse=True)
    def _no_warnings(self) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield

    @pytest.mark.parametrize("is_zip", [True, False])
    def test_a_whole_model_is_refused_with_what_to_do(self, is_zip: bool) -> None:
        data = packed(Blog(), _use_new_zipfile_serialization=is_zip)
        with refused(CheckpointError, r"whole model.*torch\.save\(model\.state_dict\(\)"):
            foreign.loads(data, "a.pt")

    def test_torchscript_is_refused_with_what_to_do(self) -> None:
        file = io.BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.jit.save(torch.jit.script(nn.Linear(2, 2)), file)
        with refused(CheckpointError, r"is TorchScript.*torch\.save\(model\.state_dict\(\)"):
            foreign.loads(file.getvalue(), "a.pt")

    @pytest.mark.parametrize("way", ["legacy.pt", "model.safetensors"])
    def test_damaged_files_of_every_kind(self, way: str) -> None:
        data, pick = WAYS[way](Blog()), random.Random(0)
        for _ in range(30):
            at = pick.randrange(20, 2000)
            with refused(CheckpointError, "damaged|no |not |has |could"):
                foreign.loads(data[:at], way)
            content = bytearray(data)
            content[at % 200 + 16 : at % 200 + 24] = pick.randbytes(8)
            try:
                foreign.loads(bytes(content), way, {name: one[0] for name, one in OPTIONS.items()})
            except CheckpointError as error:
                assert "\n" not in str(error)

    def test_a_large_file_of_the_old_format_is_not_parsed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = packed(
            prefixed("a", {"x": torch.zeros(MAX_LEGACY // 4)}), _use_new_zipfile_serialization=False
        )
        monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("read it"))
        with refused(CheckpointError, "too large"):
            foreign.loads(data, "a.pt")
