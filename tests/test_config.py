"""The configuration: every hyperparameter once, bounds kept, flags there and back."""

import math
from typing import Any

import pytest

from lenet.config import (
    PRESET_NOTES,
    PRESETS,
    Config,
    ModelConfig,
    applies,
    bounds,
    build_config,
    choices,
    knob,
    overrides,
    to_flags,
)
from lenet.errors import ConfigError, GeometryError
from tests.small import other_settings, refused

FIELDS = Config.model_fields
NUMBERS = [name for name, info in FIELDS.items() if info.annotation in (int, float)]
SWITCHES = [name for name, info in FIELDS.items() if info.annotation is bool]
CHOICES = [name for name, info in FIELDS.items() if choices(info)]

CHANGES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "all": {name: value for name, value in other_settings().items() if name != "preset"},
    "digits mirrored": {"dataset": "MNIST", "augment": "flip_shift"},
    "small numbers": {"lr": 3e-05, "weight_decay": 1e-5, "dropout": 0.1, "negative_slope": 1 / 3},
    "large numbers": {"seed": 2**31 - 1, "epochs": 1000, "batch_size": 60000},
}


def below_and_above(name: str) -> list[float]:
    """The nearest values that a number field must refuse."""
    limits = bounds(FIELDS[name])
    step = 1 if FIELDS[name].annotation is int else 1e-6
    low = limits["ge"] - step if "ge" in limits else limits["gt"]
    high = limits["le"] + step if "le" in limits else limits["lt"]
    return [low, high]


def test_every_field_but_one_is_a_number_a_switch_or_a_choice() -> None:
    assert sorted([*NUMBERS, *SWITCHES, *CHOICES, "lr_changes"]) == sorted(FIELDS)
    labels = [knob(info).label for info in FIELDS.values()]
    assert len(set(labels)) == len(labels), "labels do not tell fields apart"


@pytest.mark.parametrize(
    ("text", "kept", "meant"),
    [
        ("", "", {}),
        (" 9:0.1, 5:2,", "5:2.0,9:0.1", {5: 2.0, 9: 0.1}),
        ("5:1,5:3", "5:3.0", {5: 3.0}),
        ("1:1e-05", "1:1e-05", {1: 1e-5}),
    ],
)
def test_later_learning_rates_are_kept_in_order(
    text: str, kept: str, meant: dict[int, float]
) -> None:
    config = build_config({"lr_changes": text})
    assert config.lr_changes == kept
    assert config.later_lrs == meant


@pytest.mark.parametrize("text", ["5", "5:", "x:1", "5:x", "0:1", "-5:1", "5:0", "5:11", "5:nan"])
def test_unusable_later_learning_rates_are_refused(text: str) -> None:
    with refused(ConfigError, "lr_changes must be"):
        build_config({"lr_changes": text})


def test_a_learning_rate_set_anew_joins_the_later_ones() -> None:
    config = build_config({"lr_changes": "7:0.1"}).with_lr(3, 0.02).with_lr(7, 0.3)
    assert config.later_lrs == {3: 0.02, 7: 0.3}
    assert build_config(config.model_dump()) == config


@pytest.mark.parametrize("name", FIELDS)
def test_field_says_what_it_is(name: str) -> None:
    info = FIELDS[name]
    assert len(info.description or "") > 15
    assert info.description.endswith(".")  # type: ignore[union-attr]
    assert knob(info).label[0].isupper()
    assert set(knob(info).only_if) <= set(FIELDS)


@pytest.mark.parametrize("name", NUMBERS)
def test_number_has_two_bounds_and_a_default_between_them(name: str) -> None:
    low, high = below_and_above(name)
    assert low <= FIELDS[name].default <= high
    assert not set(bounds(FIELDS[name])).isdisjoint(("ge", "gt"))
    assert not set(bounds(FIELDS[name])).isdisjoint(("le", "lt"))


NO_NUMBERS = ["nan", "inf", "-inf", math.nan, math.inf, "five", "", None, []]
UNUSABLE = [
    *[(name, value) for name in NUMBERS for value in (*below_and_above(name), *NO_NUMBERS)],
    *[(name, value) for name in CHOICES for value in ("something else", 7)],
    *[("epochs", 2.5), ("epochs", "2.5"), ("batch_norm", 2), ("softmax", "maybe"), ("pool2", None)],
]


@pytest.mark.parametrize(("name", "value"), UNUSABLE)
def test_unusable_value_is_refused_by_name(name: str, value: object) -> None:
    with refused(ConfigError, f"^{name} must be ") as caught:
        build_config({name: value})
    assert repr(value) in str(caught.value)
    assert all(f"'{option}'" in str(caught.value) for option in choices(FIELDS[name]))


