"""Ctrl-Z while something is drawn over in place: the terminal is restored before the shell gets it."""

from __future__ import annotations

import os
import signal
from types import FrameType, TracebackType
from typing import Self


class Suspension:
    """Within a `with` block, remembers a Ctrl-Z instead of obeying it at once; for the main thread.

    Where Ctrl-Z is ignored or doesn't exist, it does nothing.

        if suspension.is_wanted:
            area.stop()
            suspension.suspend()
            area.start()
    """

    def __init__(self) -> None:
        self.is_wanted = False
        self._is_ours = False

    def __enter__(self) -> Self:
        if hasattr(signal, "SIGTSTP") and signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL:
            signal.signal(signal.SIGTSTP, self._receive)
            self._is_ours = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_ours:
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)

    def suspend(self) -> None:
        """Stop the process as Ctrl-Z does, and return when it's continued."""
        self.is_wanted = False
        # Not SIGSTOP: without a shell that could continue it, the kernel ignores only SIGTSTP.
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._receive)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self.is_wanted = True
