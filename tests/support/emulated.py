"""A terminal emulator on a pseudo-terminal, as narrow and as clever as a test wants it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager

import pyte


class Emulated:
    """The screen of a terminal. With `reflows` it breaks long lines again when its width changes.

    VTE, kitty, iTerm2, tmux and Windows do that; xterm and `screen` cut the lines off instead.
    """

    def __init__(self, columns: int, lines: int, *, reflows: bool = True) -> None:
        self.descriptor, self.other = pty.openpty()
        self.written = ""
        self._reflows = reflows
        self._screen = pyte.Screen(columns, lines)
        self._set_size(columns, lines)

    @property
    def lines(self) -> list[str]:
        """What is on the screen, without the empty lines below it."""
        shown = [line.rstrip() for line in self._screen.display]
        while shown and not shown[-1]:
            shown.pop()
        return shown

    @property
    def has_cursor(self) -> bool:
        """Whether the cursor is shown."""
        return not self._screen.cursor.hidden

    def read(self, until: str = "", seconds: float = 60) -> None:
        """Obey what was written, up to and with a text; without one, what is there already."""
        seen = ""
        while select.select([self.descriptor], [], [], seconds if until and until not in seen else 0)[0]:
            seen += os.read(self.descriptor, 65536).decode("utf-8", "surrogateescape")
        assert until in seen, seen
        self.written += seen
        pyte.Stream(self._screen).feed(seen)

    def resize(self, columns: int, lines: int) -> None:
        """Change the size, as when its window is dragged."""
        rows, cursor = self._broken_again(columns) if self._reflows else self._cut(columns)
        # Lines at the top leave the screen, but the cursor's line never does.
        first = min(max(0, len(rows) - lines), cursor[0])
        self._screen = pyte.Screen(columns, lines)
        pyte.Stream(self._screen).feed("\r\n".join(rows[first : first + lines]))
        self._screen.cursor_position(cursor[0] - first + 1, cursor[1] + 1)
        self._set_size(columns, lines)

    def _broken_again(self, columns: int) -> tuple[list[str], tuple[int, int]]:
        rows: list[str] = []
        at = (0, 0)
        cursor = self._screen.cursor
        for number, line in enumerate(self._lines_to_cursor()):
            if number == cursor.y:
                at = (len(rows) + cursor.x // columns, cursor.x % columns)
            rows += [line[i : i + columns] for i in range(0, len(line), columns)] or [""]
        return rows, at

    def _cut(self, columns: int) -> tuple[list[str], tuple[int, int]]:
        cursor = self._screen.cursor
        return [line[:columns] for line in self._lines_to_cursor()], (cursor.y, min(cursor.x, columns - 1))

    def _lines_to_cursor(self) -> list[str]:
        lines = self.lines
        return lines + [""] * (self._screen.cursor.y + 1 - len(lines))

    def _set_size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


@contextmanager
def emulated(columns: int = 80, lines: int = 24, *, reflows: bool = True) -> Iterator[Emulated]:
    """Have standard error of this process be an emulated terminal within."""
    screen = Emulated(columns, lines, reflows=reflows)
    former, stream = os.dup(2), sys.stderr
    os.dup2(screen.other, 2)
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    try:
        yield screen
    finally:
        sys.stderr.close()
        sys.stderr = stream
        os.dup2(former, 2)
        for descriptor in (former, screen.descriptor, screen.other):
            os.close(descriptor)
