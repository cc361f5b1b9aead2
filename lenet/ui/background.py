"""A process that makes a file, once for all visitors, and tells how far it is."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from lenet.files import explained
from lenet.paths import ROOT
from lenet.ui.app import fragment

REFRESH = 0.5  # seconds


def is_made(output: Path, module: str, total: int, data: Callable[[], NDArray[Any]]) -> bool:
    """Whether the file is there; if not, have it made, and show a progress bar until it is.

    Args:
        module: run as `python -m MODULE OUTPUT`; it prints "Iteration N" as it goes on.
        total: the N at which it ends.
        data: gives the array that it reads from standard input.
    """
    if output.is_file():
        return True
    process = _started(output, module, data)
    fragment(_follow, run_every=REFRESH)(process, output, module, total)
    return False


@st.cache_resource(max_entries=64, show_spinner=False)
def _started(
    output: Path, module: str, _data: Callable[[], NDArray[Any]]
) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-u", "-m", module, str(output)]
    with explained(output):
        output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile() as given, output.with_suffix(".log").open("wb") as log:
        np.save(given, _data())
        given.seek(0)
        return subprocess.Popen(command, cwd=ROOT, stdin=given, stdout=log, stderr=log)


def _follow(process: "subprocess.Popen[bytes]", output: Path, module: str, total: int) -> None:
    if process.poll() is None:
        told = re.findall(r"Iteration (\d+)", output.with_suffix(".log").read_text())
        share = min(1.0, int(told[-1]) / total) if told else 0.0
        st.progress(share, f"At work in the background… {share:.0%}")
    elif output.is_file():
        st.rerun()
    else:
        st.error(f"It failed; {output.with_suffix('.log')} says why.", icon=":material/error:")
        if st.button("Try again", key=f"again {output.name}"):
            _started.clear(output, module)
            st.rerun()
