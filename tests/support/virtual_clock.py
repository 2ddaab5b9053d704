"""An event loop whose time jumps to the next timer, so that minutes of waiting pass at once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class VirtualClockLoop(asyncio.SelectorEventLoop):
    """A loop without any input or output: when nothing is ready, its clock is set to the next timer."""

    _scheduled: list[asyncio.TimerHandle]
    _ready: Any

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__()

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now

    def timers(self) -> int:
        """Return how many timers are set."""
        return sum(not timer.cancelled() for timer in self._scheduled)

    def _run_once(self) -> None:
        due = [timer.when() for timer in self._scheduled if not timer.cancelled()]
        if not self._ready and not due:
            raise RuntimeError("everything waits, and nothing will ever happen")
        if not self._ready:
            self._now = max(self._now, min(due))
        super()._run_once()  # type: ignore[misc]


def run_virtually(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in virtual time."""
    with asyncio.Runner(loop_factory=VirtualClockLoop) as runner:
        return runner.run(coroutine)
