"""A real terminal that a command of this process writes to."""

from __future__ import annotations

import os
import pty
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Screen:
    """What has been written to a terminal, as it would have been obeyed."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []

    @property
    def text(self) -> str:
        """All that was written; the terminal makes \\r\\n of each newline."""
        return b"".join(self.chunks).decode("utf-8", "surrogateescape").replace("\r\n", "\n")


@contextmanager
def terminal() -> Iterator[Screen]:
    """Have standard output and error be a terminal within."""
    screen = Screen()
    master, slave = pty.openpty()

    def read() -> None:
        while True:
            try:
                chunk = os.read(master, 65536)
            except OSError:
                return
            if not chunk:
                return
            screen.chunks.append(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    streams, former = (sys.stdout, sys.stderr), [os.dup(1), os.dup(2)]
    for descriptor in (1, 2):
        os.dup2(slave, descriptor)
    os.close(slave)
    sys.stdout, sys.stderr = (os.fdopen(os.dup(number), "w", buffering=1) for number in (1, 2))
    try:
        yield screen
    finally:
        sys.stdout.close()
        sys.stderr.close()
        sys.stdout, sys.stderr = streams
        for descriptor, saved in zip((1, 2), former, strict=True):
            os.dup2(saved, descriptor)
            os.close(saved)
        reader.join()
        os.close(master)
