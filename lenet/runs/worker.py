"""Training into a run folder: the one engine behind the command line and the page."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenet.config import Config
from lenet.errors import (
    CheckpointError,
    ConfigError,
    LabError,
    NewerFileError,
    RunError,
    StorageError,
)
from lenet.files import free_folder, is_own
from lenet.runs.launcher import slot, step_back
from lenet.runs.overwriting import set_aside, settle
from lenet.runs.run import Control, Run
from lenet.runs.signals import Interrupted, exit_status, stop_signals
from lenet.runs.status import Status, own_status
from lenet.training.events import EpochEvent, Event, LrEvent, ProbeEvent

if TYPE_CHECKING:  # torch is imported once the run has its turn, not while it waits
    from lenet.data.splits import Split
    from lenet.network.checkpoint import Checkpoint
    from lenet.training.trainer import Trainer

log = logging.getLogger(__name__)

PAUSE_POLL = 0.1
"""Seconds between two looks of a paused run at its control file."""

Watch = Callable[[Event, int], None]


@dataclass(eq=False)
class Execution:
    """A process's work on a run.

    Args:
        load: gives the training images; called when the run has its turn.
        watch: called with each event and the number of all steps.
        queued: wait for one of the machine's slots first.
        data_dir: where the images are, if not in the default folder; the run remembers it.
        after: called when the training is finished, while the folder is still held.
    """

    run: Run
    load: "Callable[[], Split]"
    watch: Watch
    _: KW_ONLY
    queued: bool = False
    data_dir: Path | None = None
    after: Callable[[], None] | None = None
    status: Status = field(default_factory=own_status, init=False)
    _signal: int | None = field(default=None, init=False)
    _is_lost: Callable[[], bool] = field(default=bool, init=False)  # it gives False
    _obeyed: Control = field(default=Control(), init=False)

    def start(
        self, config: Config, *, overwrite: bool = False, begin: "Checkpoint | None" = None
    ) -> None:
        """Train as `config` says.

        Args:
            overwrite: replace an earlier training in the folder, once there is a checkpoint.
            begin: has the weights to begin with; they stay in the folder.

        Raises:
            ConfigError: there is an earlier training, which is not to be replaced.
            RunError: another process is training into the folder.
            LabError: the training failed; the status says why. Finished epochs are kept; without
                one an earlier training is put back.
        """
        with self.run.hold(make=True) as self._is_lost:
            settle(self.run)
            if self.run.trained:
                if not overwrite:
                    raise ConfigError(
                        f"{self.run.folder} holds an earlier training; choose another "
                        f"--output_dir, such as {free_folder(self.run.folder)}, or replace it "
                        "with --overwrite 1"
                    )
                set_aside(self.run)
            try:
                self.run.prepare(config)
                if begin:
                    from lenet.network import checkpoint

                    checkpoint.save(self.run.first_weights, replace(begin, training=None))
                self._report()
                self._work(config, ())
            finally:
                settle(self.run)

    def resume(self, *, handed_over: bool = False) -> None:
        """Go on from the newest checkpoint; on a CPU, bit for bit as if there had been no break.

        Args:
            handed_over: a page has started this process; what was asked since then counts.

        Raises:
            LabError: as `start`; a RunError also if the folder is no run's.
        """
        self.run.wait_for_another_machine()
        with self.run.hold() as self._is_lost:
            settle(self.run)
            config = self.run.config()
            if not handed_over:
                self.run.forget_asked()
            self.status = self.run.begin_again()
            self._work(config, self.run.saved())

    @property
    def exit_status(self) -> int:
        """Of the process: 0, or what a shell expects if a signal has stopped the training."""
        stopped = self.status.state == "stopped"
        return exit_status(self._signal) if self._signal and stopped else 0

    def _work(self, config: Config, saved: Sequence[Path]) -> None:
        with self._reporting(), stop_signals(self._note_signal):
            self.run.remember_data_dir(self.data_dir)
            if self.queued:
                step_back()
                self._report(state="queued")
                with slot(self.run, lambda: self._control().wish == "stop") as granted:
                    if granted:
                        self._report(state="starting")
                        self._train(config, saved)
                    else:
                        self._report(state="stopped")
            else:
                self._train(config, saved)
        if self.after and self.status.state == "finished":
            self.after()

    def _train(self, config: Config, saved: Sequence[Path]) -> None:
        from lenet.runs.recorder import Recorder
        from lenet.training.trainer import Trainer

        trainer = Trainer(config, self.load(), probing=True)
        if saved:
            _restore(trainer, saved)
        elif is_own(self.run.first_weights):
            _begin(trainer, self.run.first_weights)
        with Recorder(self.run, trainer, self.data_dir) as recorder:
            self._report(state="running", total_steps=trainer.total_steps)
            for event in trainer.run():
                recorder.record(event)
                self.watch(event, trainer.total_steps)
                if isinstance(event, LrEvent | ProbeEvent):
                    continue
                if isinstance(event, EpochEvent):
                    recorder.save(self.run.epoch_checkpoint(event.epoch), event)
                    settle(self.run)
                    with suppress(OSError):  # by its time it may seem newer, if the clock was set
                        self.run.stopped_checkpoint.unlink()
                    recorder.thin_out()
                control = self._obey(trainer)
                told = event.step == trainer.step  # on a card, some steps are told at once
                if control.wish == "stop" and told and trainer.epoch < config.epochs:
                    recorder.save(self.run.stopped_checkpoint, event)
                    self._report(state="stopped")
                    return
        self._report(state="finished")

    def _obey(self, trainer: "Trainer") -> Control:
        """Do what the control file asks; returns once it asks for no pause."""
        while True:
            if self._is_lost():
                raise RunError(f"{self.run.folder} was deleted while it was trained into")
            control = self._control()
            new = (control.lr, control.lr_request) != (self._obeyed.lr, self._obeyed.lr_request)
            if control.lr and new and control.lr != trainer.lr:
                trainer.change_lr(control.lr)
                self.run.write_config(trainer.config)  # a killed run then goes on with it
            self._obeyed = control
            wanted = "paused" if control.wish == "pause" else "running"
            if self.status.state != wanted:
                self._report(state=wanted)
            if control.wish != "pause":
                return control
            time.sleep(PAUSE_POLL)

    def _control(self) -> Control:
        control = self.run.asked()
        return replace(control, wish="stop") if self._signal else control

    def _report(self, **changes: Any) -> None:
        self.status = self.status.changed(**changes)
        self.run.write_status(self.status)

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        """Show the run as failed when it ends with an error, as stopped when a person ended it."""
        try:
            yield
        except (LabError, KeyboardInterrupt) as error:
            if not self._is_lost():
                how: dict[str, Any] = {"state": "failed", "message": str(error)}
                if isinstance(error, KeyboardInterrupt):
                    how = {"state": "stopped"}
                try:
                    self._report(**how)
                except StorageError:  # on a full disk, what can best be done without has to go
                    with suppress(OSError, StorageError):
                        (self.run.folder / "moments.bin").unlink()
                        self._report(**how)
            raise

    def _note_signal(self, number: int) -> None:
        self._signal = number
        # Before the first step there is nothing to save: a download ends at once.
        if self.status.state in ("starting", "queued"):
            raise Interrupted(number)


def _begin(trainer: "Trainer", path: Path) -> None:
    from lenet.network import checkpoint

    try:
        trainer.model.load_state_dict(checkpoint.load(path).weights)
    except RuntimeError as error:
        log.info("%s does not fit: %s", path.name, error)
        raise ConfigError(
            "the weights to begin with are of a network of other sizes; leave its sizes and "
            "batch_norm as they are in their checkpoint"
        ) from None


def _restore(trainer: "Trainer", saved: Sequence[Path]) -> None:
    """Take up the first state that is whole; raises what is wrong with the first if none is."""
    faults = []
    for path in saved:
        try:
            return _restore_from(trainer, path)
        except NewerFileError:
            raise
        except CheckpointError as error:
            log.warning("note: %s; the checkpoint before it is tried", error)
            faults.append(error)
    raise faults[0]


def _restore_from(trainer: "Trainer", saved: Path) -> None:
    from lenet.network import checkpoint

    loaded = checkpoint.load(saved)
    if loaded.training is None:
        raise CheckpointError(f"{saved.name} holds weights only; a run cannot go on from it")
    try:
        trainer.restore({"model": loaded.weights, **loaded.training})
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
        log.info("%s cannot be restored: %s", saved.name, error)
        raise CheckpointError(
            f"{saved.name} is damaged: the state of its training cannot be restored; "
            "its weights can still be evaluated, but start another run to train"
        ) from None
