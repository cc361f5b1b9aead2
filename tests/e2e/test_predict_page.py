"""Predicting in the browser: samples, a drawing, a photograph."""

import re

import numpy as np
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page, expect

from tests.drawing.pictures import CLOTH, OTHER, encode, scene
from tests.e2e.app import App
from tests.e2e.look import (
    DRAWINGS,
    NOT_SURE,
    UNSURE,
    Visit,
    answers,
    at_rest,
    box_of,
    bytes_of,
    choose,
    download,
    draw,
    is_gray,
    places,
    read_answer,
    screen_of,
    seen,
    select,
    title,
    unfold,
    upload,
)

CAT = (
    (
        *((0.25, 0.35), (0.2, 0.1), (0.4, 0.25), (0.6, 0.25), (0.8, 0.1), (0.75, 0.35)),
        *((0.8, 0.6), (0.65, 0.8), (0.5, 0.85), (0.35, 0.8), (0.2, 0.6), (0.25, 0.35)),
    ),
    ((0.37, 0.45), (0.38, 0.47)),
    ((0.62, 0.45), (0.63, 0.47)),
    ((0.46, 0.58), (0.54, 0.58), (0.5, 0.63), (0.46, 0.58)),
    ((0.4, 0.6), (0.05, 0.55)),
    ((0.4, 0.65), (0.05, 0.72)),
    ((0.6, 0.6), (0.95, 0.55)),
    ((0.6, 0.65), (0.95, 0.72)),
)
"""Its face: ears, eyes, nose and whiskers."""

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


def test_of_a_cat_it_is_unsure_and_says_so(page: Page) -> None:
    choose(page, "Draw")
    draw(page, CAT)

    nearest = read_answer(page)
    expect(page.get_by_role("heading", name=NOT_SURE, exact=True)).to_be_visible()
    expect(page.get_by_text(f"{UNSURE}{nearest}")).to_be_visible()


def test_a_stroke_is_answered_without_the_wait_of_the_canvas(page: Page) -> None:
    choose(page, "Draw")
    draw(page, DRAWINGS["T-shirt"])
    read_answer(page)
    first = seen(page).get_attribute("src") or "none"
    page.evaluate(
        """() => {
          const later = window.setTimeout;
          window.setTimeout = (what, wait, ...rest) =>
            wait === 200 ? 0 : later(what, wait, ...rest);
        }"""
    )

    draw(page, (((0.1, 0.1), (0.9, 0.9)),))

    expect(seen(page)).not_to_have_attribute("src", first)


def test_a_finger_draws_on_a_phone_without_moving_the_page(app: App, open_tab: Visit) -> None:
    page = open_tab(f"{app.url}/predict?view=Draw")
    page.set_viewport_size({"width": 390, "height": 844})
    title(page, "Predict")
    box = box_of(page.locator("canvas").last)
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    scrolled = "() => document.querySelector('[data-testid=stMain]').scrollTop"
    before = page.evaluate(scrolled)
    finger = page.context.new_cdp_session(page)
    [stroke] = DRAWINGS["T-shirt"]

    for number, (x, y) in enumerate(places(page, stroke)):
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

    for key, there in (("Control+z", False), ("Control+Shift+z", True)):
        page.keyboard.press(key)
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
    upload(page, "tall.png", encode(tall, "PNG"))
    read_answer(page)
    for picture in page.get_by_test_id("stImage").locator("img").all():
        box = box_of(picture)
        assert box["height"] <= 2.1 * box["width"]


