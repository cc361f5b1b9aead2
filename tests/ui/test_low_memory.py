"""LENET_LOW_MEMORY: what is not done where memory is short."""

from threading import Thread

import pytest

from lenet.runs import launcher
from lenet.ui import preload


@pytest.mark.parametrize("setting", ["0", "1"])
def test_nothing_is_kept_ready_and_one_trains_at_a_time(
    setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []
    monkeypatch.setenv("LENET_LOW_MEMORY", setting)
    monkeypatch.delenv("LENET_SLOTS", raising=False)
    monkeypatch.setattr(launcher, "usable_cores", lambda: 8)
    monkeypatch.setattr(launcher, "_process", lambda *arguments: started.append(arguments))
    monkeypatch.setattr(launcher, "_prewarmed", [])
    monkeypatch.setattr(Thread, "start", lambda _: started.append("pages"))
    launcher.warm_up()
    preload.load_other_pages.cache_clear()
    preload.load_other_pages()
    short = setting == "1"
    assert launcher.slots() == (1 if short else 4)
    assert len(started) == (0 if short else 2)
    preload.load_other_pages.cache_clear()
    launcher._prewarmed.clear()
