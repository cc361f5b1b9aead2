"""Drawings made to train on: what they look like, and that a seed repeats them."""

import copy
import subprocess
import sys
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lenet.catalog import DATASETS
from lenet.data.splits import Split
from lenet.drawing import portions, synthetic
from lenet.drawing.centre import from_canvas
from lenet.drawing.photographs import photographs
from lenet.drawing.portions import PORTION
from lenet.drawing.strokes import Drawing, arc, line, mirrored
from lenet.drawing.synthetic import MAKERS, render, scrawl, sketch, sketches
from lenet.network.inputs import to_input
from lenet.paths import ROOT
from lenet.training.made import MadePictures
from lenet.training.trainer import Trainer
from tests.small import same_weights, small_config, small_split, trained

CLASSES = range(10)
COUNT = 40


def drawn(label: int, seed: int = 0, count: int = COUNT) -> NDArray[np.uint8]:
    """Drawings of one class, (count, 28, 28) uint8."""
    rng = np.random.default_rng(seed)
    return np.stack([sketch(label, rng) for _ in range(count)])


@cache
def mean(label: int, seed: int) -> NDArray[np.float64]:
    """Of so many drawings that its chance is less than what sets coats and shirts apart."""
    return drawn(label, seed, 8 * COUNT).mean(axis=0)


def inked(drawing: Drawing, width: float = 1.5) -> NDArray[np.bool_]:
    return render(drawing, width) > 127


class TestEachClass:
    def test_has_somebody_who_draws_it(self) -> None:
        names = [name.lower() for name in DATASETS["FashionMNIST"].classes]
        for maker, name in zip(MAKERS, names, strict=True):
            assert maker.__name__.replace("_", " ") in name.replace("-", " ")

    @pytest.mark.parametrize("label", CLASSES)
    def test_is_white_lines_that_fill_the_picture_and_never_twice_the_same(
        self, label: int
    ) -> None:
        images = drawn(label)
        assert images.shape == (COUNT, 28, 28)
        assert images.dtype == np.uint8
        assert (images.max(axis=(1, 2)) == 255).all()
        assert np.median(images) < 10
        ink = (images > 127).mean(axis=(1, 2))
        assert 0.1 < np.median(ink) < 0.45  # photographs of clothes fill about half
        assert ink.min() > 0.02
        for image in images:
            rows, columns = (np.flatnonzero((image > 40).any(axis)) for axis in (1, 0))
            assert max(np.ptp(rows), np.ptp(columns)) >= 25
            for found in (rows, columns):
                assert abs(found[0] + found[-1] - 27) <= 3
        assert len(np.unique(images, axis=0)) == COUNT

    @pytest.mark.slow
    @pytest.mark.parametrize("label", CLASSES)
    def test_differs_from_all_others(self, label: int) -> None:
        distances = [np.square(mean(label, 1) - mean(other, 0)).sum() for other in CLASSES]
        assert int(np.argmin(distances)) == label


class TestRow:
    def test_has_all_classes(self) -> None:
        images, labels = sketches(300)
        assert images.shape == (300, 28, 28)
        assert images.dtype == torch.uint8
        assert labels.dtype == torch.int64
        assert set(labels.tolist()) == set(CLASSES)

    def test_none_are_an_empty_set(self) -> None:
        images, labels = sketches(0)
        assert images.shape == (0, 28, 28)
        assert labels.shape == (0,)

    def test_begins_the_same_however_long_it_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(portions, "PORTION", 20)
        short, long = sketches(15), sketches(30)
        assert torch.equal(long.images[:15], short.images)
        assert torch.equal(long.labels[:15], short.labels)
        assert len(np.unique(long.images, axis=0)) == 30

    def test_torchs_generator_is_not_moved(self) -> None:
        state = torch.get_rng_state()
        sketches(20)
        assert torch.equal(torch.get_rng_state(), state)


