"""Make a run's checkpoint one of the shipped ones, with its model card; see `main`."""

import math
import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import torch
import torch.nn.functional as F

from lenet.catalog import DATASETS
from lenet.data.splits import Split, fingerprint, load_split, split_train_val
from lenet.drawing.outliers import outliers
from lenet.errors import CheckpointError, ConfigError, LabError
from lenet.evaluation.metrics import Evaluation, evaluate
from lenet.files import explained, write_atomic
from lenet.network import checkpoint as checkpoints
from lenet.network.checkpoint import Checkpoint
from lenet.network.inputs import to_input
from lenet.paths import CHECKPOINTS
from lenet.runs.history import read_history
from lenet.runs.launcher import command_line
from lenet.training.unsure import ANSWERED, MOST, known_pictures, ready, unsure

BATCH = 200
MADE = 2000
"""Made pictures of each kind to judge by, after the `MOST` that the detector learnt from."""

VIEWS = {
    "one": "the image alone",
    "mirror": "the mean over the image and its mirror image",
    "mirror_shift": "the mean over ten views: the image, its mirror image, both moved by a pixel",
}


def promote(
    source: Path,
    name: str,
    notes: Mapping[str, str] | None = None,
    folder: Path = CHECKPOINTS,
    *,
    replacing: bool = False,
) -> Path:
    """Copy a checkpoint without its training state into `folder`, with a card beside it.

    The copy is calibrated, and can tell what looks like none of its classes. The card is measured
    on the test set; `notes` are further rows for it.

    Raises:
        ConfigError: `name` is no plain file name, or is taken and not to be replaced.
        CheckpointError, DatasetError, StorageError: it cannot be read, judged or written.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,60}", name):
        raise ConfigError(f"{name[:60]!r} is no name for a checkpoint; use a-z, 0-9 and hyphens")
    target = folder / f"{name}.pt"
    if target.exists() and not replacing:
        raise ConfigError(f"{target.name} is there already; choose another name")
    found = checkpoints.load(source)
    epoch = found.metrics.get("epoch")
    if not isinstance(epoch, int):
        raise CheckpointError(f"{source.name} does not say of which epoch it is; choose another")
    data = load_split(found.config.dataset, "train")
    found, calibration = _calibrated(found, data)
    found = ready(replace(found, detector=None))
    test = load_split(found.config.dataset, "test")
    measured = evaluate(found, test)
    doubts = {"Calibration": calibration, **_doubts(found, data, measured, test)}
    epochs = read_history(source.parent / "metrics.jsonl").epochs
    seconds = float(sum(event["seconds"] for event in epochs if event["epoch"] <= epoch))
    text = card(name, found, measured, seconds, {**doubts, **(notes or {})})
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    checkpoints.save(target, replace(found, training=None))
    write_atomic(target.with_suffix(".md"), text.encode())
    return target


def temperature(checkpoint: Checkpoint, split: Split) -> float:
    """By what to divide the logits of each view so that the truth is as likely as can be.

    Guo et al. 2017, "On calibration of modern neural networks", section 4.2.
    """
    from scipy.optimize import minimize_scalar

    model = checkpoint.predictor
    with torch.inference_mode():
        batches = (to_input(images, checkpoint.config) for images in split.images.split(BATCH))
        logits = torch.cat(
            [torch.stack([model.logits(view) for view in model.views(x)]) for x in batches], dim=1
        )  # (views, N, 10)

    def loss(exponent: float) -> float:
        shares = (logits / math.exp(exponent)).softmax(2).mean(0)
        return F.nll_loss(shares.log(), split.labels).item()

    return math.exp(minimize_scalar(loss, bounds=(-4, 4), method="bounded").x)


def calibrated(checkpoint: Checkpoint, temperature: float) -> Checkpoint:
    """The same with fc4's weights divided by the temperature, which divides the logits."""
    scaled = {name: checkpoint.weights[name] / temperature for name in ("fc4.weight", "fc4.bias")}
    return replace(checkpoint, weights={**checkpoint.weights, **scaled}, training=None)


