"""Through the epochs of the run in hand, a step at a time."""

import streamlit as st

from lenet.runs.run import Run


def step_through() -> None:
    """Buttons that put the epoch before or after in hand, where there are several."""
    state = st.session_state
    epoch = state.get("checkpoint epoch")
    if epoch is None:
        return
    epochs = list(Run(state["in hand"].path.parent).checkpoints())
    place = epochs.index(epoch)
    row = st.container(horizontal=True, vertical_alignment="center", gap="small")

    def button(label: str, icon: str, to: int) -> None:
        row.button(
            label,
            icon=f":material/{icon}:",
            type="tertiary",
            disabled=not 0 <= to < len(epochs),
            on_click=lambda: state.update({"checkpoint epoch": epochs[to]}),
        )

    button("Epoch before", "chevron_left", place - 1)
    row.markdown(f"Epoch {epoch} of {epochs[-1]}", width="content")
    button("Next epoch", "chevron_right", place + 1)
