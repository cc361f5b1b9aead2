"""Number fields: what one shows is what is used, or a sentence names the field."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.app import App
from tests.e2e.look import choose, enter, more_settings, number, title
from tests.e2e.test_train_page import button, open_train, press_start

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]


def is_refused(page: Page, label: str, value: str) -> None:
    """Type a number that cannot be: it stays in the field, and a sentence names the field."""
    enter(page, label, value)
    complaint = page.get_by_role("alert").filter(has_text=f"{label} must be")
    expect(complaint).to_contain_text(f"not {value}")
    expect(number(page, label)).to_have_value(value)


def test_train_starts_what_its_fields_show_or_nothing(
    fresh_app: App, open_tab: Callable[[str], Page]
) -> None:
    page = open_train(fresh_app, open_tab, "?epochs=50&schedule=constant")
    more_settings(page, "Data")
    start = page.get_by_role("button", name="Start", exact=True)
    for label, value in (
        ("Epochs", "999999"),
        ("Epochs", "0"),
        ("Epochs", "1.5"),
        ("Epochs", "100000000000000000000"),
        ("Validation images", "58000"),
        ("Learning rate", "11"),
    ):
        is_refused(page, label, value)
        expect(start).to_be_disabled()
        enter(page, label, {"Epochs": "50", "Learning rate": "0.00007"}.get(label, "12e3"))
        expect(start).to_be_enabled()

    expect(number(page, "Validation images")).to_have_value("12000")
    number(page, "Epochs").fill("999999")
    start.click()  # at once: the value comes with the click
    expect(start).to_be_disabled()
    enter(page, "Epochs", 50)
    press_start(page)

    shown = page.get_by_test_id("stMetric").filter(has_text="Learning rate")
    expect(shown).to_contain_text("0.00007")
    [run] = fresh_app.runs()
    assert (run.config().epochs, run.config().val_size) == (50, 12000)
    assert run.config().lr == 0.00007

    button(page, "Learning rate")
    is_refused(page, "New learning rate", "11")
    apply = page.get_by_role("button", name="Apply", exact=True)
    expect(apply).to_be_disabled()
    enter(page, "New learning rate", "0.002")
    expect(apply).to_be_enabled()
    number(page, "New learning rate").fill("11")
    apply.click()
    expect(apply).to_be_disabled()
    assert run.asked().lr is None


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("predict", {"Images": "25", "Seed": "1.5"}),
        ("inside", {"Test image": "20000"}),
        ("experiments", {"Epochs": "5000", "Seeds for each variant": "1.5"}),
    ],
)
def test_other_pages_name_the_field_too(
    path: str, fields: dict[str, str], app: App, open_tab: Callable[[str], Page]
) -> None:
    page = open_tab(f"{app.url}/{path}")
    title(page, path.capitalize())
    if path == "predict":
        button(page, "Which images")
    if path == "experiments":
        choose(page, "Your own")
    for label, value in fields.items():
        before = number(page, label).input_value()
        is_refused(page, label, value)
        enter(page, label, before)
        expect(page.get_by_role("alert").filter(has_text="must be")).to_have_count(0)


def test_a_reload_keeps_a_number_that_cannot_be_and_names_its_field(
    app: App, open_tab: Callable[[str], Page]
) -> None:
    page = open_train(app, open_tab)
    is_refused(page, "Epochs", "999999")
    expect(page).to_have_url(f"{app.url}/?epochs=999999")

    page.reload()

    title(page, "Train LeNet-5")
    expect(page.get_by_role("alert").filter(has_text="Epochs must be")).to_be_visible()
    expect(number(page, "Epochs")).to_have_value("999999")
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_disabled()
    enter(page, "Epochs", 4)
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_enabled()
