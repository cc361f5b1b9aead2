"""A process that has imported all that a training needs and waits to be given one.

Importing torch takes seconds, most of the time from Start to the first point of the curve.
`lenet.runs.launcher` starts `python -m lenet.cli.prewarmed` and writes it one line: a JSON
object with the `arguments` of the command line and the file `log` for what it prints. If the
line never comes, because the server has ended, the process ends too.
"""

import json
import os
import sys
from pathlib import Path

from lenet.cli import main as cli
from lenet.cli import startup
from lenet.files import not_through_links
from lenet.runs import launcher


def main() -> int:
    """Wait for the line and do what it says; the exit status is the command's."""
    launcher.step_back()
    import lenet.runs.recorder  # noqa: F401  # brings torch, the model and the data with it

    line = sys.stdin.readline()
    if not line:
        return 0
    order = json.loads(line)
    _connect(Path(os.devnull), Path(order["log"]))
    return cli.main(order["arguments"])


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
