"""How many processor cores this process may use, and whether memory is short."""

import math
import os
import sys
from contextlib import suppress
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
"""The control groups of this process, each a line `number:controllers:path`."""


def usable_cores() -> int:
    """The cores of the process's affinity, or fewer where its container or service limits them."""
    cores = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):  # not on Windows and macOS
        cores = len(os.sched_getaffinity(0))
    with suppress(OSError):  # only Linux has control groups
        for line in MEMBERSHIP.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers == "" or "cpu" in controllers.split(","):
                group = Path(path.lstrip("/"))
                for parent in (group, *group.parents):  # each of them limits the process
                    cores = min(cores, _limit(CGROUPS / controllers / parent))
    return cores


def memory_is_short() -> bool:
    """Whether server and training have to do with 1 GB: `LENET_LOW_MEMORY=1`."""
    return os.environ.get("LENET_LOW_MEMORY", "0") not in ("", "0")


def _limit(group: Path) -> int:
    """The cores a control group (version 2 or 1) may use, rounded up; very many without a limit."""
    with suppress(OSError, ValueError):
        if (file := group / "cpu.max").exists():
            quota, period = map(int, file.read_text().split())  # "max 100000" is no limit
        else:
            quota = int((group / "cpu.cfs_quota_us").read_text())  # -1 is no limit
            period = int((group / "cpu.cfs_period_us").read_text())
        if quota > 0:
            return math.ceil(quota / period)
    return sys.maxsize
