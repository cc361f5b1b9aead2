"""The command line: `python -m lenet --mode train|eval|test|summary|lr_range|study|export|import`.

Torch is not imported before the arguments are known to be usable, nor for `--mode summary`.
"""

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from lenet import paths
from lenet.cli import output, study, weights
from lenet.cli.output import ProgressPrinter
from lenet.config import (
    Config,
    applies,
    bounds,
    build_config,
    choices,
    knob,
    network_settings,
    overrides,
)
from lenet.data.reading import locate
from lenet.errors import ConfigError, DatasetError, LabError, StorageError
from lenet.files import explained
from lenet.runs import launcher
from lenet.runs.run import Run

log = logging.getLogger(__name__)

OUTPUT = paths.output_dir()
SAMPLES = 5
"""Images that `--mode test` shows."""


class _Parser(argparse.ArgumentParser):
    """A parser whose complaint is one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {' '.join(message.split())}; see {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """The contract of the command line, one flag for each hyperparameter included."""
    made = _Parser(
        prog="lenet" if Path(sys.argv[0]).stem == "lenet" else "python -m lenet",
        description="Train, evaluate and use LeNet-5 on Fashion-MNIST or MNIST.",
        allow_abbrev=False,
    )
    add = made.add_argument
    add("--mode", required=True, choices=list(MODES), help="what to do")
    add("--json", action="store_true", help="print one JSON object, progress on standard error")
    add("--download", default="1", choices=("0", "1"), help="fetch a missing dataset (default: 1)")
    add("--data_dir", type=paths.absolute, help="where datasets are (LENET_DATA_DIR or data)")
    add("--output_dir", type=Path, help=f"where train and study write ({OUTPUT}, a study's own)")
    add("--overwrite", default="0", choices=("0", "1"), help="train, export: replace what is there")
    add("--resume", type=Path, metavar="RUN", help="train: go on with the run in this folder")
    add("--queue", default="0", choices=("0", "1"), help="train: wait for a free slot first")
    add("--evaluate", default="0", choices=("0", "1"), help="train: then use the test set, too")
    add("--tied", default="0", choices=("0", "1"), help="train: stop when standard input ends")
    add(launcher.HANDED_OVER, action="store_true", help=argparse.SUPPRESS)
    add(
        "--checkpoint",
        type=Path,
        default=paths.DEFAULT_CHECKPOINT,
        help="for eval, test, export and import; of this lab, or any LeNet-5's weights",
    )
    add("--robustness", default="0", choices=("0", "1"), help="eval: on changed images, too")
    add("--init_from", type=Path, metavar="FILE", help="train: begin with a checkpoint's weights")
    add("--images", type=Path, nargs="+", metavar="PATH", help="test: classify photographs")
    add("--drawings", type=Path, nargs="+", metavar="PATH", help="test: classify canvas drawings")
    add("--box", type=_box, metavar="X0,Y0,X1,Y1", help="test: where the thing is in --images")
    study.add_flags(made)
    weights.add_flags(made)
    groups: dict[str, Any] = {}
    for name, info in Config.model_fields.items():
        group = knob(info).group
        if group not in groups:
            groups[group] = made.add_argument_group(group)
        groups[group].add_argument(
            f"--{name}", default=argparse.SUPPRESS, metavar=_metavar(name), help=_help(name)
        )
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 2 for unusable arguments, 128 and a signal's
    number if that has stopped a training, 1 for other failures.
    """
    level = logging.getLevelName(os.environ.get("LENET_LOG", "WARNING").upper())
    logging.basicConfig(
        format="%(message)s", level=level if isinstance(level, int) else logging.WARNING
    )
    args = parser().parse_args(arguments)
    try:
        result = MODES[args.mode](args)
        status: int = result.pop("exit_status", 0)
        with suppress(OSError, StorageError) if status else nullcontext():  # of a closed terminal
            _print(json.dumps(result) if args.json else output.RENDER[args.mode](result))
    except LabError as error:
        return _fail(str(error), error.exit_code)
    except KeyboardInterrupt as error:
        return _fail("interrupted", getattr(error, "exit_code", 130))
    except BrokenPipeError:  # the reader has read enough
        return 1
    except MemoryError:
        return _fail("not enough memory; close other programs or choose a smaller batch_size", 1)
    except Exception as error:  # a fault of ours: one line for the person, the rest on request
        log.info("unexpected error", exc_info=True)
        return _fail(
            f"unexpected {type(error).__name__}: {error}; set LENET_LOG=info for details", 1
        )
    return status


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except OSError as error:
        # What is left in the buffer must not be tried again, and complained about, at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        with explained(Path("standard output")):
            raise


