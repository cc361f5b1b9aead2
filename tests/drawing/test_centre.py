"""From a canvas or a photo to the array: what a person sees of it, and what the network gets."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from lenet.catalog import DatasetName
from lenet.drawing.centre import Polarity, from_canvas, from_photo
from lenet.errors import ConfigError, ImageError
from tests.drawing.pictures import BOOT, Bytes, difference, photo


def canvas(draw: Callable[[ImageDraw.ImageDraw], None], side: int = 280) -> Bytes:
    """Return what the page's canvas returns: (side, side, 4) uint8, opaque black below the ink."""
    image = Image.new("RGBA", (side, side), (0, 0, 0, 255))
    draw(ImageDraw.Draw(image))
    return np.asarray(image)


TRIANGLE = canvas(
    lambda draw: draw.line([(90, 40), (60, 240), (150, 240), (90, 40)], fill="white", width=14)
)
"""It is taller than wide."""
SEVEN = canvas(lambda draw: draw.line([(60, 60), (180, 60), (110, 230)], fill="white", width=18))
"""Its mass is above and right of the middle of its box."""


def box(array: Bytes) -> tuple[int, int, int, int]:
    """Return top, bottom, left and right of what is visible, in pixels from 0."""
    rows, columns = (np.flatnonzero((array > 13).any(axis=axis)) for axis in (1, 0))
    return int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])


def drawn(
    canvas: Bytes | Image.Image, polarity: Polarity = "auto", dataset: DatasetName = "FashionMNIST"
) -> Bytes:
    """Return the array of a canvas that is not empty."""
    prepared = from_canvas(canvas, dataset, polarity)
    assert prepared is not None
    return prepared.array


def photographed(image: Image.Image) -> Bytes:
    return from_photo(image, "FashionMNIST").array


def test_steps_lead_from_the_picture_to_the_array() -> None:
    prepared, drawing = from_photo(photo(), "FashionMNIST"), from_canvas(TRIANGLE, "FashionMNIST")
    assert drawing is not None
    for found, titles in (
        (prepared, ["Grayscale", "What was found", "Light on black", "Cropped", "28×28"]),
        (drawing, ["Drawing", "Cropped", "28×28"]),
    ):
        assert [title for title, _ in found.steps] == titles
        assert all(step.dtype == np.uint8 and step.ndim == 2 for _, step in found.steps)
        assert found.steps[-1][1] is found.array
    assert np.array_equal(prepared.steps[0][1], np.asarray(photo()))
    assert prepared.array.shape == (28, 28)
    assert (prepared.array.min(), prepared.array.max()) == (0, 255)
    assert prepared.array.flags.writeable  # torch.from_numpy warns of arrays that are not
    assert not drawing.inverted


@pytest.mark.parametrize(
    ("thing", "background", "inverted"),
    [(40, 255, True), (0, 128, True), (180, 230, True), (220, 0, False), (255, 128, False)],
)
def test_polarity_is_detected(thing: int, background: int, inverted: bool) -> None:
    image = photo(thing, background)
    prepared = from_photo(image, "FashionMNIST")
    assert prepared.inverted is inverted
    assert difference(prepared.array, photographed(photo(255, 0))) < 1
    given = from_photo(image, "FashionMNIST", "dark_on_light" if inverted else "light_on_dark")
    assert np.array_equal(given.array, prepared.array)


def test_polarity_can_be_overridden() -> None:
    """A black bag that fills the picture up to its corners passes for a white one."""
    image = Image.new("L", (200, 200), 0)
    for x, y in itertools.product((0, 181), repeat=2):
        image.paste(255, (x, y, x + 19, y + 19))
    assert not from_photo(image, "FashionMNIST").inverted
    prepared = from_photo(image, "FashionMNIST", "dark_on_light")
    assert prepared.inverted
    assert prepared.array[14, 14] == 255
    assert prepared.array[0, 0] < 13
    paper = from_photo(photo(40, 255), "FashionMNIST", "light_on_dark")  # even that is the thing
    assert not paper.inverted
    assert paper.array[14, 27] == 255
    assert paper.array[14, 8] < 13


def test_content_may_touch_most_of_the_border() -> None:
    image = Image.new("L", (200, 80), 255)
    grain = np.random.default_rng(0).integers(20, 160, (80, 170), dtype=np.uint8)
    image.paste(Image.fromarray(grain), (15, 0))  # along 340 of the border's 556 pixels
    prepared = from_photo(image, "FashionMNIST")
    assert prepared.inverted
    assert prepared.array[14, 14] > 60
    assert box(prepared.array)[2:] == (0, 27)


def test_specks_do_not_widen_the_crop() -> None:
    dusty = photo()
    for place in [(3, 5), (310, 8), (250, 60), (5, 230), (316, 120)]:
        dusty.putpixel(place, 100)
    one, other = (photographed(image) for image in (photo(), dusty))
    assert box(one) == box(other)


