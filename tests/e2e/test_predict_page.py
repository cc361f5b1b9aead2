"""Predicting in the browser: samples, a drawing, a photograph."""

import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageDraw
from playwright.sync_api import Locator, Page, expect

from tests.e2e.app import App
from tests.e2e.look import (
    DRAWINGS,
    Visit,
    answers,
    at_rest,
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
def page(app: App, open_tab: Visit) -> Page:
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


def names(page: Page) -> list[str]:
    """Which five pictures they are."""
    found: list[str] = samples(page).evaluate_all("pictures => pictures.map(one => one.alt)")
    return found


def test_five_samples_are_shown_in_true_grayscale_with_their_bars(page: Page) -> None:
    for picture in samples(page).all():
        pixels = bytes_of(picture)
        assert is_gray(pixels), "the file has a colour"
        assert pixels.max() > 100, "the picture is black"
        assert is_gray(screen_of(picture)), "the screen shows a colour"
    expect(answers(page)).to_have_count(5)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("T-shirt", "T-shirt/top"), ("Trousers", "Trouser"), ("Sneaker", "Sneaker"), ("Bag", "Bag")],
)
def test_a_drawing_with_the_mouse_is_recognised(page: Page, name: str, expected: str) -> None:
    choose(page, "Draw")
    draw(page, DRAWINGS[name])

    assert read_answer(page) == expected


def test_a_stroke_is_answered_without_the_wait_of_the_canvas(page: Page) -> None:
    choose(page, "Draw")
    draw(page, DRAWINGS["T-shirt"])
    read_answer(page)
    seen = page.get_by_test_id("stImage").filter(has_text="What the network sees").locator("img")
    first = seen.get_attribute("src")
    assert first
    page.evaluate(
        """() => {
          const later = window.setTimeout;
          window.setTimeout = (what, wait, ...rest) =>
            wait === 200 ? 0 : later(what, wait, ...rest);
        }"""
    )

    draw(page, (((0.1, 0.1), (0.9, 0.9)),))

    expect(seen).not_to_have_attribute("src", first)


def test_a_finger_draws_on_a_phone_without_moving_the_page(app: App, open_tab: Visit) -> None:
    page = open_tab(f"{app.url}/predict?view=Draw")
    page.set_viewport_size({"width": 390, "height": 844})
    title(page, "Predict")
    canvas = page.locator("canvas").last
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    scrolled = "() => document.querySelector('[data-testid=stMain]').scrollTop"
    before = page.evaluate(scrolled)
    finger = page.context.new_cdp_session(page)
    [stroke] = DRAWINGS["T-shirt"]
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]

    for number, (x, y) in enumerate(places):
        kind = "touchMove" if number else "touchStart"
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    assert read_answer(page) == "T-shirt/top"
    assert page.evaluate(scrolled) == before


def test_a_stroke_is_undone_redone_and_erased(page: Page) -> None:
    choose(page, "Draw")
    empty = page.get_by_text("Draw a piece of clothing")
    draw(page, DRAWINGS["T-shirt"])
    assert read_answer(page) == "T-shirt/top"

    for tool, there in (("Undo", False), ("Redo", True)):
        page.locator("canvas").last.hover()
        page.get_by_role("button", name=tool, exact=True).click()
        expect(answers(page)).to_have_count(int(there))
        expect(empty).to_have_count(int(not there))
    assert read_answer(page) == "T-shirt/top"

    choose(page, "Eraser")
    draw(page, DRAWINGS["T-shirt"])
    expect(empty).to_be_visible()
    expect(answers(page)).to_have_count(0)


def test_an_address_shows_the_same_images_again(page: Page, open_tab: Visit) -> None:
    for _ in range(2):  # as it is on the first visit, and after other images were asked for
        shown = names(page)

        other = open_tab(page.url)

        title(other, "Predict")
        assert names(other) == shown
        page.get_by_role("button", name="Other images").click()
        expect(page).to_have_url(re.compile(r"[?&]sample_seed=\d+(&|$)"))
        at_rest(page)


def test_a_very_tall_picture_takes_no_more_room_than_others(page: Page) -> None:
    choose(page, "Upload")
    tall = Image.new("L", (60, 4000), 220)
    tall.paste(20, (20, 500, 40, 3500))
    upload(page, "tall.png", packed(tall, "PNG"))
    read_answer(page)
    for picture in page.get_by_test_id("stImage").locator("img").all():
        box = picture.bounding_box()
        assert box
        assert box["height"] <= 2.1 * box["width"]


