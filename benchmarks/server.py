"""What the server's work costs: a drawing, sessions, long runs, many images, imports.

Each figure is the median of several repetitions where it says nothing else. Needs
Fashion-MNIST.
"""

import asyncio
import base64
import io
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import torch
from PIL import Image

from benchmarks.alone import finished
from benchmarks.table import Row, limit, shown
from benchmarks.wire import WireVisitor, parts, payload
from lenet.catalog import DATASETS
from lenet.config import Config, build_config
from lenet.data.splits import Split, load_split
from lenet.drawing import centre
from lenet.evaluation import classify
from lenet.network import checkpoint
from lenet.paths import DEFAULT_CHECKPOINT
from lenet.runs.run import Run
from lenet.training.events import EpochEvent
from lenet.training.trainer import Trainer
from lenet.ui import images
from tests.e2e.app import App, serve
from tests.e2e.look import DRAWINGS
from tests.small import at_work

INFO = DATASETS["FashionMNIST"]
MB = 2**20
SESSIONS = 20
STEPS = (1_000, 10_000, 100_000, 1_000_000)
IMAGES = (15_000, 30_000, 60_000)
PAGES = ("predict", "inside", "evaluate", "experiments", "")
"""What every session has seen before its memory is taken; it ends with a run's curves."""
REFRESHES = 15
TIMES = 3
BATCH = 8
EPOCH_STEPS = (IMAGES[-1] - Config().val_size) // BATCH
"""Of small batches, or a million steps were more epochs than the lab allows."""


def percentile(values: list[float], share: float) -> float:
    return float(np.percentile(values, 100 * share))


def drawings() -> list[Row]:
    """From the canvas's picture to ten probabilities, by what the page calls, warm."""
    torch.set_num_threads(1)
    known = checkpoint.load(DEFAULT_CHECKPOINT)
    drawn = [payload(part) for strokes in DRAWINGS.values() for part in parts(strokes)]
    taken = []
    for address in (*drawn, *drawn):
        began = time.perf_counter()
        picture = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))
        prepared = centre.from_canvas(np.asarray(picture), INFO, "light_on_dark")
        assert prepared
        [answer] = classify.answer(known, torch.from_numpy(prepared.array)[None])
        images.data_uri(prepared.array)
        taken.append(1000 * (time.perf_counter() - began))
        assert len(answer["probabilities"]) == len(INFO.classes)
    warm = taken[len(drawn) :]
    return [
        shown("one drawing to probabilities, p50", percentile(warm, 0.5), "ms"),
        limit(f"the same, p95 of {len(warm)}", percentile(warm, 0.95), "ms", 30),
    ]


