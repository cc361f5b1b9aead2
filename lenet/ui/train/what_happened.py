"""What happened in a run that has ended, in sentences, each with a button that tries the remedy."""

from collections.abc import Sequence

import streamlit as st

from lenet.config import Config, build_config, knob
from lenet.runs.diagnosis import Finding, what_happened
from lenet.runs.history import History
from lenet.runs.status import LIVE, Status
from lenet.ui.escape import plain
from lenet.ui.train import config_form


def findings(config: Config, status: Status, metrics: History) -> list[Finding]:
    """What is to be said of an ended run; nothing of a live one."""
    if status.state in LIVE:
        return []
    failed = status.state == "failed" and "diverged" in (status.message or "")
    return what_happened(config, metrics, failed=failed)


def show(config: Config, found: Sequence[Finding]) -> None:
    """The findings, each with a button that tries the remedy."""
    if found:
        st.markdown("**What happened**")
    for number, finding in enumerate(found):
        icon = ":orange[:material/warning:]" if finding.warns else ":green[:material/check_circle:]"
        st.markdown(f"{icon} {plain(finding.text)}")
        if finding.settings:
            pressed = st.button(
                _label(finding),
                icon=":material/tune:",
                key=f"remedy {number}",
                help="Fills the form with this run's settings and this change.",
                on_click=config_form.use,
                args=(build_config({**config.model_dump(), **finding.settings}),),
            )
            if pressed:  # the form is outside of the fragment that follows the run
                st.rerun()


def _label(finding: Finding) -> str:
    [(name, value)] = finding.settings.items()
    said = {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value
    return f"Set {knob(Config.model_fields[name]).label.lower()}: {said}"
