"""Notices code that blocks the loop on which all calls run: `time.sleep`, or a blocking client."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextvars import Context
from pathlib import Path
from types import FrameType

from seedbed.llm.calling.loop import LoopThread
from seedbed.tracebacks import is_machinery

_TICK = 0.1
"""Seconds between two samples. What blocks for less is missed; a sample costs 0.05 ms."""

_LEAST = 1.0
_LEAST_SHARE = 0.05
"""Seconds, and share of a run's time, for which a line has to block the loop before it's reported.

A quick step may be interrupted, where the garbage is collected or another thread works; that adds up.
"""


class LoopWatch:
    """Samples a loop from its own thread between `start` and `end`.

    `blocked` has the seconds for which single steps of an author's code blocked it, by function and line.
    """

    def __init__(self, thread: LoopThread) -> None:
        self._thread = thread
        self._ended = threading.Event()
        self._came_round = threading.Event()
        self._watching = threading.Thread(target=self._watch, name="seedbed-loop-watch", daemon=True)
        self._blocked: dict[str, float] = {}
        self._clock = ThreadClock(thread.native_id)

    @property
    def blocked(self) -> Mapping[str, float]:
        """Seconds by place, as far as known."""
        return self._blocked

    def start(self) -> None:
        """Start to sample."""
        self._watching.start()

    def end(self) -> None:
        """Stop sampling; returns when the thread has ended."""
        self._ended.set()
        self._watching.join()

    def _watch(self) -> None:
        former: FrameType | None = None
        before = time.monotonic()
        self._ask()
        while not self._ended.wait(_TICK):
            now = time.monotonic()
            if self._came_round.is_set():
                former = None
                self._ask()
            else:
                # The thread's stack names the line. asyncio's debug mode measures slow callbacks too, but it
                # only knows the task, and it makes every call slower.
                frame = _author_frame(sys._current_frames().get(self._thread.ident or 0))
                seconds = self._clock.spent(now - before)
                # Only if it's the same step as a tick ago: many quick ones in one turn of the loop are fine.
                if frame is not None and frame is former:
                    place = _place(frame)
                    self._blocked[place] = self._blocked.get(place, 0.0) + seconds
                former = frame
            before = now

    def _ask(self) -> None:
        """Have the loop say that it has come round."""
        # In an empty context, so that the loop's handle keeps no row alive.
        self._came_round.clear()
        if not self._thread.loop.is_closed():
            self._thread.loop.call_soon_threadsafe(self._came_round.set, context=Context())


class ThreadClock:
    """Tells what a thread has spent of some time: not when it waited for a processor, as Linux says."""

    def __init__(self, native_id: int | None) -> None:
        self._file = Path(f"/proc/self/task/{native_id}/stat")
        self._used = 0.0

    def spent(self, seconds: float) -> float:
        """Return how many of the seconds since the last call the thread has worked, or waited of its own."""
        try:
            # The name, in parentheses, may have blanks; proc(5) numbers the fields.
            fields = self._file.read_text().rpartition(")")[2].split()
        except OSError:
            # Only Linux says it.
            return seconds
        used = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        worked, self._used = used - self._used, used
        # Ready to work: if it hasn't, it was in line for a processor.
        return min(seconds, worked) if fields[0] == "R" else seconds


def _author_frame(frame: FrameType | None) -> FrameType | None:
    """Return the frame in which the framework called an author's code; None if it runs no such code.

    None also while a module is imported: that happens once.
    """
    found = None
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith("<frozen importlib"):
            return None
        if not is_machinery(name):
            found = frame
        frame = frame.f_back
    return found


def _place(frame: FrameType) -> str:
    code = frame.f_code
    return f"`{code.co_qualname}` in {code.co_filename}, line {frame.f_lineno}"


def blocking_notes(blocked: Mapping[str, float], of_seconds: float) -> Iterator[str]:
    """Yield a note with advice on each place that blocked the loop of a run that long, worst first."""
    for place, seconds in sorted(blocked.items(), key=lambda item: -item[1]):
        if seconds >= max(_LEAST, _LEAST_SHARE * of_seconds):
            yield (
                f"all calls stood still for about {seconds:.1f} s, held up by {place}\n"
                "  await what takes time: asyncio.sleep(...), or asyncio.to_thread(function, ...)"
            )
