"""The configuration: every hyperparameter once, with its type, bounds, default and help text.

Flags, widgets, a run's `config.json`, a checkpoint's metadata and the shareable URL are derived
from these fields.
"""

from collections.abc import Container, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from reprlib import Repr
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic.fields import FieldInfo

from lenet import geometry
from lenet.catalog import DATASETS, DatasetName
from lenet.errors import ConfigError

Group = Literal["data", "network", "regularisation", "optimisation"]


@dataclass(frozen=True)
class Knob:
    """How a field is shown; it has an effect only under the values of other fields in `only_if`."""

    label: str
    group: Group
    only_if: Mapping[str, Container[object]] = field(default_factory=dict)


MAX_LR = 10


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _ordered_changes(text: str) -> str:
    """`step:rate` pairs in the order of their steps, each step once; the later one counts."""
    found: dict[int, float] = {}
    for pair in filter(None, text.replace(" ", "").split(",")):
        step, _, lr = pair.partition(":")
        try:
            found[int(step)] = float(lr)
        except ValueError:
            raise ValueError("step:rate pairs like 500:0.005,900:0.001") from None
    if not all(step >= 1 and 0 < lr <= MAX_LR for step, lr in found.items()):
        raise ValueError(f"steps from 1 on with rates above 0 and up to {MAX_LR}")
    return ",".join(f"{step}:{lr!r}" for step, lr in sorted(found.items()))


class ModelConfig(_Settings):
    """What the network is; `GeometryError` if its layers do not fit into each other."""

    input_size: Annotated[int, Knob("Input size", "network")] = Field(
        28, ge=8, le=64, description="Side of the square image that the network takes, in pixels."
    )
    fit: Annotated[
        Literal["pad", "resize"],
        Knob("Fit to input size", "network", {"input_size": range(29, 65)}),
    ] = Field(
        "pad",
        description="How a 28×28 image becomes a larger input: a frame of background, as in "
        "LeNet-5's own paper, or bilinear resizing, as in the post. A smaller input is resized.",
    )
    kernel_size: Annotated[int, Knob("Kernel size", "network")] = Field(
        5, ge=1, le=11, description="Side of the kernel of all three convolutions."
    )
    conv2_kernel: Annotated[int, Knob("Kernel size of conv2", "network")] = Field(
        0,
        ge=0,
        le=16,
        description="Side of conv2's kernel; 0 takes the kernel size of the others. As large as "
        "the map that it gets, it is the linear layer that many programs have in its place.",
    )
    padding: Annotated[int, Knob("Padding", "network")] = Field(
        2, ge=0, le=5, description="Zeros added around the input of conv0 only."
    )
    pool2: Annotated[bool, Knob("Third pooling", "network")] = Field(
        False, description="An extra pooling after conv2, needed with kernel size 3."
    )
    pooling: Annotated[Literal["max", "average"], Knob("Pooling", "network")] = Field(
        "max", description="Largest or average value of each 2×2 window."
    )
    batch_norm: Annotated[bool, Knob("Batch norm", "network")] = Field(
        True, description="Maps are brought to mean 0, deviation 1 over the batch; learns faster."
    )
    activation: Annotated[
        Literal["tanh", "leaky_relu", "relu", "sigmoid"], Knob("Activation", "network")
    ] = Field("leaky_relu", description="Curve that each sum goes through, but for the last ten.")
    negative_slope: Annotated[
        float, Knob("Negative slope", "network", {"activation": ("leaky_relu",)})
    ] = Field(0.1, ge=0, le=1, description="Slope of LeakyReLU below zero.")
    init: Annotated[Literal["xavier_uniform", "default"], Knob("Initial weights", "network")] = (
        Field(
            "xavier_uniform",
            description="How the random weights of the beginning are drawn: after Xavier Glorot, "
            "in a range that suits each layer's size, or as PyTorch does.",
        )
    )
    softmax: Annotated[bool, Knob("Softmax in forward()", "network")] = Field(
        False,
        description="Softmax makes probabilities of ten sums. The loss does that itself; where the "
        "network does it, too, as in the blog post that the presets post and post-32 follow, the "
        "loss cannot fall below 1.4612 and learning is slow.",
    )
    views: Annotated[
        Literal["one", "mirror", "mirror_shift"], Knob("Looks at a picture", "network")
    ] = Field(
        "one",
        description="The trained network answers from one look at a picture, from the mean of two, "
        "the second at its mirror image, or from the mean of ten: both also moved by a pixel in "
        "four directions. Mirror images need a training with flips.",
    )
    dropout: Annotated[float, Knob("Dropout", "regularisation")] = Field(
        0.0, ge=0, le=0.95, description="Share of fc3's features set to 0 at random in each step."
    )

    @model_validator(mode="after")
    def _fits(self) -> "ModelConfig":
        self.layers()
        return self

    def layers(self) -> list[geometry.LayerShape]:
        """Name, output shape and parameters of each layer; see `geometry.layers`."""
        return geometry.layers(dict(self))