def test_an_example_loads_with_a_click_can_be_drawn_on_and_gives_way(page: Page) -> None:
    choose(page, "Draw")
    page.get_by_role("button", name="Dress", exact=True).click()
    assert read_answer(page) == "Dress"
    before = seen(page).get_attribute("src") or "none"

    draw(page, (((0.05, 0.05), (0.95, 0.05)),))

    expect(seen(page)).not_to_have_attribute("src", before)
    at_rest(page)
    kept = np.array(Image.open(download(page, "Save as PNG").path()).convert("L"))
    assert kept.shape == (600, 600)
    assert kept[22:38, 45:555].max() == 255, "the line is not in the file"

    page.get_by_role("button", name="Clear", exact=True).click()

    expect(page.get_by_text("Draw a piece of clothing")).to_be_visible()
    expect(answers(page)).to_have_count(0)


def test_only_mistakes_of_a_class_are_shown(page: Page) -> None:
    page.get_by_role("button", name="Which images").click()
    select(page, "Class", "Shirt")
    page.get_by_text("Only mistakes").click()
    page.keyboard.press("Escape")

    expect(page.get_by_text("Truth: Shirt", exact=True)).to_have_count(5)
    expect(page.get_by_role("img", name="right", exact=True)).to_have_count(0)
    expect(page).to_have_url(re.compile(r"[?&]mistakes=true(&|$)"))
    assert Image.open(download(page, "Save as PNG").path()).mode == "L"


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
    before = seen(page).get_attribute("src") or "none"

    choose(page, "Light on dark")

    expect(seen(page)).not_to_have_attribute("src", before)
    expect(page.get_by_text("Detected:")).to_have_count(0)


