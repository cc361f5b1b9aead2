"""Runs: folders that tell everything, processes that may die in any way."""

import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from lenet.config import Config, build_config, to_flags
from lenet.data.splits import Split
from lenet.errors import DatasetError, RunError, StorageError, TrainingError
from lenet.network import checkpoint
from lenet.runs import launcher, naming
from lenet.runs.history import HistoryFile, read_history
from lenet.runs.run import Control, Run
from lenet.runs.signals import SIGNALS
from lenet.runs.status import LIVE, Status, own_status
from lenet.runs.worker import Execution
from lenet.training.events import EpochEvent, Event
from lenet.training.trainer import Trainer
from tests.small import (
    PATIENCE,
    assert_one_sentence,
    hidden_files,
    holder,
    same_weights,
    small_config,
    small_split,
    trained,
    wait_until,
)

ENDLESS = small_config(epochs=1000)
STOP = Control("stop")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "run")


def ignore(event: Event, total_steps: int) -> None:
    pass


def train(run: Run, config: Config, watch: Callable[[Event, int], None] = ignore) -> Status:
    work = Execution(run, small_split, watch)
    work.start(config)
    return work.status


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


class TestTrainingIntoAFolder:
    def test_leaves_all_that_there_is_to_know(self, run: Run) -> None:
        config = small_config(epochs=3)
        seen: list[Event] = []
        status = train(run, config, lambda event, _: seen.append(event))
        assert status == run.status()
        assert status.state == "finished"
        assert status.total_steps == 24
        assert status.ended is not None
        assert status.ended >= status.began
        assert run.config() == config
        assert list(run.checkpoints()) == [1, 2, 3]
        assert lines(run.metrics_file) == [asdict(event) for event in seen]
        assert len(seen) == 27
        assert hidden_files(run.folder) == []

    def test_checkpoint_of_an_epoch_holds_its_weights_and_figures(self, run: Run) -> None:
        config = small_config(epochs=2)
        train(run, config)
        last = checkpoint.load(run.epoch_checkpoint(2))
        assert last.config == config
        assert same_weights(last.model(), trained(config).model)
        assert last.metrics == lines(run.metrics_file)[-1]
        assert checkpoint.load(run.epoch_checkpoint(1)).metrics["epoch"] == 1

    def test_watcher_is_told_of_all_steps(self, run: Run) -> None:
        totals = set()
        train(run, small_config(), lambda _, total: totals.add(total))
        assert totals == {16}

    def test_folder_shows_the_run_before_the_data_is_there(self, run: Run) -> None:
        def load() -> Split:
            status = run.status()
            assert (status.state, status.total_steps) == ("starting", 0)
            return small_split()

        Execution(run, load, ignore).start(small_config(epochs=1))
        assert run.status().state == "finished"


class TestStopping:
    def ask_at(self, run: Run, step: int, ask: Callable[[], None]) -> Status:
        def watch(event: Event, _: int) -> None:
            if event.step == step and not isinstance(event, EpochEvent):
                ask()

        return train(run, small_config(epochs=3, dropout=0.2), watch)

    @pytest.mark.parametrize("how", ["control", *SIGNALS], ids=str)
    def test_saves_where_it_was_and_can_go_on(self, how: Any, run: Run) -> None:
        def ask() -> None:
            run.ask(STOP) if how == "control" else os.kill(os.getpid(), how)

        handlers = [signal.getsignal(number) for number in SIGNALS]
        status = self.ask_at(run, 11, ask)
        assert status == run.status()
        assert status.state == "stopped"
        assert [signal.getsignal(n) for n in SIGNALS] == handlers
        assert run.checkpoints() == {1: run.epoch_checkpoint(1)}
        saved = checkpoint.load(run.stopped_checkpoint)
        assert saved.training is not None
        assert saved.metrics["step"] == lines(run.metrics_file)[-1]["step"] == 11
        trainer = Trainer(saved.config, small_split())
        trainer.restore({**saved.training, "model": saved.weights})
        for _ in trainer.run():
            pass
        assert same_weights(trainer.model, trained(saved.config).model)

    def test_asked_in_the_last_step_of_an_epoch(self, run: Run) -> None:
        assert self.ask_at(run, 8, lambda: run.ask(STOP)).state == "stopped"
        saved = checkpoint.load(run.stopped_checkpoint)
        trainer = Trainer(saved.config, small_split())
        assert saved.training is not None
        trainer.restore({**saved.training, "model": saved.weights})
        assert isinstance(next(trainer.run()), EpochEvent)

    def test_too_late_after_the_last_epoch(self, run: Run) -> None:
        def watch(event: Event, _: int) -> None:
            if isinstance(event, EpochEvent) and event.epoch == 2:
                run.ask(STOP)

        assert train(run, small_config(epochs=2), watch).state == "finished"
        assert not run.stopped_checkpoint.exists()


