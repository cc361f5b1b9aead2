"""Runs that were stopped, paused, steered or killed, and went on."""

import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lenet.config import Config
from lenet.errors import RunError
from lenet.network import checkpoint
from lenet.runs.history import read_history
from lenet.runs.recorder import cut
from lenet.runs.run import Control, Run
from lenet.runs.worker import Execution
from lenet.training.events import Event, StepEvent
from tests.small import other_settings, same_weights, small_config, small_split, trained, wait_until

CONFIG = small_config(epochs=4, dropout=0.2, augment="flip_shift")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "run")


def at_step(step: int, act: Callable[[], None]) -> Callable[[Event, int], None]:
    """A watcher that does something after a step."""

    def watch(event: Event, _: int) -> None:
        if isinstance(event, StepEvent) and event.step == step:
            act()

    return watch


def ignore(event: Event, total_steps: int) -> None:
    pass


def assert_whole(run: Run, config: Config) -> None:
    """The run ended like one that was never interrupted, in its weights and in its records."""
    assert run.status().state == "finished"
    last = checkpoint.load(run.epoch_checkpoint(config.epochs)).model()
    assert same_weights(last, trained(config).model)
    metrics = read_history(run.metrics_file)
    assert list(metrics.steps["step"]) == list(range(1, len(metrics) + 1))
    assert [event["epoch"] for event in metrics.epochs] == list(range(1, config.epochs + 1))


@pytest.mark.usefixtures("small_dataset")
class TestResume:
    @pytest.mark.parametrize("step", [1, 8, 11])
    def test_stopped_run_ends_as_if_never_stopped(self, step: int, run: Run) -> None:
        stop = at_step(step, lambda: run.ask(Control("stop")))
        Execution(run, small_split, stop).start(CONFIG)
        assert run.status().state == "stopped"
        Execution(run, small_split, ignore).resume()
        assert_whole(run, CONFIG)

    def test_every_hyperparameter_goes_on_as_it_was(self, run: Run) -> None:
        config = small_config(**{**other_settings(), "val_size": 41, "batch_size": 21})
        stop = at_step(9, lambda: run.ask(Control("stop")))
        Execution(run, small_split, stop).start(config)
        Execution(run, small_split, ignore).resume()
        assert checkpoint.load(run.epoch_checkpoint(config.epochs)).config == config
        assert_whole(run, config)

    def test_old_wish_to_stop_does_not_stop_the_resumed_run(self, run: Run) -> None:
        Execution(run, small_split, at_step(3, lambda: run.ask(Control("stop")))).start(CONFIG)
        Execution(run, small_split, ignore).resume()
        assert run.status().state == "finished"

    def test_an_earlier_stop_is_overtaken_even_if_the_clock_goes_back(self, run: Run) -> None:
        Execution(run, small_split, at_step(3, lambda: run.ask(Control("stop")))).start(CONFIG)
        tomorrow = time.time() + 86400
        os.utime(run.stopped_checkpoint, (tomorrow, tomorrow))
        Execution(run, small_split, ignore).resume()
        assert run.saved() == run.epoch_checkpoint(CONFIG.epochs)

    def test_time_adds_up(self, run: Run) -> None:
        Execution(run, small_split, at_step(9, lambda: run.ask(Control("stop")))).start(CONFIG)
        before = run.status().seconds
        Execution(run, small_split, ignore).resume()
        assert run.status().seconds > before

    def test_run_at_work_is_refused(self, run: Run) -> None:
        with run.hold(make=True), pytest.raises(RunError, match="already"):
            Execution(run, small_split, ignore).resume()

    def test_metrics_beyond_the_checkpoint_are_cut(self, tmp_path: Path) -> None:
        file = tmp_path / "metrics.jsonl"
        events = [{"step": step, "loss": 1.0} for step in range(1, 7)]
        events.insert(4, {"epoch": 1, "step": 4, "train_loss": 1.0})
        file.write_text("".join(json.dumps(event) + "\n" for event in events) + '{"step": 7, "lo')
        cut(file, step=4, epoch=0)
        kept = [json.loads(line) for line in file.read_text().splitlines()]
        assert kept == events[:4]


