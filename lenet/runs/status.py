"""The state of a run and the time that it has taken, as in `status.json`."""

import socket
import time
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from lenet.files import parse_json
from lenet.formats import migrated

State = Literal[
    "starting", "queued", "running", "paused", "finished", "stopped", "failed", "crashed"
]
LIVE: tuple[State, ...] = ("starting", "queued", "running", "paused")
BUSY: tuple[State, ...] = ("starting", "running")
"""The states whose time counts as the run's."""
RESUMABLE: tuple[State, ...] = ("stopped", "failed", "crashed")


Seconds = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
"""A time since the Unix epoch, or a duration, that the calendar can show."""
Count = Annotated[int, Field(ge=0, le=10**12)]


@dataclass(frozen=True)
class Status:
    """What `status.json` says.

    `began`, `since` and `ended` are seconds since the Unix epoch; `since` is None while the run
    waits or rests; `earlier` is the seconds of work before `since`; `message` says why a run
    failed; `total_steps` is 0 until the data is loaded; `host` is the process's machine.
    """

    state: State
    began: Seconds
    since: Seconds | None = None
    ended: Seconds | None = None
    earlier: Seconds = 0.0
    message: str | None = None
    total_steps: Count = 0
    host: str = ""

    @property
    def here(self) -> bool:
        """Whether the process is, or was, on this machine."""
        return self.host in ("", socket.gethostname())

    @property
    def seconds(self) -> float:
        """Time of work so far, without pauses and waiting."""
        return self._seconds(time.time())

    def changed(self, at: float | None = None, **changes: Any) -> "Status":
        """The status with other values from now on, or from the time `at`."""
        now = time.time() if at is None else at
        after = replace(self, earlier=self._seconds(now), since=None, **changes)
        if after.state in BUSY:
            return replace(after, since=now)
        return after if after.state in LIVE else replace(after, ended=now)

    def _seconds(self, now: float) -> float:
        return self.earlier + (0.0 if self.since is None else max(0.0, now - self.since))


def read_status(data: bytes) -> Status:
    """The status in a file's content; ValueError where it holds none."""
    values = migrated("status", parse_json(data), "status.json")
    return _STATUS.validate_python(values, extra="forbid")


_STATUS = TypeAdapter(Status)


def own_status() -> Status:
    """The first status of a run whose process is this one."""
    now = time.time()
    return Status("starting", now, since=now, host=socket.gethostname())
