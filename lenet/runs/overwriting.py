"""Training anew into a used folder: the earlier training stays until the new one has a checkpoint.

Folders within the run's are renamed as a whole, so a killed process loses nothing:

    .earlier    the earlier training, while the new one has no checkpoint
    .restored   files that are being moved from or to the run's folder; `settle` moves them back
    .dropped    files that are being deleted
"""

import shutil
from contextlib import suppress

from lenet.files import explained
from lenet.runs.run import Run


def set_aside(run: Run) -> None:
    """Move a training to `.earlier`, for `settle`; `config.json` is copied, as one must be there.
    StorageError if that cannot be written; all is then as it was.
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
    """Delete an earlier training if the new one has a checkpoint, else put it back.
    Called by who holds the folder. StorageError if it cannot be written; another call goes on.
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