class TestTensorBoard:
    def shown(self, run: Run, tag: str) -> list[tuple[int, float]]:
        """What TensorBoard reads for a curve."""
        reader = EventAccumulator(str(run.folder))
        reader.Reload()
        return [(event.step, event.value) for event in reader.Scalars(tag)]

    def test_reads_the_curves_of_the_run(self, run: Run) -> None:
        train(run, small_config())
        recorded = read_history(run.metrics_file)
        for tag, column in (("loss/train", "loss"), ("lr", "lr")):
            steps, values = zip(*self.shown(run, tag), strict=True)
            assert list(steps) == list(recorded.steps["step"])
            assert values == pytest.approx(list(recorded.steps[column]), rel=1e-6)
        validated = [(event["step"], event["val_accuracy"]) for event in recorded.epochs]
        found = self.shown(run, "accuracy/validation")
        assert [step for step, _ in found] == [step for step, _ in validated]
        accuracies = [accuracy for _, accuracy in validated]
        assert [value for _, value in found] == pytest.approx(accuracies, rel=1e-6)

    def test_reads_nothing_of_an_earlier_training_in_the_folder(self, run: Run) -> None:
        train(run, small_config(epochs=3))
        Execution(run, small_split, ignore).start(small_config(epochs=1), overwrite=True)
        assert [step for step, _ in self.shown(run, "loss/train")] == list(range(1, 9))

    def test_reads_each_step_once_after_a_resume(self, run: Run) -> None:
        def watch(event: Event, _: int) -> None:
            if event.step == 11:
                raise TrainingError("it diverged")

        with pytest.raises(TrainingError):
            train(run, small_config(epochs=2), watch)
        [first] = run.folder.glob("events.out.*")
        later = int(time.time()) + 1000  # the clock was set back since; named as by torch
        first.rename(run.folder / f"events.out.tfevents.{later}.host.99.9")
        Execution(run, small_split, ignore).resume()
        assert [step for step, _ in self.shown(run, "loss/train")] == list(range(1, 17))


