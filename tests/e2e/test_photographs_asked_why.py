"""A photograph that is asked why: which one, and by which weights."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.app import App
from tests.e2e.look import Visit, at_rest, choose, select, title, upload
from tests.e2e.test_address import back, checkpoint
from tests.e2e.test_predict_page import correct, photographs

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]

LOOKED_INTO = re.compile("fashion-mnist-photo is looked into here")


@pytest.fixture
def page(app: App, open_tab: Visit) -> Page:
    opened = open_tab(f"{app.url}/predict")
    title(opened, "Predict")
    return opened


def test_each_of_several_photographs_leads_to_inside(page: Page) -> None:
    choose(page, "Upload")
    for name in ("one.png", "two.png"):
        upload(page, name, photographs()["shirt.png"])
        expect(page.get_by_test_id("stImage").filter(has_text=name)).to_be_visible()
    at_rest(page)
    page.get_by_role("link", name="Why?").first.click()
    title(page, "Inside")
    expect(page.locator(".in-hand")).to_contain_text("Photograph")
    expect(page.locator(".why img")).to_be_visible()


def test_inside_looks_into_the_weights_that_answered_and_the_hand_stays(page: Page) -> None:
    correct(page)
    expect(page.get_by_text("Answered by fashion-mnist-photo")).to_be_visible()
    at_rest(page)
    page.get_by_role("link", name="Why?").click()
    title(page, "Inside")
    expect(page).to_have_url(re.compile("by=fashion-mnist-photo"))
    expect(page.get_by_text(LOOKED_INTO)).to_be_visible()
    expect(checkpoint(page)).to_have_value("fashion-mnist")
    page.reload()
    title(page, "Inside")
    expect(page.get_by_text(LOOKED_INTO)).to_be_visible()

    page.get_by_role("button", name="Look into the one in hand").click()
    at_rest(page)
    expect(page.get_by_text(LOOKED_INTO)).to_have_count(0)
    expect(page).not_to_have_url(re.compile("by="))
    back(page, "Predict")
    page.get_by_role("link", name="Why?").first.click()
    title(page, "Inside")
    select(page, "Checkpoint", "post")
    expect(page.get_by_text(LOOKED_INTO)).to_have_count(0)
