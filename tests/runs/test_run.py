"""Runs: folders that tell everything, processes that may die in any way."""

import json
import os
import re
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from lenet.config import build_config, to_flags
from lenet.data.splits import Split
from lenet.errors import RunError, TrainingError
from lenet.network import checkpoint
from lenet.runs import launcher, naming
from lenet.runs.history import HistoryFile, read_history
from lenet.runs.run import Control, Run
from lenet.runs.signals import SIGNALS
from lenet.runs.status import Status, own_status
from lenet.runs.worker import Execution
from lenet.training.events import EpochEvent, Event
from soak.damage import DEEP
from tests.small import (
    PATIENCE,
    at_step,
    hidden_files,
    holder,
    ignore,
    raising,
    refused,
    resume,
    same_weights,
    small_config,
    small_split,
    train,
    trained,
    wait_until,
)

STOP = Control("stop")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


class TestTrainingIntoAFolder:
    def test_leaves_all_that_there_is_to_know(self, run: Run) -> None:
        config = small_config(epochs=3)
        seen: list[tuple[Event, int]] = []
        train(run, config, lambda event, total_steps: seen.append((event, total_steps)))
        status = run.status()
        assert (status.state, status.total_steps) == ("finished", 24)
        assert status.ended is not None
        assert status.ended >= status.began
        assert run.config() == config
        assert list(run.checkpoints()) == [1, 2, 3]
        assert lines(run.metrics_file) == [asdict(event) for event, _ in seen]
        assert [total for _, total in seen] == 48 * [24]  # of 24 steps, 3 epochs, 21 probes
        assert hidden_files(run.folder) == []
        last = checkpoint.load(run.epoch_checkpoint(3))
        assert last.config == config
        assert last.metrics == lines(run.metrics_file)[-1]
        assert same_weights(last.model(), trained(config).model)
        assert checkpoint.load(run.epoch_checkpoint(1)).metrics["epoch"] == 1

    def test_folder_shows_the_run_before_the_data_is_there(self, run: Run) -> None:
        def load() -> Split:
            status = run.status()
            assert (status.state, status.total_steps) == ("starting", 0)
            return small_split()

        Execution(run, load, ignore).start(small_config(epochs=1))
        assert run.status().state == "finished"


class TestStopping:
    @pytest.mark.parametrize("how", ["control", *SIGNALS], ids=str)
    def test_saves_where_it_was(self, how: Any, run: Run) -> None:
        def ask() -> None:
            run.ask(STOP) if how == "control" else os.kill(os.getpid(), how)

        handlers = [signal.getsignal(number) for number in SIGNALS]
        train(run, small_config(epochs=3), at_step(11, ask))
        assert run.status().state == "stopped"
        assert [signal.getsignal(n) for n in SIGNALS] == handlers
        assert run.checkpoints() == {1: run.epoch_checkpoint(1)}
        saved = checkpoint.load(run.stopped_checkpoint)
        assert saved.training is not None
        assert saved.metrics["step"] == lines(run.metrics_file)[-1]["step"] == 11

    def test_too_late_after_the_last_epoch(self, run: Run) -> None:
        def watch(event: Event, _: int) -> None:
            if isinstance(event, EpochEvent) and event.epoch == 2:
                run.ask(STOP)

        train(run, small_config(epochs=2), watch)
        assert run.status().state == "finished"
        assert not run.stopped_checkpoint.exists()


