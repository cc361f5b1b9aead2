"""The command line's contract: flags, keys, exit statuses, and one line for each failure."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Annotated, Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from pydantic import Field

from lenet import config as configuration
from lenet.catalog import DATASETS
from lenet.cli import main as cli
from lenet.cli import weights
from lenet.config import Config, Knob, bounds, build_config, choices, knob, to_flags
from lenet.drawing.examples import EXAMPLES
from lenet.paths import CHECKPOINTS, DEFAULT_CHECKPOINT, ROOT
from lenet.runs import launcher, lock
from lenet.runs.run import Run
from lenet.runs.signals import SIGNALS
from tests.command import Lab, Result, assert_refused, in_process
from tests.drawing.numbers import on_paper
from tests.drawing.pictures import CLOTH, scene
from tests.idx_files import install_small_dataset
from tests.small import as_text, in_background, other_settings, small_split, wait_until

QUICK = ("--epochs", "2", "--batch_size", "20", "--val_size", "40", "--augment", "none")
SUMMARY = ("--mode", "summary", "--json")


class TestFlags:
    def test_there_is_exactly_one_for_each_hyperparameter(self) -> None:
        flags = [flag for action in cli.parser()._actions for flag in action.option_strings]
        for name in Config.model_fields:
            assert flags.count(f"--{name}") == 1
        others = set(flags) - {f"--{name}" for name in Config.model_fields}
        assert others == {
            *("-h", "--help", "--mode", "--json", "--download", "--data_dir"),
            *(
                "--output_dir",
                "--checkpoint",
                "--images",
                "--drawings",
                "--box",
                "--resume",
                "--queue",
            ),
            *("--evaluate", "--tied", "--study", "--seeds", "--vary", "--random", "--workers"),
            *("--backend", "--address", "--overwrite", "--format", "--output", "--init_from"),
            "--robustness",
            launcher.HANDED_OVER,
        }

    @pytest.mark.parametrize(
        ("started", "name"), [("bin/lenet", "lenet"), ("lenet/__main__.py", "python -m lenet")]
    )
    def test_help_calls_the_command_as_it_was_called(
        self, started: str, name: str, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "argv", [started])
        assert lab("--help").out.startswith(f"usage: {name} [")
        assert lab("--mode", "fly").err.endswith(f"; see {name} --help\n")

    def test_help_explains_each(self, lab: Lab) -> None:
        result = lab("--help")
        assert result.status == 0
        text = "".join(result.out.split())  # however its lines are broken
        for name, info in Config.model_fields.items():
            kinds: dict[Any, str] = {bool: "0|1", int: "N", float: "X", str: "STEP:X,…"}
            kind = "|".join(choices(info)) or kinds[info.annotation]
            description = "".join((info.description or "").split())
            start = f"--{name}{kind}{description}("
            assert text.count(start) == 1, name
            notes = text.partition(start)[2].partition("default:")[0]
            for limit in bounds(info).values():
                assert f"{limit:g}" in notes, name

    def test_new_hyperparameter_is_one_line(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Wider(Config):
            patience: Annotated[int, Knob("Patience", "optimisation")] = Field(
                5, ge=1, le=99, description="Epochs to wait for better days."
            )

        for module in (cli, weights, configuration):
            monkeypatch.setattr(module, "Config", Wider)
        help_text = " ".join(lab("--help").out.split())
        assert "Epochs to wait for better days. (≥ 1, ≤ 99, default: 5)" in help_text
        assert lab(*SUMMARY).json["config"]["patience"] == 5
        assert lab(*SUMMARY, "--patience", 7).json["config"]["patience"] == 7
        assert_refused(lab(*SUMMARY, "--patience", 0), 2, "patience must be")
        assert to_flags(build_config({"patience": 7}))[-2:] == ["--patience", "7"]

    def test_every_value_arrives_in_the_configuration(self, lab: Lab) -> None:
        given = other_settings()
        flags = [part for name, value in given.items() for part in (f"--{name}", as_text(value))]
        assert lab(*SUMMARY, *flags).json["config"] == given
        assert given.keys() == Config.model_fields.keys()

    def test_flag_without_effect_is_noted(self, lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
        lab(*SUMMARY, "--momentum", 0.5, "--optimizer", "adam", "--lr", 0.1)
        assert caplog.messages == ["note: --momentum has no effect with these settings"]


class TestSummary:
    @pytest.mark.parametrize(
        ("flags", "parameters"),
        [
            ("--input_size 32 --kernel_size 5 --padding 0", 61_990),
            ("--preset post", 29_638),
        ],
    )
    def test_parameters_and_layers(self, flags: str, parameters: int, lab: Lab) -> None:
        found = lab(*SUMMARY, *flags.split()).json
        assert found["parameters"] == parameters
        layers = found["layers"]
        assert sum(layer["parameters"] for layer in layers) == parameters
        assert layers[0]["name"] == "conv0"
        assert layers[-1] == {"name": "fc4", "output_shape": [10], "parameters": 850}

    def test_geometry_that_cannot_work(self, lab: Lab) -> None:
        trace = "28 → conv0 24 → pool0 12 → conv1 8 → pool1 4 → conv2 needs 5×5 but gets 4×4"
        flags = ("--input_size", 28, "--kernel_size", 5, "--padding", 0)
        assert_refused(lab(*SUMMARY, *flags), 2, trace)
        assert_refused(lab("--mode", "train", *flags), 2, trace)

    def test_text_for_people(self, lab: Lab) -> None:
        result = lab("--mode", "summary")
        assert result.status == 0
        assert result.err == ""
        rows = [row.split() for row in result.out.splitlines()]
        assert rows[0] == ["conv0", "6×28×28", "156"]
        assert rows[-1] == ["total", "61,990"]

    @pytest.mark.parametrize("level", ["info", "nonsense"])
    def test_module_is_the_command_whatever_it_logs(self, level: str) -> None:
        env = {**os.environ, "LENET_LOG": level}
        result = in_process(*SUMMARY, module="lenet", env=env)
        assert result.json["parameters"] == 61_990
        assert result.err == ""
        assert_refused(in_process("--mode", "summary", "--lr", -1, module="lenet"), 2, "lr must")


@pytest.mark.usefixtures("small_dataset")
class TestTrainEvalTest:
    @pytest.fixture
    def output(self, tmp_path: Path) -> Path:
        return tmp_path / "output"

    def test_the_way_from_training_to_predictions(self, lab: Lab, output: Path) -> None:
        flags = ("--preset", "lab", *QUICK, "--epochs", 4, "--output_dir", output, "--json")
        trained = lab("--mode", "train", *flags)
        found = trained.json
        assert found["checkpoint"] == str(output / "model_epoch4.pt")
        assert list(Run(output).checkpoints()) == [1, 2, 3, 4]
        assert found["epochs"] == 4
        assert found["seconds"] > 0
        assert found["train_loss"] < 1
        assert found["val_accuracy"] > 0.9
        for epoch in (1, 2, 3, 4):
            assert f"epoch {epoch}: loss" in trained.err
        evaluated = lab("--mode", "eval", "--checkpoint", found["checkpoint"], "--json").json
        assert evaluated["accuracy"] > 0.9
        assert evaluated["dataset"] == "FashionMNIST"
        assert evaluated["parameters"] == 61_990
        matrix = np.array(evaluated["confusion_matrix"])
        assert matrix.shape == (10, 10)
        assert matrix.sum() == 60
        assert matrix.trace() / 60 == pytest.approx(evaluated["accuracy"])
        tested = lab("--mode", "test", "--checkpoint", found["checkpoint"], "--json").json
        assert len(tested["predictions"]) == 5
        right = sum(one["label"] == one["target"] for one in tested["predictions"])
        assert right >= 3

    def test_training_for_people(self, lab: Lab, output: Path) -> None:
        result = lab("--mode", "train", *QUICK, "--output_dir", output)
        assert result.status == 0
        assert result.out.startswith("finished after ")
        assert result.out.strip().endswith(str(output / "model_epoch2.pt"))

    @pytest.mark.slow
    def test_test_accuracy_does_not_wait_for_scikit_learn(self, output: Path) -> None:
        flags = ("--mode", "train", *QUICK, "--epochs", 1, "--output_dir", output)
        imports = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}
        result = in_process(*flags, "--evaluate", 1, "--json", env=imports)
        assert result.json["test_accuracy"] > 0.5
        assert "torch" in result.err
        assert "sklearn" not in result.err

    def test_folder_is_held_until_the_test_set_is_evaluated(
        self, lab: Lab, output: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def evaluate(*_: object) -> SimpleNamespace:
            return SimpleNamespace(accuracy=float(lock.is_held(output) or 0))

        monkeypatch.setattr("lenet.evaluation.metrics.evaluate", evaluate)
        flags = (*QUICK, "--epochs", 1, "--evaluate", 1, "--output_dir", output, "--json")
        assert lab("--mode", "train", *flags).json["test_accuracy"] == 1

    def test_without_validation_images(self, lab: Lab, output: Path) -> None:
        flags = (*QUICK, "--val_size", 0, "--output_dir", output, "--json")
        found = lab("--mode", "train", *flags).json
        assert found["val_accuracy"] is None
        assert found["train_loss"] > 0

    def test_training_that_diverges(self, lab: Lab, output: Path) -> None:
        flags = ("--optimizer", "sgd", "--lr", 10, "--schedule", "constant", "--activation", "relu")
        result = lab("--mode", "train", *QUICK, *flags, "--epochs", 20, "--output_dir", output)
        assert_refused(result, 1, "diverged", "lower learning rate", after_progress=True)

    def test_output_folder_that_is_a_file(self, lab: Lab, output: Path) -> None:
        output.touch()
        result = lab("--mode", "train", *QUICK, "--output_dir", output)
        assert_refused(result, 1, "could not be written")

    def test_damaged_dataset_without_download(self, lab: Lab, tmp_path: Path) -> None:
        path = tmp_path / "data" / "FashionMNIST" / "raw" / "train-images-idx3-ubyte.gz"
        path.write_bytes(path.read_bytes()[:5000])
        for mode in ("train", "eval", "test"):
            flags = ("--mode", mode, "--download", 0, "--output_dir", tmp_path / "output")
            assert_refused(lab(*flags), 1, "train-images-idx3-ubyte.gz is damaged")
        assert path.stat().st_size == 5000

    def test_missing_dataset_without_download(self, lab: Lab, tmp_path: Path) -> None:
        flags = ("--download", 0, "--data_dir", tmp_path / "empty")
        result = lab("--mode", "eval", *flags)
        assert_refused(result, 1, "Fashion-MNIST is not on this machine", str(tmp_path / "empty"))

    def test_refused_training_leaves_an_earlier_one_alone(self, lab: Lab, output: Path) -> None:
        train = ("--mode", "train", *QUICK, "--output_dir", output)
        assert lab(*train).status == 0
        before = {path.name: path.read_bytes() for path in output.iterdir()}
        assert "model_epoch1.pt" in before
        assert_refused(lab(*train), 2, "holds an earlier training", "--overwrite 1")
        for flags in (("--batch_size", 5000), ("--val_size", 300)):
            result = lab(*train, *flags, "--overwrite", 1)
            assert_refused(result, 2, flags[0][2:], after_progress=True)
            assert {path.name: path.read_bytes() for path in output.iterdir()} == before
        assert lab(*train, "--epochs", 1, "--overwrite", 1).status == 0
        assert list(Run(output).checkpoints()) == [1]

    @pytest.mark.slow
    @pytest.mark.parametrize("number", SIGNALS)
    def test_signal_saves_and_stops(self, number: signal.Signals, output: Path) -> None:
        flags = ("--mode", "train", "--json", *QUICK, "--epochs", "1000")
        process = in_background(*flags, "--output_dir", str(output))
        wait_until(Run(output).checkpoints, "an epoch's end")
        process.send_signal(number)
        result = Result(0, *process.communicate())
        assert process.returncode == 128 + number
        found = result.json
        assert found["state"] == "stopped"
        assert found["checkpoint"] == str(output / "stopped.pt")
        assert found["epochs"] >= 1
        assert Run(output).status().state == "stopped"


@pytest.mark.usefixtures("small_dataset")
def test_range_of_learning_rates(lab: Lab) -> None:
    found = lab("--mode", "lr_range", "--json", *QUICK).json
    assert found.keys() == {"suggestion", "lrs", "losses"}
    assert len(found["lrs"]) == len(found["losses"]) > 10
    assert found["lrs"][0] < found["suggestion"] < found["lrs"][-1]
    assert f"try --lr {found['suggestion']:g}" in lab("--mode", "lr_range", *QUICK).out


@pytest.mark.usefixtures("small_dataset")
class TestEval:
    def test_text_for_people(self, lab: Lab, trained_file: Path) -> None:
        result = lab("--mode", "eval", "--checkpoint", trained_file)
        assert result.status == 0
        head, doubt, *rows = result.out.splitlines()
        assert re.match(r"accuracy \d+\.\d\d% on FashionMNIST$", head)
        assert re.match(r"unsure of \d+\.\d\d%; set on validation images", doubt)
        assert len(rows) == 11
        assert rows[-1].startswith("Ankle boot")

    def test_shipped_checkpoint_is_the_default(self, lab: Lab) -> None:
        found = lab("--mode", "eval", "--json").json
        assert found["checkpoint"] == str(DEFAULT_CHECKPOINT)

    def test_other_dataset_on_request(
        self, lab: Lab, trained_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install_small_dataset(monkeypatch, tmp_path / "data", "MNIST", test_count=50)
        flags = ("--checkpoint", trained_file, "--dataset", "MNIST", "--json")
        found = lab("--mode", "eval", *flags).json
        assert found["dataset"] == "MNIST"
        assert np.sum(found["confusion_matrix"]) == 50


@pytest.mark.usefixtures("small_dataset")
class TestTest:
    @pytest.fixture
    def flags(self, trained_file: Path, tmp_path: Path) -> tuple[object, ...]:
        return ("--mode", "test", "--checkpoint", trained_file, "--output_dir", tmp_path / "out")

    def test_samples(self, lab: Lab, flags: tuple[object, ...]) -> None:
        found = lab(*flags, "--json").json["predictions"]
        assert len({one["index"] for one in found}) == 5
        for one in found:
            assert one["target"] == small_split("test").labels[one["index"]]
            assert one["name"] == DATASETS["FashionMNIST"].classes[one["label"]]
            assert len(one["probabilities"]) == 10
            assert sum(one["probabilities"]) == pytest.approx(1, abs=1e-5)
            assert np.argmax(one["probabilities"]) == one["label"]

    def test_a_seed_repeats_the_samples(self, lab: Lab, flags: tuple[object, ...]) -> None:
        seeds = ("--seed", 3), ("--seed", 3), ("--seed", 4), (), ()
        found = [lab(*flags, "--json", *seed).json["predictions"] for seed in seeds]
        assert found[0] == found[1]
        assert len({tuple(one["index"] for one in each) for each in found}) == 4

    def test_pictures_for_people(self, lab: Lab, flags: tuple[object, ...], tmp_path: Path) -> None:
        lab(*flags, "--json")
        assert not (tmp_path / "out").exists()
        result = lab(*flags, "--seed", 1)
        *rows, last = result.out.splitlines()
        assert len(rows) == 5
        assert all("truth" in row for row in rows)
        assert last == f"pictures: {tmp_path / 'out' / 'samples.png'}"
        with Image.open(tmp_path / "out" / "samples.png") as shown:
            assert shown.mode == "L"


class TestPicturesOfOnesOwn:
    """Neither needs a dataset."""

    @pytest.fixture(autouse=True)
    def _no_dataset(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LENET_DATA_DIR", str(tmp_path / "no data"))

    @pytest.mark.parametrize("kind", ["images", "drawings"])
    def test_predictions(self, kind: str, lab: Lab, photo: Path, sketch: Path) -> None:
        from lenet.evaluation import classify
        from lenet.network import checkpoint

        files = [photo, sketch] if kind == "images" else [sketch]
        found = lab("--mode", "test", "--download", 0, f"--{kind}", *files, "--json").json
        shipped = checkpoint.load(DEFAULT_CHECKPOINT)
        same, _ = classify.classify_files(shipped, files, drawn=kind == "drawings")
        assert found["predictions"] == same
        for one, file in zip(found["predictions"], files, strict=True):
            assert one["path"] == str(file)
            assert set(one) >= {"path", "label", "name", "probabilities", "unsure"}

    def test_a_second_checkpoint_answers_for_photographs_unless_one_is_chosen(
        self, lab: Lab, tmp_path: Path
    ) -> None:
        file = tmp_path / "bed.png"
        image, _ = scene((60, 60, 280, CLOTH))
        image.save(file)
        flags = "--mode", "test", "--download", 0, "--images", file
        [found] = lab(*flags, "--json").json["predictions"]
        assert found["checkpoint"] == "fashion-mnist-photo"
        assert lab(*flags).out.endswith("by fashion-mnist-photo)\n")
        [chosen] = lab(*flags, "--checkpoint", DEFAULT_CHECKPOINT, "--json").json["predictions"]
        assert "checkpoint" not in chosen

    def test_text_for_people(self, lab: Lab, photo: Path) -> None:
        result = lab("--mode", "test", "--download", 0, "--images", photo)
        assert re.fullmatch(rf"{re.escape(str(photo))}: .+ \(\d+%(, unsure)?\)\n", result.out)
        assert result.err == ""

    @pytest.mark.parametrize("kind", ["images", "drawings"])
    def test_what_cannot_be_read(self, kind: str, lab: Lab, photo: Path) -> None:
        text = photo.with_name("letter.png")
        text.write_text("Dear network")
        for bad in (text, photo.with_name("missing.png"), photo.parent):
            flags = "--mode", "test", "--download", 0, f"--{kind}"
            assert_refused(lab(*flags, bad), 1, str(bad))
            result = lab(*flags, photo, bad, "--json")
            assert result.status == 1
            found = json.loads(result.out)
            assert [one["path"] for one in found["predictions"]] == [str(photo)]
            [error] = found["errors"]
            assert error["path"] == str(bad)
            assert result.err == f"error: {error['message']}\n"

    def test_box_says_which_of_two_things(self, lab: Lab, tmp_path: Path) -> None:
        """A large shirt above a pair of trousers, which the box is around."""
        two = Image.new("L", (300, 700), 255)
        shirt, trousers = (EXAMPLES["FashionMNIST"][name][0] for name in ("T-shirt", "Trousers"))
        pen = ImageDraw.Draw(two)
        pen.polygon([(300 * x, 400 * y) for x, y in shirt], fill=40)
        pen.polygon([(100 + 100 * x, 450 + 200 * y) for x, y in trousers], fill=40)
        two.save(tmp_path / "two.png")
        flags = "--mode", "test", "--images", tmp_path / "two.png", "--json"
        [both] = lab(*flags).json["predictions"]
        assert both["name"] == "T-shirt/top"
        assert both["note"] == "2 things found, the largest is taken"
        [boxed] = lab(*flags, "--box", "90,440,210,660").json["predictions"]
        assert boxed["name"] == "Trouser"
        assert "note" not in boxed

    @pytest.mark.parametrize("kind", ["images", "drawings"])
    def test_several_digits(self, kind: str, lab: Lab, tmp_path: Path) -> None:
        """The answer to the path is the largest one's, here of the 2."""
        file = tmp_path / "number.png"
        digits = (4, 120, 300, 300), (2, 500, 240, 360)
        on_paper(*digits, side=2048).save(file)
        mnist = "--checkpoint", CHECKPOINTS / "mnist.pt"
        flags = "--mode", "test", f"--{kind}", file, *mnist
        [found] = lab(*flags, "--json").json["predictions"]
        assert found["label"] == 2
        assert [one["label"] for one in found["digits"]] == [4, 2]
        for one, (_, left, top, height) in zip(found["digits"], digits, strict=True):
            assert set(one) >= {"box", "label", "probabilities", "unsure"}
            assert one["box"][:2] == pytest.approx([left, top], abs=12)
            assert one["box"][3] == pytest.approx(top + height, abs=12)
        assert lab(*flags).out.startswith(f"{file}: 42 (")

    def test_box_says_which_digit(self, lab: Lab, tmp_path: Path) -> None:
        file = tmp_path / "number.png"
        on_paper((4, 120, 300, 300), (2, 500, 240, 360), side=900).save(file)
        flags = "--mode", "test", "--images", file, "--checkpoint", CHECKPOINTS / "mnist.pt"
        [found] = lab(*flags, "--box", "100,280,420,640", "--json").json["predictions"]
        assert [one["label"] for one in found["digits"]] == [found["label"]] == [4]

    @pytest.mark.parametrize("box", ["1,2,3", "9,0,3,4", "0,0,0,5", "a,b,c,d", "nan,0,1,1"])
    def test_unusable_box(self, box: str, lab: Lab, photo: Path) -> None:
        result = lab("--mode", "test", "--images", photo, "--box", box)
        assert_refused(result, 2, "left,top,right,bottom", box)

    def test_box_needs_photographs(self, lab: Lab, photo: Path) -> None:
        result = lab("--mode", "test", "--drawings", photo, "--box", "0,0,9,9")
        assert_refused(result, 2, "--box")

    def test_only_one_kind_at_a_time(self, lab: Lab, photo: Path) -> None:
        result = lab("--mode", "test", "--images", photo, "--drawings", photo)
        assert_refused(result, 2, "--images and --drawings exclude each other")


