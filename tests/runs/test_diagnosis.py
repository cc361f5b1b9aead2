"""What is said of a run, on real runs that were recorded; see `tests.runs.cases`."""

import pytest

from lenet.config import build_config
from lenet.runs.diagnosis import FEWEST, what_happened
from lenet.runs.history import History
from tests.runs.cases import CASES, case


@pytest.mark.parametrize(
    ("name", "at", "words", "settings"),
    [
        ("diverged", 0, "diverged", {"lr": 0.5}),
        ("nothing learned", 0, "Nothing was learned", {"lr": 0.1}),
        ("too high", 0, "is too high", {"lr": 0.05}),
        ("too low", 0, "is too low", {"lr": 0.005}),
        ("dead", 1, "units of fc3 are dead", {"activation": "leaky_relu"}),
        ("saturated", 1, "are saturated", {"batch_norm": True}),
        ("class given up", 0, "given up on", {"softmax": False}),
        ("softmax floor", 0, "cannot fall below 1.4612", {"softmax": False}),
        ("over-fitting", 0, "by heart", {"epochs": 4}),
    ],
)
def test_says_what_went_wrong_and_what_to_try(
    name: str, at: int, words: str, settings: dict[str, object]
) -> None:
    config, history = case(name)
    finding = what_happened(config, history)[at]
    assert words in finding.text
    assert any(character.isdigit() for character in finding.text) or name == "class given up"
    assert finding.settings == settings
    assert finding.warns
    assert finding.in_vain == (name in ("diverged", "nothing learned"))
    build_config({**config.model_dump(), **settings})


def test_warns_of_nothing_in_a_run_of_the_lab_preset_and_reassures() -> None:
    found = what_happened(*case("lab"))
    assert [finding.warns for finding in found] == [False, False]
    assert "label smoothing" in found[0].text
    assert "still rising" in found[1].text


def test_says_that_more_epochs_would_help() -> None:
    [finding] = what_happened(*case("rising"))
    assert finding.settings == {"epochs": 4}
    assert not finding.warns


def test_training_that_failed_for_its_loss_has_diverged() -> None:
    config, _ = case("diverged")
    [finding] = what_happened(config, History(), failed=True)
    assert finding.settings == {"lr": 0.5}


@pytest.mark.parametrize("name", list(CASES))
def test_is_silent_where_little_is_known(name: str) -> None:
    config, history = case(name)
    assert what_happened(config, History()) == []
    early = History(history.steps, history.epochs, probes=history.probes[: FEWEST - 1])
    assert what_happened(config, early) == []
    without = [
        {**event, "recalls": [], "update_ratios": {}, "idle": {}} for event in history.probes
    ]
    blank = [{**event, "val_loss": None, "val_accuracy": None} for event in without]
    for probes in (without, blank):
        what_happened(config, History(history.steps, history.epochs, probes=probes))
