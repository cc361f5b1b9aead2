"""The lab's server in a process of its own, for the browser to visit.

`python -m tests.e2e.app FLAGS` is `streamlit run streamlit_app.py FLAGS` on a machine on
which no system package has put a dataset: what the data folder lacks is missing.
"""

import dataclasses
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psutil

from lenet.catalog import DATASETS
from lenet.paths import ROOT
from lenet.runs.run import Run
from tests.small import wait_until

PATIENCE = 120.0
"""Seconds to wait for what must happen: other programs may keep the machine busy."""

STREAMLIT = ("streamlit", "run", "streamlit_app.py")
BARE_MACHINE = ("tests.e2e.app",)


class App:
    """A running server: where it listens, its runs, and what it printed."""

    def __init__(self, folder: Path, environment: dict[str, str], module: tuple[str, ...]) -> None:
        self.runs_dir = folder / "runs"
        self.log = folder / "server.log"
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        flags = ("--server.port", str(self.port), "--server.headless", "true")
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *module, *flags],
                cwd=ROOT,
                env={**os.environ, "LENET_RUNS_DIR": str(self.runs_dir), **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait(self) -> None:
        """Until it listens; without a request, so that the browser's will be the first."""
        wait_until(self._listens, f"the server listens ({self.log})")

    def runs(self) -> list[Run]:
        """The runs that were started on this server, the oldest first."""
        return [Run(path.parent) for path in sorted(self.runs_dir.glob("*/config.json"))]

    def clear(self) -> None:
        """Delete all runs and studies; those that a failed test has left behind are killed."""
        found = [Run(path.parent) for path in self.runs_dir.glob("**/config.json")]
        if any(run.live for run in found):
            kill(psutil.Process(self.process.pid).children(recursive=True))
        wait_until(self._is_empty, "the runs are deleted")

    def check(self) -> None:
        """Fail if the log tells of an exception: the page may have hidden it."""
        log = self.log.read_text(errors="replace")
        assert "Traceback" not in log, log

    def end(self) -> None:
        """End the server and the trainings that it started."""
        if self.process.poll() is None:
            ours = psutil.Process(self.process.pid)
            kill([*ours.children(recursive=True), ours])
        self.process.wait(PATIENCE)

    def _is_empty(self) -> bool:
        for path in self.runs_dir.glob("[!.]*"):
            shutil.rmtree(path, ignore_errors=True)
        return not any(self.runs_dir.glob("[!.]*"))

    def _listens(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended: {self.log.read_text(errors='replace')}")
        with suppress(OSError), closing(socket.create_connection(("localhost", self.port), 1)):
            return True
        return False


@contextmanager
def serve(
    folder: Path, *, module: tuple[str, ...] = STREAMLIT, **environment: str
) -> Iterator[App]:
    """A server that keeps its runs and its log in `folder` and is gone afterwards.

    Fails as `App.check` does.
    """
    app = App(folder, environment, module)
    try:
        app.wait()
        yield app
    finally:
        app.end()
    app.check()


def kill(processes: list[psutil.Process]) -> None:
    """Kill them, and wait: what they were writing would appear in a folder being removed."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    wait_until(lambda: not any(map(_works, processes)), "the killed processes are over")


def _works(process: psutil.Process) -> bool:
    """Whether it may still write; one that its parent has not asked about yet does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Run Streamlit with the system's datasets out of reach."""
    from streamlit.web import cli

    for name, info in DATASETS.items():
        DATASETS[name] = dataclasses.replace(info, system_dir=None, debian_package=None)
    sys.argv = [*STREAMLIT, *sys.argv[1:]]
    cli.main(prog_name="streamlit")


if __name__ == "__main__":
    main()
