"""The forms in which a checkpoint leaves the lab."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lenet.catalog import DATASETS
from lenet.config import differences
from lenet.data.splits import Split
from lenet.export import Form
from lenet.export.code import to_code
from lenet.network.checkpoint import Checkpoint


def exported(
    form: Form, checkpoint: Checkpoint, path: Path | None, test: Split | None = None
) -> bytes:
    """The bytes of a file that does without the lab.

    Args:
        checkpoint: with its detector; see `lenet.training.unsure.ready`.
        path: of its file; its model card is beside it, if it has one.
        test: the test images of its dataset, for the HTML file to show ten of them.

    Raises:
        ExportError: the package that the form needs is not installed.
    """
    if form == "code":
        return to_code(checkpoint.config).encode()
    if form == "onnx":
        from lenet.export.onnx import to_onnx

        return to_onnx(checkpoint)
    from lenet.export.html import to_html

    return to_html(checkpoint, _card(checkpoint, path), test).encode()


def _card(checkpoint: Checkpoint, path: Path | None) -> Mapping[str, Any]:
    """The rows of the model card, or what is known of a network without one."""
    file = path and path.with_suffix(".md")
    if file and file.is_file():
        lines = file.read_text(encoding="utf-8").splitlines()
        rows = [line.strip("| ").split(" | ", 1) for line in lines if line.startswith("| ")]
        if found := {row[0]: row[1].replace("**", "") for row in rows if len(row) == 2}:
            return found
    config, metrics = checkpoint.config, checkpoint.metrics
    by = f"{metrics.get('epoch')} of {config.epochs} epochs, preset {config.preset}"
    accuracy = metrics.get("val_accuracy")
    return {
        "Network": f"LeNet-5, {sum(layer.parameters for layer in config.layers()):,} parameters",
        "Trained on": f"{DATASETS[config.dataset].title}, "
        + ("elsewhere" if metrics.get("imported") else by),
        "Changed": differences(config) or "nothing",
        "Validation accuracy": "none held back" if accuracy is None else f"{accuracy:.2%}",
    }