class TrainingConfig(_Settings):
    """How the network is trained."""

    normalization: Annotated[
        Literal["dataset", "half", "symmetric", "none", "mnist"], Knob("Normalisation", "data")
    ] = Field(
        "dataset",
        description="Subtract the training images' mean and divide by their deviation; or "
        "subtract 0.5 (half); divide by 0.5, too (symmetric, −1 to 1); leave pixels "
        "from 0 to 1 (none); take MNIST's mean and deviation for any dataset (mnist).",
    )
    val_size: Annotated[int, Knob("Validation images", "data")] = Field(
        5000,
        ge=0,
        le=50000,
        description="Training images held back, the same for every run, to compare settings "
        "without touching the test set. 0 trains on all 60,000.",
    )
    augment: Annotated[
        Literal["none", "flip", "shift", "flip_shift", "warp"],
        Knob("Augmentation", "data"),
    ] = Field(
        "none",
        description="Random changes to each training image: mirrored left to right, moved by "
        "up to 2 pixels, or both. Warp: turned, stretched, slanted and moved a little.",
    )
    sketches: Annotated[float, Knob("Drawings", "data", {"dataset": ("FashionMNIST",)})] = Field(
        0.16,
        ge=0,
        le=1,
        description="Made-up drawings of clothes that join each batch, as a share of its "
        "photographs, so that the network knows what people draw, too. 0 for none.",
    )
    photographs: Annotated[
        float, Knob("Made photographs", "data", {"dataset": ("FashionMNIST",)})
    ] = Field(
        0.06,
        ge=0,
        le=1,
        description="Photographs of clothes made of the training images, as they lie on a bed or "
        "hang on a door, that join each batch, as a share of its images. 0 for none.",
    )
    label_smoothing: Annotated[float, Knob("Label smoothing", "regularisation")] = Field(
        0.1,
        ge=0,
        le=0.9,
        description="Share of the right answer's 100 % that is spread over all ten classes, so "
        "that the network is not too sure of itself.",
    )
    weight_decay: Annotated[float, Knob("Weight decay", "regularisation")] = Field(
        0.02, ge=0, le=1, description="How much each step also draws the weights towards zero."
    )
    optimizer: Annotated[
        Literal["sgd", "adam", "adamw", "muon"], Knob("Optimizer", "optimisation")
    ] = Field(
        "muon",
        description="The rule that makes a step of a gradient, the direction in which the loss "
        "falls. SGD takes that; Adam and AdamW give each weight a length of its own; Muon turns "
        "the hidden layers' steps so that all directions are used alike, and leaves the other "
        "weights to AdamW, at 0.3 of its learning rate.",
    )
    lr: Annotated[float, Knob("Learning rate", "optimisation")] = Field(
        0.1,
        gt=0,
        le=MAX_LR,
        description="Length of a step; with a schedule, the highest one. Muon and SGD take "
        "about 0.1, Adam and AdamW 0.01.",
    )
    lr_changes: Annotated[
        str, AfterValidator(_ordered_changes), Knob("Later learning rates", "optimisation")
    ] = Field(
        "",
        description="Learning rates to go on with after some steps, as step:rate, say "
        "500:0.005,900:0.001. A change made while training is noted here.",
    )
    schedule: Annotated[
        Literal["constant", "cosine", "one_cycle"], Knob("Schedule", "optimisation")
    ] = Field(
        "one_cycle",
        description="The learning rate over the run: constant, falling along a cosine, or "
        "rising for the first fifth and falling after it.",
    )
    momentum: Annotated[float, Knob("Momentum", "optimisation", {"optimizer": ("sgd", "muon")})] = (
        Field(
            0.8, ge=0, lt=1, description="Share of the last step kept in the next (SGD and Muon)."
        )
    )
    nesterov: Annotated[bool, Knob("Nesterov", "optimisation", {"optimizer": ("sgd",)})] = Field(
        False, description="The gradient is taken where the momentum's step leads (SGD only)."
    )
    clip_grad_norm: Annotated[float, Knob("Gradient clipping", "optimisation")] = Field(
        0.0,
        ge=0,
        le=1000,
        description="Longest gradient, as the norm over all weights; a longer one is shortened "
        "to it before the step. 0 leaves all as they are.",
    )
    epochs: Annotated[int, Knob("Epochs", "optimisation")] = Field(
        3, ge=1, le=1000, description="Passes over the training images."
    )
    batch_size: Annotated[int, Knob("Batch size", "optimisation")] = Field(
        128, ge=1, le=60000, description="Images per step."
    )
    seed: Annotated[int, Knob("Seed", "optimisation")] = Field(
        0, ge=0, le=2**31 - 1, description="Fixes initial weights, order of images and dropout."
    )
    device: Annotated[Literal["auto", "cpu", "cuda", "mps"], Knob("Device", "optimisation")] = (
        Field("auto", description="Where to compute; auto takes CUDA, then Apple's MPS, then CPU.")
    )
    threads: Annotated[int, Knob("CPU threads", "optimisation")] = Field(
        0,
        ge=0,
        le=64,
        description="Threads of a training on the CPU. 0: one, and a second core for what need "
        "not wait, where one is free; the result is that of 1. More gain little on so small a "
        "network, and waiting for each other they crawl when anything else runs.",
    )
    keep_checkpoints: Annotated[int, Knob("Checkpoints kept", "optimisation")] = Field(
        0,
        ge=0,
        le=1000,
        description="The newest epochs whose checkpoints stay, two at least, beside the one with "
        "the best validation accuracy. 0 keeps all.",
    )


