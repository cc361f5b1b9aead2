"""The address: Back, a reload, and a link in another browser show the same; else it is named."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from lenet.runs.run import Run
from lenet.studies.folder import home_of
from lenet.studies.plan import Study
from lenet.studies.sweep import grid
from tests.e2e.app import App
from tests.e2e.look import Visit, at_rest, choose, enter, go, labels, number, select, tick, title
from tests.e2e.test_inside_page import closeup, look_at, point_at, stage
from tests.e2e.test_train_page import button, has_state
from tests.small import small_config, train

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]

TITLES = {"": "Train LeNet-5", "evaluate": "Evaluate", "predict": "Predict", "inside": "Inside"}


def two_runs(app: App) -> list[Run]:
    """Two finished runs of two epochs, with other settings than the form's."""
    runs = [Run(app.runs_dir / f"20260101-00000{place}-lab-000{place}") for place in range(2)]
    for run in runs:
        train(run, small_config(epochs=2, lr=0.5))
    return runs


def checkpoint(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Checkpoint", exact=True)


def epoch(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Epoch", exact=True)


def back(page: Page, name: str) -> None:
    at_rest(page)
    page.go_back()
    title(page, name)


def test_back_restores_what_was_set(fresh_app: App, open_tab: Visit) -> None:
    page = open_tab(f"{fresh_app.url}/?epochs=7&lr=0.02")
    title(page, TITLES[""])
    go(page, "Predict")
    title(page, "Predict")
    choose(page, "Draw")
    expect(page).to_have_url(re.compile("view=Draw"))
    go(page, "Inside")
    title(page, "Inside")

    back(page, "Predict")
    expect(page).to_have_url(re.compile(r"/predict\?view=Draw$"))
    expect(page.get_by_role("radio", name="Draw")).to_be_checked()
    back(page, TITLES[""])
    expect(page).to_have_url(re.compile(r"/\?(?=.*lr=0\.02)(?=.*epochs=7)[^&]*&[^&]*$"))
    expect(number(page, "Epochs")).to_have_value("7")
    expect(number(page, "Learning rate")).to_have_value("0.02")


def test_what_is_changed_on_a_page_adds_nothing_to_the_way_back(
    fresh_app: App, open_tab: Visit
) -> None:
    page = open_tab(fresh_app.url)
    title(page, TITLES[""])
    go(page, "Predict")
    title(page, "Predict")
    for view in ("Draw", "Upload", "Draw"):
        choose(page, view)

    back(page, TITLES[""])


@pytest.mark.parametrize("path", ["", "evaluate", "predict", "inside", "experiments"])
def test_what_is_not_understood_is_named_each_time(path: str, app: App, open_tab: Visit) -> None:
    page = open_tab(f"{app.url}/{path}")
    title(page, TITLES.get(path, "Experiments"))
    for query in ("colour=red", "picture=x&epoch=-1"):
        page.goto(f"{app.url}/{path}?{query}")
        title(page, TITLES.get(path, "Experiments"))
        ignored = page.get_by_role("alert").filter(has_text="Ignored in the address")
        for name in re.findall(r"(\w+)=", query):
            expect(ignored).to_contain_text(name)
        expect(page).not_to_have_url(re.compile("=red|picture=|=-1"))


def test_a_link_to_a_checkpoint_that_is_not_here_says_so(app: App, open_tab: Visit) -> None:
    page = open_tab(f"{app.url}/predict?checkpoint=20200101-000000-lab-0000&epoch=2")
    title(page, "Predict")

    notice = page.get_by_role("alert").filter(has_text="is not here")
    expect(notice).to_contain_text("20200101-000000-lab-0000")
    expect(checkpoint(page)).to_have_value("fashion-mnist")


def test_train_keeps_the_run_and_those_compared(fresh_app: App, open_tab: Visit) -> None:
    first, second = two_runs(fresh_app)
    page = open_tab(fresh_app.url)
    title(page, TITLES[""])
    select(page, "Run", first.name)
    tick(page, 0)  # the newest
    expect(page).to_have_url(re.compile(f"run={first.id}&compare={second.id}"))
    first.rename("another name")  # the address has the id

    for shown in (page, open_tab(page.url)):
        shown.goto(page.url)
        title(shown, TITLES[""])
        expect(shown.get_by_role("combobox", name="Run", exact=True)).to_have_value("another name")
        expect(labels(shown)).to_have_count(2)


def test_a_run_says_its_settings_and_gives_them_to_the_form(
    fresh_app: App, open_tab: Visit
) -> None:
    two_runs(fresh_app)
    page = open_tab(fresh_app.url)
    title(page, TITLES[""])
    expect(
        page.get_by_text(re.compile("This run: preset lab, epochs 2,.* learning rate 0.5"))
    ).to_be_visible()
    expect(number(page, "Epochs")).to_have_value("3")

    button(page, "Use these settings")

    expect(number(page, "Epochs")).to_have_value("2")
    expect(number(page, "Learning rate")).to_have_value("0.5")
    expect(page).to_have_url(re.compile(r"(?=.*lr=0\.5)(?=.*epochs=2)"))


def test_evaluate_keeps_both_checkpoints_test_set_cell_and_order(
    fresh_app: App, open_tab: Visit
) -> None:
    run, _ = two_runs(fresh_app)
    page = open_tab(f"{fresh_app.url}/evaluate?checkpoint={run.id}&epoch=1")
    title(page, "Evaluate")
    page.get_by_text("Compare two").click()
    select(page, "Checkpoint B", "post")
    choose(page, "by likeness")
    select(page, "Truth", "Coat")
    select(page, "Prediction", "Bag")
    expect(page).to_have_url(re.compile("cell=4%2C8"))

    for shown in (page, open_tab(page.url)):
        shown.goto(page.url)
        title(shown, "Evaluate")
        expect(epoch(shown)).to_have_value("epoch 1")
        for label, value in (("Checkpoint B", "post"), ("Truth", "Coat"), ("Prediction", "Bag")):
            expect(shown.get_by_role("combobox", name=label, exact=True)).to_have_value(value)
        expect(shown.get_by_role("radio", name="by likeness", exact=True)).to_be_checked()
    choose(page, "MNIST")
    expect(page).to_have_url(re.compile("test=MNIST"))
    page.reload()
    title(page, "Evaluate")
    expect(page.get_by_role("radio", name="MNIST", exact=True)).to_be_checked()


def test_inside_keeps_picture_layer_map_and_position(app: App, open_tab: Visit) -> None:
    page = open_tab(f"{app.url}/inside")
    title(page, "Inside")
    enter(page, "Test image", 7)
    look_at(page, "conv1", 3)
    point_at(page, 4, 5, 10)
    expect(page).to_have_url(re.compile("spot=conv1%2C3%2C4%2C5"))

    for shown in (page, open_tab(page.url)):
        shown.goto(page.url)
        title(shown, "Inside")
        expect(number(shown, "Test image")).to_have_value("7")
        expect(closeup(shown)).to_contain_text("Row 4, column 5 of 10×10")
        expect(stage(shown).locator("[data-pick='conv1/3']")).to_have_attribute(
            "aria-pressed", "true"
        )


def test_each_study_of_ones_own_is_listed_and_has_a_link(
    fresh_app: App, open_tab: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LENET_RUNS_DIR", str(fresh_app.runs_dir))
    cells, _ = grid({"epochs": 2}, {"lr": ["0.01", "0.02"]})
    homes = {}
    for seed in range(2):
        study = Study(name="grid", title=f"rates {seed}", cells=tuple(cells), seeds=(seed,))
        homes[f"rates {seed}"] = home_of(study)
        home_of(study).keep(study)
    page = open_tab(f"{fresh_app.url}/experiments?study=grid")
    title(page, "Experiments")

    for name, home in homes.items():
        link = page.get_by_role("link", name=name)
        elsewhere = open_tab(f"{fresh_app.url}/{link.get_attribute('href')}")
        title(elsewhere, "Experiments")
        for _ in range(2):  # a link leads there again after another
            link.click()
            expect(page).to_have_url(re.compile(f"study={home.id}$"))
            expect(link).to_contain_text("radio_button_checked")
            at_rest(page)
            if other := [one for one in homes if one != name]:
                page.get_by_role("link", name=other[0]).click()
                expect(page).to_have_url(re.compile(f"study={homes[other[0]].id}$"))
        expect(elsewhere).to_have_url(re.compile(f"study={home.id}$"))
    page.goto(f"{fresh_app.url}/experiments?study=grid-00000000")
    expect(page.get_by_role("alert").filter(has_text="is not here")).to_contain_text(
        "grid-00000000"
    )


def test_a_finished_run_says_what_now_with_its_checkpoint_in_hand(
    fresh_app: App, open_tab: Visit
) -> None:
    page = open_tab(f"{fresh_app.url}/?epochs=1&val_size=50000&kernel_size=3&pool2=true&padding=0")
    title(page, TITLES[""])
    button(page, "Start")
    has_state(page, "Finished")
    expect(page.get_by_text(re.compile(r"\d\d\.\d%\. What now\?"))).to_be_visible()
    [run] = fresh_app.runs()
    expect(checkpoint(page)).to_have_value(run.name)

    page.get_by_role("link", name="See its mistakes").click()
    title(page, "Evaluate")
    expect(checkpoint(page)).to_have_value(run.name)
    back(page, TITLES[""])
    page.get_by_role("link", name="Draw for it").click()
    title(page, "Predict")
    expect(page.locator("canvas").last).to_be_visible()
    expect(checkpoint(page)).to_have_value(run.name)
