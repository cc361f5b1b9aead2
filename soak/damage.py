"""Ways to damage a file or a value, by chance and on purpose."""

import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

T = TypeVar("T")

DEEP = 100_000
"""Levels of nesting, far more than a parser that calls itself can go."""

NASTY: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 2**63, 10**400, 1e308, -1e308, 0.5),
    *(float("nan"), float("inf"), float("-inf")),
    *("", " ", "x", "\x00", "²", "9" * 5000, "\ud800", "a\nb", "running", "MNIST"),
    *("../../../etc/passwd", "/etc/passwd", "C:\\x", "<img src=x onerror=alert(1)>"),
    *([], {}, [[]], {"a": 1}, [1, "x"], {"lr": {}}),
)
"""Values that somebody may put where another kind is meant."""

NAMES = (
    "../outside",
    "/etc/passwd",
    "a/../../outside.pt",
    "nul\x00byte.pt",
    "line\nbreak",
    "x" * 5000,
    ".",
    "..",
    "\u202egnp.exe",
    "<img src=x onerror=alert(1)>",
    "**bold** [a](javascript:alert(1)) :material/bolt: $x$",
    "![x](https://example.org/x.png)",
    "Upload a file…",
)
"""Names for runs, checkpoints, uploads and studies that lead or look elsewhere."""

json_values: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(NASTY) | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


def examples(strategy: st.SearchStrategy[T], count: int, number: int = 0) -> list[T]:
    """`count` values of a strategy, the same ones at every call."""
    found: list[T] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: T) -> None:
        found.append(value)

    while len(found) < count:  # a small strategy is exhausted early and begins again
        collect()
    return found[:count]


def damaged(data: bytes, rng: random.Random) -> bytes:
    """The bytes with some of them flipped, cut off, left out, repeated, zeroed or added."""
    if not data:
        return rng.randbytes(rng.randrange(64))
    start = rng.randrange(len(data))
    end = min(len(data), start + rng.choice((1, 2, 8, 64, 1024)))
    ways: list[Callable[[], bytes]] = [
        lambda: _flipped(data, rng),
        lambda: data[:start],
        lambda: data[:start] + data[end:],
        lambda: data[:end] + data[start:],
        lambda: data[:start] + bytes(end - start) + data[end:],
        lambda: data[:start] + b"\xff" * (end - start) + data[end:],
        lambda: data[:start] + rng.randbytes(end - start) + data[end:],
        lambda: data + rng.randbytes(64),
        lambda: data[start:],
    ]
    return rng.choice(ways)()


def _flipped(data: bytes, rng: random.Random) -> bytes:
    """Up to eight bits changed, half of the time in the first kilobyte, where formats say most."""
    changed = bytearray(data)
    reach = len(data) if rng.random() < 0.5 else min(len(data), 1024)
    for _ in range(rng.randint(1, 8)):
        changed[rng.randrange(reach)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def with_nasty_value(value: Any, rng: random.Random) -> Any:
    """A JSON value with one of its parts replaced by another kind, left out or renamed."""
    places = list(_places(value))
    if not places:
        return rng.choice(NASTY)
    changed = json.loads(json.dumps(value))
    holder: Any = changed
    *way, last = rng.choice(places)
    for step in way:
        holder = holder[step]
    if rng.random() < 0.15:
        del holder[last]
    elif rng.random() < 0.1 and isinstance(holder, dict):
        holder[f"{last}x"] = holder.pop(last)
    else:
        holder[last] = rng.choice(NASTY)
    return changed


def _places(value: Any) -> Iterator[tuple[Any, ...]]:
    """The way to every part of a JSON value."""
    if isinstance(value, (dict, list)):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield (key,)
            yield from ((key, *rest) for rest in _places(part))


def damage_json(data: bytes, rng: random.Random) -> bytes:
    """A JSON document with another value in it, or nested beyond all measure."""
    if rng.random() < 0.08:
        return b"[" * DEEP
    if rng.random() < 0.04:
        return b'{"a":' * DEEP
    return json.dumps(with_nasty_value(json.loads(data), rng)).encode()


def damage_lines(data: bytes, rng: random.Random) -> bytes:
    """A file of JSON lines in which some are damaged."""
    lines = data.splitlines()
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(lines))
        line = lines[place]
        try:
            lines[place] = damage_json(line, rng)
        except (ValueError, RecursionError):  # it has been damaged before
            lines[place] = damaged(line, rng)
    return b"\n".join(lines) + b"\n" * rng.randint(0, 1)


def replace_by_other_kind(path: Path, outside: Path, rng: random.Random) -> None:
    """Put at `path` something that is no file of its own: a link, a folder, a pipe, a gap."""
    path.unlink(missing_ok=True)
    match rng.randrange(6):
        case 0:
            path.symlink_to(outside)
        case 1:
            path.symlink_to(path)  # which leads to itself
        case 2:
            path.mkdir()
        case 3:
            os.mkfifo(path)  # who opens it to read waits for ever
        case 4:
            path.touch()
            os.truncate(path, 2**36)  # 64 GB that take no room
        case _:
            path.symlink_to("/dev/zero")  # which never ends
