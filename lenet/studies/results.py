"""What a study has found: a row for each run, means and spread over the seeds of each cell."""

import itertools
import math
import platform
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from statistics import mean, stdev
from typing import Any

from pydantic import BaseModel, ConfigDict

from lenet import __version__
from lenet.cores import usable_cores
from lenet.errors import StudyError
from lenet.files import parse_json
from lenet.formats import migrated
from lenet.paths import SHIPPED_STUDIES
from lenet.runs.history import History, read_history
from lenet.runs.run import Run
from lenet.studies.folder import Result, StudyFolder
from lenet.studies.plan import Cell, Study

POINTS = 60
"""Points of a curve."""
CONFIDENCE = 0.95
"""Of all intervals."""


class Finished(BaseModel):
    """A finished run of a study."""

    model_config = ConfigDict(frozen=True)

    label: str
    seed: int
    result: Result
    curve: tuple[float, ...] = ()
    """The training loss, the mean of each `1 / POINTS` of the run."""


class Findings(BaseModel):
    """A study with its finished runs; `made` holds the versions and the machine."""

    model_config = ConfigDict(frozen=True)

    study: Study
    runs: tuple[Finished, ...]
    made: dict[str, str] = {}

    def of(self, label: str) -> list[Result]:
        """The results of a cell, a seed each."""
        return [run.result for run in self.runs if run.label == label]

    def seeds(self) -> list[int]:
        """Those that every cell has finished."""
        done = Counter(run.seed for run in self.runs)
        return [seed for seed in self.study.seeds if done[seed] == len(self.study.cells)]


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation of some values; the latter is None for one alone."""

    mean: float
    deviation: float | None
    count: int

    @property
    def half(self) -> float | None:
        """Half the width of the mean's 95 % interval, by Student's t; None for one value."""
        return self._half(1 / self.count)

    @property
    def half_of_one(self) -> float | None:
        """Half the width of the 95 % prediction interval of one more value."""
        return self._half(1 + 1 / self.count)

    def _half(self, variances: float) -> float | None:
        if self.deviation is None:
            return None
        from scipy.special import stdtrit  # which --help need not wait for

        quantile = float(stdtrit(self.count - 1, (1 + CONFIDENCE) / 2))
        return quantile * self.deviation * math.sqrt(variances)


def spread(values: Sequence[float]) -> Spread:
    """The mean and the sample's standard deviation (n − 1) of one value or more."""
    return Spread(mean(values), stdev(values) if len(values) > 1 else None, len(values))


def summary(findings: Findings, figure: str) -> dict[str, Spread]:
    """Mean and spread of a figure of `Result` for each cell that has one, by label."""
    found = {}
    for cell in findings.study.cells:
        values = [getattr(result, figure) for result in findings.of(cell.label)]
        if values and None not in values:
            found[cell.label] = spread(values)
    return found


def best(findings: Findings) -> Cell | None:
    """The cell with the highest mean validation accuracy, or test accuracy where no images were
    held back, as in the post; None before one is finished.
    """
    scored = summary(findings, "val_accuracy") or summary(findings, "test_accuracy")
    if not scored:
        return None
    label = max(scored, key=lambda name: scored[name].mean)
    return next(cell for cell in findings.study.cells if cell.label == label)


def curve(metrics: History, total_steps: int) -> tuple[float, ...]:
    """The training loss so far, the mean of each whole `1 / POINTS` of all steps."""
    import numpy as np  # which --help need not wait for

    losses = np.asarray(metrics.steps["loss"])
    ends = np.linspace(0, total_steps, min(POINTS, total_steps) + 1).astype(int)
    ends = ends[ends <= len(losses)]
    pieces = itertools.pairwise(ends)
    return tuple(round(float(losses[start:end].mean()), 4) for start, end in pieces)


def read(folder: StudyFolder, *, curves: bool = False) -> Findings:
    """What a study on disk has found so far, with the runs' curves if asked for."""
    runs = tuple(
        Finished(
            label=planned.label,
            seed=planned.config.seed,
            result=result,
            curve=_curve_of(folder.run(planned)) if curves else (),
        )
        for planned in folder.study.runs()
        if (result := folder.result(planned))
    )
    return Findings(study=folder.study, runs=runs)


def _curve_of(run: Run) -> tuple[float, ...]:
    return curve(read_history(run.metrics_file), run.status().total_steps)


def rows(findings: Findings) -> list[dict[str, Any]]:
    """A table of the finished runs: what the cells differ in, and the figures."""
    varied = findings.study.varied()
    settings = {cell.label: cell.config().model_dump() for cell in findings.study.cells}
    return [
        {
            "label": run.label,
            "seed": run.seed,
            **{name: settings[run.label][name] for name in varied},
            **run.result.model_dump(),
        }
        for run in findings.runs
    ]


def circumstances() -> dict[str, str]:
    """Versions and machine, without names."""
    return {
        "lenet": __version__,
        "torch": version("torch"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {usable_cores()} cores, CPU only",
    }


def bundled(name: str) -> Findings | None:
    """What a ready-made study has found, as it comes with the lab; None if there is no such file.
    StudyError if it is damaged.
    """
    path = SHIPPED_STUDIES / f"{name}.json"
    try:
        content = parse_json(path.read_bytes())
        return Findings.model_validate(migrated("findings", content, str(path)))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise StudyError(f"{path} is damaged; fetch the lab again") from None


def seconds(runs: Iterable[Finished]) -> float:
    """The time that runs took, one after the other."""
    return sum(run.result.seconds for run in runs)