class TestTensorBoard:
    def shown(self, run: Run, tag: str) -> list[tuple[int, float]]:
        """What TensorBoard reads for a curve."""
        reader = EventAccumulator(str(run.folder))
        reader.Reload()
        return [(event.step, event.value) for event in reader.Scalars(tag)]

    def test_reads_the_curves_of_the_run_and_nothing_of_an_earlier_one(self, run: Run) -> None:
        train(run, small_config(epochs=3))
        train(run, small_config(), overwrite=True)
        recorded = read_history(run.metrics_file)
        steps, epochs = recorded.steps, recorded.epochs
        for tag, expected in {
            "loss/train": zip(steps["step"], steps["loss"], strict=True),
            "lr": zip(steps["step"], steps["lr"], strict=True),
            "accuracy/validation": [(each["step"], each["val_accuracy"]) for each in epochs],
        }.items():
            assert np.array(self.shown(run, tag)) == pytest.approx(np.array([*expected]), rel=1e-6)

    def test_reads_each_step_once_after_a_failure_that_keeps_the_finished_epochs(
        self, run: Run
    ) -> None:
        with pytest.raises(TrainingError):
            train(run, small_config(epochs=3), at_step(20, raising(TrainingError("it diverged"))))
        assert run.status().state == "failed"
        assert list(run.checkpoints()) == [1, 2]
        assert lines(run.metrics_file)[-1]["step"] == 20
        [first] = run.folder.glob("events.out.*")
        later = int(time.time()) + 1000  # the clock was set back since; named as by torch
        first.rename(run.folder / f"events.out.tfevents.{later}.host.99.9")
        resume(run)
        assert [step for step, _ in self.shown(run, "loss/train")] == list(range(1, 25))


class TestFailing:
    def test_interrupted_while_the_data_is_loaded(self, run: Run) -> None:
        """Ctrl-C must end a long download at once, not be kept for the first step."""

        def load() -> Split:
            signal.raise_signal(signal.SIGINT)
            pytest.fail("the download went on")

        with pytest.raises(KeyboardInterrupt):
            Execution(run, load, ignore).start(small_config())
        status = run.status()
        assert (status.state, status.message) == ("stopped", None)


class TestStatus:
    @pytest.fixture
    def status(self, run: Run) -> Status:
        """A run that a process said it was training, and is no more."""
        run.prepare(small_config())
        status = own_status()
        run.write_status(status)
        return status

    def test_of_a_process_that_is_gone(self, run: Run, status: Status) -> None:
        run.log_file.write_text("one\nepoch 1: loss 0.5\nKilled\n")
        found = run.status()
        assert found.state == "crashed"
        assert found.message == "one\nKilled"

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
        with refused(RunError, "is no run's folder"):
            Run(tmp_path).status()


class TestLogTail:
    def test_last_lines(self, run: Run) -> None:
        run.folder.mkdir()
        run.log_file.write_bytes(b"".join(b"line %d\n" % at for at in range(20)) + b"\xff torn")
        assert run.log_tail(lines=2) == "line 19\n\ufffd torn"

    def test_last_words_are_no_progress(self, run: Run) -> None:
        run.folder.mkdir()
        run.log_file.write_text("FashionMNIST: the folder\nepoch 1: loss 0.5\nout of memory\n")
        assert run.last_words() == "out of memory"


STEP_EVENT = {"step": 1, "epoch": 1, "loss": 2.0, "lr": 0.1, "images_per_second": 9.0}
EPOCH_EVENT = {"epoch": 1, "step": 1, "train_loss": 1.0, "val_accuracy": 0.5, "seconds": 2.0}


class TestMetrics:
    STEP, EPOCH = (json.dumps(event).encode() + b"\n" for event in (STEP_EVENT, EPOCH_EVENT))

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

    @pytest.mark.parametrize(
        "event",
        [
            *(
                STEP_EVENT | {"loss": 10**400},
                STEP_EVENT | {"loss": float("nan")},
                STEP_EVENT | {"lr": True},
            ),
            *(EPOCH_EVENT | {"epoch": 1.5}, EPOCH_EVENT | {"val_accuracy": "high"}),
            EPOCH_EVENT | {"seconds": float("inf")},
        ],
    )
    def test_impossible_figure_is_left_out(self, event: Any, run: Run, file: Path) -> None:
        file.write_bytes(self.STEP + json.dumps(event).encode() + b"\n" + self.EPOCH)
        metrics = read_history(run.metrics_file)
        assert list(metrics.steps["loss"]) == [2.0]
        assert [event["train_loss"] for event in metrics.epochs] == [1.0]

    def test_huge_file_without_a_line_is_not_read_whole(self, run: Run, file: Path) -> None:
        file.touch()
        os.truncate(file, 2**36)  # takes no room on the disk
        before = time.process_time()
        assert len(read_history(run.metrics_file)) == 0
        assert time.process_time() - before < 5  # 64 GB take minutes

    def test_what_was_read_does_not_change_and_a_new_training_is_read_from_its_start(
        self, run: Run, file: Path
    ) -> None:
        followed = HistoryFile(run.metrics_file)
        file.write_bytes(self.STEP + self.EPOCH)
        before = followed.poll()
        with file.open("ab") as out:
            out.write(self.STEP + self.EPOCH)
        assert followed.poll().counts() == (2, 2, 0, 0)
        assert before.counts() == (1, 1, 0, 0)
        file.write_bytes(self.STEP)
        assert followed.poll().counts() == (1, 0, 0, 0)

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

    def test_damaged_line_is_left_out(self, run: Run, file: Path) -> None:
        damaged = b'{"step": 2, "lo\x00\n\n7\n' + b"[" * DEEP + b"\n"
        file.write_bytes(self.STEP + damaged + self.EPOCH + self.EPOCH[:9])
        metrics = read_history(run.metrics_file)
        assert (len(metrics), len(metrics.epochs)) == (1, 1)


