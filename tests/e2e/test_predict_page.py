"""Predicting in the browser: samples, a drawing, a photograph."""

import io
import re
from collections.abc import Callable

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page, expect

from tests.e2e.app import App
from tests.e2e.look import (
    CLASSES,
    T_SHIRT,
    answers,
    bytes_of,
    choose,
    draw,
    is_gray,
    read_answer,
    screen_of,
    title,
)

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]


@pytest.fixture
def page(app: App, open_tab: Callable[[str], Page]) -> Page:
    opened = open_tab(f"{app.url}/predict")
    title(opened, "Predict")
    samples(opened)
    return opened


def samples(page: Page) -> Locator:
    """The five pictures, all loaded."""
    pictures = page.get_by_role("main").locator("img[alt^='Test image']")
    expect(pictures).to_have_count(5)
    pictures.evaluate_all("pictures => Promise.all(pictures.map(picture => picture.decode()))")
    return pictures


def test_five_samples_are_shown_in_true_grayscale_with_their_bars(page: Page) -> None:
    for picture in samples(page).all():
        pixels = bytes_of(picture)
        assert is_gray(pixels), "the file has a colour"
        assert pixels.max() > 100, "the picture is black"
        assert is_gray(screen_of(picture)), "the screen shows a colour"
    expect(answers(page)).to_have_count(5)


def test_five_others_are_others(page: Page) -> None:
    before = samples(page).evaluate_all("pictures => pictures.map(picture => picture.alt)")

    page.get_by_role("button", name="Five others").click()

    expect(page.get_by_alt_text(before[0], exact=True)).to_have_count(0)
    after = samples(page).evaluate_all("pictures => pictures.map(picture => picture.alt)")
    assert len(set(after)) == 5
    assert set(after) != set(before)


def test_an_empty_canvas_asks_for_a_drawing(page: Page) -> None:
    choose(page, "Draw")

    expect(page.get_by_text("Draw a piece of clothing")).to_be_visible()
    expect(page.locator("canvas").first).to_be_visible()
    expect(answers(page)).to_have_count(0)


def test_a_t_shirt_drawn_with_the_mouse_is_read(page: Page) -> None:
    choose(page, "Draw")
    draw(page, T_SHIRT)

    assert read_answer(page) in CLASSES


def test_a_photograph_is_read(page: Page) -> None:
    choose(page, "Upload")
    upload(page, "shirt.png", photograph())

    assert read_answer(page) in CLASSES


def test_a_text_file_called_png_gets_one_sentence(page: Page) -> None:
    choose(page, "Upload")
    upload(page, "notes.png", b"These are notes, not a picture.\n")

    complaint = page.get_by_role("alert").get_by_role("paragraph")
    expect(complaint).to_have_text(re.compile(r"^notes\.png is not [^.]+\.$"))
    expect(answers(page)).to_have_count(0)


def upload(page: Page, name: str, content: bytes) -> None:
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "image/png", "buffer": content}
    )


def photograph() -> bytes:
    """A red T-shirt on a pale table, as PNG."""
    side = 400
    picture = Image.new("RGB", (side, side), (225, 222, 210))
    outline = [(40 + 0.8 * side * x, 40 + 0.8 * side * y) for x, y in T_SHIRT]
    ImageDraw.Draw(picture).polygon(outline, fill=(150, 40, 45))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
