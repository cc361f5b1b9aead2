"""Watching a run: its state, progress and curves, read from its folder while it goes on."""

import time
from datetime import timedelta

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from lenet.config import Config, overrides, told
from lenet.files import is_own
from lenet.paths import ROOT
from lenet.runs.history import History
from lenet.runs.naming import labels, told_apart
from lenet.runs.run import Run
from lenet.runs.status import LIVE, Status
from lenet.ui.address import link
from lenet.ui.app import explained, fragment
from lenet.ui.escape import plain
from lenet.ui.live_chart import live_chart
from lenet.ui.run_cache import metrics_of
from lenet.ui.train import comparison, config_form, moments, run_controls, what_happened
from lenet.ui.train.curves import curves
from lenet.ui.train.measures import measures

REFRESH, REFRESH_OF_EACH = 0.4, 0.03
"""Seconds between two looks at a live run: the first, or the second for each who looks."""
WIDTH = 96  # pixels of a number
FORGOTTEN = 10.0
"""Seconds after its last look at which a visitor no longer counts."""


def watch(known: dict[str, Run]) -> Run:
    """Choose one of the runs, and watch it; a live run is followed."""
    names = labels(known.values())
    head = st.container(key="watched", horizontal=True, gap="small")
    run_id = _choose(head, names)
    st.session_state["compared"] = comparison.ticked(known)
    compared = [known[other] for other in comparison.lines(known)[: comparison.MOST]]
    if st.session_state.pop("bring into sight", False):
        head.html(_INTO_SIGHT, unsafe_allow_javascript=True)
    run = known[run_id]
    with explained():
        every = interval() if run.status().state in LIVE else None
        follow = fragment(_follow, run_every=every)
        follow(run, compared, every)
    return run


def watched(known: dict[str, Run]) -> Run | None:
    """The run that was chosen last, else the newest one; None without any."""
    if known and st.session_state.get("watched") not in known:
        st.session_state["watched"] = next(iter(known))
    return known.get(st.session_state.get("watched", ""))


def interval() -> float:
    """Seconds between two looks at which the server keeps up with all who watch a live run."""
    looks, now = _looks(), time.monotonic()
    if context := get_script_run_ctx():
        looks[context.session_id] = now
    for visitor, at in list(looks.items()):
        if now - at > FORGOTTEN:
            looks.pop(visitor, None)
    return max(REFRESH, REFRESH_OF_EACH * len(looks))


@st.cache_resource(show_spinner=False)
def _looks() -> dict[str, float]:
    """When each visitor last looked at a live run, by session."""
    return {}


def turn_to(run: Run) -> None:
    """Watch this run from now on, and scroll to it where it is out of sight."""
    st.session_state["watched"] = run.id
    st.session_state["turns"] = st.session_state.get("turns", 0) + 1
    st.session_state["bring into sight"] = True


def _choose(place: DeltaGenerator, names: dict[str, str]) -> str:
    """The id of the run to watch.

    The key changes with `turn_to` and with an address, since an outdated report of a live page
    could win; after a new name the box would go on showing the old one.
    """
    state, ids = st.session_state, list(names)

    def current() -> str:
        return f"run, after {state.get('turns')}, {state['arrivals']}"

    key = current()

    def chosen() -> None:
        if key == current():  # a box that has been replaced may report once more
            state["watched"] = state[key]

    place.selectbox(
        "Run",
        ids,
        index=ids.index(state["watched"]),
        key=key,
        format_func=names.__getitem__,
        on_change=chosen,
        label_visibility="collapsed",
    )
    now: str = state["watched"]
    return now


