"""Time-outs of calls, with one timer for all calls that have the same time.

`asyncio.timeout` sets and cancels a timer for each call, which costs more than getting a permit does.
"""

from __future__ import annotations

import asyncio
from contextvars import Context
from types import TracebackType
from typing import Any


class Deadlines:
    """Cuts off whatever takes longer than `seconds`. Lives on one event loop."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        # In the order in which they end, since all have the same time: the first one is the next. A dict,
        # since calls end in any order, and taking one out of its middle is cheap.
        self._running: dict[Deadline, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def within(self) -> Deadline:
        """Return a context whose body is cancelled when its time is up; it raises TimeoutError then."""
        return Deadline(self)

    def begin(self, deadline: Deadline) -> float:
        """Return the time on the loop's clock when a deadline that begins now is over."""
        at = self._loop.time() + self._seconds
        self._running[deadline] = None
        # A timer that is set is early enough for this one too: it fires once in `seconds`, and looks again.
        if self._timer is None:
            self._set_timer(at)
        return at

    def end(self, deadline: Deadline) -> None:
        """Forget a deadline that isn't over."""
        # The timer stays, even if this was the last one: the next call will need one anyway.
        del self._running[deadline]

    def close(self) -> None:
        """Stop cutting anything off, and cancel the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self, at: float) -> None:
        # In an empty context: the loop keeps a timer's context long after it was cancelled, and with it the
        # row that happened to set it.
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
    """The time that the current task has for the body; a small `asyncio.Timeout`."""

    __slots__ = ("_cancelling", "_deadlines", "_is_over", "_task", "at")

    def __init__(self, deadlines: Deadlines) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._deadlines = deadlines
        self._task: asyncio.Task[Any] = task
        # Someone may have cancelled the task already: then it stays cancelled, whatever happens to this time.
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
        # `uncancel` in any case, or the task's next `await` would look cancelled. It's a time-out only if the
        # cancellation was ours alone: one from outside, in the same turn, must go on as a cancellation.
        elif self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    @property
    def is_over(self) -> bool:
        """Whether the time was up before the body had ended."""
        return self._is_over

    def cut_off(self) -> None:
        """Cancel the body."""
        self._is_over = True
        self._task.cancel()