PresetName = Literal["lab", "draw", "photo", "classic", "post", "post-32"]


class Config(ModelConfig, TrainingConfig):
    """A whole run: dataset, network and training, all in one flat namespace."""

    dataset: Annotated[DatasetName, Knob("Dataset", "data")] = Field(
        "FashionMNIST", description="Clothes (Fashion-MNIST) or handwritten digits (MNIST)."
    )
    preset: Annotated[PresetName, Knob("Preset", "data")] = Field(
        "lab", description="Ready-made settings; whatever else you set takes their place."
    )

    @property
    def scaling(self) -> tuple[float, float]:
        """What is subtracted from pixels of 0..1, and by what the rest is divided."""
        info = DATASETS["MNIST" if self.normalization == "mnist" else self.dataset]
        fixed = {"half": (0.5, 1.0), "symmetric": (0.5, 0.5), "none": (0.0, 1.0)}
        return fixed.get(self.normalization, (info.mean, info.std))

    @property
    def later_lrs(self) -> dict[int, float]:
        """`lr_changes` as a mapping from finished steps to the rate that follows them."""
        pairs = (pair.split(":") for pair in filter(None, self.lr_changes.split(",")))
        return {int(step): float(lr) for step, lr in pairs}

    def with_lr(self, step: int, lr: float) -> "Config":
        """The same with another learning rate after `step` steps."""
        changes = _ordered_changes(f"{self.lr_changes},{step}:{lr!r}")
        return self.model_copy(update={"lr_changes": changes})

    @model_validator(mode="after")
    def _usable_together(self) -> "Config":
        if self.nesterov and self.optimizer == "sgd" and self.momentum == 0:
            raise ConfigError("nesterov needs a momentum above 0; set momentum or nesterov 0")
        if self.batch_norm and self.batch_size == 1:
            raise ConfigError("batch norm needs at least 2 images a step; raise the batch size")
        return self


