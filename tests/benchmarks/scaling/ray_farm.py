"""The same measure on Ray: its messages cost more than those on a line of our own."""

from __future__ import annotations

import asyncio
import time
from typing import ClassVar

from seedbed_ray import RayEngine
from seedbed_ray.link import RayLink


class RayFarm(RayEngine):
    """Ray's engine; `spent` has processor seconds of the run's process, and the messages."""

    spent: ClassVar[dict[str, float]] = {}

    async def _go_through_segments(self) -> None:
        counts = {"sent": 0, "told": 0}
        _count(counts)
        clocks = {
            "loop": time.CLOCK_THREAD_CPUTIME_ID,
            "writer": time.pthread_getcpuclockid(self.job.store._writer._thread.ident or 0),
            "process": time.CLOCK_PROCESS_CPUTIME_ID,
        }
        begun = {name: time.clock_gettime(clock) for name, clock in clocks.items()}
        wall = time.perf_counter()
        await super()._go_through_segments()
        await asyncio.to_thread(self.job.store.flush)
        RayFarm.spent = {name: time.clock_gettime(clock) - begun[name] for name, clock in clocks.items()}
        RayFarm.spent["rest"] = RayFarm.spent.pop("process") - sum(RayFarm.spent.values())
        RayFarm.spent |= {"wall": time.perf_counter() - wall, **counts}


def _count(counts: dict[str, int]) -> None:
    send, news = RayLink.send, RayLink.news

    async def counted_send(link: RayLink, message: bytes) -> None:
        counts["sent"] += 1
        await send(link, message)

    async def counted_news(link: RayLink) -> bytes:
        counts["told"] += 1
        return await news(link)

    RayLink.send, RayLink.news = counted_send, counted_news  # type: ignore[method-assign]
