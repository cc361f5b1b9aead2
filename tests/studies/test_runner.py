"""Studies: what they consist of, how they are conducted, and what is lost when something dies."""

import itertools
import json
import math
import os
import signal
import statistics
import subprocess
import sys
import time
from array import array
from pathlib import Path

import pytest

from lenet.catalog import SOFTMAX_FLOOR
from lenet.config import build_config
from lenet.errors import ConfigError, StudyError
from lenet.paths import ROOT
from lenet.runs import launcher, lock
from lenet.runs.history import STEP_COLUMNS, History
from lenet.runs.run import Control
from lenet.runs.status import own_status
from lenet.studies import estimate, results, sweep, worker
from lenet.studies.folder import StudyFolder
from lenet.studies.presets import POST_FIGURES, STUDY_PRESETS, is_preset
from lenet.studies.results import Findings, Finished
from lenet.studies.summary import conclusion
from tests.command import Lab, assert_refused
from tests.small import (
    PATIENCE,
    assert_one_sentence,
    holder,
    in_background,
    refused,
    run_lab,
    small_config,
    small_split,
    wait_until,
)
from tests.studies.small_study import (
    LONG,
    QUICK,
    QUICK_FLAGS,
    assert_as_if_never_interrupted,
    ended,
    epochs_done,
    flags,
    prepared,
    result_of,
    small_study,
    training,
)


def times_of_files(folder: Path) -> dict[str, int]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in files}


