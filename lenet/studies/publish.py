"""`python -m lenet.studies.publish FOLDER…`: keep what studies have found in `studies/`.

A file holds the definition, the figures and curve of each run, and the versions and the machine
that they were made with. Of an unfinished study it holds the seeds that all cells have.
"""

import sys
from datetime import date
from pathlib import Path

from lenet.errors import LabError, StudyError
from lenet.files import write_json
from lenet.formats import numbered
from lenet.paths import SHIPPED_STUDIES
from lenet.studies import results
from lenet.studies.folder import StudyFolder
from lenet.studies.plan import Cell
from lenet.studies.results import Findings


def publishable(folder: StudyFolder) -> Findings:
    """What a study has found for the seeds that every cell has finished, without the device.
    StudyError if there is no such seed.
    """
    found = results.read(folder, curves=True)
    study, seeds = found.study, found.seeds()
    if not seeds:
        raise StudyError(f"{folder.folder} has no seed with all cells finished; let it go on")
    cells = [
        Cell(
            label=cell.label,
            values={name: value for name, value in cell.values.items() if name != "device"},
        )
        for cell in study.cells
    ]
    return Findings(
        study=study.model_copy(update={"cells": tuple(cells), "seeds": tuple(seeds)}),
        runs=tuple(run for run in found.runs if run.seed in seeds),
        made={**results.circumstances(), "written": f"{date.today():%Y-%m-%d}"},
    )


def main(folders: list[str]) -> int:
    """Write a file for each folder; the exit status."""
    for folder in folders:
        try:
            findings = publishable(StudyFolder(Path(folder)))
        except LabError as error:
            sys.stderr.write(f"error: {error}\n")
            return 1
        path = SHIPPED_STUDIES / f"{findings.study.name}.json"
        write_json(path, numbered(findings.model_dump(mode="json")))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
