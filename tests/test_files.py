"""Files written whole or not at all."""

import errno
import json
import resource
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lenet.errors import StorageError
from lenet.files import explained, write_atomic, write_json
from lenet.paths import ROOT
from tests.small import PATIENCE, assert_one_sentence


def test_a_folder_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="its folder is not there") as caught:
        write_atomic(tmp_path / "deleted" / "file.bin", b"content")
    assert_one_sentence(str(caught.value))
    assert not (tmp_path / "deleted").exists()


def test_replaces_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomic(path, b"a longer content")
    write_atomic(path, b"short")
    assert path.read_bytes() == b"short"
    assert [found.name for found in tmp_path.iterdir()] == ["file"]


def test_reader_never_meets_a_part(tmp_path: Path) -> None:
    path = tmp_path / "file"
    contents = {bytes([digit]) * 200_000 for digit in range(4)}
    write_atomic(path, bytes(200_000))
    done = threading.Event()

    def write() -> None:
        for content in sorted(contents) * 5:
            write_atomic(path, content)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        assert path.read_bytes() in contents
    writer.join()


def test_json_comes_back(tmp_path: Path) -> None:
    value = {"text": "größer", "list": [1, 2.5, None, True], "nested": {"a": "b"}}
    write_json(tmp_path / "value.json", value)
    assert json.loads((tmp_path / "value.json").read_text()) == value


class TestFailure:
    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
    def test_full_disk_is_called_so(self, number: int) -> None:
        with (
            pytest.raises(StorageError, match="the disk is full: a/file could not be") as caught,
            explained(Path("a/file")),
        ):
            raise OSError(number, "whatever the system says")
        assert_one_sentence(str(caught.value))

    def test_other_failure_is_said_in_the_systems_words(self) -> None:
        with (
            pytest.raises(
                StorageError, match=r"a/file could not .*\(Permission denied\)"
            ) as caught,
            explained(Path("a/file")),
        ):
            raise PermissionError(errno.EACCES, "Permission denied")
        assert_one_sentence(str(caught.value))

    def test_other_errors_pass(self) -> None:
        with pytest.raises(KeyError), explained(Path("file")):
            raise KeyError

    def test_file_where_a_folder_should_be(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(StorageError, match="could not be written"):
            write_atomic(tmp_path / "file" / "below", b"content")
        assert (tmp_path / "file").read_text() == "in the way"

    def test_folder_where_a_file_should_be(self, tmp_path: Path) -> None:
        (tmp_path / "target").mkdir()
        with pytest.raises(StorageError, match="could not be written"):
            write_atomic(tmp_path / "target", b"content")
        assert [found.name for found in tmp_path.iterdir()] == ["target"]

    @pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
    @pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
    def test_old_file_survives_whenever_it_fails(
        self, step: str, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "file"
        write_atomic(path, b"old")

        def fail(*_: object) -> None:
            raise error

        monkeypatch.setattr(step, fail)
        with pytest.raises((StorageError, KeyboardInterrupt)):
            write_atomic(path, b"new")
        assert path.read_bytes() == b"old"
        assert [found.name for found in tmp_path.iterdir()] == ["file"]

    def test_system_that_refuses_to_write_more(self, tmp_path: Path) -> None:
        """Not a pretended error: the system itself stops the write half way."""
        path = tmp_path / "file"
        write_atomic(path, b"old")
        code = (
            "import sys, pathlib, lenet.files, lenet.errors\n"
            "try: lenet.files.write_atomic(pathlib.Path(sys.argv[1]), bytes(1_000_000))\n"
            "except lenet.errors.StorageError as error: print(error)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        )
        assert done.stdout.startswith(f"the disk is full: {path} could not be written")
        assert path.read_bytes() == b"old"
        assert [found.name for found in tmp_path.iterdir()] == ["file"]
