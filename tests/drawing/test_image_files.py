"""Reading picture files: every format that is offered, every kind of bad file."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import ExifTags, Image, PngImagePlugin

from lenet.drawing.image_files import MAX_BYTES, WORKING_SIDE, read_image, read_image_file
from lenet.errors import ImageError
from tests.drawing.pictures import difference, encode, photo

pytestmark = pytest.mark.filterwarnings("error")  # a person must not see those of Pillow


def boot(mode: str = "L", size: tuple[int, int] = (80, 60)) -> Image.Image:
    return photo(size=size).convert(mode)


def png_header(width: int, height: int) -> bytes:
    """Return a PNG that claims a size and holds hardly any pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


pillow_heif.register_heif_opener()  # to write such files

KINDS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "HEIF")
MODES = [("JPEG", "CMYK"), *((kind, mode) for kind in KINDS for mode in ("L", "RGB"))]


@pytest.mark.parametrize(("kind", "mode"), MODES)
def test_reads_each_format(kind: str, mode: str) -> None:
    image = read_image(encode(boot(mode), kind), "boot")
    assert image.mode in ("L", "RGB")
    assert difference(image, boot()) < 3


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "I;16"])
def test_reads_each_mode_of_png(mode: str) -> None:
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(boot()).astype(np.uint16) * 257)
    else:
        picture = boot().quantize(8) if mode == "P" else boot(mode)
    image = read_image(encode(picture, "PNG"), "boot.jpg")  # its content counts
    assert image.mode in ("L", "RGB", "RGBA")
    assert difference(image, boot("1") if mode == "1" else boot()) < 1


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_sixteen_bits_need_not_all_be_used(bits: int) -> None:
    picture = Image.fromarray(np.asarray(boot()).astype(np.uint16) << (bits - 8))
    assert difference(read_image(encode(picture, "PNG"), "boot"), boot()) < 1


def test_transparent_colour_of_a_palette_becomes_alpha() -> None:
    picture = boot().quantize(2)
    white = int(np.asarray(picture)[0, 0])
    alpha = bytes(0 if index == white else 255 for index in range(2))
    for kind, transparency in {"PNG": alpha, "GIF": white}.items():
        image = read_image(encode(picture, kind, transparency=transparency), "boot")
        assert image.mode == "RGBA"
        alphas = np.asarray(image)[..., 3]
        assert alphas[0, 0] == 0
        assert alphas[30, 30] == 255


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_first_frame_of_an_animation(kind: str) -> None:
    later = boot("RGB").transpose(Image.Transpose.ROTATE_180)
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encode(boot("RGB"), kind, save_all=True, append_images=[later], **options)
    assert difference(read_image(data, "boot"), boot()) < 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (3, Image.Transpose.ROTATE_180),
        (6, Image.Transpose.ROTATE_90),  # stored turned to the left, to be shown turned right
        (8, Image.Transpose.ROTATE_270),
    ],
)
def test_exif_orientation_turns_the_picture_upright(
    kind: str, orientation: int, turn: Image.Transpose
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    # Of bytes pillow-heif makes what an iPhone writes: the container, too, says how to turn it.
    data = encode(boot("RGB").transpose(turn), kind, exif=exif.tobytes())
    image = read_image(data, "boot")
    assert image.size == boot().size
    assert difference(image, boot()) < 3


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_large_picture_is_reduced_with_its_aspect(kind: str) -> None:
    image = read_image(encode(boot("RGB", (4000, 3000)), kind), "boot")
    assert image.size == (WORKING_SIDE, WORKING_SIDE * 3 // 4)
    assert difference(image, boot(size=image.size)) < 2


def bad_files() -> dict[str, tuple[bytes, str]]:
    """Name each kind of bad file, its bytes and what is said of it."""
    noise = np.random.default_rng(0).integers(0, 256, (90, 90, 3), dtype=np.uint8)
    noisy = Image.fromarray(noise)
    foreign, cut = "is not a PNG, JPEG, WebP, BMP, GIF or HEIC", "is damaged or incomplete"
    one_colour = "is all one colour"
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "x" * 3_000_000, zip=True)
    files = {
        "notes.txt": (b"My shopping list\n- socks\n", foreign),
        "page.png": (b"<!DOCTYPE html><title>Not found</title>", foreign),
        "drawing.svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>', foreign),
        "scan.tif": (encode(boot(), "TIFF"), foreign),
        "icon.ico": (encode(boot("RGBA"), "ICO"), foreign),
        "nothing.png": (b"", "is empty"),
        "heavy.bmp": (b"BM" + bytes(MAX_BYTES), "larger than the 10 MB"),
        "wide.png": (png_header(10_000, 5_001), "50 megapixels"),
        "bomb.png": (png_header(60_000, 60_000), "50 megapixels"),
        "between.png": (png_header(10_000, 10_000), "50 megapixels"),
        "few.png": (png_header(80, 60), cut),
        "text-bomb.png": (encode(boot(), "PNG", pnginfo=text), cut),
        "pixel.png": (encode(Image.new("RGB", (1, 1), "red"), "PNG"), "has only 1×1 pixels"),
        "line.png": (encode(Image.new("RGB", (500, 1), "red"), "PNG"), "has only 500×1 pixels"),
        "black.png": (encode(Image.new("L", (50, 50)), "PNG"), one_colour),
        "red.jpg": (encode(Image.new("RGB", (50, 50), "red"), "JPEG"), one_colour),
        "glass.png": (encode(Image.new("RGBA", (50, 50)), "PNG"), one_colour),
    }
    hidden = noisy.convert("RGBA")
    hidden.putalpha(0)
    files["hidden.png"] = (encode(hidden, "PNG"), one_colour)
    for kind in KINDS:
        data = encode(noisy, kind)
        files |= {f"{end} bytes.{kind}": (data[:end], cut) for end in (16, len(data) // 2)}
    return files


BAD_FILES = bad_files()


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_file_gets_one_sentence(
    name: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    data, what = BAD_FILES[name]
    with pytest.raises(ImageError) as caught:
        read_image(data, name)
    message = str(caught.value)
    assert message.startswith(name)
    assert what in message
    assert message.count(": ") == 1  # what is wrong: what to do next
    assert "\n" not in message
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_path_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(bytes(MAX_BYTES + 1))
    for name, what in {
        "missing.png": "does not exist",
        "": "is a folder",
        "large.png": "larger than the 10 MB",
        "x" * 300: "cannot be read",
    }.items():
        with pytest.raises(ImageError, match=what) as caught:
            read_image_file(tmp_path / name)
        assert str(caught.value).startswith(str(tmp_path / name))
