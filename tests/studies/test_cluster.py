"""Studies on a cluster, started in a shell by the commands that `docs/scaling.md` prints."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

import psutil
import pytest

from lenet import __version__
from lenet.paths import ROOT
from lenet.studies import worker
from lenet.studies.folder import StudyFolder
from tests.idx_files import small_info, write_files
from tests.small import PATIENCE, assert_one_sentence, holder, in_background, wait_until
from tests.studies.small_study import (
    LONG,
    QUICK_FLAGS,
    assert_as_if_never_interrupted,
    ended,
    flags,
    prepared,
    small_study,
    training,
)

pytestmark = pytest.mark.slow

[BLOCK] = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/scaling.md").read_text(), re.DOTALL)
BLOCK = re.sub(r" +#.*|\\\n", "", BLOCK)
_, SCHEDULER, WORKER, STUDY = BLOCK.strip().splitlines()
IMPATIENT = "from lenet.studies import runner; runner.SILENCE = 2; runner.CONNECT_SECONDS = 2"


def typed(command: str, folder: Path, environment: dict[str, str], out: Path) -> psutil.Popen:
    """A command as a person types it in a shell, in a folder, with the lab's environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    known = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with out.open("wb") as file:
        return psutil.Popen(
            command,
            shell=True,
            cwd=folder,
            env={**known, "OMP_NUM_THREADS": "1", **environment, "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )


def end(process: psutil.Popen) -> None:
    """Kill a command with all processes that it has started."""
    with suppress(psutil.NoSuchProcess):
        for part in [*process.children(recursive=True), process]:
            with suppress(psutil.NoSuchProcess):
                part.kill()
    process.wait()


class Cluster:
    """A scheduler, and workers in the lab's folder as long as a test does not end them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        write_files(self.data / "FashionMNIST/raw", small_info())
        log = folder / "scheduler.log"
        loopback = " --host 127.0.0.1 --port 0 --dashboard-address :0"
        self.scheduler = typed(SCHEDULER + loopback, ROOT, {}, log)
        pattern = re.compile(r"Scheduler at: +(tcp://\S+)")
        self.address = wait_until(lambda: pattern.search(log.read_text()), "the scheduler")[1]

    @contextmanager
    def workers(self, place: Path = ROOT) -> Iterator[psutil.Popen]:
        command = WORKER.replace("tcp://SCHEDULER:8786", self.address).replace(" 16", " 2")
        log = self.folder / "workers.log"
        process = typed(command, place, {"LENET_DATA_DIR": str(self.data)}, log)
        try:
            wait_until(lambda: log.read_text().count("Registered to:") == 2, "two workers")
            yield process
        finally:
            end(process)

    @property
    def flags(self) -> list[str]:
        return ["--backend", "dask", "--address", self.address]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    yield made
    end(made.scheduler)


@pytest.fixture(autouse=True)
def _data(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LENET_DATA_DIR", str(cluster.data))


def test_the_documented_commands_do_a_study(cluster: Cluster, tmp_path: Path) -> None:
    command = STUDY.replace("tcp://SCHEDULER:8786", cluster.address)
    command = command.replace("-m lenet", "-m tests.small_lab")
    command = command.replace("nine-cases", "grid --vary softmax=0,1 --seeds 0,1", 1)
    command = command.replace("/shared/nine-cases", shlex.quote(str(tmp_path / "study")))
    command += " " + " ".join(QUICK_FLAGS)
    with cluster.workers():
        log = tmp_path / "study.log"
        process = typed(command, ROOT, {"LENET_DATA_DIR": str(cluster.data)}, log)
        assert process.wait(5 * PATIENCE) == 0, log.read_text()
    assert len(StudyFolder(tmp_path / "study").study.runs()) == 4
    assert not StudyFolder(tmp_path / "study").unfinished()


def test_a_killed_workers_run_goes_on(cluster: Cluster, tmp_path: Path) -> None:
    folder = prepared(tmp_path / "study", small_study(**LONG))
    first = folder.run(folder.study.runs()[0])
    with cluster.workers() as workers:
        process = training(folder, *cluster.flags, epochs=2)
        victim = holder(first)
        assert victim.parent() in workers.children(recursive=True)
        victim.parent().kill()
        victim.wait(PATIENCE)
        ended(process, 0)
    assert_as_if_never_interrupted(folder)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_signal_saves_and_ends_it(
    number: signal.Signals, cluster: Cluster, tmp_path: Path
) -> None:
    folder = prepared(tmp_path / "study", small_study(epochs=1000))
    with cluster.workers():
        process = training(folder, *cluster.flags, runs=2)
        process.send_signal(number)
        ended(process, 128 + number)
        assert len(list(folder.folder.glob("*/stopped.pt"))) == 2


def test_it_says_that_nothing_moves_and_ends_on_a_signal(cluster: Cluster, tmp_path: Path) -> None:
    folder = prepared(tmp_path / "study", small_study(epochs=1000))
    with cluster.workers() as workers:
        process = training(folder, *cluster.flags, before=IMPATIENT)
        end(workers)

        def told() -> str | None:
            status = folder.status()
            text = status.message if status else None
            return text if text and f"start `dask worker {cluster.address}`" in text else None

        status = wait_until(told, "a message")
        assert status.startswith("nothing has moved for 2 s; ")
        process.send_signal(signal.SIGTERM)
        assert f"note: {status}" in ended(process, 128 + signal.SIGTERM)


def test_without_workers_it_says_how_to_start_one(cluster: Cluster, tmp_path: Path) -> None:
    folder = prepared(tmp_path / "study", small_study())
    process = in_background(*flags(folder.folder, *cluster.flags), before=IMPATIENT)
    [*_, line] = ended(process, 1).splitlines()
    assert f"has no workers; start `dask worker {cluster.address}`" in line


@pytest.mark.parametrize(
    ("lab", "torch", "word"),
    [
        (None, None, "cannot import the lab (ModuleNotFoundError"),
        ("0.0.7", None, f"has lab 0.0.7 with torch {version('torch')}, this study lab"),
        (__version__, "0.4", f"has lab {__version__} with torch 0.4, this study lab"),
    ],
)
def test_a_worker_with_another_lab_is_named(
    lab: str | None, torch: str | None, word: str, cluster: Cluster, tmp_path: Path
) -> None:
    folder = prepared(tmp_path / "study", small_study())
    place = tmp_path / "elsewhere"
    place.mkdir()
    if lab:
        (place / "lenet").mkdir()
        (place / "lenet/__init__.py").write_text(f"__version__ = {lab!r}")
    if torch:
        (place / "torch-0.4.dist-info").mkdir()
        (place / "torch-0.4.dist-info/METADATA").write_text(f"Name: torch\nVersion: {torch}\n")
    with cluster.workers(place):
        [*_, line] = ended(in_background(*flags(folder.folder, *cluster.flags)), 1).splitlines()
    assert re.match(r"error: the worker tcp://127\.0\.0\.1:\d+, started in ", line)
    assert word in line
    assert_one_sentence(line)


def test_a_worker_that_does_not_see_the_study_says_so(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Here:
        address = cluster.address

    monkeypatch.setattr("distributed.get_worker", Here)
    versions = [__version__, version("torch")]
    with pytest.raises(LookupError, match=r"does not see .*/nowhere; give an --output_dir on"):
        worker.train_on_cluster([], str(tmp_path / "log"), str(tmp_path / "nowhere"), versions)
