"""All damaged and hostile inputs, in their proportions."""

from soak import checkpoints, files, folders, payloads
from soak.lab import small_lab
from soak.table import Row


def rows(short: bool) -> list[Row]:
    """Those that need a whole page are the fewer ones."""
    share = 1.5 if short else 21
    with small_lab() as lab:
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
