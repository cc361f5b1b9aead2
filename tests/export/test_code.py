"""The script that a configuration becomes: it is the lab's network, and trains as the lab does."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from lenet.config import PRESETS, Config, build_config
from lenet.export.code import to_code
from lenet.network.backprop import Backprop
from lenet.network.inputs import to_input
from lenet.network.lenet5 import LeNet5
from lenet.training import augmentation
from lenet.training.optimizers import lr_factor, make_optimizer
from tests.small import other_settings, small_split

STEPS, BATCH = 200, 16
SETTINGS: list[dict[str, Any]] = [
    *({"preset": preset} for preset in PRESETS),
    {"optimizer": "adam", "lr": 0.002, "activation": "relu"},
    {"optimizer": "muon", "lr": 0.05, "activation": "tanh", "dropout": 0.2},
    {"preset": "classic", "schedule": "cosine", "pooling": "max", "momentum": 0.5, "nesterov": 1},
    {"activation": "sigmoid", "padding": 0, "conv2_kernel": 4, "normalization": "symmetric"},
    {"clip_grad_norm": 0.5, "lr_changes": "50:0.01,120:0.002", "schedule": "constant"},
]


def name(values: dict[str, Any]) -> str:
    return "-".join(map(str, values.values()))


def script(config: Config) -> dict[str, Any]:
    """What the script defines."""
    defined: dict[str, Any] = {"__name__": "lenet5"}
    exec(to_code(config), defined)
    return defined


def batches(config: Config, count: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The same batches each time, in float64, the generator before each so that dropout is."""
    images, labels = small_split()
    order = torch.Generator().manual_seed(3)
    for step in range(count):
        index = torch.randint(len(labels), (BATCH,), generator=order)
        torch.manual_seed(step)
        yield to_input(images[index], config).double(), labels[index]


def trained_by_the_lab(config: Config, model: LeNet5, count: int) -> None:
    optimizer = make_optimizer(model, config)
    backprop, lr = Backprop(model, config.label_smoothing), config.lr
    for step, (x, y) in enumerate(batches(config, count)):
        lr = config.later_lrs.get(step, lr)
        for group in optimizer.param_groups:
            group["lr"] = lr * lr_factor(config.schedule, step / count) * group.get("share", 1.0)
        backprop(x, y)
        if config.clip_grad_norm:
            with torch.inference_mode():
                torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip_grad_norm)
        optimizer.step()


@pytest.mark.slow
@pytest.mark.parametrize("values", SETTINGS, ids=name)
def test_training_it_gives_the_weights_of_the_lab(values: dict[str, Any]) -> None:
    """In float64: batch norm leaves the biases before it no gradient but rounding, which Adam
    would enlarge to steps.
    """
    config = build_config({**values, "epochs": 1, "batch_size": BATCH})
    torch.manual_seed(config.seed)
    ours = LeNet5(config).double().train()
    defined = script(config)
    torch.manual_seed(config.seed)
    theirs = defined["LeNet5"]().double()
    started = {key: part.clone() for key, part in theirs.state_dict().items()}
    assert started.keys() == ours.state_dict().keys()
    for key, part in ours.state_dict().items():
        torch.testing.assert_close(started[key], part, rtol=0, atol=0)

    trained_by_the_lab(config, ours, STEPS)
    defined["batches"] = lambda *_: batches(config, STEPS)
    seen = torch.zeros(STEPS * BATCH)
    defined["train"](theirs, seen, seen)

    moved = max(
        float((started[key] - part.detach()).abs().max()) for key, part in ours.named_parameters()
    )
    assert moved > 0.01
    for key, part in ours.state_dict().items():
        torch.testing.assert_close(theirs.state_dict()[key], part, rtol=0, atol=1e-5, msg=key)


@pytest.mark.parametrize("values", [*SETTINGS, {**other_settings(), "device": "cpu"}], ids=name)
def test_each_layer_gives_what_it_gives_in_the_lab(values: dict[str, Any]) -> None:
    config = build_config(values)
    torch.manual_seed(1)
    ours, defined = LeNet5(config).eval(), script(config)
    theirs = defined["LeNet5"]().eval()
    theirs.load_state_dict(ours.state_dict())
    seen: dict[str, Tensor] = {}
    for layer, module in theirs.named_children():
        module.register_forward_hook(lambda _, __, out, layer=layer: seen.update({layer: out}))
    images = small_split("test").images[:8]
    with torch.no_grad():
        x = to_input(images, config)
        torch.testing.assert_close(defined["to_input"](images), x, rtol=0, atol=1e-5)
        torch.testing.assert_close(theirs(x), ours(x), rtol=0, atol=1e-5)
        early, late, _ = ours.stages(x)
    last = "pool2" if config.pool2 else "bn2" if config.batch_norm else "conv2"
    assert set(seen) == {layer for layer, _ in theirs.named_children()}
    assert {layer.name for layer in config.layers()} <= set(seen)
    if config.pool2:
        torch.testing.assert_close(seen[last], late, rtol=0, atol=1e-5)
    torch.testing.assert_close(seen["pool1"], early, rtol=0, atol=1e-5)


@pytest.mark.parametrize("way", ["flip", "shift", "warp"])
def test_augmentation_is_that_of_the_lab(way: str) -> None:
    defined = script(build_config({"augment": way}))
    images = small_split().images
    torch.manual_seed(2)
    ours = getattr(augmentation, way)(images)
    torch.manual_seed(2)
    theirs = defined[way](images)
    assert not torch.equal(theirs, images)
    differing = (theirs.int() - ours.int()).abs()
    assert int(differing.max()) <= 1  # the warp's rounding
    assert float((differing > 0).float().mean()) < 0.002


def test_it_is_clean_and_needs_nothing_of_the_lab(tmp_path: Path) -> None:
    settings = [*SETTINGS, other_settings(), {"augment": "warp", "schedule": "cosine"}]
    for at, values in enumerate(settings):
        code = to_code(build_config(values))
        assert "import lenet" not in code
        assert "from lenet" not in code
        (tmp_path / f"lenet5_{at}.py").write_text(code, encoding="utf-8")
    ruff = (sys.executable, "-m", "ruff")
    rules = "E,F,W,I,B,UP,SIM,C4,PTH,D2,D3,D4"
    ignored = "B905,D203,D205,D213,D401"
    check = ("check", "--isolated", "--select", rules, "--ignore", ignored, str(tmp_path))
    for command in (check, ("format", "--check", "--isolated", str(tmp_path))):
        done = subprocess.run([*ruff, *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_head_says_what_is_left_out() -> None:
    assert "views of an image (mirror_shift)" in to_code(build_config({"preset": "draw"}))
    assert "(sketches)" in to_code(build_config({"preset": "draw"}))
    assert "Left out" not in to_code(build_config({"preset": "classic"}))
    digits = to_code(build_config({"dataset": "MNIST"}))
    assert "MNIST(" in digits
    assert "(sketches)" not in digits