class TestList:
    def test_newest_first(self, runs_folder: Path) -> None:
        names = [f"2025010{day}-000000-lab-000{4 - day}" for day in (2, 1, 3)]
        for name in names:
            Run(runs_folder / name).prepare(small_config())
        (runs_folder / "20250104-000000-lab-02").mkdir()  # has no configuration: no run
        assert [run.id for run in launcher.list_runs()] == sorted(names, reverse=True)

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
    typed = " ".join(["python -m lenet --mode train", *to_flags(config), "--output_dir output"])
    assert launcher.command_line(config) == typed


def test_runs_of_one_name_can_be_told_apart(tmp_path: Path) -> None:
    here = [Run(tmp_path / f"20250102-131415-lab-00a{number}") for number in range(4)]
    for run, name in zip(here, ("same", "same", "same (00a1)", "another"), strict=True):
        run.prepare(build_config())
        run.rename(name)
    labels = list(naming.labels(here).values())
    assert labels[0] == "same (00a0)"
    assert labels[3] == "another"
    assert len(set(labels)) == 4


@pytest.mark.slow
@pytest.mark.usefixtures("small_dataset", "runs_folder")
class TestProcess:
    """Trainings in processes of their own, on the small dataset."""

    def test_start_to_finish(self, runs_folder: Path) -> None:
        config = small_config(epochs=2)
        run = launcher.start(config)
        assert run.folder.parent == runs_folder
        assert re.fullmatch(r"\d{8}-\d{6}-lab-[0-9a-f]{4}", run.id)
        assert run.live
        assert launcher.list_runs() == [run]
        wait_until(lambda: run.status().ended, "the end")
        assert run.status().state == "finished", run.log_tail()
        assert run.config() == config
        assert len(run.checkpoints()) == 2
        assert "epoch 2: loss" in run.log_tail()
        here = trained(config).model
        assert same_weights(checkpoint.load(run.epoch_checkpoint(2)).model(), here)

    def test_resumed_at_once_it_does_not_obey_the_stop_again(self) -> None:
        """By their times it might: on Linux a process may seem a second older than it is."""
        run = launcher.start(small_config(epochs=1000))
        wait_until(lambda: len(read_history(run.metrics_file)) or run.status().ended, "a step")
        run.ask(STOP)
        wait_until(lambda: run.status().state == "stopped", "the end")
        steps = len(lines(run.metrics_file))
        later = time.time() + PATIENCE
        os.utime(run.folder / "control.json", (later, later))
        launcher.resume(run)
        wait_until(lambda: len(lines(run.metrics_file)) > steps or run.status().ended, "a step")
        went_on = run.status().state
        holder(run).kill()
        assert went_on == "running", run.log_tail()

    def test_failure_is_in_the_status_and_in_the_log(self) -> None:
        run = launcher.start(small_config(batch_size=1000))
        wait_until(lambda: run.status().ended, "the end")
        status = run.status()
        assert status.state == "failed"
        assert (status.message or "").startswith("batch_size 1000 is larger than the 160")
        # The status is written a moment before the line is printed.
        wait_until(lambda: f"error: {status.message}" in run.log_tail(), "the last line")
        assert "Traceback" not in run.log_file.read_text()
