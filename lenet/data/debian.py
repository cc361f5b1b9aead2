"""Debian's package of a dataset, fetched with apt by any user and unpacked without installing."""

import logging
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

from lenet.catalog import FILES, DatasetInfo
from lenet.data.reading import files_in
from lenet.data.transfer import NotFetchedError, Report, Tell, lands, size, tell_of
from lenet.errors import StorageError

logger = logging.getLogger(__name__)

APT_SILENCE_SECONDS = 60.0  # without a byte; apt-get also sorts its lists in that time


def from_debian(package: str, info: DatasetInfo, folder: Path, report: Report, label: str) -> None:
    """Download the package with apt, as any user, unpack it and move its files here."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise NotFetchedError("this is not Debian or Ubuntu (no apt-get and dpkg-deb)")
    with tempfile.TemporaryDirectory(prefix="lenet-") as name:
        work = Path(name)
        deb = _apt_download(package, work, report, label)
        _run(["dpkg-deb", "-x", str(deb), str(work / "unpacked")], work)
        unpacked = {path.name: path for path in (work / "unpacked").rglob("*-ubyte.gz")}
        present = files_in(folder)
        for file_name in (f"{file.name}.gz" for file in FILES if file not in present):
            if file_name not in unpacked:
                raise NotFetchedError(f"it does not contain {file_name}")
            part = folder / f"{file_name}.part"
            shutil.copyfile(unpacked[file_name], part)
            if not lands(part, folder / file_name, info):
                part.unlink()
                raise NotFetchedError(f"its {file_name} is not the published file")


def _apt_download(package: str, work: Path, report: Report, label: str) -> Path:
    """Download the `.deb`, with package lists of our own where the system's do not do."""
    tell = partial(tell_of, report, package, label)
    options = ["-oAcquire::Retries=1"]
    options += [f"-oAcquire::{scheme}::Timeout=10" for scheme in ("http", "https")]
    try:
        return _apt_get_deb(package, work / "deb", options, tell)
    except NotFetchedError as error:
        logger.info("%s; trying with fresh package lists", error)
    for needed in ("state/lists/partial", "cache/archives/partial"):
        (work / needed).mkdir(parents=True)
    config = work / "apt.conf"
    config.write_text(
        f'Dir::State "{work}/state";\nDir::Cache "{work}/cache";\n'
        "#clear APT::Update::Post-Invoke;\n#clear APT::Update::Post-Invoke-Success;\n"
    )
    options.append(f"-c={config}")
    with suppress(NotFetchedError):  # one broken source of many does not matter
        listing = partial(tell_of, report, "package lists", label)
        _run(["apt-get", *options, "update"], work / "state", listing)
    return _apt_get_deb(package, work / "deb", options, tell)


def _apt_get_deb(package: str, target: Path, options: list[str], tell: Tell) -> Path:
    target.mkdir(exist_ok=True)
    uri = _run(["apt-get", *options, "--print-uris", "download", package], target)
    sizes = [int(word) for word in uri.split() if word.isdecimal()]  # 'uri' file size hash
    total = sizes[0] if sizes else None
    _run(["apt-get", *options, "download", package], target, lambda done, _: tell(done, total))
    debs = list(target.glob("*.deb"))
    if not debs:
        raise NotFetchedError("apt-get left no package behind")
    tell(size(debs[0]), total)
    return debs[0]


def _run(command: list[str], folder: Path, tell: Tell | None = None) -> str:
    """Run a command in `folder`, telling how many bytes are there as they grow; its output.

    Raises `NotFetchedError` with the command's own words if it fails or stands still.
    """
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C"},
        ) as process,
    ):
        try:
            _watch(process, folder, tell)
        finally:
            process.kill()  # in case we were interrupted; no matter to one that has ended
        process.wait()
        log.seek(0)
        output = log.read()
    if "No space left on device" in output:
        raise StorageError(f"the disk is full: {folder} could not be written; free some space")
    if process.returncode != 0:
        errors = [line for line in output.splitlines() if line.startswith(("E:", "dpkg-deb:"))]
        raise NotFetchedError(" ".join(errors) or f"{command[0]} failed: {output.strip()}")
    return output


def _watch(process: subprocess.Popen[bytes], folder: Path, tell: Tell | None) -> None:
    seen, since = -1, time.monotonic()
    while process.poll() is None:
        done = sum(size(path) for path in folder.rglob("*") if path.is_file())
        if done != seen:
            seen, since = done, time.monotonic()
            if tell is not None:
                tell(done, None)
        elif time.monotonic() - since > APT_SILENCE_SECONDS:
            raise NotFetchedError(f"it stood still for {APT_SILENCE_SECONDS:.0f} seconds")
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.1)
