"""Pictures to classify and to show: test images, photographs, drawings."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from lenet.drawing import centre, image_files
from lenet.errors import ImageError, StorageError
from lenet.evaluation import classify as samples
from lenet.evaluation.predict import predict
from lenet.network.checkpoint import Checkpoint
from tests.small import assert_one_sentence, small_split


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A dark shirt-like thing on a light background, in colour."""
    image = Image.new("RGB", (120, 90), (240, 235, 220))
    ImageDraw.Draw(image).polygon([(30, 15), (90, 15), (75, 80), (45, 80)], fill=(90, 20, 60))
    image.save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.fixture
def canvas(tmp_path: Path) -> Path:
    """White strokes on a transparent canvas, as the Predict page saves them."""
    image = Image.new("RGBA", (280, 280), (0, 0, 0, 0))
    ImageDraw.Draw(image).line([(60, 40), (60, 240), (220, 240)], fill="white", width=24)
    image.save(tmp_path / "drawing.png")
    return tmp_path / "drawing.png"


class TestPick:
    def test_indices_are_of_different_images(self) -> None:
        index = samples.pick(small_split("test"), 60, seed=4)
        assert torch.equal(index.sort().values, torch.arange(60))

    def test_seed_decides(self) -> None:
        first, second, other = (samples.pick(small_split(), 5, seed) for seed in (1, 1, 2))
        assert torch.equal(first, second)
        assert not torch.equal(first, other)

    def test_without_a_seed_others_each_time(self) -> None:
        first, second = (samples.pick(small_split(), 100, None) for _ in range(2))
        assert not torch.equal(first, second)

    def test_global_generator_is_left_alone(self) -> None:
        torch.manual_seed(0)
        expected = torch.rand(3)
        torch.manual_seed(0)
        samples.pick(small_split(), 5, seed=9)
        assert torch.equal(torch.rand(3), expected)

    def test_no_more_than_there_are(self) -> None:
        assert len(samples.pick(small_split("test"), 1000, seed=0)) == 60


class TestAnswers:
    def test_answer_names_the_most_probable_class(self, trained_checkpoint: Checkpoint) -> None:
        test = small_split("test")
        rows = predict(trained_checkpoint, test.images)
        answers = samples.answer(trained_checkpoint, test.images)
        assert [found["label"] for found in answers] == rows.argmax(1).tolist()
        assert answers[0]["probabilities"] == rows[0].tolist()
        named = {found["label"]: found["name"] for found in answers}
        assert named[1] == "Trouser"
        assert named[9] == "Ankle boot"

    def test_samples_carry_place_and_truth(self, trained_checkpoint: Checkpoint) -> None:
        test = small_split("test")
        index = torch.tensor([7, 3, 59])
        found = samples.classify_samples(trained_checkpoint, test, "FashionMNIST", index)
        assert [one["index"] for one in found] == [7, 3, 59]
        assert [one["target"] for one in found] == test.labels[index].tolist()
        alone = samples.answer(trained_checkpoint, test.images[index])
        assert [one["label"] for one in found] == [one["label"] for one in alone]
        trousers = int((test.labels == 1).nonzero()[0])
        (one,) = samples.classify_samples(
            trained_checkpoint, test, "FashionMNIST", torch.tensor([trousers])
        )
        assert one["target_name"] == "Trouser"

    def test_photo_goes_the_way_of_the_page(
        self, trained_checkpoint: Checkpoint, photo: Path
    ) -> None:
        (found,) = samples.classify_photos(trained_checkpoint, [photo])
        seen = centre.from_photo(image_files.read_image_file(photo), "FashionMNIST").array
        (expected,) = samples.answer(trained_checkpoint, torch.from_numpy(seen)[None])
        assert found == {"path": str(photo), **expected}

    def test_drawing_goes_the_way_of_the_page(
        self, trained_checkpoint: Checkpoint, canvas: Path
    ) -> None:
        (found,) = samples.classify_drawings(trained_checkpoint, [canvas])
        prepared = centre.from_canvas(image_files.read_image_file(canvas), "FashionMNIST")
        assert prepared is not None
        (expected,) = samples.answer(trained_checkpoint, torch.from_numpy(prepared.array)[None])
        assert found == {"path": str(canvas), **expected}

    def test_several_keep_their_order(
        self, trained_checkpoint: Checkpoint, photo: Path, canvas: Path
    ) -> None:
        forth = samples.classify_photos(trained_checkpoint, [photo, canvas])
        back = samples.classify_photos(trained_checkpoint, [canvas, photo])
        assert [one["path"] for one in forth] == [str(photo), str(canvas)]
        for one, other in zip(forth, reversed(back), strict=True):
            assert one["path"] == other["path"]
            assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-6)


class TestRefusals:
    def test_missing_file(self, trained_checkpoint: Checkpoint, photo: Path) -> None:
        missing = photo.with_name("missing.png")
        for classify in (samples.classify_photos, samples.classify_drawings):
            with pytest.raises(ImageError, match=r"missing\.png does not exist") as caught:
                classify(trained_checkpoint, [photo, missing])
            assert_one_sentence(str(caught.value))

    def test_empty_canvas(self, trained_checkpoint: Checkpoint, tmp_path: Path) -> None:
        path = tmp_path / "empty.png"
        Image.new("RGBA", (280, 280), (0, 0, 0, 0)).save(path)
        with pytest.raises(ImageError, match=r"empty\.png") as caught:
            samples.classify_drawings(trained_checkpoint, [path])
        assert_one_sentence(str(caught.value))

    def test_photo_with_nothing_in_it_is_named_among_others(
        self, trained_checkpoint: Checkpoint, tmp_path: Path, photo: Path
    ) -> None:
        path = tmp_path / "wall.png"
        noise = np.random.default_rng(0).integers(120, 124, (90, 90), dtype=np.uint8)
        Image.fromarray(noise).save(path)
        with pytest.raises(ImageError, match=r"nothing in .*wall\.png stands out"):
            samples.classify_photos(trained_checkpoint, [photo, path])

    def test_drawing_with_nothing_in_it_is_named(
        self, trained_checkpoint: Checkpoint, tmp_path: Path, canvas: Path
    ) -> None:
        path = tmp_path / "dust.png"
        image = Image.new("L", (280, 280))
        image.putpixel((140, 140), 8)
        image.save(path)
        with pytest.raises(ImageError, match=r"dust\.png holds no drawing"):
            samples.classify_drawings(trained_checkpoint, [canvas, path])


class TestSheet:
    def test_shows_every_pixel_in_true_grayscale(self, tmp_path: Path) -> None:
        images = small_split("test").images[:5]
        path = samples.save_sheet(images, tmp_path / "new folder")
        with Image.open(path) as shown:
            colours = np.asarray(shown.convert("RGB"))
        assert (colours[..., 0] == colours[..., 1]).all()
        assert (colours[..., 0] == colours[..., 2]).all()
        gray = colours[..., 0]
        # Each image has a black frame of one pixel; all is enlarged eight times.
        assert gray.shape == (30 * 8, 5 * 30 * 8)
        small = gray[::8, ::8]
        assert np.array_equal(small.repeat(8, axis=0).repeat(8, axis=1), gray)
        for at, image in enumerate(images):
            assert np.array_equal(small[1:29, at * 30 + 1 : at * 30 + 29], image)

    def test_place_that_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(StorageError, match="could not be written"):
            samples.save_sheet(small_split("test").images[:1], tmp_path / "file")
