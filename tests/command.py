"""What a command of the lab prints, and how it refuses."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.small import run_lab


class Result(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output."""
        assert self.status == 0, self.err
        assert self.out.count("\n") == 1
        found = json.loads(self.out, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))
        assert isinstance(found, dict)
        return found


Lab = Callable[..., Result]


def assert_refused(result: Result, status: int, *words: str, after_progress: bool = False) -> None:
    """One line that begins with "error:" and holds the words; before it at most progress."""
    assert result.status == status, result
    assert result.out == ""
    *before, last = result.err.splitlines()
    assert last.startswith("error: ")
    assert not any(line.startswith("error") for line in before)
    assert bool(before) == after_progress, before
    assert "Traceback" not in result.err
    for word in words:
        assert word in last


def in_process(*flags: object, **options: Any) -> Result:
    done = run_lab(*map(str, flags), **options)
    return Result(done.returncode, done.stdout, done.stderr)
