"""All runs in a table, and what can be done with one of them."""

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import streamlit as st

from lenet.config import differences
from lenet.errors import LabError
from lenet.files import is_own
from lenet.paths import runs_dir
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
from lenet.ui.train import comparison
from lenet.ui.train.run_view import clock, turn_to
from lenet.ui.widgets import download

if TYPE_CHECKING:
    from lenet.network.checkpoint import Checkpoint

REFRESH = 2.0  # seconds between two looks at live runs
SHARED_SECONDS = 1.0  # in which the table of live runs is the same for all who see it


def show(known: dict[str, Run]) -> None:
    """The table of all runs, in which they are chosen; kept up to date while one is live."""
    st.caption("A click on a row opens its run; ticked runs are compared, or deleted.")
    live = any(run.live for run in known.values())
    fragment(_table, run_every=REFRESH if live else None)(known, live)


def _table(known: dict[str, Run], live: bool) -> None:
    rows = _shared(tuple(known), known) if live else _rows(known)
    if not rows:
        return
    state, column = st.session_state, st.column_config
    ids, ticked, lines = [*rows], comparison.ticked(rows), comparison.lines(known)
    colors = comparison.colors(lines[: comparison.MOST])
    dots = [_dot(colors.get(run_id, "none"), watched=run_id == state["watched"]) for run_id in ids]
    # Streamlit knows selected rows by position, and the browser may click on a table of earlier
    # rows: each list of runs has a table of its own.
    key = f"runs {hash(tuple(ids))}"
    selection = sorted(map(ids.index, ticked))
    if key not in state or list(state[key]["selection"]["rows"]) != selection:
        state[key] = {"selection": {"rows": selection}}
    st.dataframe(
        [{"line": dot} | row for dot, row in zip(dots, rows.values(), strict=True)],
        hide_index=True,
        key=key,
        on_select=partial(_used, key, ids),
        selection_mode=("multi-row", "single-cell"),
        placeholder="–",
        alt="All runs with their state, accuracy, time and settings",
        column_config={
            "line": column.ImageColumn("", width=40, help="The colour of its line."),
            "accuracy": column.NumberColumn("best val. acc.", format="percent", width=100),
            "changes": column.TextColumn(help="What differs from the preset."),
        },
    )
    if len(lines) > comparison.MOST:
        st.warning(
            f"{comparison.MOST} runs at most are compared; untick one to see the next.",
            icon=":material/stacked_line_chart:",
        )
    if ticked:
        count = f"{len(ticked)} ticked run{'s' * (len(ticked) > 1)}"
        _delete([known[run_id] for run_id in ticked], label=f"Delete {count}")
    if state.pop("table used", False):
        st.rerun()


def _used(key: str, ids: list[str]) -> None:
    """Note what was ticked, and open the run of a row that was clicked."""
    state = st.session_state
    found = state[key]["selection"]
    ticks = [ids[row] for row in found["rows"]]
    before = state.get("compared") or []
    state["compared"] = [one for one in before if one in ticks or one not in ids]
    state["compared"] += [one for one in ticks if one not in before]
    clicked = (key, *found["cells"]) if found["cells"] else None
    if clicked and clicked != state.get("clicked run"):
        turn_to(Run(runs_dir() / ids[found["cells"][0][0]]))
    state["clicked run"] = clicked
    state["table used"] = True  # all of the page follows


def _dot(color: str, *, watched: bool) -> str:
    """A dot in a run's colour as a picture's address, with a ring around the watched run's."""
    ring = f'<circle cx="12" cy="12" r="10" fill="none" stroke="{color}" stroke-width="2"/>'
    dot = f'<circle cx="12" cy="12" r="6" fill="{color}"/>{ring * watched}'
    picture = f'<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24">{dot}</svg>'
    return f"data:image/svg+xml,{quote(picture)}"


def _delete(runs: list[Run], place: Any = st, label: str = "Delete") -> None:
    """A button that deletes runs, after a question."""
    names, key = "\n".join(run.name for run in runs), f"{label} {hash(tuple(runs))}"
    live = any(run.live for run in runs)
    with place.popover(label, icon=":material/delete:", disabled=live, key=f"deletion {key}"):
        st.text(f"This deletes for good, with all checkpoints:\n{names}")
        if st.button(":red[Delete for good]", key=f"delete {key}"):
            for run in runs:
                run.delete()
            st.rerun()


@st.cache_resource(ttl=SHARED_SECONDS, max_entries=32, show_spinner=False)
def _shared(ids: tuple[str, ...], _known: dict[str, Run]) -> dict[str, dict[str, Any]]:
    return _rows(_known)


def _rows(known: dict[str, Run]) -> dict[str, dict[str, Any]]:
    """Every run with its settings and its outcome, by id; a damaged one is left out."""
    rows = {}
    for run in known.values():
        with suppress(LabError):
            rows[run.id] = _row(run)
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
    _delete([run], row)
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
    if run.name != st.session_state[key]:  # else it would replace what is typed meanwhile
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