_PLAIN: dict[str, Any] = {
    "padding": 0,
    "activation": "tanh",
    "sketches": 0.0,
    "photographs": 0.0,
    "label_smoothing": 0.0,
    "weight_decay": 0.0,
    "optimizer": "sgd",
    "schedule": "constant",
    "momentum": 0.9,
}
_POST: dict[str, Any] = {
    **_PLAIN,
    "fit": "resize",
    "normalization": "half",
    "val_size": 0,
    "lr": 0.01,
    "dropout": 0.3,
    "batch_size": 32,
}

PRESETS: dict[PresetName, dict[str, Any]] = {
    "lab": {},
    "draw": {
        "augment": "flip_shift",
        "sketches": 0.17,
        "photographs": 0.0,
        "views": "mirror_shift",
        "optimizer": "adamw",
        "batch_size": 64,
        "label_smoothing": 0.0,
        "lr": 0.01,
        "weight_decay": 0.01,
        "epochs": 110,
    },
    "photo": {
        "augment": "flip_shift",
        "sketches": 0.0,
        "photographs": 0.7,
        "views": "mirror_shift",
        "label_smoothing": 0.05,
        "epochs": 10,
    },
    "classic": {
        **_PLAIN,
        "input_size": 32,
        "pooling": "average",
        "batch_norm": False,
        "init": "default",
        "lr": 0.05,
        "batch_size": 64,
        "epochs": 10,
    },
    "post": {**_POST, "kernel_size": 3, "pool2": True, "softmax": True},
    "post-32": {**_POST, "input_size": 32},
}
"""What each preset sets differently from the fields' defaults, which are `lab`."""

PRESET_NOTES: dict[PresetName, str] = {
    "lab": "After 20 seconds 91 % of new clothes are right, and it knows drawings, too.",
    "draw": "After half an hour 93 % of new clothes are right; it is the best at what people draw.",
    "photo": "After ten minutes and more 91 % of new clothes are right; it is the best at "
    "photographs that people take.",
    "classic": "LeNet-5 as its authors built it in 1998: see what has been found since.",
    "post": "After 40 seconds 84 % of new clothes are right: the network of the blog post with "
    "which this lab began, its mistake (softmax twice) included.",
    "post-32": "The other network of that blog post, without the mistake.",
}


def preset_settings(preset: PresetName, dataset: DatasetName) -> dict[str, Any]:
    """What a preset sets for a dataset; digits are not mirrored."""
    mirrored = dataset == "MNIST" and preset in ("draw", "photo")
    digits = {"augment": "warp", "views": "one"} if mirrored else {}
    return {**PRESETS[preset], **digits}


def build_config(values: Mapping[str, Any] | None = None) -> Config:
    """The configuration that `values` describe: the preset's settings, overridden by the rest.

    Strings are converted as on a command line. Raises `GeometryError` if the layers do not fit,
    `ConfigError` if a field is unknown, out of bounds or at odds with another.
    """
    values = dict(values or {})
    try:
        named = Config.model_validate(
            {name: values[name] for name in ("preset", "dataset") if name in values}
        )
        return Config.model_validate({**preset_settings(named.preset, named.dataset), **values})
    except ValidationError as error:
        raise ConfigError(first_fault(error)) from None


_SHORT = Repr()  # what a person is told of a value: its beginning, however much of it there is
_SHORT.maxlevel, _SHORT.maxstring, _SHORT.maxother = 2, 60, 60


def first_fault(error: ValidationError) -> str:
    """What is wrong with the first value at fault, in a sentence for people."""
    fault = error.errors()[0]
    name = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        name = name if name.isidentifier() and len(name) < 40 else _SHORT.repr(name)
        return f"{name} is not a hyperparameter; use one of {', '.join(Config.model_fields)}"
    must = _NUMBERS.get(fault["type"]) or fault["msg"].removeprefix("Input should be ")
    must = must.removeprefix("Value error, ")
    return f"{name} must be {must}, not {_SHORT.repr(fault['input'])}; change it and try again"


