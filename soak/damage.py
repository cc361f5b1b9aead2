"""Ways to damage a file or a value, by chance and on purpose."""

import json
import os
import random
import struct
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

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
    *("../outside", "/etc/passwd", "a/../../outside.pt", "nul\x00byte.pt", "line\nbreak"),
    *("x" * 5000, ".", "..", "\u202egnp.exe", "<img src=x onerror=alert(1)>"),
    "**bold** [a](javascript:alert(1)) :material/bolt: $x$",
    "![x](https://example.org/x.png)",
    "Upload a file…",
)
"""Names for runs, checkpoints, uploads and studies that lead or look elsewhere."""


def json_value(rng: random.Random, levels: int = 3) -> Any:
    """Any value that JSON, or Python's reading of it, can hold; text may be of any characters."""
    inner = range(rng.randrange(5) if levels else 0)
    kinds: list[Callable[[], Any]] = [
        lambda: rng.getrandbits(rng.choice((8, 64, 300))) * rng.choice((-1, 1)),
        lambda: struct.unpack("d", rng.randbytes(8))[0],
        lambda: "".join(chr(rng.randrange(0xD800)) for _ in range(rng.randrange(20))),
        *[lambda: rng.choice(NASTY)] * 2,
        lambda: [json_value(rng, levels - 1) for _ in inner],
        lambda: {str(rng.random()): json_value(rng, levels - 1) for _ in inner},
    ]
    return rng.choice(kinds)()


def damaged(data: bytes, rng: random.Random) -> bytes:
    """The bytes with some of them flipped, cut off, left out, repeated, replaced or added."""
    if not data:
        return rng.randbytes(rng.randrange(64))
    start = rng.randrange(len(data))
    end = min(len(data), start + rng.choice((1, 2, 8, 64, 1024)))
    flipped = bytearray(data)
    # Half of the time in the first kilobyte, where formats say most.
    reach = len(data) if rng.random() < 0.5 else min(len(data), 1024)
    for _ in range(rng.randint(1, 8)):
        flipped[rng.randrange(reach)] ^= 1 << rng.randrange(8)
    fillings = (b"", bytes(end - start), b"\xff" * (end - start), rng.randbytes(end - start))
    return rng.choice(
        [
            *(bytes(flipped), data[:start], data[start:], data[:end] + data[start:]),
            *(data[:start] + filling + data[end:] for filling in fillings),
            data + rng.randbytes(64),
        ]
    )


def with_nasty_value(value: Any, rng: random.Random) -> Any:
    """The value with one of its parts replaced by another kind, left out or renamed."""
    changed = deepcopy(value)
    places = list(_places(changed))
    if not places:
        return rng.choice(NASTY)
    holder, key = rng.choice(places)
    chance = rng.random()
    if chance < 0.15:
        del holder[key]
    elif chance < 0.25 and isinstance(holder, dict):
        holder[f"{key}x"] = holder.pop(key)
    else:
        holder[key] = rng.choice(NASTY)
    return changed


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every part of a value: the list or object that holds it, and its key there."""
    if isinstance(value, (dict, list)):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield value, key
            yield from _places(part)


def damage_file(path: Path, outside: Path, rng: random.Random) -> str:
    """Damage a file in the way of its kind, or put something else there; what was damaged."""
    data, by_kind = path.read_bytes(), rng.random() < 0.7
    if rng.random() < 0.17:
        _replace_by_other_kind(path, outside, rng)
        return f"{path.name} of another kind"
    if path.suffix == ".txt":
        data = rng.choice(NAMES).encode(errors="surrogatepass")
    elif path.suffix == ".json" and by_kind:
        data = _damaged_json(data, rng)
    elif path.suffix == ".jsonl" and by_kind:
        lines = data.splitlines()
        for place in rng.sample(range(len(lines)), min(len(lines), rng.randint(1, 4))):
            lines[place] = _damaged_json(lines[place], rng)
        data = b"\n".join(lines) + b"\n" * rng.randint(0, 1)
    else:
        data = damaged(data, rng)
    path.write_bytes(data)
    return path.name


def _damaged_json(data: bytes, rng: random.Random) -> bytes:
    """A JSON document with another value in it, or nested beyond all measure."""
    if rng.random() < 0.12:
        return rng.choice((b"[", b'{"a":')) * DEEP
    return json.dumps(with_nasty_value(json.loads(data), rng)).encode()


def _replace_by_other_kind(path: Path, outside: Path, rng: random.Random) -> None:
    """Put at `path` something that is no file of its own: a link, a folder, a pipe, a gap."""
    path.unlink()
    match rng.randrange(6):
        case 0:
            path.mkdir()
        case 1:
            os.mkfifo(path)  # who opens it to read waits for ever
        case 2:
            path.touch()
            os.truncate(path, 2**36)  # 64 GB that take no room
        case _:  # another file, itself, or one that never ends
            path.symlink_to(rng.choice((outside, path, Path("/dev/zero"))))
