"""Measures how long a loop is blocked: one heartbeat on the loop, and one on an idle thread to compare."""

from __future__ import annotations

import asyncio
import threading
import time
from itertools import pairwise
from typing import Self

BEAT = 0.01


class Heartbeat:
    """Within a `with` block, beats on another thread's loop, and measures the longest pause."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._ended = threading.Event()
        self._on_the_loop: list[float] = []
        self._beside: list[float] = []

    @property
    def lateness(self) -> float:
        """The longest time, in seconds, for which the loop was blocked."""
        return _longest_pause(self._on_the_loop)

    @property
    def lateness_of_the_machine(self) -> float:
        """The longest pause of a thread that does nothing else: pauses of the machine itself."""
        return _longest_pause(self._beside)

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
        while not self._ended.is_set():
            self._on_the_loop.append(time.monotonic())
            await asyncio.sleep(BEAT)
        self._on_the_loop.append(time.monotonic())

    def _beat_beside(self) -> None:
        while not self._ended.wait(BEAT):
            self._beside.append(time.monotonic())


def _longest_pause(beats: list[float]) -> float:
    return max((later - beat - BEAT for beat, later in pairwise(beats)), default=0.0)