@pytest.mark.usefixtures("small_dataset")
class TestSteering:
    @pytest.mark.slow
    def test_paused_run_rests_and_goes_on(self, run: Run) -> None:
        reached: list[int] = []
        rested = threading.Event()

        def go_on() -> None:
            wait_until(lambda: run.status().state == "paused", "the pause")
            wait_until(lambda: len(read_history(run.metrics_file)) == 5, "all steps to be readable")
            spent = time.process_time()
            time.sleep(0.5)  # what it does in this time is what is asserted
            if reached == [5] and time.process_time() - spent < 0.25:
                rested.set()
            run.ask(Control("run"))

        def watch(event: Event, _: int) -> None:
            if isinstance(event, StepEvent) and event.step == 5:
                reached.append(5)
                run.ask(Control("pause"))
                threading.Thread(target=go_on, daemon=True).start()
            elif isinstance(event, StepEvent) and event.step > 5:
                reached.append(event.step)

        Execution(run, small_split, watch).start(CONFIG)
        assert rested.is_set()
        assert_whole(run, CONFIG)

    def test_learning_rate_is_changed_recorded_and_kept(self, run: Run) -> None:
        config = small_config(epochs=3, schedule="constant", lr=0.01)

        def watch(event: Event, _: int) -> None:
            if event.step == 3:
                run.ask(Control(lr=0.002))
            if event.step == 10:
                run.ask(Control("stop", lr=0.002))

        Execution(run, small_split, watch).start(config)
        Execution(run, small_split, ignore).resume()
        metrics = read_history(run.metrics_file)
        assert metrics.lr_changes == [{"step": 3, "epoch": 1, "lr_set": 0.002}]
        assert set(metrics.steps["lr"][:3]) == {0.01}
        assert set(metrics.steps["lr"][3:]) == {0.002}
        assert run.config().later_lrs == {3: 0.002}

    def test_learning_rate_can_be_asked_for_again(self, run: Run) -> None:
        config = small_config(epochs=2, schedule="constant", lr=0.01).with_lr(6, 0.005)

        def watch(event: Event, _: int) -> None:
            if event.step in (3, 8):
                run.ask(Control(lr=0.002))
            if event.step == 7:  # as the page does: what was asked before stays in the file
                run.ask(replace(run.asked(), wish="run"))

        Execution(run, small_split, watch).start(config)
        lrs = [0.01] * 3 + [0.002] * 3 + [0.005] * 2 + [0.002] * 8
        assert list(read_history(run.metrics_file).steps["lr"]) == lrs

    def test_events_are_readable_while_a_step_takes_long(self, run: Run) -> None:
        def watch(event: Event, _: int) -> None:
            if event.step == 3:
                wait_until(lambda: len(read_history(run.metrics_file)) == 3, "all steps so far")

        Execution(run, small_split, watch).start(small_config(epochs=1))

    def test_changed_learning_rate_outlives_the_process_that_was_killed(self, run: Run) -> None:
        """The change comes after the checkpoint to go on from; it is made again at its step."""
        config = small_config(epochs=3, schedule="constant", lr=0.01)
        changed, done = 11, 14

        def watch(event: Event, _: int) -> None:
            if event.step == changed:
                run.ask(Control(lr=0.002))
            if event.step == done:
                os.kill(os.getpid(), signal.SIGKILL)

        worker = multiprocessing.get_context("fork").Process(
            target=lambda: Execution(run, small_split, watch).start(config)
        )
        worker.start()
        worker.join()
        assert run.checkpoints() == {1: run.epoch_checkpoint(1)}

        Execution(run, small_split, ignore).resume()

        again = config.with_lr(changed, 0.002)
        assert run.config() == again
        assert_whole(run, again)
        assert set(read_history(run.metrics_file).steps["lr"][changed:]) == {0.002}

    @pytest.mark.slow
    def test_pause_is_no_time_of_the_run(self, run: Run) -> None:
        paused: list[float] = []

        def go_on() -> None:
            wait_until(lambda: run.status().state == "paused", "the pause")
            first = run.status().seconds
            time.sleep(0.3)  # what the clock shows after this time is what is asserted
            paused.append(run.status().seconds - first)
            run.ask(Control("run"))

        def pause() -> None:
            run.ask(Control("pause"))
            threading.Thread(target=go_on, daemon=True).start()

        Execution(run, small_split, at_step(5, pause)).start(CONFIG)
        assert paused == [0.0]
        assert run.status().seconds > 0
