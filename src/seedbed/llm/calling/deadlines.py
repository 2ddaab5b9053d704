"""Time-outs of calls, with one timer for all that may take equally long.

`asyncio.timeout` sets and cancels a timer for each call, which costs more than the permit that it waits for.
"""

from __future__ import annotations

import asyncio
from contextvars import Context
from types import TracebackType
from typing import Any


class Deadlines:
    """Cuts off what takes longer than `seconds`. Lives on one event loop."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        # In the order of their ends, since all take equally long.
        self._running: dict[Deadline, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def within(self) -> Deadline:
        """Return a context whose inside is cancelled when its time is up; then it raises TimeoutError."""
        return Deadline(self)

    def begin(self, deadline: Deadline) -> float:
        """Return the moment of the loop's clock at which a deadline that begins now is over."""
        at = self._loop.time() + self._seconds
        self._running[deadline] = None
        if self._timer is None:
            self._set_timer(at)
        return at

    def end(self, deadline: Deadline) -> None:
        """Let go of a deadline that is not over."""
        del self._running[deadline]

    def close(self) -> None:
        """Cut nothing off any more, and set no timer for what is left."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self, at: float) -> None:
        # In no context: the loop keeps that of the row that set a timer long after the timer was cancelled.
        self._timer = self._loop.call_at(at, self._cut_off, context=Context())

    def _cut_off(self) -> None:
        self._timer = None
        now = self._loop.time()
        for deadline in [*self._running]:
            if deadline.at > now:
                self._set_timer(deadline.at)
                return
            del self._running[deadline]
            deadline.cut_off()


class Deadline:
    """The time that the current task has for what is inside; `asyncio.Timeout` in little."""

    __slots__ = ("_cancelling", "_deadlines", "_is_over", "_task", "at")

    def __init__(self, deadlines: Deadlines) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._deadlines = deadlines
        self._task: asyncio.Task[Any] = task
        self._cancelling = task.cancelling()
        self._is_over = False
        self.at = 0.0

    def __enter__(self) -> None:
        self.at = self._deadlines.begin(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self._is_over:
            self._deadlines.end(self)
        elif self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    @property
    def is_over(self) -> bool:
        """Whether the time was up before what is inside had ended."""
        return self._is_over

    def cut_off(self) -> None:
        """Cancel what is inside."""
        self._is_over = True
        self._task.cancel()
