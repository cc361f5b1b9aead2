"""What a person needs and gets before the lab runs: the Python that `make` asks for."""

import shutil
import subprocess
import sys
from os import environ
from pathlib import Path

import pytest

from lenet.paths import ROOT

OLD_PYTHON = f"""#!{sys.executable}
import sys
sys.version_info = (3, 10, 12)
exec(sys.argv[sys.argv.index("-c") + 1])
"""


@pytest.mark.parametrize("place", ["bin/python3", "lab/.venv/bin/python"])
@pytest.mark.parametrize("target", ["app", "test"])
def test_make_refuses_an_older_python_in_one_line(target: str, place: str, tmp_path: Path) -> None:
    lab, old = tmp_path / "lab", tmp_path / place
    for folder in (lab, old.parent):
        folder.mkdir(parents=True)
    for path in (ROOT / "Makefile", *ROOT.glob("requirements*.txt")):
        shutil.copy(path, lab)
    old.write_text(OLD_PYTHON)
    old.chmod(0o755)
    made = subprocess.run(
        ["make", target],
        cwd=lab,
        env={"PATH": f"{tmp_path / 'bin'}:{environ['PATH']}"},  # nothing of a make that runs us
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 2
    assert len((made.stdout + made.stderr).splitlines()) == 1
    assert "The lab needs Python 3.11 or newer" in made.stderr