def test_unknown_field_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(ConfigError, match=r"^learning_rate is not a hyperparameter") as caught:
        build_config({"learning_rate": 0.1})
    assert " lr," in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"), [("0", False), ("1", True), ("true", True), ("false", False)]
)
def test_switch_takes_text_as_on_a_command_line(text: str, value: bool) -> None:
    assert build_config({"pool2": text, "kernel_size": "3"}).pool2 is value


class TestFieldsThatDependOnEachOther:
    def test_nesterov_needs_momentum(self) -> None:
        values = {"optimizer": "sgd", "nesterov": True}
        with refused(ConfigError, "nesterov needs a momentum"):
            build_config({**values, "momentum": 0})
        assert build_config({**values, "momentum": 0.1}).nesterov
        assert build_config({**values, "momentum": 0, "optimizer": "adam"}).nesterov

    def test_batch_norm_needs_two_images(self) -> None:
        with refused(ConfigError, "raise the batch size"):
            build_config({"batch_size": 1})
        assert build_config({"batch_size": 1, "batch_norm": False}).batch_size == 1
        assert build_config({"batch_size": 2}).batch_norm

    def test_network_alone_refuses_its_geometry_too(self) -> None:
        with pytest.raises(GeometryError):
            ModelConfig(padding=0)


@pytest.mark.parametrize(
    ("name", "depends_on", "where", "where_not"),
    [
        ("momentum", "optimizer", ["sgd"], ["adamw"]),
        ("nesterov", "optimizer", ["sgd"], ["adam"]),
        ("negative_slope", "activation", ["leaky_relu"], ["relu"]),
        ("fit", "input_size", [32], [28, 20]),
        ("lr", "optimizer", ["sgd", "adam"], []),
    ],
)
def test_field_applies_only_where_it_has_an_effect(
    name: str, depends_on: str, where: list[object], where_not: list[object]
) -> None:
    usual = build_config().model_dump()
    for value in (*where, *where_not):
        assert applies(FIELDS[name], {**usual, depends_on: value}) is (value in where)


class TestPresets:
    def test_each_can_be_chosen_and_has_a_note_and_lab_is_the_default(self) -> None:
        assert choices(FIELDS["preset"]) == tuple(PRESETS) == tuple(PRESET_NOTES)
        assert build_config() == build_config({"preset": "lab"})

    @pytest.mark.parametrize("preset", PRESETS)
    def test_can_be_built_and_overridden_and_its_flags_repeat_nothing(self, preset: str) -> None:
        config = build_config({"preset": preset})
        assert to_flags(config) == ["--preset", preset, "--dataset", "FashionMNIST"]
        config = build_config({"preset": preset, "activation": "relu", "epochs": 7})
        assert (config.preset, config.activation, config.epochs) == (preset, "relu", 7)

    @pytest.mark.parametrize(
        ("preset", "said"),
        [
            (
                "post",
                "--input_size 28 --kernel_size 3 --padding 0 --pool2 1 --batch_norm 1 --softmax 1 "
                "--init xavier_uniform --normalization half --optimizer sgd --lr 0.01 "
                "--momentum 0.9 --weight_decay 0.0 --dropout 0.3 --activation tanh "
                "--schedule constant --augment none --val_size 0",
            ),
            ("post-32", "--input_size 32 --kernel_size 5 --padding 0 --pool2 0 --softmax 0"),
            (
                "classic",
                "--input_size 32 --kernel_size 5 --padding 0 --pooling average "
                "--activation tanh --batch_norm 0",
            ),
        ],
    )
    def test_preset_is_what_the_post_and_the_paper_say(self, preset: str, said: str) -> None:
        pairs = zip(said.split()[::2], said.split()[1::2], strict=True)
        given = {name[2:]: value for name, value in pairs}
        config = build_config({"preset": preset})
        assert build_config({**config.model_dump(), **given}) == config

    @pytest.mark.parametrize("preset", PRESETS)
    def test_no_preset_mirrors_digits_or_adds_clothes_to_them(self, preset: str) -> None:
        config = build_config({"dataset": "MNIST", "preset": preset})
        assert config.augment in ("none", "shift", "warp")
        assert config.views == "one"
        asked = build_config({"dataset": "MNIST", "preset": preset, "augment": "flip"})
        assert asked.augment == "flip"


class TestFlags:
    @pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
    @pytest.mark.parametrize("preset", PRESETS)
    def test_flags_give_the_same_configuration_again(
        self, preset: str, change: dict[str, Any]
    ) -> None:
        config = build_config({"preset": preset, **change})
        flags = to_flags(config)
        names, values = flags[::2], flags[1::2]
        assert all(name.startswith("--") for name in names)
        assert {"True", "False"}.isdisjoint(values)
        text = dict(zip((name[2:] for name in names), values, strict=True))
        assert build_config(text) == config

    def test_overrides_are_what_differs_from_the_preset(self) -> None:
        config = build_config({"preset": "post", "softmax": "0", "lr": 0.01, "dataset": "MNIST"})
        assert overrides(config) == {"dataset": "MNIST", "softmax": False}
