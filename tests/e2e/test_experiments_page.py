"""Experiments in the browser: what is shipped, and a study of one's own."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from lenet.studies import results
from lenet.studies.folder import StudyFolder
from lenet.studies.presets import STUDY_PRESETS
from tests.e2e.app import App
from tests.e2e.look import Visit, at_rest, choose, download, enter, go, number, title
from tests.small import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]


def open_experiments(app: App, open_tab: Visit, view: str | None = None) -> Page:
    page = open_tab(f"{app.url}/experiments")
    title(page, "Experiments")
    if view:
        choose(page, view)
    return page


def studies(app: App) -> list[StudyFolder]:
    return [StudyFolder(path.parent) for path in app.runs_dir.glob("studies/*/study.json")]


def set_up(page: Page) -> None:
    """Two rates with and without softmax, an epoch each on 10,000 training images."""
    enter(page, "Epochs", 1)
    fields = page.get_by_role("combobox", name="Fields to vary")
    fields.fill("Validation images")
    page.get_by_role("option", name="Validation images").click()
    fields.press("Escape")
    at_rest(page)
    for label, values in (("Validation images", "50000"), ("Learning rate", "0.01, 0.02")):
        box = page.get_by_role("textbox", name=label)
        box.fill(values)
        box.press("Enter")
        at_rest(page)


def cells(page: Page) -> list[str]:
    """The texts of the cells of the study's table."""
    return page.locator("[class*=st-key-study-table] [role=gridcell]").all_text_contents()


def test_a_two_by_two_study_is_built_stopped_resumed_and_seen_to_fill(
    fresh_app: App, open_tab: Visit
) -> None:
    page = open_experiments(fresh_app, open_tab, "Your own")
    set_up(page)
    expect(page.get_by_text("4 variants × 1 seed = 4 runs")).to_be_visible()
    page.get_by_role("button", name="Start", exact=True).click()
    choose(page, "Accuracy")
    none_yet = page.get_by_text("Comes with the first finished run.")
    expect(none_yet.or_(page.locator(".js-plotly-plot")).first).to_be_visible()
    wait_until(lambda: cells(page).count("1/1") >= 1, "the first row is filled")

    page.get_by_role("main").get_by_role("button", name="Stop", exact=True).click()

    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    [folder] = studies(fresh_app)
    assert folder.status().state == "stopped"  # type: ignore[union-attr]
    done = len(folder.study.runs()) - len(folder.unfinished())
    assert 0 < done < 4
    expect(page.get_by_text(f"{done} of 4 runs finished")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    for rows in range(done + 1, 5):
        wait_until(lambda: cells(page).count("1/1") >= rows, "another row is filled")  # noqa: B023
    expect(page.get_by_text("4 of 4 runs finished")).to_be_visible()

    assert folder.unfinished() == []
    found = cells(page)
    for planned in folder.study.runs():
        result = folder.result(planned)
        assert result is not None
        at = found.index(planned.label)
        loss, validation, test = map(float, found[at + 2 : at + 5])
        assert loss == pytest.approx(result.train_loss)
        assert validation == pytest.approx(100 * (result.val_accuracy or 0))
        assert test == pytest.approx(100 * result.test_accuracy)
    assert {(run.config.lr, run.config.softmax) for run in folder.study.runs()} == {
        (lr, softmax) for lr in (0.01, 0.02) for softmax in (True, False)
    }

    for view in ("Curves", "Parallel coordinates"):
        choose(page, view)
        expect(page.locator(".js-plotly-plot").first).to_be_visible()
    page.get_by_role("link", name="Evaluate this").click()
    title(page, "Evaluate")
    best = max(
        (result.val_accuracy or 0, result.test_accuracy)
        for planned in folder.study.runs()
        if (result := folder.result(planned))
    )
    expect(page.get_by_text(f"{best[1]:.2%}", exact=True)).to_be_visible()


def test_shipped_results_are_shown_and_the_best_can_be_trained(app: App, open_tab: Visit) -> None:
    page = open_experiments(app, open_tab)
    for study in STUDY_PRESETS.values():
        choose(page, study.title)
        expect(page.get_by_text(study.expect[:40])).to_be_visible()
        expect(page.get_by_text("What came out:")).to_be_visible()
        expect(page.get_by_text("Shipped results of")).to_be_visible()
    choose(page, "Input size × softmax")
    expect(page.get_by_text("the softmax's floor, 1.4612")).to_be_visible()

    page.get_by_role("link", name="Train this").click()

    title(page, "Train LeNet-5")
    expect(page).to_have_url(re.compile("preset=post"))
    expect(page.get_by_role("combobox", name="Preset")).to_have_value("post")
    expect(number(page, "Batch size")).to_have_value("64")


def test_the_address_names_the_study(app: App, open_tab: Visit) -> None:
    page = open_experiments(app, open_tab, "Input size × softmax")
    expect(page).to_have_url(re.compile(r"/experiments\?study=input-size-softmax$"))
    page.reload()
    expect(page.get_by_role("radio", name="Input size × softmax")).to_be_checked()

    go(page, "Train")
    title(page, "Train LeNet-5")
    expect(page).not_to_have_url(re.compile("study="))
    go(page, "Experiments")
    expect(page.get_by_role("radio", name="Input size × softmax")).to_be_checked()


def test_results_are_exported_as_csv(app: App, open_tab: Visit) -> None:
    page = open_experiments(app, open_tab)
    lines = download(page, "CSV").path().read_text().splitlines()
    shipped = results.bundled("nine-cases")
    assert shipped is not None
    assert lines[0].startswith("label,seed,")
    assert len(lines) == 1 + len(shipped.runs)
    assert json.loads(lines[1].split(",")[1]) == shipped.runs[0].seed