def test_bad_files_get_one_sentence_each(page: Page) -> None:
    choose(page, "Upload")
    whole = photographs()["shirt.png"]
    bad = {
        "notes.txt": b"These are notes, not a picture.\n",
        "empty.pdf": b"",
        "half.png": whole[: len(whole) // 2],
        "blank.png": encode(Image.new("L", (50, 50), 200), "PNG"),
    }
    for name, content in bad.items():
        upload(page, name, content)
        complaint = page.get_by_role("alert").get_by_role("paragraph")
        expect(complaint).to_have_text(re.compile(rf"{re.escape(name)}.*\w\.$"))
        expect(answers(page)).to_have_count(0)
        at_rest(page)
        assert page.get_by_test_id("stFileChip").count() <= 1
    upload(page, "shirt.png", whole)
    expect(answers(page)).to_have_count(1)
    expect(page.get_by_role("alert")).to_have_count(0)


def shown_as_found(page: Page) -> np.ndarray:
    """The mask among the steps."""
    return bytes_of(page.get_by_test_id("stImage").filter(has_text="What was found").locator("img"))


def correct(page: Page) -> None:
    """Upload a photograph of a large and a small shirt, and go to correct what was found."""
    choose(page, "Upload")
    image, _ = scene((20, 20, 240, CLOTH), (280, 280, 110, OTHER))
    upload(page, "two.png", encode(image, "PNG"))
    expect(page.get_by_text("2 things found, the largest is taken")).to_be_visible()
    assert shown_as_found(page)[220:].max() == 0
    page.get_by_text("Correct what was found").click()
    expect(page.locator("canvas").last).to_be_visible()
    at_rest(page)


@pytest.mark.parametrize("finger", [False, True])
def test_a_tap_takes_a_thing_in(page: Page, finger: bool) -> None:
    correct(page)
    [(x, y)] = places(page, ((0.84, 0.84),))
    if finger:
        touch = page.context.new_cdp_session(page)
        for kind, points in (("touchStart", [{"x": x, "y": y}]), ("touchEnd", [])):
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    else:
        page.mouse.click(x, y)

    expect(page.get_by_text("2 things found")).to_have_count(0)
    at_rest(page)
    assert shown_as_found(page)[220:].max() == 255


def test_a_box_is_dragged_around_the_other_thing(page: Page) -> None:
    correct(page)
    choose(page, "Box")
    draw(page, (((0.68, 0.68), (0.99, 0.99)),))

    expect(page.get_by_text("2 things found")).to_have_count(0)
    at_rest(page)
    found = shown_as_found(page)
    assert found[220:].max() == 255
    assert found[:150].max() == 0


def test_the_camera_takes_a_picture(app: App, open_tab: Visit) -> None:
    page = open_tab(f"{app.url}/predict?view=Upload")
    page.context.grant_permissions(["camera"])
    title(page, "Predict")
    page.get_by_text("Camera", exact=True).click()
    page.wait_for_function("() => document.querySelector('video')?.videoWidth > 0")
    page.get_by_role("button", name="Take Photo").click()

    read_answer(page)
    expect(page.get_by_text("Detected: dark on light")).to_be_visible()


def test_a_picture_is_pasted(page: Page) -> None:
    choose(page, "Upload")
    page.evaluate(
        """async () => {
          const canvas = new OffscreenCanvas(200, 200), pen = canvas.getContext("2d");
          pen.fillStyle = "white";
          pen.fillRect(0, 0, 200, 200);
          pen.fillStyle = "navy";
          pen.fillRect(70, 20, 60, 160);
          window.copied = new File([await canvas.convertToBlob()], "image.png");
        }"""
    )
    page.wait_for_function(  # until the page listens
        """() => {
          const clipboardData = new DataTransfer();
          clipboardData.items.add(window.copied);
          const options = { clipboardData, bubbles: true, cancelable: true };
          return !document.body.dispatchEvent(new ClipboardEvent("paste", options));
        }"""
    )

    expect(page.get_by_test_id("stImage").filter(has_text="image.png")).to_be_visible()
    read_answer(page)


def test_several_photographs_are_a_table_that_says_what_was_right(page: Page) -> None:
    choose(page, "Upload")
    shirt = photographs()["shirt.png"]
    upload(page, "one.png", shirt)
    read_answer(page)
    upload(page, "notes.txt", b"These are notes, not a picture.\n")
    expect(page.get_by_role("alert").filter(has_text="notes.txt")).to_be_visible()
    upload(page, "two.png", shirt)
    expect(page.locator("img[alt^='Picture:']")).to_have_count(2)

    truths = page.get_by_role("combobox", name="What it is")
    for number, name in enumerate(("T-shirt/top", "Coat")):
        at_rest(page)
        option = page.get_by_role("option", name=name, exact=True)
        unfold(truths.nth(number), option)
        option.click()

    expect(page.get_by_text("1 of 2 right")).to_be_visible()
    expect(page.get_by_test_id("stImage").filter(has_text="two.png")).to_be_visible()
    assert read_answer(page) == "T-shirt/top"


def photographs() -> dict[str, bytes]:
    """A red T-shirt on a pale table, in every kind of file by name."""
    picture = Image.new("RGB", (400, 400), (225, 222, 210))
    [stroke] = DRAWINGS["T-shirt"]
    outline = [(40 + 320 * x, 40 + 320 * y) for x, y in stroke]
    ImageDraw.Draw(picture).polygon(outline, fill=(150, 40, 45))
    kinds = ("png", "jpg", "jpeg", "webp", "bmp", "gif")
    return {
        f"shirt.{end}": encode(picture, Image.registered_extensions()[f".{end}"]) for end in kinds
    }


def test_a_network_that_never_saw_such_pictures_says_so_and_gives_way(page: Page) -> None:
    hint = page.get_by_text("This network was trained without")
    select(page, "Checkpoint", "post")
    choose(page, "Draw")
    expect(hint).to_contain_text("without drawings")
    page.get_by_role("button", name="Use fashion-mnist").click()
    expect(hint).to_have_count(0)
    expect(page.get_by_role("combobox", name="Checkpoint")).to_have_value("fashion-mnist")

    correct(page)
    expect(page.get_by_text("Answered by fashion-mnist-photo")).to_be_visible()
    expect(hint).to_have_count(0)
    select(page, "Checkpoint", "post")
    expect(hint).to_contain_text("without photographs")
    expect(page.get_by_text("Answered by")).to_have_count(0)