class TestRender:
    def test_is_what_the_page_makes_of_the_same_strokes(self) -> None:
        """A pen of 14 on a 280×280 canvas."""
        corners = line((40, 30), (240, 30), (200, 250), (60, 250), (40, 30))
        canvas = np.zeros((280, 280), np.uint8)
        y, x = np.mgrid[:280, :280]
        for (x0, y0), (x1, y1) in pairwise(corners):
            along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / np.hypot(x1 - x0, y1 - y0) ** 2
            nearest = np.clip(along, 0, 1)
            away = np.hypot(x - x0 - nearest * (x1 - x0), y - y0 - nearest * (y1 - y0))
            canvas[away <= 7] = 255
        prepared = from_canvas(canvas, "FashionMNIST")
        assert prepared is not None
        ours = render([corners], width=14 * 28 / 234)
        assert np.abs(ours.astype(int) - prepared.array).mean() < 12

    def test_wider_pen_more_ink(self) -> None:
        shape = [arc((0, 0), (1, 1), 0, 360)]
        assert inked(shape, 1.2).sum() < inked(shape, 2.0).sum() < inked(shape, 3.0).sum()

    def test_size_and_place_of_the_strokes_do_not_matter(self) -> None:
        shape = line((0, 0), (2, 0), (1, 3), (0, 0))
        assert np.array_equal(render([shape], 1.5), render([shape * 50 + 7], 1.5))

    @pytest.mark.parametrize("stroke", [line((3, 3), (3, 3)), line((0, 0), (1, 0))], ids=str)
    def test_dot_and_straight_line_are_drawn(self, stroke: NDArray[np.float64]) -> None:
        assert inked([stroke]).any()


class TestHand:
    def test_is_unsteady_but_keeps_the_shape(self) -> None:
        shape = [line((-1, 0), (1, 0), (1, 2), (-1, 2), (-1, 0))]
        rng = np.random.default_rng(0)
        exact = inked(shape, 4)
        hands = np.stack([inked(scrawl(shape, rng)) for _ in range(30)])
        assert len(np.unique(hands, axis=0)) == 30
        assert (hands & exact).sum() / hands.sum() > 0.5


def test_mirrored_half_continues_the_half() -> None:
    half = line((0, 0), (1, 0), (1, 1), (0.5, 1))
    whole = np.concatenate([half, mirrored(half)])
    assert np.array_equal(whole, mirrored(whole))


class TestTraining:
    CONFIG = small_config(sketches=0.15, photographs=0.1, epochs=2)

    def test_each_batch_gets_its_share(self) -> None:
        config = small_config(sketches=0.15, photographs=0.1, augment="none")
        trainer = Trainer(config, small_split())
        trainer._prepare(torch.arange(20), 0)
        batch, labels = trainer._next or pytest.fail("no batch is ready")
        assert len(batch) == len(labels) == 25
        assert torch.equal(labels[:20], trainer.labels[:20])
        source = Split(trainer.images, trainer.labels)
        rows = (sketches(PORTION), photographs(source, PORTION))
        for row, part in zip(rows, (slice(20, 23), slice(23, 25)), strict=True):
            made = zip(to_input(row.images, config), row.labels, strict=True)
            known = {(image.numpy().tobytes(), int(label)) for image, label in made}
            added = zip(batch[part], labels[part], strict=True)
            assert all((image.numpy().tobytes(), int(label)) in known for image, label in added)

    @pytest.mark.parametrize(
        "values", [{"sketches": 0.0, "photographs": 0.0}, {"dataset": "MNIST"}], ids=str
    )
    def test_none_join_digits_or_where_none_are_wanted(self, values: dict[str, Any]) -> None:
        assert not Trainer(small_config(**values), small_split()).made

    def test_each_step_adds_as_many_as_it_draws_until_all_are_there(self) -> None:
        kind = MadePictures("drawings", synthetic.portion, 40, 25, torch.device("cpu"))
        known = []
        for step in (0, 1, 2, 0, 24):
            kind.grow(step)
            known.append(int(kind.there))
        assert known == [100, 100, 200, 200, 300]
        images, labels = sketches(300)
        assert torch.equal(kind.images, images)
        assert torch.equal(kind.labels, labels)

    def test_same_seed_same_weights_also_when_it_was_interrupted(self) -> None:
        whole = trained(self.CONFIG)
        first = Trainer(self.CONFIG, small_split())
        events = first.run()
        for _ in range(5):
            next(events)
        state = copy.deepcopy(first.state())
        second = Trainer(self.CONFIG, small_split())
        torch.rand(7)
        second.restore(state)
        list(second.run())
        assert same_weights(second.model, whole.model)


@pytest.mark.slow
def test_people_s_drawings_are_no_part_of_the_training() -> None:
    """Nothing but the project's own code and the dataset's own files is opened."""
    script = (
        "import sys\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, args: opened.append(str(args[0])) "
        "if event == 'open' else None)\n"
        "from lenet.drawing.synthetic import sketches\n"
        "sketches(30)\n"
        "assert not any('shared' in name or name.endswith(('png', 'ndjson')) for name in opened)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT, timeout=120)
