"""`python -m docs.search_post`: which training gives the accuracies that the post prints.

The post says neither epochs nor batch size nor how it evaluates. Here its five cases with an
accuracy are trained with one seed for each combination of batch size, pooling, place of the dropout
and learning rate. After every epoch, all that it may have printed is read. `docs/search_post.jsonl`
keeps what was read: a run in it is not made again.
"""

import argparse
import copy
import itertools
import json
import logging
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.nn import functional as F

from lenet.config import Config
from lenet.data.splits import load_split
from lenet.network.lenet5 import LeNet5
from lenet.paths import ROOT
from lenet.studies.presets import POST_FIGURES, STUDY_PRESETS
from lenet.training.events import EpochEvent, StepEvent
from lenet.training.probe import judge
from lenet.training.trainer import Trainer

log = logging.getLogger(__name__)

READINGS = ROOT / "docs/search_post.jsonl"
CASES = [label for label, said in POST_FIGURES.items() if said.accuracy is not None]
VARIED = ("batch_size", "pooling", "dropout_at", "rate")
STEP = 5
"""Epochs after which the rate "falling" is a tenth, again and again."""
MODES = ("evaluation mode", "training mode")
LOSSES = ("last batch", "mean of the epoch", "test")


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch_size", type=int, nargs="*", default=[])
    parser.add_argument("--pooling", nargs="*", default=["average"])
    parser.add_argument("--dropout_at", nargs="*", default=["after"], help="tanh: before, after")
    parser.add_argument("--rate", nargs="*", default=["constant"], help="constant, falling")
    parser.add_argument("--cases", nargs="*", default=CASES)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    for *values, case in itertools.product(*(getattr(args, name) for name in VARIED), args.cases):
        key = {**dict(zip(VARIED, values, strict=True)), "case": case, "seed": args.seed}
        if not any(all(run[name] == key[name] for name in key) for run in known()):
            run = {**key, "epochs": list(train(key, args.epochs))}
            with READINGS.open("a") as file:
                file.write(json.dumps(run) + "\n")
    print(table())  # noqa: T201


def known() -> list[dict[str, Any]]:
    """The runs so far, with what was read after each epoch."""
    lines = READINGS.read_text().splitlines() if READINGS.exists() else []
    return [json.loads(line) for line in lines]


def train(key: dict[str, Any], epochs: int) -> Iterator[dict[str, float]]:
    """Train a case; yields what may have been read after each epoch."""
    size = {"epochs": epochs, "batch_size": key["batch_size"], "pooling": key["pooling"]}
    cells = {cell.label: cell for cell in STUDY_PRESETS["nine-cases"].cells()}
    config = cells[key["case"]].config(**size, seed=key["seed"], device="cpu")
    trainer = Trainer(config, load_split(config.dataset, "train"))
    if key["dropout_at"] == "before":
        *_, activation, dropout, _, _ = layers = trainer._backprop._layers
        layers[-4:-2] = dropout, activation
    test = load_split(config.dataset, "test")
    last = 0.0
    for event in trainer.run():
        if isinstance(event, StepEvent):
            last = event.loss
        if isinstance(event, EpochEvent):
            if key["rate"] == "falling":
                trainer.set_lr(config.lr * 0.1 ** (event.epoch // STEP))
            modes = trainer.model.folded(), training_mode(trainer.model, config, key["dropout_at"])
            judged = [judge(network, test, config) for network in modes]
            accuracies = [int(right.sum()) / len(right) for _, right in judged]
            losses = last, event.train_loss, float(judged[0][0])
            yield dict(zip(MODES + LOSSES, [*accuracies, *losses], strict=True))
            log.info("%s, epoch %d: %.2f %%", key, event.epoch, 100 * accuracies[0])


def training_mode(model: LeNet5, config: Config, dropout_at: str) -> LeNet5:
    """A copy that goes on dropping features and takes each batch's own mean and deviation."""
    network = copy.deepcopy(model).train()
    if dropout_at == "before":
        network.dropout = torch.nn.Identity()
        network.fc3.register_forward_hook(lambda _, __, out: F.dropout(out, config.dropout))
    return network


def gaps() -> dict[tuple[Any, ...], dict[str, list[float]]]:
    """For each setting and mode, how far above the post's each case's accuracy is, by epoch."""
    found: dict[tuple[Any, ...], dict[str, list[float]]] = {}
    for run, mode in itertools.product(known(), MODES):
        said = POST_FIGURES[run["case"]].accuracy or 0
        cases = found.setdefault((*(run[name] for name in VARIED), mode), {})
        cases[run["case"]] = [100 * (read[mode] - said) for read in run["epochs"]]
    return {setting: cases for setting, cases in found.items() if set(cases) >= set(CASES)}


def table() -> str:
    """The nearest epoch of each setting, one for all cases and one for each optimizer, as Markdown;
    the nearest setting comes first.
    """
    head = [*VARIED, "evaluated in", "epoch", "distance", "epochs SGD, Adam", "distance", *CASES]
    rows = []
    for setting, cases in gaps().items():

        def nearest(labels: Sequence[str], cases: dict[str, list[float]] = cases) -> int:
            epochs = range(min(len(cases[label]) for label in CASES))
            return min(epochs, key=lambda at: sum(abs(cases[label][at]) for label in labels))

        one, sgd, adam = nearest(CASES), nearest(CASES[:2]), nearest(CASES[2:])
        own = [cases[label][sgd if label in CASES[:2] else adam] for label in CASES]
        far = [sum(map(abs, all_)) / len(CASES) for all_ in ([cases[c][one] for c in CASES], own)]
        row = [*setting, one + 1, f"{far[0]:.2f}", f"{sgd + 1}, {adam + 1}", f"{far[1]:.2f}"]
        rows.append((far[1], [*map(str, row), *(f"{gap:+.2f}" for gap in own)]))
    lines = [head, ["---"] * len(head), *(row for _, row in sorted(rows))]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
