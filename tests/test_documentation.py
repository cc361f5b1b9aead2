"""What README, CONTRIBUTING and docs/ tell a reader to type, and where their links lead."""

import re
import shlex
import subprocess
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lenet.cli.main import main, parser
from lenet.paths import ROOT
from tests.network.other_lenets import Tutorial, packed

PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
INLINE = re.compile(r"`((?:make|python -m|pre-commit|pip) [^`]+)`")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
TEST = re.compile(r"`(test_\w+)`")
PATH = re.compile(r"`((?:lenet|tests|docs|studies|benchmarks|soak|pages)/[\w./]+)`")


def commands(page: Path) -> list[str]:
    """Each command of a page without its comment, lines that go on joined."""
    text = page.read_text(encoding="utf-8")
    lines = "\n".join(BLOCK.findall(text)).replace("\\\n", " ").splitlines()
    found = [line.partition(" #")[0].strip() for line in lines] + INLINE.findall(text)
    return [command for command in dict.fromkeys(found) if command]


ALL = dict.fromkeys(command for page in PAGES for command in commands(page))
assert len(ALL) > 15


@pytest.mark.parametrize("command", ALL)
def test_command_can_be_typed(command: str) -> None:
    """Make knows its target, modules are there, the lab's command line takes the flags."""
    words = shlex.split(command)
    if words[0] == "make":
        dry = subprocess.run(
            ["make", "-n", *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert dry.returncode == 0, dry.stderr
    elif words[:3] == ["python", "-m", "lenet"]:
        if "…" not in command and "--help" not in command:
            parser().parse_args(words[3:])
    elif words[:3] == ["python", "-m", "pytest"]:
        for word in words[3:]:
            assert "/a/" in word or not word.startswith("tests/") or (ROOT / word).exists(), word
    elif words[:2] == ["python", "-m"]:
        assert find_spec(words[2]), words[2]
    elif words[0] == "pip":
        assert all((ROOT / word).exists() for word in words if word.endswith(".txt"))
    elif words[0] == "streamlit":
        assert (ROOT / words[2]).exists()
    else:  # those of the cluster are typed in tests/studies
        assert words[0] in ("python3", "dask", "pre-commit"), command


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.usefixtures("real_fashion_mnist")
def test_the_readme_s_way_from_training_to_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commands as they stand there, on the real images; `lab` reaches 90 % in 3 epochs."""
    monkeypatch.chdir(tmp_path)
    photo = np.full((60, 60), 255, np.uint8)
    photo[10:50, 20:40] = 60
    Image.fromarray(photo).save("photo.jpg")
    (tmp_path / "theirs.pt").write_bytes(packed(Tutorial().state_dict()))
    typed = [c for c in commands(ROOT / "README.md") if c.startswith("python -m lenet --mode")]
    quick = [command for command in typed if "--mode study" not in command]
    assert [shlex.split(command)[4] for command in quick] == [
        "train",
        "eval",
        "test",
        "export",
        "import",
        "train",
        "summary",
    ]
    for command in quick:
        assert main(shlex.split(command)[3:]) == 0, capsys.readouterr().err
        out = capsys.readouterr().out
        if "--mode eval" in command:
            assert float(out.split()[1].rstrip("%")) >= 90, out


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_paths_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in LINK.findall(text):
        assert (page.parent / link).exists(), link
    for path in PATH.findall(text):
        assert "/a/" in path or "name" in path or (ROOT / path).exists(), path
    tests = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("*.py"))
    for name in TEST.findall(text):
        assert f"def {name}(" in tests, name
