"""How long a study will take, before it is started."""

from itertools import islice
from statistics import median

from lenet.catalog import dataset_info
from lenet.config import Config
from lenet.errors import RunError
from lenet.runs.launcher import list_runs
from lenet.runs.run import Run
from lenet.studies.folder import study_folders
from lenet.studies.plan import Study

STEP_SECONDS = 0.0021
IMAGE_SECONDS = 0.00013
"""A step and each of its images on one thread, as seven configurations with batches of 32 to
256 took within 10 %, in processor time; a network with more work takes more."""
USUAL_WORK = 420_000
"""Multiplications for an image up to which the time hardly depends on them."""
START_SECONDS = 5.0
"""Importing torch, reading the data, evaluating the test set."""
LOOK_BACK = 20
"""Finished runs by which the machine is judged."""


def seconds_of(config: Config) -> float:
    """The time of a run on the machine of the constants above."""
    images = dataset_info(config.dataset).train_count - config.val_size
    steps = -(-images // config.batch_size)
    work = sum(layer.multiply_adds for layer in config.layers())
    per_image = IMAGE_SECONDS * max(1.0, work / USUAL_WORK)
    return START_SECONDS + config.epochs * (steps * STEP_SECONDS + images * per_image)


def pace() -> float:
    """How many times longer finished runs of this machine took; 1 without any."""
    folders = [run.folder for run in list_runs()]
    for study in study_folders():
        folders += [path.parent for path in study.folder.glob("*/result.json")]
    known = (ratio for folder in folders if (ratio := _ratio(Run(folder))) is not None)
    return median(list(islice(known, LOOK_BACK)) or [1.0])


def _ratio(run: Run) -> float | None:
    try:
        status, config = run.status(), run.config()
    except RunError:
        return None
    return status.seconds / seconds_of(config) if status.state == "finished" else None


def seconds_for(study: Study, at_a_time: int, pace: float = 1.0) -> float:
    """The time of all runs of a study, so many of them at a time."""
    total = sum(seconds_of(cell.config()) for cell in study.cells) * len(study.seeds)
    return pace * total / min(at_a_time, len(study.cells) * len(study.seeds))
