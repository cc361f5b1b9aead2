"""`--mode export`: the file it writes, what it prints, what it refuses."""

from pathlib import Path

import pytest

from lenet.paths import DEFAULT_CHECKPOINT
from tests.command import Lab, assert_refused

EXPORT = ("--mode", "export", "--json")


@pytest.mark.parametrize("form", ["html", "onnx", "code"])
@pytest.mark.usefixtures("small_dataset")
def test_file_is_written_and_counted(form: str, lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "taken"
    found = lab(*EXPORT, "--format", form, "--output", file).json
    assert found == {"format": form, "output": str(file), "bytes": file.stat().st_size}
    assert found["bytes"] > 1000


def test_code_is_that_of_the_checkpoint(
    lab: Lab, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "lenet5.py"
    flags = ("--checkpoint", DEFAULT_CHECKPOINT.with_name("post.pt"), "--lr", 5)
    result = lab(*EXPORT, "--format", "code", "--output", file, *flags)
    assert result.json["output"] == str(file)
    assert "--lr has no effect here" in caplog.text
    code = file.read_text()
    assert "kernel_size=3" in code
    assert "LR = 0.01 " in code


def test_an_existing_file_stays_unless_told(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("mine")
    flags = (*EXPORT, "--format", "code", "--output", file)
    assert_refused(lab(*flags), 2, "there already", "--overwrite 1")
    assert file.read_text() == "mine"
    lab(*flags, "--overwrite", 1)
    assert "class LeNet5" in file.read_text()


def test_unusable_flags_are_refused(lab: Lab, tmp_path: Path) -> None:
    assert_refused(lab(*EXPORT), 2, "--format", "--output")
    assert_refused(lab(*EXPORT, "--format", "word", "--output", tmp_path / "x"), 2, "--format")
    flags = (*EXPORT, "--format", "code", "--output")
    assert_refused(lab(*flags, tmp_path / "no" / "x.py"), 1, "x.py")
    missing = ("--checkpoint", tmp_path / "none.pt")
    assert_refused(lab(*flags, tmp_path / "x.py", *missing), 1, "no checkpoint at")
