"""Damaged and hostile checkpoints: code in pickles, zip bombs, values that are none."""

import builtins
import io
import os
import pickle
import random
import subprocess
import zipfile
from collections.abc import Iterator
from functools import reduce
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lenet.evaluation.metrics import evaluate
from lenet.evaluation.report import figures
from lenet.network import checkpoint
from lenet.ui.hand import UPLOAD
from soak.damage import damaged, json_value, with_nasty_value
from soak.guard import UPLOADED, Trial, uploads
from soak.lab import Lab, sound, visit
from tests.small import small_split


def checkpoints(lab: Lab, rng: random.Random, number: int) -> Iterator[Trial]:
    """Checkpoints, read and evaluated, or by way of the page; code in them would leave the lab."""

    def on_page(name: str, data: bytes) -> None:
        page = visit("pages/evaluate.py")
        page.selectbox(key="checkpoint").set_value(UPLOAD).run()
        field = page.file_uploader(key="upload of checkpoint")
        field.set_value((name, data, "application/octet-stream"))
        sound(page.run())

    def evaluated(data: bytes) -> None:
        found = evaluate(checkpoint.loads(data, "upload.pt"), small_split("test"))
        assert all(0 <= share <= 1 for share in (found.accuracy, found.calibration_error))
        assert np.isfinite(found.loss)
        figures(found)

    whole = lab.finished.epoch_checkpoint(2).read_bytes()
    inputs = _checkpoints(whole, lab.home / "code-ran", rng)
    return uploads(inputs, number, rng, ".pt", on_page, evaluated)


def _checkpoints(whole: bytes, marker: Path, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    content = torch.load(io.BytesIO(whole), weights_only=True)
    yield from _pickles_with_code(content, marker)
    yield from _bombs(content)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    [pickled] = [name for name in files if name.endswith("data.pkl")]
    for number in count():
        part = rng.choice(list(content))
        if number % 4 == 0:
            data = damaged(whole, rng)
        elif number % 4 == 1:  # another pickle, its checksum right again
            data = _zip({**files, pickled: damaged(files[pickled], rng)})
        else:
            value = with_nasty_value(content[part], rng) if number % 2 else json_value(rng)
            data = _saved(content, **{part: value})
        yield f"checkpoint {number}, {part}", data


class Call(tuple[Any, ...]):
    """A function and its arguments: unpickled carelessly, it is called."""

    def __reduce__(self) -> tuple[Any, ...]:
        return self[0], self[1:]


def _pickles_with_code(content: dict[str, Any], marker: Path) -> Iterator[tuple[str, bytes]]:
    """Files that would run code if they were loaded as pickles are by default."""
    attacks = {
        "os.mkdir": (os.mkdir, str(marker)),
        "os.system": (os.system, f"mkdir {marker}"),
        "subprocess": (subprocess.check_call, ["mkdir", str(marker)]),
        "exec": (builtins.exec, f"import os; os.mkdir({str(marker)!r})"),
        "eval": (builtins.eval, f"__import__('os').mkdir({str(marker)!r})"),
        "a method": (getattr, "{0.__class__}", "format"),
        "torch.load": (torch.load, str(marker)),
        "a large array": (bytearray, 2**36),
    }
    for name, call in attacks.items():
        attack = Call(call)
        yield f"{name} alone", pickle.dumps(attack)
        for part in content:
            yield f"{name} in {part}", _saved(content, **{part: attack})
        legacy = io.BytesIO()
        torch.save({"format": attack}, legacy, _use_new_zipfile_serialization=False)
        yield f"{name} in an old file", legacy.getvalue()


def _bombs(content: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Files that take all memory, or for ever."""
    nested: dict[str, list[Any]] = {  # to look at all of the first one takes for ever
        "a list doubled": reduce(lambda inner, _: [inner, inner], range(60), ["lr"]),
        "a list nested": reduce(lambda inner, _: [inner], range(400), []),
    }
    for what, value in nested.items():
        for part in content:
            yield f"{what} as {part}", _saved(content, **{part: value})
        yield f"{what} as a rate", _saved(content, config={**content["config"], "lr": value})
    weights = content["weights"]
    for number in (1e38, -1e38, 1e-45):
        large = {
            name: torch.full_like(part, number) if part.is_floating_point() else part
            for name, part in weights.items()
        }
        yield f"weights of {number}", _saved(content, weights=large)
    wide = {name: torch.zeros(1).expand(10**6, 10**6) for name in weights}
    yield "weights that seem huge", _saved(content, weights=wide)
    yield "a million names", _saved(content, weights={str(n): 0 for n in range(10**6)})
    yield "a long value", _saved(content, config={"preset": "x" * 10**7})
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        yield f"zip bomb {method}", _zip({"archive/data.pkl": bytes(2**28)}, method)
        small = {f"archive/{n}": bytes(2**20) for n in range(300)}
        yield f"zip bomb {method} in parts", _zip(small, method)
    yield "a zip of many files", _zip({f"archive/{n}": b"" for n in range(60_000)})
    outside = {f"../{name}": b"x" for name in UPLOADED if len(name) < 99}
    yield "a zip that leads outside", _zip(outside)


def _zip(files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def _saved(content: dict[str, Any], **parts: Any) -> bytes:
    """The checkpoint with other parts."""
    file = io.BytesIO()
    torch.save({**content, **parts}, file)
    return file.getvalue()