def clock(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any."""
    return str(timedelta(seconds=round(seconds))).removeprefix("0:")


def _follow(run: Run, compared: list[Run], every: float | None) -> None:
    """Draw what is known of a run, the first of those compared; again after `every` seconds, or
    not.
    """
    status = run.status()
    metrics = metrics_of(run, live=status.state in LIVE)
    config = run.config()
    found = what_happened.findings(config, status, metrics)
    with st.container(gap="xsmall"):
        _progress(run, config, status, metrics)
        numbers = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
        _figures(numbers, config, status, metrics)
        run_controls.buttons(numbers, run, status)
        in_vain = any(finding.in_vain for finding in found)
        if warned := any(finding.warns for finding in found):
            what_happened.show(config, found)
        if status.state == "finished" and not in_vain:
            _what_now(run, metrics)
        if status.state != "failed" or not in_vain:  # else the finding says it, and what to try
            run_controls.explain(run, status)
    stage = st.grid(2, min_column_width=380)
    with stage.cell():
        others = [metrics_of(one, live=one.live) for one in compared[1:]]
        _curves(config, status, compared, [metrics, *others])
        if not warned:
            what_happened.show(config, found)
        _settings(run, config)
    with stage.cell():
        moments.show(run, config, live=status.state in LIVE)
    if every and (status.state not in LIVE or not every / 2 < interval() < 2 * every):
        st.rerun()


def _what_now(run: Run, metrics: History) -> None:
    """Where to go on with a finished run, its best epoch in hand."""
    files = run.checkpoints()
    if not files:
        return
    epoch = metrics.best_epoch(files) or max(files)
    best = metrics.best_accuracy
    row = st.container(horizontal=True, vertical_alignment="center", gap="small")
    row.markdown(f"**{best:.1%}.** What now?" if best else "What now?", width="content")
    for page, label, icon, more in (
        ("predict", "Draw for it", "draw", {"view": "Draw"}),
        ("evaluate", "See its mistakes", "grid_on", {}),
        ("inside", "Look inside", "account_tree", {}),
    ):
        query = link(page, checkpoint=run.id, epoch=epoch, **more)
        row.page_link(
            ROOT / f"pages/{page}.py",
            label=label,
            icon=f":material/{icon}:",
            query_params=query,
        )


def _settings(run: Run, config: Config) -> None:
    """What the run was trained with, in a line, and a button that fills the form with it."""
    shown = {name: getattr(config, name) for name in config_form.MAIN} | overrides(config)
    if shown["dataset"] == Config.model_fields["dataset"].default:
        del shown["dataset"]
    begun = "begun with a checkpoint's weights, " if is_own(run.first_weights) else ""
    st.caption(plain(f"This run: {begun}preset {config.preset}, {told(shown)}"))
    if st.button(
        "Use these settings",
        icon=":material/tune:",
        type="tertiary",
        key=f"use {run.id}",
        on_click=config_form.use,
        args=(config,),
    ):
        st.rerun()  # the form is outside of this fragment


def _progress(run: Run, config: Config, status: Status, metrics: History) -> None:
    row = st.container(horizontal=True, vertical_alignment="center", gap="small")
    run_controls.badge(row, run, status)
    if not status.total_steps:
        row.progress(0.0, " ")
        return
    step = int(metrics.last("step")) if len(metrics) else 0
    epoch = min(config.epochs, len(metrics.epochs) + 1)
    text = f"Epoch {epoch} of {config.epochs}, step {step:,} of {status.total_steps:,}"
    if status.state in LIVE:
        text += f", {clock(status.seconds)} so far"
        text += f", {_speed(metrics):,.0f} images/s" if len(metrics) else ""
    row.progress(min(1.0, step / status.total_steps), text)


def _speed(metrics: History) -> float:
    """Images per second of the last steps."""
    speeds = metrics.steps["images_per_second"][-50:]
    return float(sum(speeds) / len(speeds))


def _figures(row: DeltaGenerator, config: Config, status: Status, metrics: History) -> None:
    known = len(metrics) > 0
    lr = round(metrics.last("lr"), 6) if known else 0.0
    time_of = ("Time", clock(status.seconds))
    if status.state in LIVE and known and status.total_steps:
        # A step of the last epoch includes its part of the validation.
        each = config.batch_size / _speed(metrics)
        if metrics.epochs:
            each = metrics.epochs[-1]["seconds"] * config.epochs / status.total_steps
        time_of = ("Time left", clock(each * (status.total_steps - metrics.last("step"))))
    accuracy = metrics.newest_accuracy
    for label, value in (
        ("Training loss", f"{metrics.last('loss'):.3f}" if known else "–"),
        ("Right answers", "–" if accuracy is None else f"{accuracy:.1%}"),
        ("Learning rate", np.format_float_positional(lr, 2, fractional=False, trim="-")),
        time_of,
    ):
        row.metric(label, value if known or label == "Time" else "–", width=WIDTH)


def _curves(config: Config, status: Status, runs: list[Run], recorded: list[History]) -> None:
    key, metrics = runs[0].id, recorded[0]
    colors = comparison.colors([run.id for run in runs]).values()
    shown = dict(zip(told_apart(runs).values(), zip(recorded, colors, strict=True), strict=True))
    log = st.toggle("Logarithmic loss", key="log loss", persist_state="session")
    place, below = st.container(), st.container()
    row = below.container(horizontal=True, vertical_alignment="center")
    smoothing = row.slider(
        "Smoothing", 0.0, 0.99, 0.94, 0.01, key="smoothing", persist_state="session", width=220
    )
    seen = tuple(
        (name, color, *one.counts(), one.last("loss") if len(one) else 0)
        for name, (one, color) in shown.items()
    )
    with place:
        live_chart(
            "curves",
            lambda: curves(
                shown,
                key,
                status.total_steps,
                smoothing=smoothing,
                log=log,
                softmax=config.softmax,
            ),
            version=(key, seen, smoothing, log, status.total_steps),
            alt="Training and validation loss and accuracy over the steps of the run",
        )
    if metrics.probes and row.toggle("More", key="more", persist_state="session"):
        with below:
            live_chart(
                "more curves",
                lambda: measures(config, metrics, status.total_steps),
                version=(key, len(metrics.probes), status.total_steps),
                alt="Gradient norm, updates of each layer, idle units and recall of each class",
            )


# The run may be out of sight of who presses Start or a row. Braces let `run` be declared anew.
_INTO_SIGHT = """<script>
{
  const run = document.querySelector(".st-key-watched");
  const top = run?.getBoundingClientRect().top;
  if (top < 0 || top > window.innerHeight / 2) {
    run.style.scrollMarginTop = "4rem";
    run.scrollIntoView({ behavior: "smooth" });
  }
}
</script>"""