class TestFailing:
    def test_status_says_why(self, run: Run) -> None:
        def load() -> Split:
            raise DatasetError("the images are gone; look for them")

        with pytest.raises(DatasetError, match="the images are gone"):
            Execution(run, load, ignore).start(small_config())
        status = run.status()
        assert (status.state, status.message) == ("failed", "the images are gone; look for them")
        assert status.ended is not None

    def test_finished_epochs_are_kept(self, run: Run) -> None:
        def watch(event: Event, _: int) -> None:
            if event.step == 20:
                raise TrainingError("the training diverged")

        with pytest.raises(TrainingError):
            train(run, small_config(epochs=3), watch)
        assert run.status().state == "failed"
        assert list(run.checkpoints()) == [1, 2]
        checkpoint.load(run.epoch_checkpoint(2))
        assert lines(run.metrics_file)[-1]["step"] == 20

    def test_interrupted_while_the_data_is_loaded(self, run: Run) -> None:
        """Ctrl-C must end a long download at once, not be kept for the first step."""

        def load() -> Split:
            signal.raise_signal(signal.SIGINT)
            pytest.fail("the download went on")

        with pytest.raises(KeyboardInterrupt):
            Execution(run, load, ignore).start(small_config())
        status = run.status()
        assert status.state == "failed"
        assert "interrupted" in (status.message or "")

    def test_disk_that_is_full(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(path: Path, _: object) -> None:
            raise StorageError(f"the disk is full: {path} could not be written")

        monkeypatch.setattr("lenet.network.checkpoint.save", full)
        with pytest.raises(StorageError):
            train(run, small_config())
        assert run.status().state == "failed"
        assert "the disk is full" in (run.status().message or "")

    def test_place_that_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(StorageError, match="could not be written"):
            train(Run(tmp_path / "file" / "run"), small_config())


class TestStatus:
    @pytest.fixture
    def status(self, run: Run) -> Status:
        """A run that a process said it was training, and is no more."""
        run.prepare(small_config())
        status = own_status()
        run.write_status(status)
        return status

    def test_of_a_living_process(self, run: Run, status: Status) -> None:
        with run.hold():
            assert run.status() == status
            assert status.state == "starting"

    def test_of_a_process_that_is_gone(self, run: Run, status: Status) -> None:
        run.log_file.write_text("one\nepoch 1: loss 0.5\nKilled\n")
        found = run.status()
        assert found.state == "crashed"
        assert found.message == "one\nepoch 1: loss 0.5\nKilled"

    def test_of_an_earlier_lab_is_read(self, run: Run, status: Status) -> None:
        values = asdict(status) | {"state": "finished", "pid": 7, "process_began": 1.0}
        (run.folder / "status.json").write_text(json.dumps(values))
        assert run.status() == replace(status, state="finished")

    @pytest.mark.parametrize("state", ["finished", "stopped", "failed"])
    def test_last_word_holds_when_the_process_is_gone(
        self, state: Any, run: Run, status: Status
    ) -> None:
        run.write_status(replace(status, state=state))
        assert run.status().state == state

    def test_process_that_never_says_a_word_has_crashed(self, run: Run) -> None:
        run.prepare(small_config())
        run.log_file.write_text("no module named lenet\n")
        assert run.status().state == "crashed"
        assert run.status().message == "no module named lenet"

    def test_folder_that_is_no_runs(self, tmp_path: Path) -> None:
        with pytest.raises(RunError, match="is no run's folder") as caught:
            Run(tmp_path).status()
        assert_one_sentence(str(caught.value))

    @pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"state": "running"}', '{"a": 1}'])
    def test_damaged_status_is_said(self, text: str, run: Run, status: Status) -> None:
        (run.folder / "status.json").write_text(text)
        with pytest.raises(RunError, match=r"unreadable status\.json") as caught:
            run.status()
        assert_one_sentence(str(caught.value))

    @pytest.mark.parametrize("text", ["", "{", "[1]", "3", '{"lr": -1}', '{"depth": 1}'])
    def test_damaged_configuration_is_said(self, text: str, run: Run, status: Status) -> None:
        (run.folder / "config.json").write_text(text)
        with pytest.raises(RunError, match=r"no readable config\.json") as caught:
            run.config()
        assert_one_sentence(str(caught.value))


class TestLogTail:
    def test_last_lines(self, run: Run) -> None:
        run.folder.mkdir()
        run.log_file.write_bytes(b"".join(b"line %d\n" % at for at in range(20)) + b"\xff torn")
        assert run.log_tail(lines=2) == "line 19\n\ufffd torn"

    def test_nothing_printed_yet(self, run: Run) -> None:
        assert run.log_tail() == ""


