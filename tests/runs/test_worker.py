"""Runs that were stopped, paused, steered or killed, and went on."""

import multiprocessing
import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from lenet.config import Config
from lenet.network import checkpoint
from lenet.runs.history import read_history
from lenet.runs.run import Control, Run
from lenet.runs.status import own_status
from lenet.training.events import Event
from tests.small import (
    at_step,
    other_settings,
    resume,
    same_weights,
    small_config,
    stop_at,
    train,
    trained,
    wait_until,
)

CONFIG = small_config(epochs=4, dropout=0.2, augment="flip_shift")


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
        train(run, CONFIG, stop_at(step, run))
        stopped = run.status()
        assert stopped.state == "stopped"
        resume(run)
        assert_whole(run, CONFIG)
        assert run.status().seconds > stopped.seconds

    @pytest.mark.parametrize("damaged", ["stopped.pt", "stopped.pt model_epoch2.pt"])
    def test_damaged_file_is_no_end_while_the_one_before_is_whole(
        self, damaged: str, run: Run
    ) -> None:
        train(run, CONFIG, stop_at(20, run))
        for name in damaged.split():
            whole = (run.folder / name).read_bytes()
            (run.folder / name).write_bytes(whole[: len(whole) // 2])
        resume(run)
        assert_whole(run, CONFIG)

    def test_every_hyperparameter_goes_on_as_it_was(self, run: Run) -> None:
        config = small_config(**{**other_settings(), "val_size": 41, "batch_size": 21})
        train(run, config, stop_at(9, run))
        resume(run)
        assert checkpoint.load(run.epoch_checkpoint(config.epochs)).config == config
        assert_whole(run, config)

    def test_a_stop_that_was_meant_for_a_killed_process_is_not_obeyed(self, run: Run) -> None:
        run.prepare(CONFIG)
        run.write_status(own_status())
        run.ask(Control("stop"))
        resume(run)
        assert_whole(run, CONFIG)

    def test_an_earlier_stop_is_overtaken_even_if_the_clock_goes_back(self, run: Run) -> None:
        train(run, CONFIG, stop_at(3, run))
        tomorrow = time.time() + 86400
        os.utime(run.stopped_checkpoint, (tomorrow, tomorrow))
        resume(run)
        assert run.saved()[0] == run.epoch_checkpoint(CONFIG.epochs)


@pytest.mark.usefixtures("small_dataset")
class TestSteering:
    @pytest.mark.slow
    def test_paused_run_rests_and_goes_on(self, run: Run) -> None:
        seen: list[float] = []

        def go_on() -> None:
            wait_until(lambda: run.status().state == "paused", "the pause")
            wait_until(lambda: len(read_history(run.metrics_file)) == 5, "all steps to be readable")
            seconds, spent = run.status().seconds, time.process_time()
            time.sleep(0.5)  # what it does in this time is what is asserted
            seen.extend((time.process_time() - spent, run.status().seconds - seconds))
            seen.append(len(read_history(run.metrics_file)))
            run.ask(Control("run"))

        def pause() -> None:
            run.ask(Control("pause"))
            threading.Thread(target=go_on, daemon=True).start()

        train(run, CONFIG, at_step(5, pause))
        [spent, counted, steps] = seen
        assert spent < 0.25
        assert (counted, steps) == (0, 5)
        assert run.status().seconds > 0
        assert_whole(run, CONFIG)

    def test_learning_rate_is_changed_recorded_and_kept(self, run: Run) -> None:
        config = small_config(epochs=3, schedule="constant", lr=0.01)

        def watch(event: Event, _: int) -> None:
            if event.step == 3:
                run.ask(Control(lr=0.002))
            if event.step == 10:
                run.ask(Control("stop", lr=0.002))

        train(run, config, watch)
        resume(run)
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

        train(run, config, watch)
        lrs = [0.01] * 3 + [0.002] * 3 + [0.005] * 2 + [0.002] * 8
        assert list(read_history(run.metrics_file).steps["lr"]) == lrs

    def test_events_are_readable_while_a_step_takes_long(self, run: Run) -> None:
        def look() -> None:
            wait_until(lambda: len(read_history(run.metrics_file)) == 3, "all steps so far")

        train(run, small_config(epochs=1), at_step(3, look))

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
            target=train, args=(run, config, watch)
        )
        worker.start()
        worker.join()
        assert run.checkpoints() == {1: run.epoch_checkpoint(1)}
        resume(run)
        again = config.with_lr(changed, 0.002)
        assert run.config() == again
        assert_whole(run, again)
        assert set(read_history(run.metrics_file).steps["lr"][changed:]) == {0.002}


@pytest.mark.usefixtures("small_dataset")
def test_one_killed_before_its_first_checkpoint_begins_with_the_same_weights(
    tmp_path: Path, trained_checkpoint: checkpoint.Checkpoint
) -> None:
    run, values = Run(tmp_path / "run"), small_config(lr=1e-4, augment="none")
    train(run, values, stop_at(1, run), begin=trained_checkpoint)
    first = read_history(run.metrics_file).steps["loss"][0]
    run.stopped_checkpoint.unlink()
    resume(run)
    again = read_history(run.metrics_file).steps["loss"][0]
    assert again == pytest.approx(first)
    assert first < 1.5  # of weights by chance it is 2.3