class TestUnusableArguments:
    @pytest.mark.parametrize(
        ("flags", "words"),
        [
            ("--epochs many", ["epochs must be a whole number", "'many'"]),
            ("--batch_size 1e9", ["batch_size must be a whole number in digits, not '1e9'"]),
            ("--lr fast", ["lr must be a number, not 'fast'"]),
            ("--lr -1", ["lr must be", "'-1'"]),
            ("--batch_size 1", ["batch norm needs at least 2"]),
            ("--optimizer sgd --nesterov 1 --momentum 0", ["nesterov needs a momentum"]),
            ("--activation gelu", ["activation must be", "'tanh'"]),
            ("--preset best", ["preset must be", "'lab'"]),
            ("--learning_rate 1", ["--learning_rate", "--help"]),
            ("--epo 1", ["--epo"]),
            ("--lr", ["--lr"]),
            ("--lr -inf", ["--lr"]),
            ("--lr 'two\nlines'", ["lr must be"]),
            ("'two\nlines'", ["two lines"]),
            ("--download 2", ["--download"]),
            ("--mode fly", ["--mode", "fly", "train"]),
        ],
    )
    def test_of_training_and_summary(self, flags: str, words: list[str], lab: Lab) -> None:
        for mode in ("train", "summary"):
            assert_refused(lab("--mode", mode, *shlex.split(flags)), 2, *words)

    @pytest.mark.parametrize(
        ("flags", "word"),
        [
            ("", "--mode"),
            ("--mode test --images", "--images"),
            ("--mode eval --dataset CIFAR10", "dataset must be"),
            ("--mode eval --dataset CIFAR10 --json", "dataset must be"),
        ],
    )
    def test_of_other_modes(self, flags: str, word: str, lab: Lab) -> None:
        assert_refused(lab(*flags.split()), 2, word)

    @pytest.mark.usefixtures("small_dataset")
    @pytest.mark.parametrize("seed", ["-1", "x", "1.5"])
    def test_seed_of_the_samples(self, seed: str, lab: Lab) -> None:
        result = lab("--mode", "test", "--seed", seed)
        assert result.status == 2
        assert result.err.splitlines()[-1].startswith("error: seed must be")


