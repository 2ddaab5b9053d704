"""Measures how long a loop is blocked: one heartbeat on the loop, and one on an idle thread to compare."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from bisect import bisect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import NamedTuple, Self

BEAT = 0.01


class _Beat(NamedTuple):
    """The moment of a beat, and for how many seconds its thread had been ready and had no processor."""

    at: float
    waited: float


class Heartbeat:
    """Within a `with` block, beats on another thread's loop, and measures its longest pause."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._ended = threading.Event()
        self._on_the_loop: list[_Beat] = []
        self._beside: list[float] = []

    @property
    def lateness(self) -> float:
        """The longest time, in seconds, for which code blocked the loop, without pauses of the machine."""
        return max((self._pause(one, next_one) for one, next_one in pairwise(self._on_the_loop)), default=0.0)

    def _pause(self, one: _Beat, next_one: _Beat) -> float:
        # Where the machine or Python's lock stands still, the idle thread has no beats. Where others have the
        # processors, it has them, as it hardly needs one; but the loop's own thread waits in line.
        beside = bisect(self._beside, next_one.at) - bisect(self._beside, one.at) - 1
        own = next_one.at - one.at - BEAT - (next_one.waited - one.waited)
        return max(0.0, min(beside * BEAT, own))

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._beat_beside, daemon=True)
        self._thread.start()
        self._beating = asyncio.run_coroutine_threadsafe(self._beat(), self._loop)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._beating.result()
        self._thread.join()

    async def _beat(self) -> None:
        with _waited_of_this_thread() as waited:
            while not self._ended.is_set():
                self._on_the_loop.append(_Beat(time.monotonic(), waited()))
                await asyncio.sleep(BEAT)
            self._on_the_loop.append(_Beat(time.monotonic(), waited()))

    def _beat_beside(self) -> None:
        while not self._ended.wait(BEAT):
            self._beside.append(time.monotonic())


@contextmanager
def _waited_of_this_thread() -> Iterator[Callable[[], float]]:
    """Give what returns for how many seconds the thread was ready and had no processor; 0 if nobody knows."""
    try:
        # Nanoseconds that it ran, nanoseconds that it waited, and turns; Linux alone has it.
        opened = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
    except OSError:
        yield lambda: 0.0
        return
    try:
        yield lambda: int(os.pread(opened, 100, 0).split()[1]) / 1e9
    finally:
        os.close(opened)
