"""Starting runs in turn, and what a run is called."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from filelock import FileLock

from lenet.config import build_config
from lenet.errors import RunError
from lenet.runs import launcher
from lenet.runs.run import Run
from lenet.runs.status import own_status
from tests.small import PATIENCE, wait_until

Waiting = Callable[[str, float], Run]


@pytest.fixture(autouse=True)
def runs_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LENET_RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setenv("LENET_SLOTS", "1")
    return tmp_path / "runs"


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


def test_slots_are_one_for_two_cores_unless_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "usable_cores", lambda: 8)
    assert launcher.slots() == 1
    for value, expected in (("3", 3), ("0", 1), ("many", 4), ("", 4)):
        monkeypatch.setenv("LENET_SLOTS", value)
        assert launcher.slots() == expected


def test_queue_is_in_the_order_of_arrival(waiting: Waiting) -> None:
    late, early = waiting("a", 200.0), waiting("b", 100.0)
    assert launcher.queue() == [early, late]


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
    behind = waiting("b", 2.0)
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 2

    with launcher.slot(behind, cancelled) as granted:
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


def test_a_slot_is_given_back_once_it_is_used(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[FileLock] = []  # kept, for a lock that nobody keeps is freed

    class Kept(FileLock):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            made.append(self)

    monkeypatch.setattr(launcher, "FileLock", Kept)
    for name in ("a", "b"):
        run = waiting(name, 1.0)
        with launcher.slot(run, lambda: False) as granted:
            assert granted
            run.write_status(own_status().changed(state="running"))
    assert not any(lock.is_locked for lock in made)


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

    def test_it_takes_the_next_run(self, standby: psutil.Process) -> None:
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

    def test_a_run_starts_without_it(self, standby: psutil.Process) -> None:
        standby.kill()
        standby.wait(60)
        run = launcher.start(build_config({"batch_size": 4096, "val_size": 50_000, "epochs": 1}))
        wait_until(lambda: run.status().ended, "the end")
        assert run.log_tail()

    def test_it_ends_with_the_process_that_it_waits_for(self) -> None:
        code = (
            "from lenet.runs import launcher; launcher.warm_up(); print(launcher._prewarmed[0].pid)"
        )
        asked = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        pid = int(asked.stdout)
        wait_until(lambda: not psutil.pid_exists(pid), "the end of the process that waits")
