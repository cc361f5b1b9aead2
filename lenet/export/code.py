"""A configuration as one Python file that does without the lab.

The file holds this configuration only: of the template's lines those stay that it uses, so that
nobody has to read past switches. No torch here: the first page shows the file.
"""

import math
from pathlib import Path
from string import Template
from typing import Any

from lenet.catalog import DATASETS, SIDE
from lenet.config import Config, applies, to_flags

TEMPLATE = Path(__file__).with_name("lenet5.txt")
"""`#? a !b` at a line's end: only with a and without b; alone on a line: down to `#.`."""


def to_code(config: Config) -> str:
    """The script: network, data, training and test; it needs torch and torchvision only."""
    words, used, kept, in_use = _words(config), _used(config), [], True
    for line in TEMPLATE.read_text(encoding="utf-8").splitlines():
        text, mark, names = line.partition("#?")
        holds = all((name.lstrip("!") in used) != name.startswith("!") for name in names.split())
        if mark and not text:
            in_use = holds
        elif line == "#.":
            in_use = True
        elif in_use and holds:
            kept.append(Template(text.rstrip()).substitute(words))
    return "\n".join(kept) + "\n"


def _used(config: Config) -> set[str]:
    """Names for what the script has to do: switches that are on, options that are chosen."""
    fields = {name: getattr(config, name) for name in Config.model_fields}
    named = (config.optimizer, config.schedule, config.init, *config.augment.split("_"))
    used = {*named, *(name for name, value in fields.items() if value)} - {"views"}
    used -= {name for name in used & {*fields} if not applies(Config.model_fields[name], fields)}
    rest = config.input_size - SIDE
    if rest:
        used.add("pad" if rest > 0 and config.fit == "pad" else "resize")
    if config.schedule != "constant" or config.lr_changes:
        used.add("scheduled")
    if config.views != "one":
        used.add("views")
    if used & {"sketches", "photographs", "views"}:
        used.add("left_out")
    images = DATASETS[config.dataset].train_count - config.val_size
    if config.batch_norm and images % config.batch_size == 1:
        used.add("single")
    return used


def _words(config: Config) -> dict[str, Any]:
    """What the template's names stand for."""
    info, side = DATASETS[config.dataset], config.input_size
    shapes = {layer.name: layer.output_shape for layer in config.layers()}
    last = shapes["pool2" if config.pool2 else "conv2"]
    mean, std = config.scaling
    slope = f", {config.negative_slope!r}" if config.activation == "leaky_relu" else ""
    changed = "images[batch]"
    for way in config.augment.split("_"):
        changed = changed if way == "none" else f"{way}({changed})"
    flags = " ".join(to_flags(config)).split("--")[1:]
    device = '"cuda" if torch.cuda.is_available() else "cpu"'
    acts = {"relu": "F.relu", "leaky_relu": "F.leaky_relu"}
    return {
        **config.model_dump(),
        **{name: "×".join(map(str, shape)) for name, shape in shapes.items()},
        **{f"bn{at}": f"self.bn{at}(" if config.batch_norm else "" for at in range(3)},
        "title": info.title,
        "flags": "\n".join(f"    --{flag.strip()}" for flag in flags),
        "later": "\n".join(f"    {step}: {lr!r}," for step, lr in config.later_lrs.items()),
        "device": device if config.device == "auto" else f'"{config.device}"',
        "side": side,
        "kernel": config.kernel_size,
        "kernel2": config.conv2_kernel or config.kernel_size,
        "padding": f", padding={config.padding}" if config.padding else "",
        "pool": "MaxPool2d" if config.pooling == "max" else "AvgPool2d",
        "features": math.prod(last),
        "act": acts.get(config.activation, f"torch.{config.activation}"),
        "slope": slope,
        "end": ")" * config.batch_norm + slope,
        "left": (side - SIDE) // 2,
        "right": side - SIDE - (side - SIDE) // 2,
        "mean": mean,
        "std": std,
        "changed": changed,
        "optimizer": {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW"}.get(config.optimizer),
        "decay": config.weight_decay,
        "smoothing": f", label_smoothing={config.label_smoothing}" * bool(config.label_smoothing),
        "clip": config.clip_grad_norm,
        "held": config.val_size,
    }