class TestUnusableCheckpoints:
    @pytest.mark.parametrize("mode", ["eval", "test"])
    def test_file_that_is_none(self, mode: str, lab: Lab, tmp_path: Path) -> None:
        (tmp_path / "two\nlines.pt").write_bytes(b"Dear network\n")
        result = lab("--mode", mode, "--checkpoint", tmp_path / "two\nlines.pt")
        assert_refused(result, 1, "two lines.pt")

    def test_missing(self, lab: Lab, tmp_path: Path) -> None:
        result = lab("--mode", "eval", "--checkpoint", tmp_path / "missing.pt")
        assert_refused(result, 1, str(tmp_path / "missing.pt"), "--mode train")


@pytest.mark.slow
class TestOutput:
    """In processes of their own: it is about what the terminal gets."""

    @pytest.fixture(params=["", "1"], ids=["buffered", "unbuffered"])
    def env(self, request: pytest.FixtureRequest) -> dict[str, str]:
        return {**os.environ, "PYTHONUNBUFFERED": request.param}

    def summary(self, env: dict[str, str], stdout: int | IO[str]) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "lenet", "--mode", "summary"]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=ROOT, env=env, stdout=stdout, stderr=pipe, text=True)

    @pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
    def test_any_terminal_shows_the_help(self, encoding: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "lenet", "--help"],
            cwd=ROOT,
            env={**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": encoding},
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"--optimizer" in done.stdout

    def test_reader_that_goes_away(self, env: dict[str, str]) -> None:
        with self.summary(env, subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.stderr.read() == ""
        assert process.returncode == 1

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
    def test_disk_that_is_full(self, env: dict[str, str]) -> None:
        with Path("/dev/full").open("w") as full, self.summary(env, full) as process:
            _, err = process.communicate()
        assert_refused(Result(process.returncode, "", err), 1, "the disk is full")


def test_knobs_are_in_groups_that_help_shows() -> None:
    groups = {group.title for group in cli.parser()._action_groups}
    assert {knob(info).group for info in Config.model_fields.values()} <= groups
