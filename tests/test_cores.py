"""How many cores a process may use: its affinity, and its container's limit."""

import os
from pathlib import Path

import pytest

from lenet import cores
from lenet.runs import launcher

V2 = "0::/a/b\n"
V1 = "3:cpuset:/\n2:cpu,cpuacct:/a/b\n0::/\n"


@pytest.mark.parametrize(
    ("membership", "files", "expected"),
    [
        (V2, {}, 8),
        (V2, {"a/b/cpu.max": "max 100000"}, 8),
        (V2, {"a/b/cpu.max": "400000 100000"}, 4),
        (V2, {"a/b/cpu.max": "max 100000", "a/cpu.max": "250000 100000"}, 3),
        (V2, {"cpu.max": "50000 100000"}, 1),  # seen from within the container
        (V2, {"a/b/cpu.max": "no number"}, 8),
        (V1, {"cpu,cpuacct/a/b/cpu.cfs_quota_us": "-1"}, 8),
        (V1, {"cpu,cpuacct/a/b/cpu.cfs_quota_us": "200000"}, 2),
    ],
)
def test_containers_limit_counts(
    membership: str,
    files: dict[str, str],
    expected: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, content in {**files, "cpu,cpuacct/a/b/cpu.cfs_period_us": "100000"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    (tmp_path / "membership").write_text(membership)
    monkeypatch.setattr(cores, "CGROUPS", tmp_path)
    monkeypatch.setattr(cores, "MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert cores.usable_cores() == expected
    usual = max(1, expected // 2)
    for value, slots in (("", usual), ("many", usual), ("3", 3), ("0", 1)):
        monkeypatch.setenv("LENET_SLOTS", value)
        assert launcher.slots() == slots


def test_affinity_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    assert cores.usable_cores() == 1
