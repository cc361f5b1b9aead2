"""Files that a process makes while a page waits: the map by t-SNE, as a visitor meets it."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lenet.paths import cache_dir
from soak.lab import small_lab, sound, visit
from tests.small import wait_until

UNTIL = "Until it is there, the map by PCA:"


def captions(app: AppTest) -> list[str]:
    return [str(caption.value) for caption in sound(app).caption]


@pytest.mark.slow
def test_a_map_is_made_in_the_background_while_another_is_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with small_lab():
        visit("pages/evaluate.py")  # only then can what draws the map be imported
        monkeypatch.setattr("lenet.ui.evaluate.image_map.SHIPPED", tmp_path)
        app = visit("pages/evaluate.py", part="map")
        assert UNTIL in captions(app)
        wait_until(lambda: list((cache_dir() / "maps").glob("*.npy")), "the map is there")
        assert UNTIL not in captions(app.run())
        assert not app.error


def waiting(output: str) -> None:
    from pathlib import Path  # the function is run as a script

    import numpy as np
    import streamlit as st

    from lenet.ui.background import is_made

    st.session_state["arrivals"] = 1
    is_made(Path(output), "tests.no_such_module", 10, lambda: np.zeros(1))


@pytest.mark.slow
def test_a_failure_is_said_and_can_be_tried_again(tmp_path: Path) -> None:
    app = AppTest.from_function(waiting, args=(str(tmp_path / "made.npy"),)).run()
    log = tmp_path / "made.log"
    wait_until(lambda: "No module named" in log.read_text(), "it has failed")

    wait_until(lambda: app.run().error, "that is said")
    [again] = app.button
    again.click().run()

    assert not app.exception
    assert "made.log says why" in wait_until(lambda: app.run().error, "said again")[0].value
