"""An evaluation as JSON and CSV."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from lenet.evaluation.metrics import Evaluation


def figures(found: Evaluation) -> dict[str, Any]:
    """Every figure of an evaluation, ready for JSON; classes by their index."""
    return {
        "accuracy": found.accuracy,
        "interval": list(found.interval),
        "macro_f1": found.macro_f1,
        "loss": found.loss,
        "calibration_error": found.calibration_error,
        "parameters": found.parameters,
        "images": len(found.targets),
        "images_per_second": round(found.images_per_second, 1),
        "seconds": round(found.seconds, 3),
        "confusion_matrix": found.confusion_matrix.tolist(),
        "classes": [
            {**vars(report), "confused_with": found.confused_with(label)}
            for label, report in enumerate(found.classes)
        ],
    }


def table(found: Evaluation, classes: Sequence[str]) -> str:
    """CSV with each image's index, target, prediction and probabilities, by names of `classes`."""
    answers = zip(found.targets, found.predictions, found.probabilities, strict=True)
    return as_csv(
        ["index", "target", "prediction", *classes],
        (  # nine digits tell two float32 apart
            [index, classes[target], classes[prediction], *(f"{share:.9g}" for share in shares)]
            for index, (target, prediction, shares) in enumerate(answers)
        ),
    )


def as_csv(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    return text.getvalue()