@pytest.mark.parametrize("sideways", [False, True])
def test_uneven_light_and_noise_leave_the_thing_alone(sideways: bool) -> None:
    """A pencil drawing photographed by lamp light: paper from 120 to 235, ink half as light."""
    clean = Image.new("L", (400, 300), 255)
    outline = [(x * 400, y * 300) for x, y in (*BOOT, BOOT[0])]
    ImageDraw.Draw(clean).line(outline, fill=0, width=5)
    ink = np.asarray(clean.filter(ImageFilter.GaussianBlur(1)), np.float64) / 255
    across, down = np.linspace(0, 1, 400), np.linspace(0, 1, 300)[:, np.newaxis]
    light = 120 + (100 * across + 15 * down if sideways else 15 * across + 100 * down)
    noise = np.random.default_rng(0).normal(0, 2, ink.shape)
    pixels = light * (0.5 + ink / 2) + noise
    prepared = from_photo(Image.fromarray(pixels.astype(np.uint8)), "FashionMNIST")
    assert prepared.inverted
    expected = photographed(clean)
    assert difference(prepared.array, expected) < 20
    correlation = np.corrcoef(prepared.array.ravel(), expected.ravel())[0, 1]
    assert correlation > 0.9


def test_thin_lines_stay_visible() -> None:
    image = Image.new("L", (1000, 1000), 255)
    ImageDraw.Draw(image).rectangle((100, 100, 899, 899), outline=0, width=2)
    assert photographed(image).max() == 255


@pytest.mark.parametrize("size", [(320, 240), (240, 320), (1000, 200), (40, 30), (9, 12)])
def test_longest_side_fills_the_frame_and_the_aspect_is_kept(size: tuple[int, int]) -> None:
    image = photo(0, 255, size)
    ink = Image.eval(image, lambda value: 255 - value).getbbox()
    assert ink is not None
    width, height = ink[2] - ink[0], ink[3] - ink[1]
    top, bottom, left, right = box(photographed(image))
    assert max(bottom - top, right - left) == 27
    ratio = (right - left + 1) / (bottom - top + 1)
    assert ratio == pytest.approx(width / height, rel=0.12)
    assert abs(top - (27 - bottom)) <= 1
    assert abs(left - (27 - right)) <= 1


def test_place_in_the_picture_does_not_matter() -> None:
    moved = Image.new("L", (700, 500), 255)
    moved.paste(photo(), (330, 20))
    one, other = (photographed(image) for image in (photo(), moved))
    assert np.array_equal(one, other)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "CMYK", "LA", "I;16"])
def test_mode_of_the_picture_does_not_matter(mode: str) -> None:
    sixteen = Image.fromarray(np.asarray(photo()).astype(np.uint16) * 257)
    converted = sixteen if mode == "I;16" else photo().convert(mode)
    assert difference(photographed(converted), photographed(photo())) < 1


@pytest.mark.parametrize("shade", [0, 90, 255])
def test_cut_out_on_transparency_is_visible_in_any_shade(shade: int) -> None:
    cut_out = Image.new("LA", (320, 240), (shade, 0))
    cut_out.paste((shade, 255), mask=photo(255, 0))
    assert difference(photographed(cut_out), photographed(photo())) < 1


def test_cut_out_may_fill_the_whole_border() -> None:
    ring = Image.new("LA", (100, 100), (30, 255))
    ring.paste((0, 0), (20, 20, 80, 80))
    array = photographed(ring)
    assert array[1, 1] == 255
    assert array[14, 14] == 0


def test_rounded_transparent_corners_are_not_a_cut_out() -> None:
    image = photo().convert("RGBA")
    mask = Image.new("L", image.size)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 319, 239), 15, fill=255)
    image.putalpha(mask)
    assert from_photo(image, "FashionMNIST").inverted


def dataset_like(seed: int) -> Bytes:
    """Make a (28, 28) uint8 image like those of the datasets, with faint pixels at its rim."""
    random = np.random.default_rng(seed)
    image = np.zeros((28, 28), np.uint8)
    image[2:27, 6:22] = random.integers(30, 256, (25, 16))
    image[10, 10] = 255
    image[1, 6:22] = random.integers(0, 9, 16)
    return image


@pytest.mark.parametrize("seed", range(5))
def test_image_of_a_dataset_comes_through_unchanged(seed: int) -> None:
    image = dataset_like(seed)
    prepared = from_photo(Image.fromarray(image), "FashionMNIST")
    assert difference(prepared.array, image) < 0.5
    negative = from_photo(Image.fromarray(255 - image), "FashionMNIST")
    assert difference(negative.array, image) < 0.5


