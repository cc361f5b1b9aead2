"""Starting runs in turn, and what a run is called."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from lenet.config import build_config
from lenet.errors import RunError
from lenet.runs import launcher
from lenet.runs.run import Run
from lenet.runs.status import own_status
from tests.small import PATIENCE, raising, wait_until

Waiting = Callable[[str, float], Run]


@pytest.fixture(autouse=True)
def _one_slot(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LENET_SLOTS", "1")


@pytest.fixture
def waiting(runs_folder: Path) -> Iterator[Waiting]:
    """Makes runs that this process holds and has put into the queue at a moment."""
    with ExitStack() as held:

        def make(name: str, began: float) -> Run:
            run = Run(runs_folder / name)
            held.enter_context(run.hold(make=True))
            run.prepare(build_config())
            run.write_status(replace(own_status(), state="queued", began=began))
            return run

        yield make


@pytest.mark.slow
def test_second_run_gets_the_slot_when_the_first_is_done(waiting: Waiting) -> None:
    first, second = waiting("a", 1.0), waiting("b", 2.0)
    order: list[str] = []

    def work(run: Run) -> None:
        with launcher.slot(run, lambda: False) as granted:
            assert granted
            order.append(run.id)
            run.write_status(replace(own_status(), state="running"))
            if run == first:
                held.set()
                assert release.wait(60)

    held, release = threading.Event(), threading.Event()
    threads = [threading.Thread(target=work, args=(run,)) for run in (second, first)]
    for thread in threads:
        thread.start()
    assert held.wait(60)
    assert order == ["a"]
    assert launcher.queue() == [second]
    release.set()
    for thread in threads:
        thread.join(60)
    assert order == ["a", "b"]


@pytest.mark.slow
def test_waiting_run_can_be_cancelled(waiting: Waiting) -> None:
    waiting("a", 1.0)
    asked = iter((False, False, True))
    with launcher.slot(waiting("b", 2.0), lambda: next(asked)) as granted:
        assert not granted


@pytest.mark.slow
def test_waiting_run_reads_no_statuses_while_no_slot_is_free(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = iter((False, False, True))
    with launcher.slot(waiting("a", 1.0), lambda: False):
        monkeypatch.setattr(launcher, "queue", raising(AssertionError("all statuses are read")))
        with launcher.slot(waiting("b", 2.0), lambda: next(asked)) as granted:
            assert not granted


def test_only_runs_that_ended_early_can_be_resumed(waiting: Waiting) -> None:
    run = waiting("a", 1.0)
    with pytest.raises(RunError, match="cannot be resumed; it is queued"):
        launcher.resume(run)
    run.write_status(replace(own_status(), state="finished"))
    with pytest.raises(RunError, match="finished"):
        launcher.resume(run)


class TestName:
    def test_can_be_given_and_taken_back(self, runs_folder: Path) -> None:
        run = Run(runs_folder / "20260102-030405-lab-00ff")
        run.prepare(build_config())
        first = run.name
        assert first.startswith("lab")
        run.rename("  my\nfirst   run ")
        assert run.name == "my first run"
        run.rename("x" * 1000)
        assert len(run.name) == 60
        run.rename(" ")
        assert run.name == first

    def test_run_at_work_is_not_deleted(self, runs_folder: Path) -> None:
        run = Run(runs_folder / "a")
        with run.hold(make=True):
            run.write_status(own_status())
            with pytest.raises(RunError, match="stop it first"):
                run.delete()
        run.delete()
        assert not run.folder.exists()


def test_waiting_run_whose_folder_is_deleted_waits_no_longer(waiting: Waiting) -> None:
    waiting("a", 1.0)
    behind = waiting("b", 2.0)

    def cancelled() -> bool:
        shutil.rmtree(behind.folder, ignore_errors=True)
        return False

    with pytest.raises(RunError, match="deleted"), launcher.slot(behind, cancelled):
        pass


@pytest.mark.slow
class TestStandby:
    """The process that waits for a run with everything imported."""

    @pytest.fixture
    def standby(self) -> Iterator[psutil.Process]:
        launcher.warm_up()
        waiting = psutil.Process(launcher._prewarmed[0].pid)
        yield waiting
        with suppress(psutil.NoSuchProcess):
            waiting.kill()

    def test_there_is_one_however_often_it_is_asked_for(self, standby: psutil.Process) -> None:
        launcher.warm_up()
        assert launcher._prewarmed[0].pid == standby.pid

    @pytest.mark.parametrize("killed", [False, True])
    def test_it_takes_the_next_run_which_starts_without_it_too(
        self, killed: bool, standby: psutil.Process
    ) -> None:
        if killed:
            standby.kill()
            standby.wait(PATIENCE)
        run = launcher.start(build_config({"batch_size": 4096, "val_size": 50_000, "epochs": 1}))
        wait_until(lambda: run.status().ended, "the end")
        standby.wait(PATIENCE)
        assert run.log_tail()

    def test_killed_before_its_first_word_it_shows_as_crashed_at_once(
        self, standby: psutil.Process
    ) -> None:
        standby.suspend()
        run = launcher.start(build_config({"epochs": 1}))
        assert run.status().state == "starting"
        standby.kill()
        wait_until(lambda: run.status().state == "crashed", "the crash")
        assert run.status().seconds == 0

    def test_it_ends_with_the_process_that_it_waits_for(self) -> None:
        code = (
            "from lenet.runs import launcher; launcher.warm_up(); print(launcher._prewarmed[0].pid)"
        )
        asked = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        pid = int(asked.stdout)
        wait_until(lambda: not psutil.pid_exists(pid), "the end of the process that waits")