def test_an_example_loads_with_a_click_can_be_drawn_on_and_gives_way(page: Page) -> None:
    choose(page, "Draw")
    page.get_by_role("button", name="Dress", exact=True).click()
    assert read_answer(page) == "Dress"
    seen = page.get_by_test_id("stImage").filter(has_text="What the network sees").locator("img")
    before = seen.get_attribute("src")

    draw(page, (((0.05, 0.05), (0.95, 0.05)),))

    expect(seen).not_to_have_attribute("src", before or "")
    with page.expect_download() as download:
        page.get_by_role("button", name="Keep as PNG").click()
    kept = np.array(Image.open(download.value.path()).convert("L"))
    assert kept.shape == (280, 280)
    assert kept[10:18, 20:260].max() == 255, "the line is not in the file"

    page.get_by_role("button", name="Empty canvas").click()

    expect(page.get_by_text("Draw a piece of clothing")).to_be_visible()
    expect(answers(page)).to_have_count(0)


def test_only_mistakes_of_a_class_are_shown(page: Page) -> None:
    page.get_by_role("button", name="Which").click()
    page.get_by_role("combobox", name="Class").click()
    page.get_by_role("option", name="Shirt", exact=True).click()
    page.get_by_text("Only mistakes").click()
    page.keyboard.press("Escape")

    expect(page.get_by_text("Truth: Shirt.")).to_have_count(5)
    expect(page.get_by_text("Right.")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"[?&]mistakes=true(&|$)"))
    with page.expect_download() as download:
        page.get_by_role("button", name="Sheet").click()
    assert Image.open(download.value.path()).mode == "L"


def test_pictures_of_every_kind_are_read_alike(page: Page) -> None:
    choose(page, "Upload")
    said = set()
    for name, content in photographs().items():
        upload(page, name, content)
        expect(page.get_by_text(name, exact=True).last).to_be_visible()
        expect(page.get_by_test_id("stImage").filter(has_text=name)).to_be_visible()
        said.add(read_answer(page))
    assert said == {"T-shirt/top"}


def test_dark_on_light_is_detected_and_can_be_overruled(page: Page) -> None:
    choose(page, "Upload")
    upload(page, "shirt.png", photographs()["shirt.png"])
    expect(page.get_by_text("Detected: dark on light")).to_be_visible()
    seen = page.get_by_test_id("stImage").filter(has_text="What the network sees").locator("img")
    before = seen.get_attribute("src")

    choose(page, "Light on dark")

    expect(seen).not_to_have_attribute("src", before or "")
    expect(page.get_by_text("Detected:")).to_have_count(0)


def test_bad_files_get_one_sentence_each(page: Page) -> None:
    choose(page, "Upload")
    whole = photographs()["shirt.png"]
    bad = {
        "notes.txt": b"These are notes, not a picture.\n",
        "empty.pdf": b"",
        "half.png": whole[: len(whole) // 2],
        "blank.png": packed(Image.new("L", (50, 50), 200), "PNG"),
    }
    for name, content in bad.items():
        upload(page, name, content)
        complaint = page.get_by_role("alert").get_by_role("paragraph")
        expect(complaint).to_have_text(re.compile(rf"{re.escape(name)}.*\w\.$"))
        expect(page.get_by_test_id("stFileChip")).to_have_count(1)
        expect(answers(page)).to_have_count(0)


def upload(page: Page, name: str, content: bytes) -> None:
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )


def photographs() -> dict[str, bytes]:
    """One picture, a red T-shirt on a pale table, in every kind of file by name."""
    side = 400
    picture = Image.new("RGB", (side, side), (225, 222, 210))
    [stroke] = DRAWINGS["T-shirt"]
    outline = [(40 + 0.8 * side * x, 40 + 0.8 * side * y) for x, y in stroke]
    ImageDraw.Draw(picture).polygon(outline, fill=(150, 40, 45))
    sideways = Image.Exif()
    sideways[ExifTags.Base.Orientation] = 6  # to be turned by a quarter to the right
    clear = picture.convert("RGBA")
    clear.putalpha(picture.convert("L").point(lambda level: 255 * (level < 150)))
    return {
        "shirt.png": packed(picture, "PNG"),
        "shirt.jpg": packed(picture, "JPEG"),
        "turned.jpg": packed(picture.rotate(90), "JPEG", exif=sideways),
        "shirt.webp": packed(picture, "WEBP"),
        "shirt.bmp": packed(picture, "BMP"),
        "palette.gif": packed(picture, "GIF"),
        "clear.png": packed(clear, "PNG"),
    }


def packed(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()
