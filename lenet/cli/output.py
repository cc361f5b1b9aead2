"""What the command line shows a person: progress and results as text."""

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from lenet.catalog import dataset_info
from lenet.data.download import fetch
from lenet.data.transfer import Progress
from lenet.training.events import EpochEvent, Event, StepEvent


class ProgressPrinter:
    """Progress on standard error, if that can be written: a line that moves on a terminal, else
    a line for each epoch.
    """

    def __init__(self) -> None:
        self._moving = sys.stderr.isatty()
        self._shown = -1

    def note(self, text: str) -> None:
        self._print(text, "\n")

    def fetch(self, dataset: str, folder: Path | None, *, download: bool) -> None:
        """Make sure of a dataset's files and say where they are from; DatasetError if they are
        missing or damaged and may not be fetched, or cannot.
        """
        found = fetch(dataset, folder, download=download, progress=self._download)
        self.note(f"{dataset}: {found.description}")

    def _download(self, at: Progress) -> None:
        percent = 100 * at.done // at.total if at.total else 0
        step = percent if self._moving else percent // 10
        if step == self._shown:
            return
        self._shown = step
        size = f"{at.done / 1e6:.1f} MB" + (f" of {at.total / 1e6:.1f} MB" if at.total else "")
        self._show(f"{at.file} from {at.source}: {size}")

    def training(self, event: Event, total_steps: int) -> None:
        if isinstance(event, EpochEvent):
            parts = [f"loss {event.train_loss:.4f}", f"{event.seconds:.1f} s"]
            if event.val_accuracy is not None:
                parts.insert(1, f"validation {event.val_accuracy:.2%}")
            self.note(f"epoch {event.epoch}: {', '.join(parts)}")
        elif isinstance(event, StepEvent) and self._moving and event.step % 20 == 0:
            self._show(f"step {event.step} of {total_steps}: loss {event.loss:.4f}")

    def _show(self, text: str) -> None:
        self._print(text, "" if self._moving else "\n")

    def _print(self, text: str, end: str) -> None:
        with suppress(OSError):
            begin = "\r\x1b[K" if self._moving else ""
            print(begin + text, end=end, file=sys.stderr, flush=True)


def _render_summary(result: dict[str, Any]) -> str:
    rows = [
        (layer["name"], "×".join(map(str, layer["output_shape"])), layer["parameters"])
        for layer in result["layers"]
    ]
    rows.append(("total", "", result["parameters"]))
    return "\n".join(f"{name:<6} {shape:>10} {count:>8,}" for name, shape, count in rows)


def _render_lr_range(result: dict[str, Any]) -> str:
    rows = [
        f"{lr:>8.2g}  {loss:.3f}" for lr, loss in zip(result["lrs"], result["losses"], strict=True)
    ]
    return "\n".join([*rows[::5], f"try --lr {result['suggestion']:g}"])


def _render_eval(result: dict[str, Any]) -> str:
    rows = [
        f"{name:<12} {report['precision']:>9.3f} {report['recall']:>7.3f} {report['f1']:>6.3f}"
        for name, report in zip(
            dataset_info(result["dataset"]).classes, result["classes"], strict=True
        )
    ]
    head = f"{'class':<12} {'precision':>9} {'recall':>7} {'f1':>6}"
    first = f"accuracy {result['accuracy']:.2%} on {result['dataset']}"
    doubt = f"unsure of {result['unsure']:.2%}; set on {', '.join(result['unsure_set_on'])}"
    broken = [
        f"{at['change']:<12} {at['strength']:>9g} {at['accuracy']:>7.2%} "
        f"({at['interval'][0]:.2%} to {at['interval'][1]:.2%} of {at['images']:,} images)"
        for at in result.get("robustness", [])
    ]
    return "\n".join([first, doubt, head, *rows, *broken])


def _render_test(result: dict[str, Any]) -> str:
    rows = [
        f"{found.get('path', found.get('index'))}: {_name(found)} "
        f"({max(found['probabilities']):.0%}{', unsure' if found['unsure'] else ''}"
        + (f", by {found['checkpoint']})" if "checkpoint" in found else ")")
        + (f", truth {found['target_name']}" if "target_name" in found else "")
        + (f"; {found['note']}" if "note" in found else "")
        for found in result["predictions"]
    ]
    return "\n".join(rows + ([f"pictures: {result['sheet']}"] if "sheet" in result else []))


def _name(found: dict[str, Any]) -> str:
    """A class's name; of several digits what they say, the probability is of the largest."""
    digits = found.get("digits", [])
    return "".join(one["name"] for one in digits) if len(digits) > 1 else str(found["name"])


def _render_study(result: dict[str, Any]) -> str:
    width = max([len(cell["label"]) for cell in result["cells"]], default=0)
    rows = []
    for cell in result["cells"]:
        accuracy, loss = cell["test_accuracy"], cell["train_loss"]
        low, high = accuracy["interval"] or (0, 0)
        spread = f" ± {(high - low) / 2:.2%}" if accuracy["interval"] else ""
        row = f"{cell['label']:<{width}}  loss {loss['mean']:.3f}  test {accuracy['mean']:.2%}"
        published = cell.get("post", {}).get("accuracy")
        difference = f", post {published:.2%}" if published else ""
        rows.append(f"{row}{spread} of {accuracy['count']}{difference}")
    said = [text for text in (result["conclusion"], result["caution"]) if text]
    return "\n".join([f"{result['title']}: {result['state']}, in {result['folder']}", *rows, *said])


RENDER: dict[str, Callable[[dict[str, Any]], str]] = {
    "train": "{state} after {seconds:.1f} s: {checkpoint}".format_map,
    "eval": _render_eval,
    "test": _render_test,
    "summary": _render_summary,
    "lr_range": _render_lr_range,
    "study": _render_study,
    "export": "{output}: {format}, {bytes:,} bytes".format_map,
    "import": "{output}: a checkpoint of this lab".format_map,
}
"""For each mode, its result as text."""