@pytest.mark.parametrize("dark_on_light", [False, True])
def test_enlarged_image_of_a_dataset_comes_back(dark_on_light: bool) -> None:
    image = np.zeros((28, 28), np.uint8)
    image[:, 5:24] = dataset_like(0)[2:27, 6:22].repeat(2, axis=0)[:28].repeat(2, axis=1)[:, :19]
    pixels = np.pad(image.repeat(12, axis=0).repeat(12, axis=1), ((20, 90), (150, 3)))
    enlarged = Image.fromarray(255 - pixels if dark_on_light else pixels)
    prepared = from_photo(enlarged, "FashionMNIST")
    assert prepared.inverted is dark_on_light
    assert difference(prepared.array, image) < 10


@pytest.mark.parametrize("spread", [0, 3])
def test_picture_without_content_is_refused_by_name(spread: int) -> None:
    pixels = 120 + np.random.default_rng(0).integers(0, spread + 1, (60, 60), dtype=np.uint8)
    with pytest.raises(ImageError, match=r"nothing in fog\.png stands out.*: choose another"):
        from_photo(Image.fromarray(pixels), "FashionMNIST", name="fog.png")


def test_unknown_dataset_is_refused() -> None:
    with pytest.raises(ConfigError):
        from_photo(photo(), "CIFAR10")  # type: ignore[arg-type]


def test_digit_fits_mnists_box_and_its_mass_is_centred() -> None:
    array = drawn(SEVEN, dataset="MNIST")
    top, bottom, left, right = box(array)
    assert bottom - top + 1 == 20
    assert right - left + 1 < 20
    for places in np.indices((28, 28)):
        assert np.average(places, weights=array) == pytest.approx(14, abs=0.5)
    assert (top + bottom) / 2 > 13.5  # so the box itself is not
    of_paper = from_photo(Image.fromarray(255 - SEVEN[..., 0]), "MNIST")
    assert difference(of_paper.array, array) < 3


def test_digit_with_its_mass_at_one_end_stays_in_the_frame() -> None:
    def heavy(draw: ImageDraw.ImageDraw) -> None:
        draw.line([(20, 140), (250, 140)], fill="white", width=2)
        draw.ellipse((230, 120, 270, 160), fill="white")

    array = drawn(canvas(heavy), dataset="MNIST")
    _, _, left, right = box(array)
    assert left == 0
    assert right - left + 1 == 20


def test_empty_canvas_is_none() -> None:
    assert from_canvas(canvas(lambda _: None), "FashionMNIST") is None
    assert from_canvas(np.zeros((280, 280, 4), np.uint8), "MNIST") is None
    assert from_canvas(np.full((280, 280, 4), 255, np.uint8), "MNIST") is None


def test_drawing_fills_the_frame_wherever_it_is() -> None:
    array = drawn(TRIANGLE)
    top, bottom, left, right = box(array)
    assert (top, bottom) == (0, 27)
    assert left == pytest.approx(27 - right, abs=1)
    assert len(np.unique(array)) > 30, "its edges are not soft"
    shifted = np.roll(TRIANGLE, (20, 100), axis=(0, 1))
    assert np.array_equal(drawn(shifted), array)


@pytest.mark.parametrize("side", [140, 280, 560, 900])
def test_size_of_the_canvas_does_not_matter(side: int) -> None:
    large = Image.fromarray(TRIANGLE).resize((side, side), Image.Resampling.BOX)
    array = drawn(np.asarray(large))
    assert difference(array, drawn(TRIANGLE)) < 5


def test_every_form_of_the_same_drawing_gives_the_same_array() -> None:
    rgba = TRIANGLE
    ink = rgba[..., 0]
    white, black = np.full_like(ink, 255), np.zeros_like(ink)
    forms: dict[str, Bytes | Image.Image] = {
        "transparent": np.dstack([white, white, white, ink]),
        "dark on transparent": np.dstack([black, black, black, ink]),
        "three channels": rgba[..., :3],
        "one channel": ink,
        "dark on light": 255 - ink,
        "picture": Image.fromarray(rgba),
        "picture of one channel": Image.fromarray(ink),
    }
    expected = drawn(rgba)
    for name, form in forms.items():
        assert difference(drawn(form), expected) < 0.5, name


def test_known_polarity_keeps_a_white_frame_light_and_what_is_erased_in_black_dark() -> None:
    framed = canvas(lambda draw: draw.rectangle((0, 0, 279, 279), outline="white", width=14))
    rgba = np.zeros((280, 280, 4), np.uint8)
    rgba[40:240, 40:240, 3] = 255  # erased
    rgba[100:150, 60:220] = 255  # drawn
    for image, corner, middle in ((framed, 255, 0), (rgba, 0, 255)):
        array = drawn(image, "light_on_dark")
        assert (array[0, 0], array[14, 14]) == (pytest.approx(corner, abs=50), middle)


def test_a_dot_is_ink() -> None:
    dot = canvas(lambda draw: draw.ellipse((100, 100, 113, 113), fill="white"))
    assert drawn(dot)[14, 14] == 255
