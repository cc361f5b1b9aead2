"""Damaged and hostile checkpoints: code in pickles, zip bombs, values that are none."""

import io
import pickle
import random
import zipfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lenet.evaluation.metrics import evaluate
from lenet.evaluation.report import figures
from lenet.network import checkpoint
from lenet.ui.checkpoints import UPLOAD
from soak.damage import NAMES, NASTY, damaged, examples, json_values, with_nasty_value
from soak.files import uploaded
from soak.guard import Guard
from soak.lab import Lab, sound, visit
from soak.table import Row
from tests.small import small_split

DOUBLINGS = 60
"""A list that holds the one before it twice, so often: to look at all of it takes for ever."""


def checkpoints_row(lab: Lab, count: int, on_page: int) -> Row:
    """Checkpoints, read and evaluated; some of them by way of the page."""
    guard, rng = Guard(lab.home), random.Random(2)
    marker = lab.home / "lab" / "code-ran"
    inputs = list(islice(_checkpoints(lab, marker, rng), count))
    rng.shuffle(inputs)

    def upload(name: str, data: bytes) -> None:
        page = visit("pages/evaluate.py")
        page.selectbox(key="checkpoint").set_value(UPLOAD).run()
        field = page.file_uploader(key="upload of checkpoint")
        field.set_value((name, data, "application/octet-stream"))
        sound(page.run())

    for what in guard.uploads(inputs, uploaded(on_page, ".pt"), upload, _evaluate):
        if marker.exists():
            guard.faults.append(f"{what}: its code ran")
            marker.rmdir()
    return guard.row("damaged checkpoints, with code and zip bombs in them")


def _evaluate(data: bytes) -> None:
    loaded = checkpoint.loads(data, "upload.pt")
    found = evaluate(loaded, small_split("test"))
    assert all(0 <= share <= 1 for share in (found.accuracy, found.calibration_error))
    assert np.isfinite(found.loss)
    figures(found)


def _checkpoints(lab: Lab, marker: Path, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    whole = lab.finished.epoch_checkpoint(2).read_bytes()
    yield from pickles_with_code(whole, marker)
    yield from _checkpoint_bombs(whole)
    parts = list(_parts(whole))
    others = examples(json_values, 1000, 2)
    for number in range(10**9):
        match number % 4:
            case 0:
                yield f"checkpoint {number}", damaged(whole, rng)
            case 1:
                yield f"pickle {number}", _with_pickle(whole, damaged(_pickle_of(whole), rng))
            case 2:
                yield f"value {number}", _with_value(whole, rng)
            case _:
                name = rng.choice(parts)
                yield f"{name} {number}", _saved(whole, **{name: others[number // 4 % 1000]})


class Attack:
    """Unpickled carelessly, it makes a folder."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os.mkdir, (str(self.marker),)


class Calls:
    """Unpickled carelessly, it calls any function."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


def pickles_with_code(whole: bytes, marker: Path) -> Iterator[tuple[str, bytes]]:
    """Files that would run code if they were loaded as pickles are by default."""
    import builtins
    import os
    import subprocess

    run = f"import os; os.mkdir({str(marker)!r})"
    attacks = {
        "os.mkdir": Attack(marker),
        "os.system": Calls(os.system, f"mkdir {marker}"),
        "subprocess": Calls(subprocess.check_call, ["mkdir", str(marker)]),
        "exec": Calls(builtins.exec, run),
        "eval": Calls(builtins.eval, f"__import__('os').mkdir({str(marker)!r})"),
        "a method": Calls(getattr, "{0.__class__}", "format"),
        "torch.load": Calls(torch.load, str(marker)),
        "a large array": Calls(bytearray, 2**36),
    }
    for name, attack in attacks.items():
        yield f"{name} alone", pickle.dumps(attack)
        for part in _parts(whole):
            yield f"{name} in {part}", _saved(whole, **{part: attack})
        legacy = io.BytesIO()
        torch.save({"format": attack}, legacy, _use_new_zipfile_serialization=False)
        yield f"{name} in an old file", legacy.getvalue()


def _checkpoint_bombs(whole: bytes) -> Iterator[tuple[str, bytes]]:
    """Files that take all memory, or for ever."""
    doubled: list[Any] = ["lr"]
    for _ in range(DOUBLINGS):
        doubled = [doubled, doubled]
    deep: list[Any] = []
    for _ in range(400):
        deep = [deep]
    for what, value in {"a list doubled": doubled, "a list nested": deep}.items():
        for part in _parts(whole):
            yield f"{what} as {part}", _saved(whole, **{part: value})
        config = {**_loaded(whole)["config"], "lr": value}
        yield f"{what} as a rate", _saved(whole, config=config)
    weights = _loaded(whole)["weights"]
    for number in (1e38, -1e38, 1e-45):
        large = {
            name: torch.full_like(part, number) if part.is_floating_point() else part
            for name, part in weights.items()
        }
        yield f"weights of {number}", _saved(whole, weights=large)
    wide = {name: torch.zeros(1).expand(10**6, 10**6) for name in weights}
    yield "weights that seem huge", _saved(whole, weights=wide)
    yield "a million names", _saved(whole, weights={str(n): 0 for n in range(10**6)})
    yield "a long value", _saved(whole, config={"preset": "x" * 10**7})
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        yield f"zip bomb {method}", _zip({"archive/data.pkl": bytes(2**28)}, method)
        small = {f"archive/{n}": bytes(2**20) for n in range(300)}
        yield f"zip bomb {method} in parts", _zip(small, method)
    yield "a zip of many files", _zip({f"archive/{n}": b"" for n in range(60_000)})
    outside = {f"../{name}": b"x" for name in NAMES if "\x00" not in name and len(name) < 99}
    yield "a zip that leads outside", _zip(outside)


def _zip(files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def _loaded(whole: bytes) -> dict[str, Any]:
    found: dict[str, Any] = torch.load(io.BytesIO(whole), weights_only=True)
    return found


def _parts(whole: bytes) -> list[str]:
    return list(_loaded(whole))


def _saved(whole: bytes, **parts: Any) -> bytes:
    """The checkpoint with other parts."""
    file = io.BytesIO()
    torch.save({**_loaded(whole), **parts}, file)
    return file.getvalue()


def _with_value(whole: bytes, rng: random.Random) -> bytes:
    """The checkpoint with another value in its figures, configuration or training state."""
    content = _loaded(whole)
    part = rng.choice(["config", "metrics", "versions", "training", "weights"])
    if part in ("config", "metrics", "versions"):
        changed = with_nasty_value(content[part], rng)
    else:
        changed = dict(content[part])
        changed[rng.choice(list(changed))] = rng.choice(NASTY)
    return _saved(whole, **{part: changed})


def _pickle_of(whole: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        [name] = [name for name in archive.namelist() if name.endswith("data.pkl")]
        return archive.read(name)


def _with_pickle(whole: bytes, pickled: bytes) -> bytes:
    """The checkpoint around another pickle, its checksums right again."""
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    return _zip({n: pickled if n.endswith("data.pkl") else data for n, data in files.items()})
