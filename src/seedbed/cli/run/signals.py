"""SIGINT, SIGTERM and SIGHUP: handlers only count, and the main thread acts on the count."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, NoReturn, Self

from seedbed.cli.failures import ExitStatus
from seedbed.cli.terminal.printing import is_dumb

PATIENCE = 2
"""How many signals are requests to stop; one more ends the process at once."""

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_RESTORED = b"\r\x1b[J\x1b[?25h"
"""Erases the progress, which is drawn from the cursor on, and shows the cursor."""
_ENDING_SECONDS = 5.0
"""Seconds that threads have to end by themselves, before the process ends without them."""


class Interruptions:
    """Within a `with` block, counts the signals that ask the process to end; for the main thread."""

    def __init__(self) -> None:
        self.count = 0
        self._former: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in _heeded():
            self._former[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if self.count > PATIENCE:
            end_now(ExitStatus.INTERRUPTED)


def _heeded() -> list[signal.Signals]:
    # Under `nohup`, SIGHUP is ignored: keep it so, or the process would end with its terminal.
    return [
        number
        for number in _SIGNALS
        if number.name != "SIGHUP" or signal.getsignal(number) is not signal.SIG_IGN
    ]


def end_now(status: int) -> NoReturn:
    """End the process without waiting for threads."""
    if os.isatty(2) and not is_dumb():
        with suppress(OSError):
            os.write(2, _RESTORED)
    os._exit(status)


def end_soon(status: int) -> None:
    """End the process within seconds, even if a thread never ends; at once on a signal."""

    def wait() -> None:
        time.sleep(_ENDING_SECONDS)
        end_now(status)

    for number in _heeded():
        signal.signal(number, lambda *_: end_now(status))
    try:
        threading.Thread(target=wait, daemon=True).start()
    except RuntimeError:
        # The system starts no more threads, which may be what ended the command.
        end_now(status)
