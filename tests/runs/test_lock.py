"""Who works on a run's folder, and how others can tell."""

import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from lenet.config import to_flags
from lenet.errors import LabError, RunError
from lenet.paths import ROOT
from lenet.runs import launcher, lock
from lenet.runs.run import Control, Run
from lenet.runs.status import own_status
from tests.small import (
    PATIENCE,
    at_step,
    holder,
    in_background,
    raising,
    resume,
    small_config,
    stop_at,
    train,
    wait_until,
)

ENDLESS = small_config(epochs=1000)
RIVALS = 3


@pytest.fixture(autouse=True)
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_dataset: object) -> Iterator[Run]:
    monkeypatch.setenv("LENET_RUNS_DIR", str(tmp_path / "runs"))
    run = Run(tmp_path / "runs" / "run")
    yield run
    left = [found for found in (run, *launcher.list_runs()) if lock.is_held(found.folder)]
    for found in left:
        found.ask(Control("stop"))
    wait_until(lambda: not any(lock.is_held(found.folder) for found in left), "the end")


@pytest.fixture
def stopped(run: Run) -> Run:
    """A run that goes on without an end, once it is resumed."""
    train(run, ENDLESS, stop_at(3, run))
    return run


@pytest.fixture
def elsewhere(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run that another machine says to be training; it is given up after a moment."""
    monkeypatch.setattr(lock, "SILENCE", 0.5)
    run.folder.mkdir(parents=True)
    run.write_config(small_config())
    run.write_status(own_status().changed(state="running", host="lost.example"))
    (run.folder / lock.NAME).touch()
    return run


@pytest.mark.slow
@pytest.mark.parametrize("command", ["train", "resume"])
def test_of_several_at_once_one_trains(command: str, stopped: Run, tmp_path: Path) -> None:
    run = stopped if command == "resume" else Run(tmp_path / "new")
    flags = ["--resume", str(run.folder)]
    if command == "train":
        flags = [*to_flags(ENDLESS), "--output_dir", str(run.folder)]
    rivals = [in_background("--mode", "train", *flags) for _ in range(RIVALS)]
    wait_until(lambda: sum(rival.poll() is not None for rival in rivals) >= RIVALS - 1, "refusals")
    wait_until(run.checkpoints, "an epoch of the one that trains")
    holder(run).terminate()
    said = Counter((rival.wait(PATIENCE), rival.communicate()[1]) for rival in rivals)
    refusal = f"error: a run is training into {run.folder} already; choose another --output_dir\n"
    assert said[1, refusal] == RIVALS - 1
    assert sum(status == 143 for status, _ in said) == 1


@pytest.mark.slow
class TestStartedByThePage:
    def states_until(self, run: Run, *states: str) -> set[str]:
        """All states that the run shows until it has one of these."""
        seen: set[str] = set()
        deadline = time.monotonic() + PATIENCE
        while seen.isdisjoint(states) and time.monotonic() < deadline:
            seen.add(run.status().state)
        return seen

    @pytest.mark.parametrize("warm", [False, True])
    def test_it_never_shows_as_crashed(self, warm: bool) -> None:
        if warm:
            launcher.warm_up()
        run = launcher.start(small_config(epochs=1))
        # The process that waits does not know the small dataset.
        assert "crashed" not in self.states_until(run, "failed" if warm else "finished")

    def test_resumed_twice_at_once_it_trains_once(self, stopped: Run) -> None:
        with ThreadPoolExecutor() as visitors:
            clicks = [visitors.submit(launcher.resume, stopped) for _ in range(2)]
            states = self.states_until(stopped, "running")
        [refusal] = [error for click in clicks if (error := click.exception())]
        assert isinstance(refusal, RunError)
        assert states <= {"stopped", "starting", "queued", "running"}

    @pytest.mark.parametrize("again", [False, True])
    def test_a_stop_pressed_while_it_starts_is_obeyed(self, again: bool, stopped: Run) -> None:
        run = stopped if again else launcher.start(ENDLESS)
        if again:
            launcher.resume(run)
        run.ask(Control("stop"))
        assert "running" not in self.states_until(run, "stopped")
        assert run.status().state == "stopped"


class TestAnotherMachine:
    def test_a_silent_run_is_given_up(self, elsewhere: Run) -> None:
        assert elsewhere.live
        with pytest.raises(RunError, match="still training"):
            elsewhere.delete()
        wait_until(lambda: elsewhere.status().state == "crashed", "the end of patience")
        elsewhere.delete()
        assert not elsewhere.folder.exists()

    @pytest.mark.slow
    def test_a_run_with_a_heartbeat_is_not(self, elsewhere: Run) -> None:
        over = time.monotonic() + 4 * lock.SILENCE
        while time.monotonic() < over:
            (elsewhere.folder / lock.NAME).touch()
            assert elsewhere.live
        with pytest.raises(RunError, match="already"), elsewhere.hold():
            pass

    def test_the_queue_goes_past_a_silent_run(self, elsewhere: Run) -> None:
        elsewhere.write_status(replace(own_status(), state="queued", host="lost.example", began=1))
        run = Run(elsewhere.folder.with_name("ours"))
        with run.hold(make=True):
            run.prepare(small_config())
            run.write_status(replace(own_status(), state="queued"))
            assert launcher.queue() == [elsewhere, run]
            with launcher.slot(run, lambda: False) as granted:
                assert granted

    def test_resume_waits_for_a_sign_of_life_and_says_so(
        self, elsewhere: Run, caplog: pytest.LogCaptureFixture
    ) -> None:
        resume(elsewhere)
        assert "seems to be training on another machine, lost.example" in caplog.text
        assert elsewhere.status().state == "finished"

    @pytest.mark.slow
    def test_resume_is_refused_where_there_is_one(
        self, elsewhere: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lock, "SILENCE", PATIENCE)
        threading.Timer(1.0, (elsewhere.folder / lock.NAME).touch).start()
        with pytest.raises(RunError, match="already"):
            resume(elsewhere)

    @pytest.mark.slow
    def test_this_machine_may_be_renamed(
        self, stopped: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        launcher.resume(stopped)
        wait_until(lambda: stopped.status().state == "running", "the start")
        monkeypatch.setattr(lock, "SILENCE", 0.0)
        monkeypatch.setattr(socket, "gethostname", lambda: "renamed.example")
        assert stopped.status().state == "running"
        holder(stopped).kill()
        wait_until(lambda: stopped.status().state == "crashed", "the end")


def test_a_disk_without_locks_has_the_heartbeat(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fcntl.flock", raising(OSError(errno.ENOLCK, "No locks available")))
    monkeypatch.setattr(lock, "SILENCE", 0.5)
    train(run, small_config(epochs=1))
    assert run.status().state == "finished"
    run.write_status(own_status())
    assert run.live
    wait_until(lambda: not run.live, "the end of patience")


def test_a_paused_run_has_a_heartbeat(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "BEAT_SECONDS", 0.01)
    seen: list[int] = []

    def look() -> None:
        wait_until(lambda: run.status().state == "paused", "the pause")
        first = lock.heartbeat(run.folder)
        wait_until(lambda: lock.heartbeat(run.folder) != first, "a heartbeat")
        seen.append(first)
        run.ask(Control())

    def pause() -> None:
        run.ask(Control("pause"))
        threading.Thread(target=look).start()

    train(run, small_config(epochs=1), at_step(3, pause))
    assert seen


class TestDeleted:
    @pytest.mark.parametrize("ask", [Control("stop"), Control("pause"), Control(lr=0.1)])
    def test_what_is_asked_of_it_does_not_bring_it_back(self, ask: Control, run: Run) -> None:
        train(run, small_config(epochs=1))
        run.delete()
        with pytest.raises(RunError, match="somebody has deleted it"):
            run.ask(ask)
        with pytest.raises(RunError, match="gone"):
            run.rename("ghost")
        with pytest.raises(LabError):
            launcher.resume(run)
        assert not run.folder.exists()

    @pytest.mark.parametrize("again", [False, True], ids=["gone", "made anew"])
    def test_its_training_ends_and_writes_nothing(self, again: bool, run: Run) -> None:
        def remove() -> None:
            shutil.rmtree(run.folder)
            if again:
                run.folder.mkdir()

        with pytest.raises(LabError, match="deleted"):
            train(run, ENDLESS, at_step(3, remove))
        assert not run.folder.exists() or not any(run.folder.iterdir())


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="not on Windows")
def test_a_closed_terminal_saves_and_under_nohup_changes_nothing(stopped: Run) -> None:
    import pty

    for ignored, trap in ((True, "''"), (False, "-")):
        terminal, tty = pty.openpty()
        command = f"trap {trap} HUP; exec {sys.executable} -m tests.small_lab"
        process = subprocess.Popen(
            ["sh", "-c", f"{command} --mode train --resume {stopped.folder}"],
            cwd=ROOT,
            stdin=tty,
            stdout=tty,
            stderr=tty,
            start_new_session=True,
        )
        os.close(tty)
        steps = len(stopped.metrics_file.read_text().splitlines())

        def goes_on(steps: int = steps) -> bool:
            return len(stopped.metrics_file.read_text().splitlines()) > steps + 20

        wait_until(goes_on, "some steps")
        os.kill(process.pid, signal.SIGHUP)
        os.close(terminal)
        if ignored:
            steps = len(stopped.metrics_file.read_text().splitlines())
            wait_until(goes_on, "further steps")
            process.terminate()
        assert process.wait(PATIENCE) == (143 if ignored else 129)
        assert stopped.status().state == "stopped"
