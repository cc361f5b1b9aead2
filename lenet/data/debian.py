"""Debian's package of a dataset, fetched with apt by any user and unpacked without installing."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from lenet.catalog import DatasetInfo, IdxFile
from lenet.data.transfer import NotFetchedError, Progress, Report, add_missing
from lenet.errors import StorageError

APT_SILENCE_SECONDS = 60.0  # without a byte; apt-get also sorts its lists in that time

# Puts the package into `deb/` and its content into `files/`, both in the current folder. Where the
# system's package lists fail, it fetches fresh ones into this folder, with `-c`.
SCRIPT = """
options="-oAcquire::Retries=1 -oAcquire::http::Timeout=10 -oAcquire::https::Timeout=10"
download() {
    apt-get $options --print-uris download "$1" > ../size && apt-get $options download "$1"
}
mkdir -p deb files state/lists/partial cache/archives/partial && cd deb || exit
if ! download "$1"; then
    options="$options -c=../apt.conf"
    apt-get $options update  # one broken source of many does not matter
    download "$1" || exit
fi
dpkg-deb -x *.deb ../files
"""


def from_debian(package: str, label: str, info: DatasetInfo, folder: Path, report: Report) -> None:
    """Download the package with apt, as any user, unpack it and put its files into `folder`.

    Raises `NotFetchedError` where that cannot be, `StorageError` for a full disk.
    """
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise NotFetchedError("this is not Debian or Ubuntu (no apt-get and dpkg-deb)")
    with tempfile.TemporaryDirectory(prefix="lenet-") as name:
        work = Path(name)
        (work / "apt.conf").write_text(
            f'Dir::State "{work}/state";\nDir::Cache "{work}/cache";\n'
            "#clear APT::Update::Post-Invoke;\n#clear APT::Update::Post-Invoke-Success;\n"
        )
        _run_script(package, label, work, report)
        unpacked = {path.name: path for path in (work / "files").rglob("*-ubyte.gz")}

        def copy(file: IdxFile, part: Path) -> None:
            if (packed := f"{file.name}.gz") not in unpacked:
                raise NotFetchedError(f"it does not contain {packed}")
            shutil.copyfile(unpacked[packed], part)

        add_missing(info, folder, copy)


def _run_script(package: str, label: str, work: Path, report: Report) -> None:
    """Run `SCRIPT`, reporting the package's bytes as they grow."""
    with (
        (work / "log").open("w") as log,
        subprocess.Popen(
            ["sh", "-c", SCRIPT, "sh", package],
            cwd=work,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C"},
            process_group=0,
        ) as process,
    ):
        seen, since, running = -1, time.monotonic(), True
        try:
            while running:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=0.1)
                running = process.poll() is None
                if (now := _bytes_below(work)) != seen:
                    seen, since = now, time.monotonic()
                    report(Progress(package, _bytes_below(work / "deb"), _total(work), label))
                elif time.monotonic() - since > APT_SILENCE_SECONDS:
                    raise NotFetchedError(f"it stood still for {APT_SILENCE_SECONDS:.0f} seconds")
        finally:
            with suppress(ProcessLookupError):  # unless it has ended, with all that it started
                os.killpg(process.pid, signal.SIGKILL)
    output = (work / "log").read_text()
    if "No space left on device" in output:
        raise StorageError(f"the disk is full: {work} could not be written; free some space")
    if process.returncode != 0:
        errors = [line for line in output.splitlines() if line.startswith(("E:", "dpkg-deb:"))]
        raise NotFetchedError(errors[-1] if errors else f"apt-get failed: {output.strip()[-200:]}")


def _total(work: Path) -> int | None:
    """The package's size, from apt's line of address, file name, size and digest."""
    words = (work / "size").read_text().split() if (work / "size").exists() else []
    return next((int(word) for word in words if word.isdecimal()), None)


def _bytes_below(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):  # apt renames its files meanwhile
            total += path.stat().st_size if path.is_file() else 0
    return total