@pytest.fixture(autouse=True)
def _two_slots(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LENET_RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setenv("LENET_SLOTS", "2")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


class TestPlan:
    def test_every_cell_is_run_with_every_seed(self) -> None:
        runs = small_study(seeds=(3, 5)).runs()
        found = [(run.label, run.config.seed, run.config.dropout) for run in runs]
        assert found == [
            (f"dropout {dropout}", seed, dropout) for seed in (3, 5) for dropout in (0.0, 0.1, 0.2)
        ]
        assert len({run.key for run in runs}) == 6

    def test_same_definition_same_id_also_from_its_file(self, tmp_path: Path) -> None:
        prepared(tmp_path / "study", small_study())
        assert StudyFolder(tmp_path / "study").study == small_study()
        assert small_study().id == small_study().id
        assert small_study().id != small_study(seeds=(1,)).id
        assert small_study().id != small_study(epochs=3).id

    def test_a_folder_holds_one_study(self, tmp_path: Path) -> None:
        folder = prepared(tmp_path / "study", small_study())
        with refused(StudyError, "holds another study"):
            folder.keep(small_study(epochs=3))

    @pytest.mark.parametrize("content", ["", "{}", "[1]", '{"name": "x"}', "\x00"])
    def test_a_damaged_definition_is_told(self, content: str, tmp_path: Path) -> None:
        (tmp_path / "study.json").write_text(content)
        with pytest.raises(StudyError, match="no readable study"):
            StudyFolder(tmp_path).study  # noqa: B018

    def test_what_a_study_varies_cannot_be_overridden(self) -> None:
        assert {run.config.lr for run in small_study().override({"lr": "0.5"}).runs()} == {0.5}
        for name in ("dropout", "seed"):
            with pytest.raises(ConfigError, match=name):
                small_study().override({name: 0})


class TestReadyMade:
    def test_nine_cases_are_those_of_the_post(self) -> None:
        table = """
            1 sgd  0.9 0.1 leaky_relu
            2 sgd  0.9 0.3 leaky_relu
            3 sgd  0.9 0.5 leaky_relu
            4 sgd  0.9 0.5 tanh
            5 sgd  0.9 0.3 tanh
            6 sgd  0.5 0.1 tanh
            7 adam –   0.1 tanh
            8 adam –   0.5 tanh
            9 adam –   0.5 leaky_relu"""
        cells = STUDY_PRESETS["nine-cases"].study().cells
        assert len(cells) == len(POST_FIGURES)
        for cell, line in zip(cells, table.strip().splitlines(), strict=True):
            number, optimizer, momentum, dropout, activation = line.split()
            post = {"preset": "post", "optimizer": optimizer, "activation": activation}
            rates = {"lr": 1e-3, "weight_decay": 1e-5}
            if optimizer == "sgd":
                rates = {"lr": 0.01, "weight_decay": 0, "momentum": float(momentum)}
            assert cell.label == f"case {number}"
            later = f"37500:{rates['lr'] / 10:g}"  # after 5 epochs of 7,500 steps
            size = {"batch_size": "8", "epochs": "6", "pooling": "average", "lr_changes": later}
            expected = build_config({**post, **rates, **size, "dropout": dropout})
            assert cell.config() == expected
            assert sum(layer.parameters for layer in expected.layers()) == 29_638

    def test_input_size_and_softmax_are_crossed(self) -> None:
        study = STUDY_PRESETS["input-size-softmax"].study()
        found = {(run.config.input_size, run.config.softmax) for run in study.runs()}
        assert found == {(28, True), (28, False), (32, True), (32, False)}

    def test_one_by_one_changes_one_thing_at_a_time(self) -> None:
        configs = [cell.config().model_dump() for cell in STUDY_PRESETS["one-by-one"].study().cells]
        assert len(configs) == 6
        changed = [
            [name for name in before if before[name] != after[name]]
            for before, after in itertools.pairwise(configs)
        ]
        assert changed == [["batch_norm"], ["activation"], ["init"], ["dropout"], ["softmax"]]

    @pytest.mark.parametrize("name", STUDY_PRESETS)
    def test_epochs_batch_size_and_seeds_can_be_chosen(self, name: str) -> None:
        runs = STUDY_PRESETS[name].study(4, 50, [7]).runs()
        assert {(run.config.epochs, run.config.batch_size, run.config.seed) for run in runs} == {
            (4, 50, 7)
        }
        assert is_preset(STUDY_PRESETS[name].study(4, 50, [7]))


class TestSweep:
    def test_grid_is_every_combination(self) -> None:
        axes = {"lr": ["0.01", "0.1"], "softmax": ["0", "1"]}
        cells, left_out = sweep.grid({"preset": "post"}, axes)
        assert left_out == 0
        labels = [
            f"learning rate {lr}, softmax in forward() {softmax}"
            for lr in axes["lr"]
            for softmax in ("off", "on")
        ]
        assert [cell.label for cell in cells] == labels
        assert cells[0].config() == build_config({"preset": "post", "lr": 0.01, "softmax": False})

    def test_what_cannot_be_built_is_left_out(self) -> None:
        cells, left_out = sweep.grid({}, {"kernel_size": ["3", "5"], "padding": ["0", "2"]})
        assert [cell.config().padding for cell in cells] == [0, 2, 2]
        assert left_out == 1

    def test_ranges_go_by_factors_where_they_span_decades(self) -> None:
        [*cells], _ = sweep.grid({}, {"lr": ["0.001..0.1/3"]})
        assert [cell.values["lr"] for cell in cells] == pytest.approx([0.001, 0.01, 0.1])
        [*cells], _ = sweep.grid({}, {"dropout": ["0..0.5/3"]})
        assert [cell.values["dropout"] for cell in cells] == [0, 0.25, 0.5]

    def test_random_cells_are_different_inside_the_range_and_repeatable(self) -> None:
        axes = {"lr": ["0.001..0.1"], "activation": ["tanh", "relu"]}
        cells, _ = sweep.sample({}, axes, 12)
        assert len({cell.label for cell in cells}) == 12
        assert all(0.001 <= cell.values["lr"] <= 0.1 for cell in cells)
        assert {cell.values["activation"] for cell in cells} == {"tanh", "relu"}
        assert sweep.sample({}, axes, 12)[0] == cells

    @pytest.mark.parametrize(
        ("text", "word"),
        [
            ("lr", "FIELD=VALUE"),
            ("lr=", "FIELD=VALUE"),
            ("rate=1", "cannot be varied"),
            ("seed=1,2", "--seeds"),
        ],
    )
    def test_unreadable_axes_are_told(self, text: str, word: str) -> None:
        with refused(ConfigError, word):
            sweep.parse(text)

    @pytest.mark.parametrize(
        ("axes", "word"),
        [
            ({"lr": ["fast"]}, "number"),
            ({"dropout": ["2"]}, "less than or equal to 0.95"),
            ({"activation": ["tanh..relu"]}, "no ranges"),
            ({"lr": ["0.1..0.01"]}, "low to high"),
            ({"lr": ["0.01..0.1/1"]}, "steps"),
            ({"lr": ["0.1", "0.1"]}, "each value once"),
            ({"epochs": ["1..1000/999"], "batch_size": ["1..1000/999"]}, "too many"),
            ({"padding": ["0"]}, "conv2"),
        ],
    )
    def test_unusable_values_are_told(self, axes: dict[str, list[str]], word: str) -> None:
        with pytest.raises(ConfigError, match=word):
            sweep.grid({}, axes)

    def test_more_random_cells_than_there_are(self) -> None:
        with pytest.raises(ConfigError, match="only 2 different"):
            sweep.sample({}, {"softmax": ["0", "1"]}, 3)


class TestResults:
    def test_figures_are_those_of_the_seeds_and_the_best_is_the_best_on_validation(self) -> None:
        accuracies = {0.0: (0.81, 0.83), 0.1: (0.9, 0.91), 0.2: (0.7, 0.72), 0.3: (0.6, 0.5)}
        runs = [
            Finished(
                label=f"dropout {dropout}",
                seed=seed,
                result=result_of(val_accuracy=accuracy, test_accuracy=accuracy - 0.01),
            )
            for dropout, found in accuracies.items()
            for seed, accuracy in enumerate(found)
        ]
        findings = Findings(study=small_study(seeds=(0, 1)), runs=tuple(runs))
        found = results.summary(findings, "test_accuracy")["dropout 0.0"]
        assert found.mean == pytest.approx(statistics.mean([0.80, 0.82]))
        assert found.deviation == pytest.approx(statistics.stdev([0.80, 0.82]))
        assert found.count == 2
        best = results.best(findings)
        assert best is not None
        assert best.label == "dropout 0.1"

    def test_curve_is_the_mean_of_each_part(self) -> None:
        metrics = History({name: array("d", range(120)) for name in STEP_COLUMNS})
        whole = results.curve(metrics, 120)
        assert whole == tuple(2 * part + 0.5 for part in range(60))
        assert results.curve(metrics, 240) == tuple(4 * part + 1.5 for part in range(30))

    def test_time_grows_with_the_work_and_shrinks_with_the_slots(self) -> None:
        study = small_study()
        assert estimate.seconds_for(study, 2) == pytest.approx(estimate.seconds_for(study, 1) / 2)
        longer = estimate.seconds_of(build_config({"epochs": 6}))
        assert longer > 1.5 * estimate.seconds_of(build_config({"epochs": 3}))

    @pytest.mark.parametrize("name", STUDY_PRESETS)
    def test_shipped_results_are_whole_and_tell_how_they_were_had(self, name: str) -> None:
        shipped = results.bundled(name)
        assert shipped is not None
        usual = STUDY_PRESETS[name].study()
        assert shipped.study.cells == usual.cells
        assert usual.seeds[: len(shipped.study.seeds)] == shipped.study.seeds
        keys = [(planned.label, planned.config.seed) for planned in shipped.study.runs()]
        assert [(run.label, run.seed) for run in shipped.runs] == keys
        assert all(len(run.curve) == results.POINTS for run in shipped.runs)
        assert set(shipped.made) >= {"lenet", "torch", "python", "machine", "written"}
        assert "cores" in shipped.made["machine"]
        text = conclusion(shipped)
        assert text
        for spread in results.summary(shipped, "train_loss").values():
            assert math.isfinite(spread.mean)

    def test_shipped_results_settle_the_confound(self) -> None:
        shipped = results.bundled("input-size-softmax")
        assert shipped is not None
        losses = results.summary(shipped, "train_loss")
        for cell in shipped.study.cells:
            assert (losses[cell.label].mean > SOFTMAX_FLOOR) == cell.config().softmax
        assert "comes from the softmax" in str(conclusion(shipped))


@pytest.mark.slow
@pytest.mark.usefixtures("small_dataset")
class TestOnThisMachine:
    def test_a_study_from_the_command_line_is_done_once(self, tmp_path: Path) -> None:
        from lenet.evaluation import metrics
        from lenet.network import checkpoint

        vary = ("--vary", "softmax=0,1", "--seeds", "0,1")
        values = [part for name, value in QUICK.items() for part in (f"--{name}", value)]
        done = run_lab(
            *("--mode", "study", "--study", "grid", *vary, *map(str, values)),
            *("--output_dir", tmp_path / "study", "--json"),
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("\n") == 1
        found = json.loads(done.stdout)
        assert found["state"] == "finished"
        assert len(found["runs"]) == 4
        assert [cell["label"] for cell in found["cells"]] == [
            "softmax in forward() off",
            "softmax in forward() on",
        ]
        assert found["best"] in [cell["label"] for cell in found["cells"]]
        # Each figure against the run's own files, and the accuracy against an evaluation.
        folder = StudyFolder(tmp_path / "study")
        for row, planned in zip(found["runs"], folder.study.runs(), strict=True):
            run = folder.run(planned)
            saved = checkpoint.load(run.epoch_checkpoint(2))
            assert saved.config == planned.config
            assert row["test_accuracy"] == metrics.evaluate(saved, small_split("test")).accuracy
            assert row["train_loss"] == saved.metrics["train_loss"]
            assert row["val_accuracy"] == saved.metrics["val_accuracy"]
        rows = [row for row in found["runs"] if row["label"] == found["cells"][0]["label"]]
        accuracies = [row["test_accuracy"] for row in rows]
        assert found["cells"][0]["test_accuracy"] == {
            "mean": statistics.mean(accuracies),
            "deviation": statistics.stdev(accuracies),
            "count": 2,
            "interval": pytest.approx(
                [
                    statistics.mean(accuracies)
                    + sign * 12.706 * statistics.stdev(accuracies) / 2**0.5
                    for sign in (-1, 1)
                ],
                rel=1e-4,
            ),
        }
        means = {cell["label"]: cell["test_accuracy"]["mean"] for cell in found["cells"]}
        [pair] = found["differences"]
        assert pair["label"] == found["best"]
        assert pair["mean"] == pytest.approx(means[pair["label"]] - means[pair["other"]])
        assert "by chance" in found["caution"]
        before = times_of_files(folder.folder)
        again = run_lab(*flags(folder.folder, "--json"))
        assert json.loads(again.stdout)["runs"] == found["runs"]
        after = times_of_files(folder.folder)
        touched = {path for path in after if after[path] != before.get(path)}
        assert touched == {"status.json", ".lock"}, "a finished run was run again"

    def test_stop_and_resume_lose_nothing(self, tmp_path: Path) -> None:
        folder = prepared(tmp_path / "study", small_study(**LONG))
        process = training(folder, "--workers", 1, epochs=3)
        folder.ask_to_stop()
        ended(process, 0)
        self.assert_stopped(folder)
        assert 3 <= epochs_done(folder)[0] <= 15
        # Asked after the next process began, as far as times can tell.
        later = time.time() + PATIENCE
        os.utime(folder.folder / "control.json", (later, later))
        ended(in_background(*flags(folder.folder)), 0)
        assert_as_if_never_interrupted(folder)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_a_signal_saves_and_a_second_one_changes_nothing(
        self, number: signal.Signals, tmp_path: Path
    ) -> None:
        folder = prepared(tmp_path / "study", small_study(epochs=1000))
        process = training(folder, runs=2)
        process.send_signal(number)
        time.sleep(0.1)  # the second one comes while the runs are saved
        process.send_signal(number)
        ended(process, 128 + number)
        self.assert_stopped(folder)
        assert len(list(folder.folder.glob("*/stopped.pt"))) == 2

    def assert_stopped(self, folder: StudyFolder) -> None:
        status = folder.status()
        assert status is not None
        assert status.state == "stopped"
        assert not any(folder.run(planned).live for planned in folder.study.runs())
        assert len(folder.unfinished()) >= 2

    def test_a_killed_study_is_taken_up_at_once(self, tmp_path: Path) -> None:
        folder = prepared(tmp_path / "study", small_study(**LONG))
        process = training(folder, epochs=2)
        process.kill()
        process.wait()
        ended(in_background(*flags(folder.folder)), 0)
        assert_as_if_never_interrupted(folder)

    def test_a_killed_training_is_told_and_taken_up_next_time(self, tmp_path: Path) -> None:
        folder = prepared(tmp_path / "study", small_study(**LONG))
        process = training(folder, "--workers", 2, epochs=2)
        holder(folder.run(folder.study.runs()[0])).kill()
        [*_, last] = ended(process, 1).splitlines()
        assert last.startswith("error: 1 of 3 runs failed")
        assert_one_sentence(last)
        assert len(folder.unfinished()) == 1
        ended(in_background(*flags(folder.folder)), 0)
        assert_as_if_never_interrupted(folder)

    def test_slots_are_shared_with_the_runs_of_the_page(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LENET_SLOTS", "1")
        ours = launcher.start(small_config(epochs=1000, device="cpu"))
        wait_until(lambda: ours.status().state == "running", "the page's run")
        folder = prepared(ROOT / os.environ["LENET_RUNS_DIR"] / "studies/tiny", small_study())
        process = in_background(*flags(folder.folder))
        first = folder.run(folder.study.runs()[0])
        wait_until(lambda: first.used and first.status().state == "queued", "a queued run")
        assert [run.folder.name for run in launcher.queue()] == [first.folder.name]
        ours.ask(Control("stop"))
        ended(process, 0)
        assert ours.status().state == "stopped"

    def test_a_lost_machine_does_not_hold_a_run_for_ever(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = prepared(tmp_path / "study", small_study())
        planned = folder.study.runs()[0]
        run = folder.run(planned)
        run.prepare(planned.config)
        run.write_status(own_status().changed(state="running", host="lost.example"))
        assert run.live
        (run.folder / lock.NAME).touch()
        monkeypatch.setattr(lock, "SILENCE", 0.5)
        worker.wait_for_predecessor(run)
        assert not run.live
        assert run.status().state == "crashed"

    def test_a_study_is_conducted_once_at_a_time(self, tmp_path: Path) -> None:
        folder = prepared(tmp_path / "study", small_study())
        with folder.process.hold():
            errors = ended(in_background(*flags(folder.folder)), 1)
        assert "is going on already" in errors.splitlines()[-1]


@pytest.mark.usefixtures("small_dataset")
@pytest.mark.parametrize(
    ("flags", "word"),
    [
        ("", "--study"),
        ("--study ten-cases", "nine-cases"),
        ("--study nine-cases --dropout 0.2", "dropout"),
        ("--study nine-cases --seed 1", "--seeds"),
        ("--study nine-cases --seeds a", "--seeds"),
        ("--study nine-cases --seeds 1,1", "same"),
        ("--study nine-cases --seeds 99999999999", "seed"),
        ("--study nine-cases --vary lr=1", "grid"),
        ("--study nine-cases --workers 0", "--workers"),
        ("--study nine-cases --backend dask", "--address"),
        ("--study nine-cases --address tcp://127.0.0.1:1", "--backend"),
        ("--study nine-cases --backend ray", "dask"),
        ("--study nine-cases --backend dask --address nowhere", "no address"),
        ("--study grid", "--vary"),
        ("--study grid --vary lr=0.1 --lr 0.2", "twice"),
        ("--study grid --vary lr=0.1,0.2 --seed 1", "--seeds"),
        ("--study grid --vary lr=0.1 --random x", "--random"),
    ],
)
def test_what_cannot_be_studied_is_told_in_one_line_and_leaves_no_study_behind(
    flags: str, word: str, lab: Lab, tmp_path: Path
) -> None:
    result = lab("--mode", "study", *flags.split(), "--output_dir", tmp_path / "study")
    assert_refused(result, 2, word)
    assert_one_sentence(result.err.strip())
    assert not (tmp_path / "study").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("small_dataset")
def test_a_cluster_that_does_not_answer_is_told(lab: Lab, tmp_path: Path) -> None:
    dask = ("--backend", "dask", "--address", "tcp://127.0.0.1:1", "--output_dir", tmp_path / "x")
    result = lab("--mode", "study", "--study", "nine-cases", *dask)
    assert result.status == 1
    assert "no cluster answers" in result.err.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.usefixtures("small_dataset")
def test_a_run_that_is_tied_stops_with_who_started_it(tmp_path: Path) -> None:
    values = [*QUICK_FLAGS, "--epochs", "1000"]
    command = ["--mode", "train", *values, "--output_dir", str(tmp_path / "run"), "--tied", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.small_lab", *command],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until((tmp_path / "run/model_epoch1.pt").exists, "an epoch")
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(PATIENCE) == 143
    assert (tmp_path / "run/stopped.pt").exists()