class TestMetrics:
    STEP = b'{"step": 1, "epoch": 1, "loss": 2.0, "lr": 0.1, "images_per_second": 9.0}\n'
    EPOCH = b'{"epoch": 1, "step": 1, "train_loss": 1.0, "val_accuracy": 0.5, "seconds": 2.0}\n'

    @pytest.fixture
    def file(self, run: Run) -> Path:
        run.folder.mkdir()
        return run.metrics_file

    def test_reads_what_is_new(self, run: Run, file: Path) -> None:
        followed = HistoryFile(run.metrics_file)
        assert len(followed.poll()) == 0  # there is no file yet
        with file.open("ab") as out:
            for count in (1, 2, 3):
                out.write(self.STEP)
                out.flush()
                assert len(followed.poll()) == count
                assert len(followed.poll()) == count
            out.write(self.EPOCH)
        metrics = followed.poll()
        assert len(metrics.epochs) == 1
        assert metrics.epochs[0]["train_loss"] == 1
        assert len(metrics) == 3

    def test_what_was_read_does_not_change_under_who_draws_it(self, run: Run, file: Path) -> None:
        followed = HistoryFile(run.metrics_file)
        file.write_bytes(self.STEP + self.EPOCH)
        before = followed.poll()
        with file.open("ab") as out:
            out.write(self.STEP + self.EPOCH)
        assert followed.poll().counts() == (2, 2, 0)
        assert before.counts() == (1, 1, 0)

    def test_many_visitors_follow_one_file(self, run: Run, file: Path) -> None:
        followed = HistoryFile(run.metrics_file)
        done = threading.Event()

        def look() -> bool:
            whole = True
            while not done.is_set():
                columns = followed.poll().steps.values()
                whole &= len({len(np.array(column)) for column in columns}) == 1
            return whole

        with ThreadPoolExecutor(4) as visitors:
            looks = [visitors.submit(look) for _ in range(4)]
            with file.open("ab", buffering=0) as out:
                for _ in range(300):
                    out.write(self.STEP)
            done.set()
            assert all(found.result() for found in looks)
        assert len(followed.poll()) == 300

    def test_torn_last_line_waits_for_its_rest(self, run: Run, file: Path) -> None:
        metrics = HistoryFile(run.metrics_file)
        for cut in range(1, len(self.STEP)):
            start, rest = self.STEP[:cut], self.STEP[cut:]
            before = len(metrics.poll())
            with file.open("ab") as out:
                out.write(start)
            assert len(metrics.poll()) == before
            with file.open("ab") as out:
                out.write(rest)
            assert len(metrics.poll()) == before + 1
        assert set(metrics.poll().steps["loss"]) == {2.0}

    def test_torn_line_that_never_gets_its_rest(self, run: Run, file: Path) -> None:
        file.write_bytes(self.STEP + self.EPOCH[:9])
        metrics = read_history(run.metrics_file)
        assert (len(metrics), metrics.epochs) == (1, [])

    def test_damaged_line_is_left_out(self, run: Run, file: Path) -> None:
        file.write_bytes(self.STEP + b'{"step": 2, "lo\x00\n\n7\n' + self.EPOCH)
        metrics = read_history(run.metrics_file)
        assert (len(metrics), len(metrics.epochs)) == (1, 1)

    def test_file_of_a_new_training_is_read_from_its_start(self, run: Run, file: Path) -> None:
        file.write_bytes(self.STEP * 10 + self.EPOCH)
        followed = HistoryFile(run.metrics_file)
        assert len(followed.poll()) == 10
        file.write_bytes(self.STEP * 2)
        assert followed.poll().counts() == (2, 0, 0)


@pytest.fixture
def runs_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LENET_RUNS_DIR", str(tmp_path / "runs"))
    return tmp_path / "runs"


class TestList:
    def test_newest_first(self, runs_folder: Path) -> None:
        names = [
            "20250102-000000-lab-00aa",
            "20250101-235959-post-ffff",
            "20250103-000000-lab-0001",
        ]
        for name in names:
            Run(runs_folder / name).prepare(small_config())
        (runs_folder / "20250104-000000-lab-02").mkdir()  # has no configuration: no run
        assert [run.id for run in launcher.list_runs()] == sorted(names, reverse=True)

    def test_none_yet(self, runs_folder: Path) -> None:
        assert launcher.list_runs() == []

    def test_checkpoints_come_in_the_order_of_epochs(self, run: Run) -> None:
        run.folder.mkdir()
        for name in ("1", "2", "10", "9", "x", "3.old"):
            (run.folder / f"model_epoch{name}.pt").touch()
        found = [path.name for path in run.checkpoints().values()]
        assert found == [f"model_epoch{epoch}.pt" for epoch in (1, 2, 9, 10)]

    def test_name_is_for_people(self) -> None:
        assert Run(Path("20250102-131415-post-32-00aa")).name.startswith("post-32 ")
        assert "13:14:15" in Run(Path("20250102-131415-post-32-00aa")).name
        assert Run(Path("output")).name == "output"


def test_command_is_what_a_person_would_type() -> None:
    config = build_config({"preset": "post", "epochs": 7})
    flags = " ".join(to_flags(config))
    assert (
        launcher.command_line(config) == f"python -m lenet --mode train {flags} --output_dir output"
    )


def test_runs_of_one_name_can_be_told_apart(tmp_path: Path) -> None:
    here = [Run(tmp_path / f"20250102-131415-lab-00a{number}") for number in range(3)]
    for run in here:
        run.prepare(build_config())
    for run in here[:2]:
        run.rename("same")
    here[2].rename("another")
    assert list(naming.labels(here).values()) == ["same (00a0)", "same (00a1)", "another"]


@pytest.fixture
def started() -> Iterator[list[Run]]:
    """Runs that a test has started; whatever it left running ends with it."""
    found: list[Run] = []
    yield found
    for run in found:
        if run.live:
            holder(run).kill()


