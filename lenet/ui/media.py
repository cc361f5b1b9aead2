"""Downloads and pictures stay on the server while a browser may still ask for them.

Streamlit counts a page's files as unused while it runs again, and deletes unused ones whenever
any visitor's script ends: a slow request or a click would often get "404 Not Found".
"""

import time

from streamlit import runtime
from streamlit.runtime.media_file_manager import MediaFileManager

KEPT = 60.0  # seconds that an unused file stays
_NO_SESSION = "kept files"


class PatientMediaFileManager(MediaFileManager):
    """Deletes files, and functions that make one, only after `KEPT` seconds unused."""

    def __init__(self, other: MediaFileManager) -> None:
        super().__init__(other._storage)
        self._unused_since: dict[str, float] = {}

    def _get_inactive_file_ids(self) -> set[str]:
        """Those to delete; called with the lock held. Kept ones get a session."""
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
    """Let the running server use `PatientMediaFileManager`, with its storage."""
    server = runtime.get_instance()
    server._media_file_mgr = PatientMediaFileManager(server.media_file_mgr)
