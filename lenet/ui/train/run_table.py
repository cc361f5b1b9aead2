"""All runs in a table, and what can be done with one of them."""

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from lenet.config import differences
from lenet.errors import LabError
from lenet.files import is_own
from lenet.runs import launcher
from lenet.runs.history import EPOCH_KEYS, LR_KEYS, History
from lenet.runs.naming import MAX_NAME
from lenet.runs.run import Run
from lenet.runs.status import LIVE
from lenet.ui import take_along
from lenet.ui.app import explained, fragment
from lenet.ui.escape import plain
from lenet.ui.run_cache import best_checkpoint, metrics_of, outcome_of
from lenet.ui.style import BADGES
from lenet.ui.train.run_view import clock, turn_to
from lenet.ui.widgets import download

if TYPE_CHECKING:
    from lenet.network.checkpoint import Checkpoint

REFRESH = 2.0  # seconds between two looks at live runs
SHARED_SECONDS = 1.0  # in which the table of live runs is the same for all who see it


def show(known: dict[str, Run]) -> None:
    """The table of all runs, kept up to date while one of them is live."""
    live = any(run.live for run in known.values())
    fragment(_table, run_every=REFRESH if live else None)(known, live)


def _table(known: dict[str, Run], live: bool) -> None:
    table = _shared(tuple(known), known) if live else _rows(known)
    if not table:
        return
    column = st.column_config
    st.dataframe(
        table,
        hide_index=True,
        key="runs",
        placeholder="–",
        alt="All runs with their state, accuracy, time and settings",
        column_config={
            "accuracy": column.NumberColumn("best val. acc.", format="percent", width=100),
            "changes": column.TextColumn(help="What differs from the preset."),
        },
    )


@st.cache_resource(ttl=SHARED_SECONDS, max_entries=32, show_spinner=False)
def _shared(ids: tuple[str, ...], _known: dict[str, Run]) -> list[dict[str, Any]]:
    return _rows(_known)


def _rows(known: dict[str, Run]) -> list[dict[str, Any]]:
    """Every run with its settings and its outcome; a damaged one is left out."""
    rows = []
    for run in known.values():
        with suppress(LabError):
            rows.append(_row(run))
    return rows


def _row(run: Run) -> dict[str, Any]:
    status, config = run.status(), run.config()
    epochs, accuracy = outcome_of(run, live=status.state in LIVE)
    return {
        "name": run.name,
        "status": BADGES[status.state][0],
        "accuracy": accuracy,
        "epochs": f"{epochs}/{config.epochs}",
        "time": clock(status.seconds),
        "preset": config.preset,
        "changes": differences(config),
    }


def manage(run: Run) -> None:
    """The chosen run's name, command, downloads, promotion and deletion."""
    metrics = metrics_of(run)
    st.text_input(
        "Name",
        run.name,
        max_chars=MAX_NAME,
        key=f"name of {run.id}",
        on_change=_rename,
        args=(run,),
    )
    best = best_checkpoint(run)
    row = st.container(horizontal=True)
    download(
        "Checkpoint",
        best.read_bytes if best else b"",
        f"{run.id}-{best.name}" if best else "",
        place=row,
        disabled=best is None,
        help="The epoch with the best validation accuracy.",
    )
    download(
        "Metrics",
        lambda: csv(metrics),
        f"{run.id}.csv",
        place=row,
        disabled=not len(metrics),
        help="Every step as CSV, with the validation after each epoch.",
    )
    if best:
        take_along.popover(row, run.id, best, partial(_opened, best))
    with row.popover("Offer to all", icon=":material/verified:", disabled=best is None):
        _promote(run, best)
    deletion = f"deletion of {run.id}"
    with row.popover("Delete", icon=":material/delete:", disabled=run.live, key=deletion):
        st.text(f"This deletes {run.name} with all its checkpoints and cannot be undone.")
        if st.button(":red[Delete for good]", key=f"delete {run.id}"):
            run.delete()
            st.rerun()
    st.caption("The same run as a command")
    begin = run.first_weights if is_own(run.first_weights) else None
    st.code(launcher.command_line(run.config(), begin), language="bash", wrap_lines=True)


def _opened(path: Path) -> "Checkpoint":
    from lenet.network import checkpoint as checkpoints

    return checkpoints.load(path)


def csv(metrics: History) -> str:
    """A row for each recorded step; an epoch's figures are in its last, `lr_set` came after it."""
    import pandas as pd  # not for the first page

    steps = pd.DataFrame(metrics.steps).astype({"step": int})
    epochs = pd.DataFrame(metrics.epochs, columns=[*EPOCH_KEYS, "val_loss", "val_accuracy"])
    changes = pd.DataFrame(metrics.lr_changes, columns=[*LR_KEYS])
    table = steps.merge(epochs, "left", "step").merge(changes, "left", "step")
    text: str = table.astype({"epoch": "Int64"}).to_csv(index=False)
    return text


def _rename(run: Run) -> None:
    key = f"name of {run.id}"
    if run.id != st.session_state["watched"] or st.session_state[key] == run.name:
        return  # the field of the run watched before reports once more when another is chosen
    with explained():  # a callback is outside of the page's frame
        run.rename(st.session_state[key])
        _shared.clear()
    turn_to(run)
    st.session_state[key] = run.name  # an empty one gives the first name back


def _promote(run: Run, best: Path | None) -> None:
    st.write(
        "Puts the best epoch, with a card that says how good it is, among the checkpoints that all "
        "visitors can choose."
    )
    name = st.text_input("Name", value=run.config().preset, max_chars=60, key=f"promote {run.id}")
    if st.button("Offer to all", key=f"promote now {run.id}", type="primary") and best:
        with explained():
            with st.spinner("Reading the test images for the model card…"):
                from lenet.evaluation.model_card import promote

                saved = promote(best, name)
            st.success(f"Saved as {plain(saved.name)}; Evaluate and Predict offer it now.")
