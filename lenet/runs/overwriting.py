"""Training anew into a used folder: the earlier training stays until the new one has a checkpoint.

Three folders within the run's, each made and left by a single renaming, so that nothing is lost
whenever the process is killed:

    .earlier    the earlier training, while the new one has no checkpoint
    .restored   files on their way from or back to where they belong: back, if nobody moves them
    .dropped    files that are being deleted
"""

import shutil
from contextlib import suppress

from lenet.files import explained
from lenet.runs.run import Run


def set_aside(run: Run) -> None:
    """Make room for a new training, with which `settle` will know what to do.

    The configuration stays as well: there is one at any moment.

    Raises:
        StorageError: it cannot be written; all is as it was.
    """
    restored = run.folder / ".restored"
    with explained(run.folder):
        try:
            restored.mkdir()
            for path in run.training_files():
                path.replace(restored / path.name)
            with suppress(FileNotFoundError):
                shutil.copy2(run.folder / "config.json", restored)
        except OSError:
            _restore(run)
            raise
        restored.rename(run.folder / ".earlier")


def settle(run: Run) -> None:
    """Drop an earlier training if the new one has a checkpoint, else put it back in place of that.

    Called by who holds the folder. Without an earlier one nothing happens.

    Raises:
        StorageError: it cannot be written; another call will go on.
    """
    earlier, dropped = run.folder / ".earlier", run.folder / ".dropped"
    with explained(run.folder):
        if earlier.exists() and run.saved():
            shutil.rmtree(dropped, ignore_errors=True)
            earlier.rename(dropped)
        elif earlier.exists():
            for path in run.training_files():
                path.unlink()
            earlier.rename(run.folder / ".restored")
        _restore(run)
        shutil.rmtree(dropped, ignore_errors=True)


def _restore(run: Run) -> None:
    restored = run.folder / ".restored"
    if restored.exists():
        for path in restored.iterdir():
            path.replace(run.folder / path.name)
        restored.rmdir()
