"""Measures what a message costs on Ray: of the run's process, and under way.

python -m tests.benchmarks.scaling.ray_messages
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from typing import Any

from tests.benchmarks.child import in_child

# Before Ray is imported.
os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")

MESSAGES = 1000
SIZES = (300, 3_000, 30_000)
"""Bytes of a message: one row's news take about 3 kB, ten rows' 30 kB."""


def measured(size: int) -> dict[str, float]:
    """Return seconds per message, told or sent: of the loop's thread, of Ray's own threads, and under way.

    Messages are sealed, and opened at the other end, as in a run.
    """
    import ray

    from seedbed_ray.cluster import Cluster
    from seedbed_ray.options import RayOptions

    cluster = Cluster(RayOptions(cpus=1, object_store=80))
    cluster.start()
    try:
        return asyncio.run(_exchange(ray.remote(_echo()), size))
    finally:
        cluster.end()


def _echo() -> type[Any]:
    from seedbed_ray.actor import RowActor

    class Echo(RowActor):
        """A worker that answers at once with what it was sent last."""

        async def receive(self, sealed: bytes) -> None:
            self._last = self._seal.open(sealed)

        async def news(self) -> bytes:
            return self._seal.close(self._last)

    return Echo


async def _exchange(actor: Any, size: int) -> dict[str, float]:
    from seedbed_ray.link import RayLink
    from seedbed_ray.orphans import Home

    link = RayLink(actor.remote(Home.here()))
    await link.open()
    message = os.urandom(size)
    for _ in range(MESSAGES // 10):
        await link.send(message)
        await link.news()
    loop, process, walls = time.thread_time(), time.process_time(), []
    for _ in range(MESSAGES // 2):
        begun = time.perf_counter()
        await link.send(message)
        await link.news()
        walls.append(time.perf_counter() - begun)
    loop, process = time.thread_time() - loop, time.process_time() - process
    await link.end()
    # Both are calls that are answered: a message there, and an answer back.
    return {
        "loop": loop / MESSAGES,
        "rest": (process - loop) / MESSAGES,
        "hop": statistics.median(walls) / 4,
        "fastest_hop": min(walls) / 4,
    }


def main() -> None:
    """Print the figures in milliseconds."""
    for size in SIZES:
        found = in_child("scaling.ray_messages", "measured", size=size)
        print(size, {name: round(value * 1000, 4) for name, value in found.items()}, flush=True)


if __name__ == "__main__":
    main()