@pytest.mark.slow
@pytest.mark.usefixtures("small_dataset", "runs_folder")
class TestProcess:
    """Trainings in processes of their own, on the small dataset."""

    @pytest.fixture(autouse=True)
    def _with_small_data(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(launcher, "PROGRAM", "tests.small_lab")
        monkeypatch.setenv("LENET_SLOTS", "4")

    def running(self, started: list[Run], config: Config) -> Run:
        """A run whose first step is done."""
        run = launcher.start(config)
        started.append(run)
        wait_until(lambda: run.status().state != "starting", "the first status")
        metrics = HistoryFile(run.metrics_file)
        wait_until(lambda: len(metrics.poll()) or run.status().state == "failed", "a step")
        assert run.status().state == "running", run.log_tail()
        return run

    def test_start_to_finish(self, runs_folder: Path) -> None:
        config = small_config(epochs=2)
        run = launcher.start(config)
        assert run.folder.parent == runs_folder
        assert re.fullmatch(r"\d{8}-\d{6}-lab-[0-9a-f]{4}", run.id)
        assert run.live
        assert launcher.list_runs() == [run]
        wait_until(lambda: run.status().state not in LIVE, "the end")
        assert run.status().state == "finished", run.log_tail()
        assert run.config() == config
        assert len(run.checkpoints()) == 2
        assert "epoch 2: loss" in run.log_tail()
        here = trained(config).model
        assert same_weights(checkpoint.load(run.epoch_checkpoint(2)).model(), here)

    def test_stopped_on_request(self, started: list[Run]) -> None:
        run = self.running(started, ENDLESS)
        with pytest.raises(RunError, match="already"), run.hold():
            pass
        assert run.status().state == "running"
        run.ask(STOP)
        wait_until(lambda: run.status().state not in LIVE, "the end")
        assert run.status().state == "stopped", run.log_tail()
        assert checkpoint.load(run.stopped_checkpoint).training is not None

    def test_resumed_at_once_it_does_not_obey_the_stop_again(self, started: list[Run]) -> None:
        """By their times it might: on Linux a process may seem a second older than it is."""
        run = self.running(started, ENDLESS)
        run.ask(STOP)
        wait_until(lambda: run.status().state == "stopped", "the end")
        steps = len(lines(run.metrics_file))
        later = time.time() + PATIENCE
        os.utime(run.folder / "control.json", (later, later))

        launcher.resume(run)

        wait_until(lambda: len(lines(run.metrics_file)) > steps or run.status().ended, "a step")
        assert run.status().state == "running", run.log_tail()

    def test_killed(self, started: list[Run]) -> None:
        run = self.running(started, ENDLESS)
        wait_until(run.checkpoints, "a checkpoint")
        holder(run).kill()
        wait_until(lambda: run.status().state != "running", "the end")
        assert run.status().state == "crashed"
        assert "epoch" in (run.status().message or "")
        for path in run.checkpoints().values():
            checkpoint.load(path)
        assert read_history(run.metrics_file).epochs

    def test_failure_is_in_the_status_and_in_the_log(self) -> None:
        run = launcher.start(small_config(batch_size=1000))
        wait_until(lambda: run.status().state not in LIVE, "the end")
        status = run.status()
        assert status.state == "failed"
        assert (status.message or "").startswith("batch_size 1000 is larger than the 160")
        # The status is written a moment before the line is printed.
        wait_until(lambda: f"error: {status.message}" in run.log_tail(), "the last line")
        assert "Traceback" not in run.log_file.read_text()


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.usefixtures("real_fashion_mnist", "runs_folder")
@pytest.mark.parametrize("warm", [False, True])
def test_real_training_is_started_watched_and_stopped(started: list[Run], warm: bool) -> None:
    if warm:
        launcher.warm_up()
    run = launcher.start(build_config({"epochs": 50}))
    started.append(run)
    metrics = HistoryFile(run.metrics_file)
    wait_until(lambda: len(metrics.poll()) >= 10 or run.status().ended, "ten steps")
    assert run.status().state == "running", run.log_tail()
    assert run.status().total_steps == 50 * 860  # 55,000 images in batches of 64
    run.ask(STOP)
    wait_until(lambda: run.status().state not in LIVE, "the end")
    assert run.status().state == "stopped", run.log_tail()
    assert checkpoint.load(run.stopped_checkpoint).config == run.config()
