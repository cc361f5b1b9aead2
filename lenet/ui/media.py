"""Downloads and pictures stay on the server while a browser may still ask for them.

Streamlit takes a page's files for unused from the moment the page starts to run again until it
shows them anew, and deletes unused files whenever the script of any visitor ends. Pages that
follow a run do so twice a second: a browser that was slow to ask, or a person who clicked while
the page was drawn again, got "404 Not Found".
"""

import time

from streamlit import runtime
from streamlit.runtime.media_file_manager import MediaFileManager

KEPT = 60.0
"""Seconds that a file stays after its last page has let go of it."""
_NO_SESSION = "files that no page shows now"


class PatientMediaFileManager(MediaFileManager):
    """Deletes files, and functions that make one on demand, only after `KEPT` seconds unused."""

    def __init__(self, other: MediaFileManager) -> None:
        super().__init__(other._storage)
        self._unused_since: dict[str, float] = {}

    def _get_inactive_file_ids(self) -> set[str]:
        """Called first when unused files are deleted, with the lock held.

        What is kept counts as used by a session of its own until it has been unused for long.
        """
        used = self._files_by_session_and_coord
        used.pop(_NO_SESSION, None)
        shown = {name for files in used.values() for name in files.values()}
        unused = (self._file_metadata.keys() | self._deferred_callables.keys()) - shown
        now = time.monotonic()
        self._unused_since = {name: self._unused_since.get(name, now) for name in unused}
        used[_NO_SESSION] = {
            name: name for name, since in self._unused_since.items() if now - since < KEPT
        }
        return super()._get_inactive_file_ids()


def keep_files_for_a_while() -> None:
    """Have the running server delete files late; its storage stays the same."""
    server = runtime.get_instance()
    server._media_file_mgr = PatientMediaFileManager(server.media_file_mgr)
