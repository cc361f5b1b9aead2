"""`python -m lenet --mode study`: what its flags mean, and what it prints."""

import argparse
import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lenet.cli import weights
from lenet.cli.output import ProgressPrinter
from lenet.config import field_value
from lenet.errors import ConfigError
from lenet.runs import launcher
from lenet.studies import results, sweep
from lenet.studies.folder import StudyFolder, home_of
from lenet.studies.plan import Study, make_study
from lenet.studies.presets import OWN, POST_FIGURES, STUDY_PRESETS, preset_named
from lenet.studies.results import Spread
from lenet.studies.runner import BACKENDS, Outcome, check_backend, run_study
from lenet.studies.significance import differences
from lenet.studies.summary import caution, conclusion

log = logging.getLogger(__name__)

_SIZE = ("epochs", "batch_size")


def add_flags(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group(
        "study", "A flag of the configuration, given beside these, holds in every run."
    ).add_argument
    add("--study", metavar="NAME", help=f"{', '.join(STUDY_PRESETS)}, {OWN}, or a study's folder")
    add("--seeds", metavar="N,N", help="a run of each cell with each of these seeds")
    add(
        "--vary",
        action="append",
        default=[],
        metavar="FIELD=V,V",
        help=f"{OWN}: values or ranges of a field, as lr=0.01,0.1 or lr=0.001..0.1/5; repeatable",
    )
    add("--random", metavar="N", help=f"{OWN}: N cells drawn at random instead of all")
    add("--workers", metavar="N", help="runs at a time on this machine (default: its slots)")
    add("--backend", default="local", choices=BACKENDS, help="this machine, or a Dask cluster")
    add("--address", metavar="tcp://HOST:PORT", help="the Dask cluster's scheduler")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Train the unfinished runs of the study that the flags describe. LabError if a flag cannot be
    used or the study failed.
    """
    workers = None if args.workers is None else _whole("--workers", args.workers)
    folder = _folder(args, weights.given(args))
    if args.data_dir:
        folder.process.remember_data_dir(args.data_dir)
    elif found := folder.process.data_dir():  # nothing is written there unasked
        args.data_dir, args.download = found, "0"
    if workers and workers > launcher.slots():
        log.warning(
            "note: only %d runs train at once here; LENET_SLOTS changes that", launcher.slots()
        )
    runs = folder.study.runs()
    progress = ProgressPrinter()
    for dataset in sorted({planned.config.dataset for planned in runs}):
        progress.fetch(dataset, args.data_dir, download=args.download == "1")
    done = len(runs) - len(folder.unfinished())
    progress.note(f"{folder.study.title}: {len(runs)} runs, {done} of them finished already")
    flags = ["--download", args.download]
    if args.data_dir:
        flags += ["--data_dir", str(args.data_dir)]
    state, status = run_study(
        folder,
        lambda outcome: progress.note(_line(outcome)),
        address=args.address,
        workers=workers,
        flags=flags,
        handed_over=args.handed_over,
    )
    return {**_report(folder, state), "exit_status": status}


def _folder(args: argparse.Namespace, given: Mapping[str, Any]) -> StudyFolder:
    if not args.study:
        raise ConfigError(f"--mode study needs --study; one of {', '.join(STUDY_PRESETS)}, {OWN}")
    check_backend(args.backend, args.address)
    if Path(args.study, "study.json").is_file():
        if given or args.vary or args.random or args.seeds or args.output_dir:
            raise ConfigError("a study's folder has its own settings; leave the other flags out")
        return StudyFolder(Path(args.study))
    study = _study(args, given)
    folder = StudyFolder(args.output_dir) if args.output_dir else home_of(study)
    folder.keep(study)
    return folder


def _study(args: argparse.Namespace, given: Mapping[str, Any]) -> Study:
    seeds = None
    if args.seeds is not None:
        seeds = [_whole("--seeds", text, least=0) for text in args.seeds.split(",")]
    if args.study != OWN:
        if args.vary or args.random:
            raise ConfigError(f"--vary and --random make a study of one's own; use --study {OWN}")
        size = {name: field_value(name, given[name]) for name in _SIZE if name in given}
        return preset_named(args.study).study(**size, seeds=seeds).override(given)
    if not args.vary:
        raise ConfigError(f"--study {OWN} needs --vary, as in --vary lr=0.01,0.1")
    axes = dict(map(sweep.parse, args.vary))
    if len(axes) < len(args.vary) or set(axes) & set(given):
        raise ConfigError("a field is given twice; name it once, in --vary")
    if args.random is None:
        cells, left_out = sweep.grid(given, axes)
    else:
        cells, left_out = sweep.sample(given, axes, _whole("--random", args.random))
    if left_out:
        log.warning("note: %d combinations cannot be built and are left out", left_out)
    return make_study(OWN, sweep.title(axes), cells, seeds or [0])


def _whole(flag: str, text: str, least: int = 1) -> int:
    if not text.strip().isdecimal() or int(text) < least:
        raise ConfigError(f"{flag} takes whole numbers from {least} on, not {text!r}; change it")
    return int(text)


def _line(outcome: Outcome) -> str:
    name = f"{outcome.planned.label}, seed {outcome.planned.config.seed}"
    if outcome.result:
        found = outcome.result
        return f"{name}: loss {found.train_loss:.4f}, test {found.test_accuracy:.2%}"
    return f"{name}: {outcome.reason or 'stopped'}"


def _spread(found: Spread) -> dict[str, Any]:
    interval = (
        [found.mean - found.half, found.mean + found.half] if found.half is not None else None
    )
    return {**asdict(found), "interval": interval}


def _report(folder: StudyFolder, state: str) -> dict[str, Any]:
    findings = results.read(folder)
    accuracies = results.summary(findings, "test_accuracy")
    losses = results.summary(findings, "train_loss")
    best = results.best(findings)
    post = POST_FIGURES if findings.study.name == "nine-cases" else {}
    return {
        "study": findings.study.name,
        "title": findings.study.title,
        "folder": str(folder.folder),
        "state": state,
        "runs": results.rows(findings),
        "cells": [
            {
                "label": label,
                "test_accuracy": _spread(accuracies[label]),
                "train_loss": _spread(losses[label]),
                **({"post": asdict(post[label])} if label in post else {}),
            }
            for label in accuracies
        ],
        "best": best.label if best else None,
        "differences": [
            {**asdict(pair), "significant": pair.is_significant} for pair in differences(findings)
        ],
        "conclusion": conclusion(findings),
        "caution": caution(findings.study),
        "seconds": round(results.seconds(findings.runs), 3),
        "made": results.circumstances(),
    }