def record(run: Run, steps: int) -> None:
    """Let a run have so many steps."""
    epochs = max(2, 2 * steps // EPOCH_STEPS)
    run.prepare(build_config({"epochs": epochs, "batch_size": BATCH}))
    chance = random.Random(0)
    with run.metrics_file.open("w") as file:
        for step in range(1, steps + 1):
            file.write(step_line(step, 0.3 + 0.2 * chance.random()))
            if step % EPOCH_STEPS == 0:
                epoch = {"epoch": step // EPOCH_STEPS, "step": step, "train_loss": 0.4}
                epoch |= {"val_loss": 0.3, "val_accuracy": 0.9, "seconds": 5.0}
                file.write(json.dumps(epoch) + "\n")


@contextmanager
def long_run(steps: int) -> Iterator[tuple[App, Run]]:
    """A server, and a run with so many steps that this process seems to train meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder, "runs", "20260101-000000-lab-0001"))
        record(run, steps)
        with at_work(run, 2 * steps), serve(Path(folder)) as app:
            yield app, run


def step_line(step: int, loss: float) -> str:
    event = {"step": step, "epoch": 1 + step // EPOCH_STEPS, "loss": loss, "lr": 0.001}
    return json.dumps(event | {"images_per_second": 5000.0}) + "\n"


async def refreshes(app: App, run: Run, steps: int) -> tuple[float, list[float]]:
    """Seconds of the first look at a run, then those of refreshes, each with a new step."""
    async with WireVisitor(app.port) as visitor:
        await visitor.visit("experiments")  # what the first visitor alone waits for
        first = await visitor.visit("")
        visitor.stop_refreshing()
        taken = []
        for number in range(1, REFRESHES + 1):
            with run.metrics_file.open("a") as file:
                file.write(step_line(steps + number, 0.4))
            taken.append(await visitor.refresh())
    assert not visitor.faults, visitor.faults
    return first, taken


def long_runs() -> list[Row]:
    """The Train page's refresh, its script's time seen from the wire, as a run grows."""
    found: dict[int, float] = {}
    rows = []
    for steps in STEPS:
        with long_run(steps) as (app, run):
            first, taken = asyncio.run(refreshes(app, run, steps))
        found[steps] = statistics.median(taken)
        rows.append(shown(f"refresh of Train at {steps:,} steps", 1000 * found[steps], "ms"))
    rows.append(shown(f"first look at {STEPS[-1]:,} steps", first, "s"))
    growth = found[STEPS[-1]] / found[STEPS[0]]
    rows.append(limit("refresh, a thousand times as many steps", growth, "times", 1.5))
    return rows


async def fill(app: App) -> list[float]:
    """MB that the server holds for itself alone with each number of sessions from none on."""
    visitors: list[WireVisitor] = []
    server = psutil.Process(app.process.pid)
    held = []
    for _ in range(SESSIONS):
        visitors.append(await WireVisitor(app.port).__aenter__())
        for page in PAGES:
            await visitors[-1].visit(page)
        await visitors[-1].visit("predict", "view=Draw")
        for strokes in parts(DRAWINGS["T-shirt"])[:5]:
            await visitors[-1].draw(strokes)
        await visitors[-1].visit("")
        held.append(server.memory_full_info().uss / MB)
    for visitor in visitors:
        await visitor.__aexit__()
        assert not visitor.faults, visitor.faults
    return held


def sessions() -> list[Row]:
    """The server's memory with 1 and 20 sessions, each of which has seen every page."""
    with long_run(10_000) as (app, _):
        held = asyncio.run(fill(app))
        peak = peak_memory(app.process.pid)
    added = statistics.median(b - a for a, b in pairwise(held[1:]))
    mean = (held[-1] - held[1]) / (SESSIONS - 2)
    return [
        shown("the server's own memory (USS), 1 session", held[0], "MB"),
        shown(f"the same, {SESSIONS} sessions", held[-1], "MB"),
        shown(f"each added session, median of {SESSIONS - 2}", added, "MB"),
        limit("each added session, mean", mean, "MB", 20),
        limit(f"peak memory (RSS), {SESSIONS} sessions", peak, "MB", 1500),
    ]


def peak_memory(pid: int) -> float:
    """The most that a process has had in memory, in MB (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise SystemExit("the system does not tell a process's peak memory")


def epochs() -> list[Row]:
    """Seconds of an epoch over so many images, the sizes in turn."""
    config = build_config({"val_size": 0, "epochs": 2, "augment": "none", "device": "cpu"})
    split = load_split("FashionMNIST", "train")
    taken: dict[int, list[float]] = {count: [] for count in IMAGES}
    for _ in range(TIMES):
        for count in IMAGES:
            trainer = Trainer(config, Split(split.images[:count], split.labels[:count]))
            events = [event for event in trainer.run() if isinstance(event, EpochEvent)]
            taken[count].append(events[-1].seconds)
    median = {count: statistics.median(seconds) for count, seconds in taken.items()}
    rows = [shown(f"an epoch of {count:,} images", median[count], "s") for count in IMAGES]
    growth = median[IMAGES[-1]] / median[IMAGES[0]]
    return [*rows, limit("epoch, four times as many images", growth, "times", 4.4)]


def imports() -> list[Row]:
    """What the command line's help costs beside importing torch."""
    runs = [
        (finished("lenet", "--help"), finished("timeit", "-n", "1", "-r", "1", "import torch"))
        for _ in range(TIMES)
    ]
    helped, loaded = (
        (statistics.median(done.seconds for done in side),
         statistics.median(done.megabytes for done in side))
        for side in zip(*runs, strict=True)
    )  # fmt: skip
    return [
        shown("python -m lenet --help", helped[0], "s"),
        shown("its peak memory", helped[1], "MB"),
        shown("import torch", loaded[0], "s"),
        shown("its peak memory", loaded[1], "MB"),
        limit("help's time as a share of it", helped[0] / loaded[0], "times", 0.5),
        *first_page(),
    ]


def first_page() -> list[Row]:
    """Processor seconds of the server up to the end of its first page, and its memory then."""
    taken, memory = [], []
    for _ in range(TIMES):
        with tempfile.TemporaryDirectory() as name, serve(Path(name)) as app:
            asyncio.run(_only_one(app))
            server = psutil.Process(app.process.pid)
            taken.append(sum(server.cpu_times()[:2]))
            memory.append(server.memory_info().rss / MB)
            libraries = Path(f"/proc/{server.pid}/maps").read_text()
            assert "libtorch" not in libraries, "the first page has loaded torch"
    return [
        shown("processor time to the end of the first page", statistics.median(taken), "s"),
        shown("its memory (RSS) then, without torch", statistics.median(memory), "MB"),
    ]


async def _only_one(app: App) -> None:
    async with WireVisitor(app.port) as visitor:
        await visitor.visit("")
