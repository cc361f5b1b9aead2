"""What a classroom costs: hundreds of runs in the folder, and many who watch one of them.

Processor time, which other programs on the machine change little.
"""

import asyncio
import os
import re
import shutil
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import psutil

from benchmarks.server import record, step_line
from benchmarks.table import Row, limit, shown
from benchmarks.wire import WireVisitor
from lenet.config import Config
from lenet.runs import launcher
from lenet.runs.run import Control, Run
from lenet.runs.status import own_status
from tests.e2e.app import App, serve
from tests.small import holder, wait_until

FEW, MANY = 5, 500
"""Runs in the folder."""
VIEWERS = 30
WARM_SECONDS, SECONDS, WAITING_SECONDS = 4.0, 12.0, 12.0
"""Before it is measured, and while."""
STEPS = 2000
"""Of the live run when it is first seen."""
BEAT = 0.1
"""Seconds in which the live run makes ten steps."""


def fill(folder: Path, count: int) -> Run:
    """So many runs, all finished but the one that is returned."""
    first = Run(folder / "runs" / "20260101-000000-lab-0001")
    record(first, 60)
    first.write_status(own_status().changed(state="finished", total_steps=60))
    for number in range(2, count):
        shutil.copytree(first.folder, first.folder.with_name(f"20260101-000000-lab-{number:04x}"))
    live = Run(first.folder.with_name("20260102-000000-lab-0001"))
    record(live, STEPS)
    live.write_status(own_status().changed(state="running", total_steps=2 * STEPS))
    return live


async def watched(app: App, run: Run, viewers: int) -> tuple[float, float]:
    """The share of a core that the server takes for so many viewers of a live run, and the most
    seconds that one of them was behind.
    """
    server = psutil.Process(app.process.pid)
    written = [0.0] * STEPS  # when each step was
    async with AsyncExitStack() as stack:
        seen = [await stack.enter_async_context(WireVisitor(app.port)) for _ in range(viewers)]
        for visitor in seen:
            await visitor.visit("")

        async def train() -> None:
            while True:
                await asyncio.sleep(BEAT)
                lines = [step_line(len(written) + more, 0.4) for more in range(10)]
                with run.metrics_file.open("a") as file:
                    file.writelines(lines)
                written.extend([time.monotonic()] * 10)

        training = asyncio.create_task(train())
        await asyncio.sleep(WARM_SECONDS)
        began, before = time.monotonic(), sum(server.cpu_times()[:2])
        await asyncio.sleep(SECONDS)
        ended, after = time.monotonic(), sum(server.cpu_times()[:2])
        training.cancel()
    for visitor in seen:
        assert not visitor.faults, visitor.faults
    behind = max(lateness(visitor, written, began, ended) for visitor in seen)
    return (after - before) / (ended - began), behind


def lateness(visitor: WireVisitor, written: list[float], began: float, ended: float) -> float:
    """The most seconds between a step and the moment at which a viewer sees it or a later one."""
    worst, newest = 0.0, 0
    for at, text in [*visitor.progress, (ended, "")]:
        if newest and newest < len(written) and began <= at <= ended:
            worst = max(worst, at - max(began, written[newest]))
        if found := re.search(r"step ([\d,]+) of", text):
            newest = int(found[1].replace(",", ""))
    return worst


def waiting(run: Run) -> float:
    """The share of a core of a training that waits for its turn, while `run` has the only slot."""
    os.environ["LENET_RUNS_DIR"], os.environ["LENET_SLOTS"] = str(run.folder.parent), "1"
    with launcher.slot(run, lambda: False):
        waits = launcher.start(Config())
        wait_until(lambda: waits.used and waits.status().state == "queued", "a training waits")
        process = holder(waits)
        time.sleep(WARM_SECONDS)
        began, before = time.monotonic(), sum(process.cpu_times()[:2])
        time.sleep(WAITING_SECONDS)
        share = (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - began)
        waits.ask(Control("stop"))
        wait_until(lambda: not waits.live, "it is stopped")
    return share


def rows() -> list[Row]:
    """Each in a folder of its own, since the server of the one before is gone with it."""
    found: dict[tuple[int, int], tuple[float, float]] = {}
    for count, viewers in ((FEW, 1), (MANY, 1), (MANY, VIEWERS)):
        with tempfile.TemporaryDirectory() as name:
            run = fill(Path(name), count)
            with run.hold():
                with serve(Path(name)) as app:
                    found[count, viewers] = asyncio.run(watched(app, run, viewers))
                share = waiting(run) if viewers == VIEWERS else 0.0
    few, many = 100 * found[FEW, 1][0], 100 * found[MANY, 1][0]
    all_of_them, behind = found[MANY, VIEWERS]
    return [
        shown(f"server, one viewer of a live run, {FEW} runs", few, "% of a core"),
        shown(f"the same, {MANY} runs", many, "% of a core"),
        limit(f"{MANY} runs instead of {FEW}", many / few, "times", 2),
        limit(f"server, {VIEWERS} viewers, {MANY} runs", 100 * all_of_them, "% of a core", 100),
        limit("the most that one of them is behind", behind, "s", 2),
        limit(f"a training that waits, {MANY} runs", 100 * share, "% of a core", 0.5),
    ]
