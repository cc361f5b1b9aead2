"""A process that has imported what a training needs, which takes seconds, and waits for one.

`lenet.runs.launcher` starts it and writes it a line: a JSON object with the `arguments` of the
command line and the file `log` for what it prints. It ends when its standard input ends.
"""

import json
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from itertools import product
from pathlib import Path

from lenet.cli import main as cli
from lenet.cli import startup
from lenet.config import Config
from lenet.errors import LabError
from lenet.files import not_through_links
from lenet.runs import launcher

USUAL = 5000
"""About as many drawings, and made photographs, as the preset `lab` wants."""


def main() -> int:
    """Wait for the line and do what it says; the exit status is the command's."""
    launcher.step_back()
    import lenet.runs.recorder  # noqa: F401  # brings torch, the model and the data with it

    ordered = threading.Event()
    threading.Thread(target=_draw, args=[ordered], daemon=True).start()
    line = sys.stdin.readline()
    ordered.set()
    if not line:
        return 0
    order = json.loads(line)
    _connect(Path(os.devnull), Path(order["log"]))
    return cli.main(order["arguments"])


def _draw(ordered: threading.Event) -> None:
    """Make what joins the images of a usual training, portion by portion, until it is ordered."""
    from lenet.data.splits import Split, load_split, split_train_val
    from lenet.drawing import photographs, portions, synthetic

    rows: list[tuple[str, Callable[[int], portions.Portion]]] = [("drawings", synthetic.portion)]
    with suppress(LabError):  # without the dataset there is nothing to make photographs of
        data = load_split("FashionMNIST", "train")
        train, _ = split_train_val(data.labels, Config().val_size)
        rows.append(photographs.row(Split(data.images[train], data.labels[train])))
    for number, (kind, make) in product(range(USUAL // portions.PORTION), rows):
        if ordered.is_set():
            return
        portions.kept(kind, number, make)


def _connect(standard_input: Path, output: Path) -> None:
    """Read from and print to these files from now on."""
    with (
        standard_input.open("rb") as reader,
        open(output, "ab", opener=not_through_links) as writer,
    ):
        os.dup2(reader.fileno(), sys.stdin.fileno())
        os.dup2(writer.fileno(), sys.stdout.fileno())
        os.dup2(writer.fileno(), sys.stderr.fileno())


if __name__ == "__main__":
    startup.run(main)
