"""The digest of a run's input, which may be read while rows are made from it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from seedbed.engine.sources.input_rows import InputRows

_SECONDS_UNTIL_SETTLED = 2.0
"""Age at which another change gives a file other times: file systems count them in steps, of 2 s at most."""

State = tuple[tuple[str, int, int, int, int, int], ...]
"""Name, device, number and size of each file of an input, and when its content and anything of it changed."""


class InputDigest:
    """The digest of an input's files, read in a thread of its own: 10 GB take as long as hundreds of calls.

        digest = InputDigest(rows)
        digest.begin(on_known=print)
        digest.known(within=1.0)  # b"..", None if it takes longer
        digest.end()
        digest.has_changed()      # False

    It's None for an input that isn't a file, and for one that changes while it's read.
    """

    def __init__(self, rows: InputRows) -> None:
        self._rows = rows
        self._state: State | None = None
        self._digest: bytes | None = None
        self._is_wanted = True
        self._thread: threading.Thread | None = None

    def begin(self, on_known: Callable[[bytes], object]) -> bool:
        """Begin to read, and call `on_known`, from the thread, with the digest if there's one.

        Return whether rows may be read meanwhile: whether a change would be noticed.
        """
        self._state = _state_of(self._rows)
        self._thread = threading.Thread(target=self._read, args=(on_known,), name="input digest", daemon=True)
        self._thread.start()
        return _is_settled(self._state)

    def known(self, within: float | None = None) -> bytes | None:
        """Return the digest, once it's known; None if that takes more than so many seconds."""
        if self._thread is not None:
            self._thread.join(within)
        return self._digest

    def end(self) -> None:
        """Read no further."""
        self._is_wanted = False

    def has_changed(self) -> bool:
        """Whether the files are no longer those of the digest; reads them if their times don't tell."""
        state = _state_of(self._rows)
        if state != self._state:
            return True
        return not _is_settled(state) and self._rows.digest() != self._digest

    def _read(self, on_known: Callable[[bytes], object]) -> None:
        try:
            digest = self._rows.digest(lambda: self._is_wanted)
        except OSError:
            # Reading the rows says what's wrong with it.
            return
        # Otherwise rows may be those of another content, which was there before.
        if digest is not None and _state_of(self._rows) == self._state:
            self._digest = digest
            on_known(digest)


def _state_of(rows: InputRows) -> State | None:
    try:
        found = [(file.name, file.stat()) for file in rows.files.files()] if rows.files is not None else []
    except OSError:
        return None
    return tuple(
        (name, stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        for name, stat in found
    )


def _is_settled(state: State | None) -> bool:
    """Whether another change of any of the files would give it another time than it has."""
    # On Windows, the last time is that at which the file was made.
    if state is None or os.name != "posix":
        return False
    newest = max((max(of_file[-2:]) for of_file in state), default=0)
    return time.time() - newest / 1e9 > _SECONDS_UNTIL_SETTLED
