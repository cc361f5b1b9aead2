"""All damaged and hostile inputs, in their proportions."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from soak import checkpoints, files, folders, payloads
from soak.lab import Lab
from soak.table import Row


def rows(lab: Lab, count: int) -> list[Row]:
    """So many inputs altogether, about; those that need a whole page are the fewer ones."""
    share = count / 100
    with quiet():
        return [
            files.pictures_row(lab, int(25 * share), on_page=int(2 * share)),
            checkpoints.checkpoints_row(lab, int(25 * share), on_page=int(2 * share)),
            files.datasets_row(lab, int(16 * share)),
            folders.runs_row(lab, int(10 * share)),
            folders.studies_row(lab, int(6 * share)),
            folders.names_row(lab, int(3 * share)),
            payloads.addresses_row(lab, int(8 * share)),
            payloads.canvas_row(lab, int(7 * share)),
        ]


@contextmanager
def quiet() -> Iterator[None]:
    """Without what the lab logs of each of them, and Streamlit of running without a server."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
