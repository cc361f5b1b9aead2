"""A study's folder.

study.json       the definition
status.json      state of the process that trains its runs, as for a run
control.json     what a person asks of that process
log.txt          what it printed
001-seed0/ …     a run's folder for each run, with result.json once it is finished
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from lenet.errors import ConfigError, NewerFileError, RunError, StudyError
from lenet.files import explained, modified, read_json, write_json
from lenet.formats import migrated, numbered
from lenet.paths import studies_dir
from lenet.runs import launcher, lock
from lenet.runs.history import LARGEST
from lenet.runs.launcher import is_ours
from lenet.runs.run import Control, Run
from lenet.runs.status import Seconds, Status, own_status
from lenet.studies.plan import PlannedRun, Study

Figure = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
Share = Annotated[float, Field(ge=0, le=1)]


class Result(BaseModel):
    """What came out of a finished run: shares between 0 and 1, means over the last epoch."""

    model_config = ConfigDict(frozen=True)

    train_loss: Figure
    val_loss: Figure | None
    val_accuracy: Share | None
    test_accuracy: Share
    seconds: Seconds


@dataclass(frozen=True)
class StudyFolder:
    """A study on disk; whoever can read the folder can watch it."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def file(self) -> Path:
        return self.folder / "study.json"

    @property
    def process(self) -> Run:
        """Status, log and wishes of the process that conducts the study: as a run keeps them."""
        return Run(self.folder)

    @cached_property
    def study(self) -> Study:
        """The definition; StudyError if there is none or it is damaged, NewerFileError if a newer
        lab has written it.
        """
        try:
            study = Study.model_validate(migrated("study", read_json(self.file), str(self.file)))
            study.runs()
        except (OSError, ValueError, ConfigError):
            raise StudyError(
                f"{self.folder} holds no readable study; choose another folder or study"
            ) from None
        return study

    def keep(self, study: Study) -> None:
        """Make the folder that of `study`; StudyError if it holds another one, StorageError if it
        cannot be written.
        """
        if not self.file.exists():
            with explained(self.folder):
                self.folder.mkdir(parents=True, exist_ok=True)
            write_json(self.file, numbered(study.model_dump(mode="json")))
        elif self.study != study:
            raise StudyError(f"{self.folder} holds another study; choose another --output_dir")

    def run(self, planned: PlannedRun) -> Run:
        return Run(self.folder / planned.key)

    def result(self, planned: PlannedRun) -> Result | None:
        """What came out of a run; None until it is finished."""
        try:
            path = self.folder / planned.key / _RESULT
            return Result.model_validate(migrated("result", read_json(path), str(path)))
        except (OSError, ValueError):
            return None

    def prepare(self, planned: PlannedRun) -> None:
        """Make a run's folder ready for `--resume`, and keep what has been trained of this run.
        RunError if a process is training another run into it, StorageError if not writable.
        """
        run = self.run(planned)
        try:
            if run.config() == planned.config:
                return
        except NewerFileError:
            raise
        except RunError:  # it has none, or a damaged one
            pass
        run.prepare(planned.config)

    def keep_result(self, planned: PlannedRun, figures: Mapping[str, Any]) -> Result:
        """Note that a run is finished, with these figures of its last epoch.
        ValueError if they are not a finished run's, StorageError if it cannot be written.
        """
        result = Result.model_validate(figures)
        write_json(self.folder / planned.key / _RESULT, numbered(result.model_dump()))
        return result

    def unfinished(self) -> list[PlannedRun]:
        return [planned for planned in self.study.runs() if not self.result(planned)]

    def status(self) -> Status | None:
        """Who conducts the study and how that stands; None if nobody ever did."""
        try:
            return self.process.status()
        except RunError:
            return None

    @property
    def live(self) -> bool:
        return self.process.live

    def ask_to_stop(self) -> None:
        """Have the runs that train saved and ended, and no other begun."""
        self.process.ask(Control("stop"))

    @property
    def stop_asked(self) -> bool:
        return self.process.asked().wish == "stop"

    def delete(self) -> None:
        """Delete the study with all its runs; RunError if it or one of them is going on."""
        runs = [Run(path.parent) for path in self.folder.glob("*/config.json")]
        if self.live or any(run.live for run in runs):
            raise RunError("the study is still going on; stop it first")
        self.process.delete()


_RESULT = "result.json"


def study_folders() -> list[StudyFolder]:
    """The studies kept with the page's runs, the newest first."""
    files = sorted(studies_dir().glob("*/study.json"), key=modified, reverse=True)
    return [StudyFolder(path.parent) for path in files if is_ours(path.parent)]


def home_of(study: Study) -> StudyFolder:
    """The folder in which a study is kept unless another is asked for."""
    return StudyFolder(studies_dir().resolve() / study.id)


def start(folder: StudyFolder) -> None:
    """Train what is unfinished, in a process of its own; nothing happens if one does so."""
    if folder.live:
        return
    process = folder.process
    with process.hold("the study is going on already; wait for its end or stop it"):
        process.forget_asked()
        process.write_status(own_status())
        arguments = ["--mode", "study", "--study", str(folder.folder), launcher.HANDED_OVER]
        lock.expect(folder.folder, launcher.spawn(process.log_file, arguments))
