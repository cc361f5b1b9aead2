"""How long the server keeps files that pages offered."""

import time

import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileStorageError
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from lenet.ui import media


@pytest.fixture
def files() -> MediaFileManager:
    return media.PatientMediaFileManager(MediaFileManager(MemoryMediaFileStorage("/media")))


def page_runs_again(files: MediaFileManager) -> None:
    """Without showing a file."""
    files.clear_session_refs()
    for _ in range(3):  # the scripts of other visitors end, too
        files.remove_orphaned_files()


def test_what_a_page_has_shown_can_be_had_a_while_longer(
    files: MediaFileManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = files.add(b"a picture", "image/png", "1")
    button = files.add_deferred(lambda: b"made on demand", None, "2")
    page_runs_again(files)
    assert files.read_file(picture.rpartition("/")[2])
    made = files.execute_deferred(button)  # by a click on the page as it was before
    page_runs_again(files)
    assert files.read_file(made.rpartition("/")[2])

    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now + media.KEPT + 1)
    page_runs_again(files)
    assert not any(files.read_file(url.rpartition("/")[2]) for url in (picture, made))
    with pytest.raises(MediaFileStorageError):
        files.execute_deferred(button)


def test_a_file_shown_again_starts_anew(
    files: MediaFileManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    for seconds in (0, 50, 100, 150):
        monkeypatch.setattr("time.monotonic", lambda after=seconds: now + after)
        url = files.add(b"a picture", "image/png", "1")
        files.remove_orphaned_files()
        page_runs_again(files)
        assert files.read_file(url.rpartition("/")[2])