def _fail(message: str, status: int) -> int:
    print("error: " + " ".join(message.split()), file=sys.stderr)
    return status


def _metavar(name: str) -> str:
    info = Config.model_fields[name]
    if options := choices(info):
        return "|".join(options)
    return {bool: "0|1", int: "N", float: "X", str: "STEP:X,…"}[info.annotation]  # type: ignore[index]


def _help(name: str) -> str:
    info = Config.model_fields[name]
    limits = bounds(info)
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    notes = [f"{signs[kind]} {limit:g}" for kind, limit in limits.items()]
    default = int(info.default) if isinstance(info.default, bool) else info.default
    notes.append(f"default: {'none' if default == '' else default}")
    return f"{info.description} ({', '.join(notes)})".replace("%", "%%")


def _box(text: str) -> tuple[float, float, float, float]:
    with suppress(ValueError):
        left, top, right, bottom = (float(number) for number in text.split(","))
        if left < right and top < bottom:
            return left, top, right, bottom
    raise argparse.ArgumentTypeError(
        f"must be four numbers of pixels, left,top,right,bottom, not {text!r}"
    )


def _config(args: argparse.Namespace) -> Config:
    given = weights.given(args)
    config = build_config(given)
    for name in given:
        if not applies(Config.model_fields[name], config.model_dump()):
            log.warning("note: --%s has no effect with these settings", name)
    return config


def _summary(args: argparse.Namespace) -> dict[str, Any]:
    if args.checkpoint != paths.DEFAULT_CHECKPOINT:
        log.warning("note: --checkpoint has no effect here; the flags say what is summed up")
    config = _config(args)
    layers = config.layers()
    return {
        "parameters": sum(layer.parameters for layer in layers),
        "layers": [
            {name: getattr(layer, name) for name in ("name", "output_shape", "parameters")}
            for layer in layers
        ],
        "config": config.model_dump(),
    }


def _train(args: argparse.Namespace) -> dict[str, Any]:
    from lenet.runs.history import read_history
    from lenet.runs.worker import Execution

    progress = ProgressPrinter()
    run = Run(args.resume or args.output_dir or OUTPUT)
    if args.tied == "1":
        from lenet.studies.worker import stop_with_standard_input, wait_for_predecessor

        stop_with_standard_input()
        wait_for_predecessor(run)
    if args.resume and (weights.given(args) or args.init_from):
        raise ConfigError("--resume goes on with the run's own settings; leave the others out")
    if args.resume and not args.data_dir:
        _use_remembered_data(args, run)
    accuracy: dict[str, float] = {}

    def evaluate() -> None:
        from lenet.evaluation.metrics import evaluate
        from lenet.network import checkpoint as checkpoints

        split = _split(args, run.config().dataset, "test", progress)
        accuracy["test_accuracy"] = evaluate(checkpoints.load(_saved(run)), split).accuracy

    work = Execution(
        run,
        lambda: _split(args, run.config().dataset, "train", progress),
        progress.training,
        queued=args.queue == "1",
        data_dir=args.data_dir,
        after=evaluate if args.evaluate == "1" else None,
    )
    if args.resume:
        work.resume(handed_over=args.handed_over)
    else:
        begin = None
        if args.init_from:
            begin, given = weights.opened(args, args.init_from, *Config.model_fields)
            config = build_config({**network_settings(begin.config), **given})
        else:
            config = _config(args)
        work.start(config, overwrite=args.overwrite == "1", begin=begin)
    if work.status.state == "finished" and args.tied == "0":  # a study's are seldom used
        from lenet.training.unsure import keep_ready

        with suppress(StorageError):  # then it is done when the checkpoint is first used
            keep_ready(_saved(run), args.data_dir)
    epochs = read_history(run.metrics_file).epochs
    last = epochs[-1] if epochs else {}
    return {
        "checkpoint": str(_saved(run)),
        "state": work.status.state,
        "epochs": last.get("epoch", 0),
        **{name: last.get(name) for name in ("train_loss", "val_loss", "val_accuracy")},
        "seconds": round(work.status.seconds, 3),
        "overrides": overrides(run.config()),
        "exit_status": work.exit_status,
        **accuracy,
    }