def _calibrated(found: Checkpoint, data: Split) -> tuple[Checkpoint, str]:
    """The checkpoint, its logits divided by a temperature, and which one, found on what."""
    train, val = split_train_val(data.labels, found.config.val_size)
    held, name = (val, "validation") if len(val) else (train, "training")
    degrees = temperature(found, Split(data.images[held], data.labels[held]))
    return calibrated(found, degrees), (
        f"temperature {degrees:.2f}, found on {len(held):,} {name} images; fc4's weights hold it"
    )


def _doubts(found: Checkpoint, data: Split, measured: Evaluation, test: Split) -> dict[str, str]:
    """Rows on what its probabilities are worth, and of what it is unsure."""
    errors = {"test images": measured.calibration_error}
    shares = {"test images": unsure(found, test.images)}
    for kind, (images, labels) in known_pictures(found.config, data, MOST + MADE).items():
        made = Split(images[MOST:], labels[MOST:])
        errors[f"made {kind}"] = evaluate(found, made).calibration_error
        shares[f"made {kind}"] = unsure(found, made.images)
    foreign = outliers(found.config.dataset, 2 * MOST + MADE).images[2 * MOST :]
    shares["made pictures of other things"] = unsure(found, foreign)
    set_on = ", ".join(found.detector["set_on"]) if found.detector else ""
    share_answered = 100 * ANSWERED[found.config.dataset]
    return {
        "Calibration error": ", ".join(f"{name} {error:.4f}" for name, error in errors.items()),
        "Unsure": "of "
        + ", ".join(
            f"{float(share.float().mean()):.1%} of {name}" for name, share in shares.items()
        )
        + f"; at least {share_answered:.0f} % are answered of each of: {set_on}",
    }


def card(
    name: str,
    found: Checkpoint,
    measured: Evaluation,
    seconds: float,
    notes: Mapping[str, str],
) -> str:
    """A model card as Markdown; `seconds` is the time of the training, 0 if it is not known."""
    config, info = found.config, DATASETS[found.config.dataset]
    validation = found.metrics.get("val_accuracy")
    imported = found.metrics.get("imported")
    rows = {
        "Network": f"LeNet-5, {measured.parameters:,} parameters, "
        f"input {config.input_size}×{config.input_size}, kernel {config.kernel_size}",
        "Trained on": f"{info.title}, {config.val_size:,} of 60,000 training images held back "
        f"(data {fingerprint(load_split(info.name, 'train'))})",
        "Training": "elsewhere; these are imported weights. " + " ".join(imported)
        if imported
        else f"{found.metrics['epoch']} of {config.epochs} epochs, seed {config.seed}"
        + (f", {seconds:,.0f} s on {config.threads or 1} CPU thread" if seconds else ""),
        "Test accuracy": f"**{measured.accuracy:.2%}** of {len(measured.targets):,} images "
        f"(95 % interval {measured.interval[0]:.2%} to {measured.interval[1]:.2%})",
        "Answers from": VIEWS[config.views],
        **notes,
        "Validation accuracy": "none held back" if validation is None else f"{validation:.2%}",
        "Versions": ", ".join(f"{key} {value}" for key, value in found.versions.items()),
        "Written": date.today().isoformat(),
    }
    table = "\n".join(f"| {key} | {value} |" for key, value in rows.items())
    return (
        f"# {name}\n\n| | |\n|---|---|\n{table}\n\n## Made by\n\n```\n{command_line(config)}\n"
        f"python -m lenet.evaluation.model_card "
        f"output/model_epoch{found.metrics['epoch']}.pt {name}\n```\n\n"
        "The test images were read once, for this card."
        "\n\n## Limitations\n\nThe network knows ten classes of centred 28×28 grayscale "
        "images, light on black. Of what looks like none of them it is unsure, not always rightly, "
        "and names the nearest.\n"
    )


def main(arguments: list[str]) -> int:
    """`python -m lenet.evaluation.model_card CHECKPOINT NAME [ROW=TEXT …]`."""
    if len(arguments) < 2 or not all("=" in note for note in arguments[2:]):
        sys.stderr.write(
            "usage: python -m lenet.evaluation.model_card CHECKPOINT NAME [ROW=TEXT ...]\n"
        )
        return 2
    source, name, *rows = arguments
    notes = {row: text for row, _, text in (note.partition("=") for note in rows)}
    try:
        target = promote(Path(source), name, notes, replacing=True)
    except LabError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    sys.stdout.write(f"{target}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
