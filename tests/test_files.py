"""Files written whole or not at all."""

import errno
import os
import threading
from pathlib import Path

import pytest

from lenet.errors import StorageError
from lenet.files import explained, remembered, write_atomic
from tests.small import raising, refused


def test_a_folder_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    with refused(StorageError, "its folder is not there"):
        write_atomic(tmp_path / "deleted" / "file.bin", b"content")
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


class TestFailure:
    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
    def test_full_disk_is_called_so(self, number: int) -> None:
        said = "the disk is full: a/file could not be"
        with refused(StorageError, said), explained(Path("a/file")):
            raise OSError(number, "whatever the system says")

    def test_other_failure_is_said_in_the_systems_words(self) -> None:
        said = r"a/file could not .*\(Permission denied\)"
        with refused(StorageError, said), explained(Path("a/file")):
            raise PermissionError(errno.EACCES, "Permission denied")

    def test_other_errors_pass(self) -> None:
        with pytest.raises(KeyError), explained(Path("file")):
            raise KeyError

    @pytest.mark.parametrize("target", ["file/below", "folder"])
    def test_something_else_in_the_way_is_kept(self, target: str, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        (tmp_path / "folder").mkdir()
        with pytest.raises(StorageError, match="could not be written"):
            write_atomic(tmp_path / target, b"content")
        assert (tmp_path / "file").read_text() == "in the way"
        assert sorted(found.name for found in tmp_path.iterdir()) == ["file", "folder"]

    @pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
    @pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
    def test_old_file_survives_whenever_it_fails(
        self, step: str, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "file"
        write_atomic(path, b"old")

        monkeypatch.setattr(step, raising(error))
        with pytest.raises((StorageError, KeyboardInterrupt)):
            write_atomic(path, b"new")
        assert path.read_bytes() == b"old"
        assert [found.name for found in tmp_path.iterdir()] == ["file"]


def test_remembered_file_is_read_again_only_after_a_change(tmp_path: Path) -> None:
    path, seen = tmp_path / "name.txt", []

    def read(path: Path) -> str:
        seen.append(path.read_text())
        return seen[-1]

    for text in ("one", "two"):  # of the same length, and perhaps at the same moment
        path.write_text(text)
        assert remembered(read, path) == text
    os.utime(path, (1, 1))
    assert [remembered(read, path) for _ in range(3)] == ["two"] * 3
    assert seen == ["one", "two", "two"]
    path.write_text("three")
    assert remembered(read, path) == "three"
    path.unlink()
    with pytest.raises(FileNotFoundError):
        remembered(read, path)