def _lr_range(args: argparse.Namespace) -> dict[str, Any]:
    from lenet.training.lr_range import find_lr

    config = _config(args)
    return asdict(find_lr(config, _split(args, config.dataset, "train", ProgressPrinter())))


def _saved(run: Run) -> Path:
    return next(iter(run.saved()), run.stopped_checkpoint)


def _use_remembered_data(args: argparse.Namespace, run: Run) -> None:
    """Look for images where the run found them before; nothing is written there."""
    if not (folder := run.data_dir()):
        return
    if not locate(dataset := run.config().dataset, folder):
        raise DatasetError(
            f"{dataset} is no longer in {folder}, where the run had it from; "
            "name the folder that has it with --data_dir"
        )
    args.data_dir, args.download = folder, "0"


def _eval(args: argparse.Namespace) -> dict[str, Any]:
    loaded, given = weights.opened(args, args.checkpoint, "dataset")
    dataset = given.get("dataset", loaded.config.dataset)
    split = _split(args, dataset, "test", ProgressPrinter())
    from lenet.evaluation.metrics import evaluate
    from lenet.evaluation.report import figures
    from lenet.training.unsure import ready, unsure

    loaded = ready(loaded, args.data_dir)
    more = {}
    if args.robustness == "1":
        from lenet.evaluation.robustness import robustness

        more["robustness"] = [point.figures() for point in robustness(loaded, split)]
    return {
        "checkpoint": str(args.checkpoint),
        "dataset": dataset,
        **figures(evaluate(loaded, split)),
        **more,
        "unsure": unsure(loaded, split.images).float().mean().item(),
        "unsure_set_on": loaded.detector["set_on"] if loaded.detector else [],
    }


def _test(args: argparse.Namespace) -> dict[str, Any]:
    if args.images and args.drawings:
        raise ConfigError("--images and --drawings exclude each other; give one of them")
    if args.box and not args.images:
        raise ConfigError("--box says where the thing is in --images; give them, too")
    loaded, given = weights.opened(args, args.checkpoint, "dataset", "seed")
    from lenet.evaluation import classify
    from lenet.training.unsure import ready

    loaded = ready(loaded, args.data_dir)
    if files := args.images or args.drawings:
        drawn = bool(args.drawings)
        chosen = args.checkpoint is not paths.DEFAULT_CHECKPOINT  # also if by the same name
        second = None if chosen else classify.second_for(args.checkpoint)
        found, errors = classify.classify_files(
            loaded, files, drawn=drawn, box=args.box, second=second
        )
        for error in errors:
            _fail(error["message"], 1)
        if errors:
            return {"predictions": found, "errors": errors, "exit_status": 1}
        return {"predictions": found}
    dataset = given.get("dataset", loaded.config.dataset)
    split = _split(args, dataset, "test", ProgressPrinter())
    index = classify.pick(split, SAMPLES, given.get("seed"))
    result = {
        "dataset": dataset,
        "predictions": classify.classify_samples(loaded, split, dataset, index),
    }
    if not args.json:
        result["sheet"] = str(classify.save_sheet(split.images[index], args.output_dir or OUTPUT))
    return result


def _split(args: argparse.Namespace, dataset: str, name: str, progress: ProgressPrinter) -> Any:
    """A split in memory, fetched first where it is missing or damaged and may be fetched."""
    from lenet.data.splits import load_split

    load = partial(load_split, dataset, name, args.data_dir)  # type: ignore[arg-type]
    try:
        with ThreadPoolExecutor(1) as beside:  # to check all files takes as long as to load two
            check = beside.submit(progress.fetch, dataset, args.data_dir, download=False)
            split = load()
        check.result()
    except DatasetError:
        progress.fetch(dataset, args.data_dir, download=args.download == "1")
        split = load()
    return split


MODES: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "train": _train,
    "eval": _eval,
    "test": _test,
    "summary": _summary,
    "lr_range": _lr_range,
    "study": study.run,
    "export": lambda args: weights.export(
        args, lambda name: _split(args, name, "test", ProgressPrinter())
    ),
    "import": weights.import_weights,
}