_NUMBERS = {
    "int_parsing": "a whole number in digits",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "bool_parsing": "0 or 1",
}
"""What pydantic's types of faults ask for, where its own words tell of parsing."""


def knob(info: FieldInfo) -> Knob:
    return next(item for item in info.metadata if isinstance(item, Knob))


def choices(info: FieldInfo) -> tuple[str, ...]:
    """The values that a field of named choices can take; empty for numbers and switches."""
    return get_args(info.annotation)


def bounds(info: FieldInfo) -> dict[str, float]:
    """A number field's limits by pydantic's names: `ge`, `gt`, `le`, `lt`."""
    return {
        name: getattr(item, name)
        for item in info.metadata
        for name in ("ge", "gt", "le", "lt")
        if getattr(item, name, None) is not None
    }


def field_value(name: str, value: object) -> Any:
    """A field's value in its proper type; `ConfigError` if the field alone cannot take it."""
    try:
        return getattr(_alone(name).model_validate({name: value}), name)
    except ValidationError as error:
        raise ConfigError(first_fault(error)) from None


@lru_cache(None)
def _alone(name: str) -> type[_Settings]:
    """A model of this field only; to make one takes a millisecond."""
    info = Config.model_fields[name]
    definition: Any = {name: (info.annotation, info)}
    return create_model(name, __base__=_Settings, **definition)


def accepts(name: str, value: object) -> bool:
    """Whether a field of that name exists and can take the value, whatever the others are."""
    with suppress(KeyError, ConfigError):
        field_value(name, value)
        return True
    return False


def applies(info: FieldInfo, values: Mapping[str, Any]) -> bool:
    """Whether a field has an effect under these values of the others."""
    return all(values[name] in allowed for name, allowed in knob(info).only_if.items())


def overrides(config: Config) -> dict[str, Any]:
    """The fields by which a configuration differs from its own preset."""
    reference = build_config({"preset": config.preset, "dataset": config.dataset})
    changed = {name: value for name, value in config if value != getattr(reference, name)}
    return {"dataset": config.dataset, **changed}


@lru_cache(1024)
def differences(config: Config) -> str:
    """What differs from the preset on its usual dataset, for people."""
    changed = overrides(config)
    if changed["dataset"] == Config.model_fields["dataset"].default:
        del changed["dataset"]
    return told(changed)


def told(values: Mapping[str, Any]) -> str:
    """Settings as a person says them: `SGD, learning rate 0.02`."""
    telling = ("optimizer", "activation", "schedule", "dataset")  # their values say of what
    return ", ".join(
        said(value) if name in telling else f"{spoken(name)} {said(value)}"
        for name, value in values.items()
    )


def spoken(name: str) -> str:
    """A field's label within a sentence."""
    label = knob(Config.model_fields[name]).label
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def said(value: object) -> str:
    """A field's value as a person says it: LeakyReLU for leaky_relu, on for True."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return format(Decimal(f"{value:.6g}"), "f")  # not 1e-05
    text = str(value)
    return _SAID.get(text, text.replace("_", " "))


_SAID = {
    **{"sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "muon": "Muon"},
    **{"relu": "ReLU", "leaky_relu": "LeakyReLU", "xavier_uniform": "Xavier"},
    **{"cpu": "CPU", "cuda": "CUDA", "mps": "MPS", "FashionMNIST": "Fashion-MNIST"},
    **{"mirror_shift": "mirrored and moved", "flip_shift": "flip and shift"},
}


def network_settings(config: Config) -> dict[str, Any]:
    """What has to stay as it is where a training begins with a network's weights."""
    names = (*ModelConfig.model_fields, "normalization", "dataset")
    return {name: getattr(config, name) for name in names}


def to_flags(config: Config) -> list[str]:
    """The command-line flags that give this configuration, preset first."""
    flags = ["--preset", config.preset]
    for name, value in overrides(config).items():
        flags += [f"--{name}", str(int(value)) if isinstance(value, bool) else str(value)]
    return flags
