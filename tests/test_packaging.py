"""What a person needs and gets before the lab runs: Python for `make`, or a wheel."""

import json
import shutil
import subprocess
import sys
from os import environ
from pathlib import Path

import pytest

from lenet import __version__
from lenet.paths import ROOT
from tests.idx_files import install_small_dataset

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


@pytest.mark.slow
def test_wheel_is_the_command_and_what_is_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Installed, the command works in any folder and writes only into the user's own."""
    home, site, here = (tmp_path / name for name in ("home", "site", "here"))
    here.mkdir()
    install_small_dataset(monkeypatch, tmp_path / "data")
    for name in ("LENET_RUNS_DIR", "LENET_CHECKPOINTS_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PYTHONPATH", f"{site}:{ROOT}")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
    wheel = ("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path))

    def run(*command: str | Path) -> str:
        return subprocess.run(
            command, cwd=here, stdout=subprocess.PIPE, text=True, check=True
        ).stdout

    run(*pip, *wheel, ROOT)
    [built] = tmp_path.glob(f"lenet_lab-{__version__}-*.whl")
    run(*pip, "install", "--no-deps", "--target", site, built)
    summary = json.loads(run(site / "bin/lenet", "--mode", "summary", "--json"))
    assert summary["parameters"] == 61_990

    small = (sys.executable, "-m", "tests.small_lab", "--json", "--mode")
    evaluated = json.loads(run(*small, "eval"))
    assert evaluated["checkpoint"] == str(site / "lenet/shipped/checkpoints/fashion-mnist.pt")
    taken = tmp_path / "lenet5.html"
    run(*small, "export", "--format", "html", "--output", taken)
    assert "looksLikeNone" in taken.read_text(encoding="utf-8")
    trained = json.loads(run(*small, "train", "--epochs", "1", "--val_size", "40"))
    own = home / ".local/share/lenet-lab"
    assert trained["checkpoint"] == str(own / "output/model_epoch1.pt")
    code = "from lenet import paths; print(paths.home(), len([*paths.SHIPPED_STUDIES.iterdir()]))"
    assert run(sys.executable, "-c", code).split() == [str(own), "4"]
    assert not list(here.iterdir())
