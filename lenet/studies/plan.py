"""What a study is: cells, each a configuration under a label, times seeds."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lenet.config import Config, build_config, first_fault
from lenet.errors import ConfigError

MAX_RUNS = 10_000
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]


@dataclass(frozen=True)
class PlannedRun:
    """One run of a study: `key` is its folder's name, unique in the study."""

    key: str
    label: str
    config: Config


class Cell(BaseModel):
    """One configuration of a study: its label, and what it sets, as `build_config` takes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(min_length=1, max_length=250)
    values: dict[str, Any]

    def config(self, **more: Any) -> Config:
        """The cell's configuration; ConfigError, with the label, if a value cannot be used."""
        try:
            return build_config({**self.values, **more})
        except ConfigError as error:
            raise ConfigError(f"{self.label}: {error}") from None


class Study(BaseModel):
    """A list of runs: each cell with each seed. The whole definition, and nothing else."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")
    title: str = Field(min_length=1, max_length=250)
    cells: tuple[Cell, ...] = Field(min_length=1)
    seeds: tuple[Seed, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_usable(self) -> "Study":
        if any("seed" in cell.values for cell in self.cells):
            raise ConfigError("a study has seeds of its own; use --seeds instead of --seed")
        labels = Counter(cell.label for cell in self.cells)
        if twice := [label for label, count in labels.items() if count > 1]:
            raise ConfigError(f"{twice[0]} comes twice in the study; leave one out")
        if len(set(self.seeds)) < len(self.seeds):
            raise ConfigError("two seeds of the study are the same; leave one out")
        if (count := len(self.cells) * len(self.seeds)) > MAX_RUNS:
            raise ConfigError(f"{count:,} runs are more than {MAX_RUNS:,}; choose fewer values")
        return self

    @property
    def id(self) -> str:
        """Name and fingerprint: the same definition has the same id, and so the same folder."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return f"{self.name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    def runs(self) -> list[PlannedRun]:
        """Every run, all cells with the first seed before any with the second.
        ConfigError if a cell's values cannot be used.
        """
        return [
            PlannedRun(f"{place:03d}-seed{seed}", cell.label, cell.config(seed=seed))
            for seed in self.seeds
            for place, cell in enumerate(self.cells, 1)
        ]

    def varied(self) -> list[str]:
        """The fields in which the cells differ, in the configuration's order."""
        configs = [cell.config().model_dump() for cell in self.cells]
        return [
            name
            for name in Config.model_fields
            if name != "seed" and any(config[name] != configs[0][name] for config in configs)
        ]

    def override(self, values: Mapping[str, Any]) -> "Study":
        """The same study with these values in every cell.
        ConfigError if a value cannot be used or the study varies it.
        """
        for name in self.varied():
            if name in values:
                raise ConfigError(f"{name} is what {self.name} varies; leave --{name} out")
        cells = [Cell(label=cell.label, values={**cell.values, **values}) for cell in self.cells]
        return make_study(self.name, self.title, cells, self.seeds)


def make_study(name: str, title: str, cells: Iterable[Cell], seeds: Iterable[int]) -> Study:
    """A study with its values in their proper types.
    ConfigError if a value cannot be used, a label or seed comes twice, or runs are too many.
    """
    try:
        return Study(name=name, title=title, cells=tuple(map(_typed, cells)), seeds=tuple(seeds))
    except ValidationError as error:
        raise ConfigError(first_fault(error)) from None


def _typed(cell: Cell) -> Cell:
    """The cell with its values as the configuration holds them: `0.01` for `"0.01"`."""
    config = cell.config()
    return Cell(
        label=cell.label, values={name: getattr(config, name) for name in sorted(cell.values)}
    )
