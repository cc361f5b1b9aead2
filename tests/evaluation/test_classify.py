"""Pictures to classify and to show: test images, photographs, drawings."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lenet.drawing import centre, examples, image_files
from lenet.errors import ImageError, StorageError
from lenet.evaluation import classify as samples
from lenet.evaluation.predict import predict
from lenet.network import checkpoint as checkpoints
from lenet.network.checkpoint import Checkpoint
from lenet.paths import DEFAULT_CHECKPOINT
from tests.small import refused, small_split


class TestPick:
    @pytest.mark.parametrize("count", [60, 1000])
    def test_indices_are_of_different_images_as_many_as_there_are(self, count: int) -> None:
        index = samples.pick(small_split("test"), count, seed=4)
        assert torch.equal(index.sort().values, torch.arange(60))

    def test_global_generator_is_left_alone(self) -> None:
        before = torch.get_rng_state()
        samples.pick(small_split(), 5, seed=9)
        assert torch.equal(torch.get_rng_state(), before)


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

    @pytest.mark.parametrize("kind", ["photos", "drawings"])
    def test_pictures_go_the_way_of_the_page(
        self, kind: str, trained_checkpoint: Checkpoint, photo: Path, sketch: Path
    ) -> None:
        files = [photo, sketch] if kind == "photos" else [sketch]
        found, errors = samples.classify_files(trained_checkpoint, files, drawn=kind == "drawings")
        assert not errors
        prepare = centre.from_photo if kind == "photos" else centre.from_canvas
        for one, path in zip(found, files, strict=True):
            seen = prepare(image_files.read_image_file(path), "FashionMNIST")
            assert seen is not None
            (expected,) = samples.answer(trained_checkpoint, torch.from_numpy(seen.array)[None])
            expected["probabilities"] = pytest.approx(expected["probabilities"], abs=1e-6)
            assert one == {"path": str(path), **expected}


class TestSecondCheckpoint:
    """It answers for what was cut out of a photograph, and for nothing else."""

    def test_answers_for_cut_out_things_alone(self, trained_checkpoint: Checkpoint) -> None:
        weights = trained_checkpoint.weights
        turned = weights | {"fc4.weight": -weights["fc4.weight"]}
        second = replace(trained_checkpoint, weights=turned)
        images = small_split("test").images[:3]
        pictures = [
            centre.Prepared(image.numpy(), (), inverted=False, cut_out=cut)
            for image, cut in zip(images, (False, True, False), strict=True)
        ]
        found = samples.answer_pictures(trained_checkpoint, pictures, second)
        first, theirs, last = found
        assert [first, last] == samples.answer(trained_checkpoint, images[[0, 2]])
        [expected] = samples.answer(second, images[1:2])
        assert theirs == {**expected, "checkpoint": "fashion-mnist-photo"}
        assert theirs["probabilities"] != first["probabilities"]

    def test_none_for_another_than_the_default_checkpoint(self, trained_file: Path) -> None:
        assert samples.second_for(trained_file) is None
        assert samples.second_for(DEFAULT_CHECKPOINT) is not None

    def test_a_drawing_is_answered_alike_on_a_small_and_a_large_canvas(self) -> None:
        known = checkpoints.load(DEFAULT_CHECKPOINT)

        def prepared(side: int) -> torch.Tensor:
            drawings = examples.EXAMPLES["FashionMNIST"].values()
            pictures = [examples.picture(one, side, side // 20) for one in drawings]
            made = [centre.from_canvas(one, "FashionMNIST") for one in pictures]
            return torch.stack([torch.from_numpy(one.array) for one in made if one])

        small, large = prepared(280), prepared(600)
        assert (small.int() - large.int()).abs().float().mean() < 3  # of 255
        here, there = (samples.answer(known, one) for one in (small, large))
        assert [one["name"] for one in here] == [one["name"] for one in there]
        assert len(here) == len(examples.EXAMPLES["FashionMNIST"])


class TestRefusals:
    """A picture that cannot be used is named, and the others are answered."""

    @pytest.mark.parametrize("brightest", [0, 8])
    def test_canvas_with_nothing_in_it(
        self, brightest: int, trained_checkpoint: Checkpoint, tmp_path: Path, sketch: Path
    ) -> None:
        image = Image.new("RGBA", (280, 280), (0, 0, 0, 0))
        image.putpixel((140, 140), (brightest, brightest, brightest, 255))
        image.save(tmp_path / "dust.png")
        files = [tmp_path / "dust.png", sketch]
        [answer], [error] = samples.classify_files(trained_checkpoint, files, drawn=True)
        assert answer["path"] == str(sketch)
        assert error["path"] == str(tmp_path / "dust.png")
        assert "dust.png holds no drawing; " in error["message"]
        with refused(ImageError, r"dust\.png holds no drawing"):
            samples.classify_files(trained_checkpoint, files[:1], drawn=True)

    def test_photo_with_nothing_in_it(
        self, trained_checkpoint: Checkpoint, tmp_path: Path, photo: Path
    ) -> None:
        path = tmp_path / "wall.png"
        noise = np.random.default_rng(0).integers(120, 124, (90, 90), dtype=np.uint8)
        Image.fromarray(noise).save(path)
        [answer], [error] = samples.classify_files(trained_checkpoint, [photo, path], drawn=False)
        assert answer["path"] == str(photo)
        assert f"nothing in {path} stands out" in error["message"]

    def test_box_outside_the_picture(self, trained_checkpoint: Checkpoint, photo: Path) -> None:
        box = (5000.0, 10.0, 6000.0, 20.0)
        with refused(ImageError, "the box is outside"):
            samples.classify_files(trained_checkpoint, [photo], drawn=False, box=box)


class TestSheet:
    def test_shows_every_pixel_in_true_grayscale(self, tmp_path: Path) -> None:
        images = small_split("test").images[:5]
        path = samples.save_sheet(images, tmp_path / "new folder")
        with Image.open(path) as shown:
            colours = np.asarray(shown.convert("RGB"))
        gray = colours[..., 0]
        assert (colours == gray[..., None]).all()
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
