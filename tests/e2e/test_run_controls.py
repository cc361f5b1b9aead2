"""Runs in the browser: paused, steered, killed and resumed, queued, compared, shared."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from lenet.runs import launcher
from lenet.runs.history import History, read_history
from lenet.runs.run import Control, Run
from tests.e2e.app import App, serve
from tests.e2e.look import (
    Visit,
    enter,
    go,
    labels,
    number,
    select,
    tick,
    title,
    watched_tabs,
)
from tests.e2e.test_train_page import (
    button,
    grows,
    has_state,
    open_train,
    press_start,
    press_stop,
    step,
)
from tests.small import holder, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]

QUICK = "?epochs=1&val_size=50000&kernel_size=3&pool2=1&padding=0"
"""A run of 79 steps, a few seconds with the validation."""


def recorded(run: Run) -> History:
    return read_history(run.metrics_file)


def test_start_pause_continue_stop_resume(fresh_app: App, open_tab: Visit) -> None:
    page = open_train(fresh_app, open_tab)
    enter(page, "Epochs", 20)
    press_start(page)
    has_state(page, "Training")
    [run] = fresh_app.runs()
    assert run.config().epochs == 20
    expect(page.get_by_role("combobox", name="Run")).to_have_value(re.compile("^lab"))

    button(page, "Pause")
    has_state(page, "Paused")
    assert run.status().state == "paused"
    button(page, "Continue")
    has_state(page, "Training")
    grows(page)
    press_stop(page)
    assert run.status().state == "stopped"
    steps = len(recorded(run))
    assert 0 < step(page) < run.status().total_steps
    button(page, "Resume")
    has_state(page, "Training")

    wait_until(lambda: len(recorded(run)) > steps, "the run goes on")
    assert list(recorded(run).steps["step"][: steps + 1]) == list(range(1, steps + 2))
    press_stop(page)


def test_a_change_of_the_learning_rate_is_recorded_and_drawn(
    fresh_app: App, open_tab: Visit
) -> None:
    page = open_train(fresh_app, open_tab, "?epochs=20&schedule=constant")
    press_start(page)
    [run] = fresh_app.runs()

    button(page, "Learning rate")
    field = number(page, "New learning rate")
    field.fill("0.002")  # and applied at once: the value comes with the click
    button(page, "Apply")
    expect(field).to_be_hidden()

    wait_until(lambda: recorded(run).lr_changes, "the change is recorded")
    assert recorded(run).lr_changes[0]["lr_set"] == 0.002
    wait_until(lambda: recorded(run).last("lr") == 0.002, "the next steps use it")
    expect(page.locator(".js-plotly-plot").get_by_text("lr 0.002")).to_be_visible()
    press_stop(page)


def test_a_killed_run_shows_as_crashed_and_resumes(fresh_app: App, open_tab: Visit) -> None:
    page = open_train(fresh_app, open_tab, QUICK.replace("epochs=1", "epochs=3"))
    button(page, "Start")
    wait_until(fresh_app.runs, "the run is there")
    [run] = fresh_app.runs()
    wait_until(run.checkpoints, "the first epoch is saved")
    run.ask(Control("pause"))  # it must not end before it is killed
    wait_until(lambda: run.status().state == "paused", "it rests")

    holder(run).kill()
    has_state(page, "Crashed")
    expect(page.get_by_role("alert").filter(has_text="was ended from outside")).to_be_visible()
    expect(page.get_by_text(re.compile("FashionMNIST: |epoch 1: loss"))).to_have_count(0)
    button(page, "Resume")

    has_state(page, "Finished")
    assert [event["epoch"] for event in recorded(run).epochs] == [1, 2, 3]
    assert list(recorded(run).steps["step"]) == list(range(1, 3 * 79 + 1))


def test_a_run_outlives_its_tab_and_its_server(browser: Browser, tmp_path: Path) -> None:
    with serve(tmp_path) as first:
        with watched_tabs(browser) as visit:
            press_start(open_train(first, visit, "?epochs=50"))
        [run] = first.runs()
        first.process.kill()
        first.process.wait()
    try:
        with serve(tmp_path) as second, watched_tabs(browser) as visit:
            page = open_train(second, visit)
            has_state(page, "Training")
            grows(page)
            press_stop(page)
    finally:
        if run.live:
            holder(run).kill()


def test_a_second_run_waits_its_turn_and_both_are_compared(fresh_app: App, open_tab: Visit) -> None:
    page = open_train(fresh_app, open_tab, "?epochs=50")
    press_start(page)
    other = open_train(fresh_app, open_tab, QUICK)
    button(other, "Start")
    has_state(other, "Queued, place 1 of 1")
    button(other, "Cancel")
    has_state(other, "Stopped")
    first, second = fresh_app.runs()
    assert (first.status().state, second.status().state) == ("running", "stopped")
    button(other, "Resume")
    has_state(other, "Queued, place 1 of 1")

    press_stop(page)

    has_state(other, "Finished")
    tick(other, 1)
    expect(labels(other)).to_have_count(2)


def test_a_run_is_renamed_while_it_trains(fresh_app: App, open_tab: Visit) -> None:
    page = open_train(fresh_app, open_tab, "?epochs=50")
    press_start(page)
    [run] = fresh_app.runs()
    first_name = run.name
    page.locator("summary", has_text="This run").click()

    for entered, name in (("for the demo", "for the demo"), ("", first_name)):
        field = page.get_by_role("textbox", name="Name", exact=True)
        field.fill(entered)
        field.press("Enter")
        expect(page.get_by_role("combobox", name="Run")).to_have_value(name)
        expect(page.locator("[role=gridcell]", has_text=name).first).to_be_attached()
        expect(field).to_have_value(name)
        assert run.name == name
    grows(page)
    press_stop(page)


def test_the_best_checkpoint_is_promoted_and_offered(browser: Browser, tmp_path: Path) -> None:
    promoted = tmp_path / "promoted"
    with (
        serve(tmp_path, LENET_CHECKPOINTS_DIR=str(promoted)) as app,
        watched_tabs(browser) as visit,
    ):
        page = open_train(app, visit, QUICK)
        button(page, "Start")
        has_state(page, "Finished")
        [run] = app.runs()
        page.locator("summary", has_text="This run").click()
        button(page, "Offer to all")
        name = page.get_by_test_id("stPopoverBody").get_by_role("textbox", name="Name")
        for entered, answer in (("../wicked", "no name for a checkpoint"), ("mine", "Saved as")):
            name.fill(entered)
            name.press("Enter")
            page.get_by_test_id("stPopoverBody").get_by_role("button", name="Offer to all").click()
            expect(page.get_by_test_id("stAlert").filter(has_text=answer)).to_be_visible()

        assert {path.name for path in promoted.iterdir()} == {"mine.md", "mine.pt"}
        assert launcher.command_line(run.config()) in (promoted / "mine.md").read_text()
        go(page, "Evaluate")
        title(page, "Evaluate")
        select(page, "Checkpoint", "mine")
        expect(page.get_by_role("combobox", name="Checkpoint")).to_have_value("mine")


def test_a_double_click_starts_one_run_and_its_wicked_name_is_text_until_it_is_deleted(
    fresh_app: App, open_tab: Visit
) -> None:
    page = open_train(fresh_app, open_tab, QUICK)
    page.get_by_role("button", name="Start", exact=True).dblclick()
    has_state(page, "Finished")
    [run] = fresh_app.runs()
    run.rename("<img src=x onerror=alert(1)>")
    page.reload()
    title(page, "Train LeNet-5")
    expect(page.locator("img[src=x]")).to_have_count(0)

    page.locator("summary", has_text="This run").click()
    expect(page.get_by_text("python -m lenet --mode train --preset")).to_be_visible()
    button(page, "Delete")
    button(page, "Delete for good")

    expect(page.get_by_text("An example, recorded earlier")).to_be_visible()
    assert fresh_app.runs() == []
