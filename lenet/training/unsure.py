"""Learning when to be unsure: a checkpoint's detector, from what it makes of pictures.

It tells the pictures that the checkpoint was trained to know from `lenet.drawing.outliers`.
"""

import hashlib
import logging
import math
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from lenet.config import Config
from lenet.data.splits import Split, load_split, split_train_val
from lenet.drawing import outliers, portions
from lenet.drawing.photographs import photographs
from lenet.drawing.synthetic import sketches
from lenet.errors import CheckpointError, ConfigError, DatasetError, StorageError
from lenet.network import checkpoint as checkpoints
from lenet.network.checkpoint import Checkpoint
from lenet.network.inputs import to_input
from lenet.network.unsure import Detector, features, scores
from lenet.paths import cache_dir
from lenet.training.optimizers import eager

log = logging.getLogger(__name__)

MOST = 6000
"""Images of each kind to learn from."""
ANSWERED = {"FashionMNIST": 0.95, "MNIST": 0.97}
"""Of the images of each kind held back, by dataset: other things look less like digits."""
HIDDEN, PASSES, LR = 24, 10, 0.004
BATCH = 200


def known_pictures(config: Config, data: Split, count: int) -> dict[str, Split]:
    """The first `count` made pictures of each kind that a training of `config` knows.

    It has not seen these; `data` are all training images.
    """
    found = {}
    if config.dataset == "MNIST":
        found["drawings"] = outliers.digits(count)
    elif config.sketches:
        found["drawings"] = sketches(count, held_out=True)
    if config.dataset == "FashionMNIST" and config.photographs:
        _, val = split_train_val(data.labels, config.val_size)
        source = Split(data.images[val], data.labels[val]) if len(val) else data
        found["photographs"] = photographs(source, count, held_out=True)
    return found


def ready(checkpoint: Checkpoint, data_dir: Path | None = None) -> Checkpoint:
    """The checkpoint with its detector, made now if it has none, and kept for the next time.

    Without the training images there is none; a note says so.
    """
    if checkpoint.detector:
        return checkpoint
    parts = b"".join(part.numpy().tobytes() for part in checkpoint.weights.values())
    code = Path(__file__).read_bytes() + (portions.made_by() + outliers.MADE_BY).encode()
    name = hashlib.sha256(parts + code).hexdigest()[:24]
    file = cache_dir() / "detectors" / f"{name}.pt"
    with suppress(CheckpointError):
        return replace(checkpoint, detector=checkpoints.load(file).detector)
    try:
        data = load_split(checkpoint.config.dataset, "train", data_dir)
        checkpoint = replace(checkpoint, detector=fit(checkpoint, data))
    except (ConfigError, DatasetError) as error:  # the images are missing, or others
        log.warning("note: whatever is shown counts as known: %s", error)
        return checkpoint
    with suppress(OSError, StorageError):
        file.parent.mkdir(parents=True, exist_ok=True)
        checkpoints.save(file, replace(checkpoint, training=None))
    return checkpoint


def keep_ready(path: Path, data_dir: Path | None = None) -> None:
    """Put the detector into a checkpoint's file."""
    checkpoints.save(path, ready(checkpoints.load(path), data_dir))


def unsure(checkpoint: Checkpoint, images: Tensor) -> Tensor:
    """(N, 28, 28) uint8 → (N,) bool: what looks like none of the classes; see `ready`."""
    found = doubts(checkpoint, images)
    return torch.zeros(len(images), dtype=torch.bool) if found is None else found > 0


def doubts(checkpoint: Checkpoint, images: Tensor) -> Tensor | None:
    """(N, 28, 28) uint8 → the detector's scores, (N,); None without detector; see `ready`."""
    detector = ready(checkpoint).detector
    return scores(detector, _features(checkpoint, images)) if detector else None


def fit(checkpoint: Checkpoint, data: Split) -> Detector:
    """Train a detector, and set its threshold so that most of each kind held back is answered.

    Args:
        data: all training images of the checkpoint's dataset.
    """
    config = checkpoint.config
    train, val = split_train_val(data.labels, config.val_size)
    count = min(MOST, len(train))
    shuffled = train[torch.randperm(len(train), generator=torch.Generator().manual_seed(0))]
    name, judges = (
        ("validation images", val) if len(val) else ("training images", shuffled[-count:])
    )
    learnt, held = [data.images[shuffled[:count]]], {name: data.images[judges]}
    for name, made in known_pictures(config, data, count).items():
        learnt.append(made.images[count // 4 :])
        held[name] = made.images[: count // 4]
    known = torch.cat([_features(checkpoint, images) for images in learnt])
    foreign = _features(checkpoint, outliers.outliers(config.dataset, 2 * count).images)
    detector = _separated(known, foreign)
    limits = [
        scores(detector, _features(checkpoint, images)).quantile(ANSWERED[config.dataset])
        for images in held.values()
    ]
    detector["out_bias"] -= max(limits)
    detector["set_on"] = list(held)
    return detector


def _features(checkpoint: Checkpoint, images: Tensor) -> Tensor:
    """(N, 28, 28) uint8 → `features` of the images alone, whatever the views."""
    with torch.no_grad():
        rows = [
            features(checkpoint.predictor, to_input(batch, checkpoint.config))
            for batch in images.split(BATCH)
        ]
    return torch.cat(rows)


def _separated(known: Tensor, foreign: Tensor) -> Detector:
    """Train a detector to give `foreign` features, (N, FEATURES), more than `known` ones."""
    x = torch.cat([known, foreign])
    y = torch.cat([torch.zeros(len(known)), torch.ones(len(foreign))])
    mean, deviation = x.mean(0), x.std(0) + 1e-3
    x = (x - mean) / deviation
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(HIDDEN, x.shape[1], generator=generator) / math.sqrt(x.shape[1])
    out = torch.randn(1, HIDDEN, generator=generator) / math.sqrt(HIDDEN)
    found = Detector(
        hidden=hidden, hidden_bias=torch.zeros(HIDDEN), out=out, out_bias=torch.zeros(1), set_on=[]
    )
    weights = [
        found[name].requires_grad_() for name in ("hidden", "hidden_bias", "out", "out_bias")
    ]
    optimizer = eager(torch.optim.AdamW)(weights, LR, weight_decay=1e-4)
    batches = [
        batch
        for _ in range(PASSES)
        for batch in torch.randperm(len(x), generator=generator).split(512)
    ]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total_steps=len(batches))
    for batch in batches:
        loss = F.binary_cross_entropy_with_logits(scores(found, x[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    for weight in weights:
        weight.requires_grad_(False)
    found["hidden"] /= deviation
    found["hidden_bias"] -= found["hidden"] @ mean
    return found
