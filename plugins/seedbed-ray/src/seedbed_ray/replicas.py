"""The replicas of a run's LLMs: started by Ray, loaded by the run, and loaded again if they die."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import ray

from seedbed import Replicated, Resources, WorkerLostError
from seedbed_ray.orphans import Home
from seedbed_ray.replica_actor import ReplicaActor
from seedbed_ray.replica_line import RayReplicaLine

logger = logging.getLogger(__name__)

_SECONDS = 0.2
"""Seconds after which a process that has died while it loaded its LLM is looked at again."""

_UNLOADING_SECONDS = 10.0
"""Seconds that replicas have to unload; then their processes end in any case."""


class Replicas:
    """All replicas of a run; `actors` has those of each LLM, by its key."""

    def __init__(self) -> None:
        self.actors: dict[str, list[Any]] = {}
        self._lines: dict[str, list[RayReplicaLine]] = {}
        self._tending: list[asyncio.Task[None]] = []

    async def start(self, replicated: Replicated) -> None:
        """Start the replicas of an LLM, and wait until all of them are there."""
        new = ray.remote(ReplicaActor).options(
            **placement(replicated.resources),
            max_restarts=-1,
            # Ray's own way to send a call again would also send it to a process that hasn't loaded anything.
            max_task_retries=0,
            scheduling_strategy="SPREAD",
        )
        count = replicated.resources.replicas or 1
        actors = self.actors[replicated.key] = [new.remote(Home.here()) for _ in range(count)]
        lines = self._lines[replicated.key] = [RayReplicaLine(actor) for actor in actors]
        await asyncio.gather(*(line.meet() for line in lines))

    async def load(self, replicated: Replicated, setup: bytes) -> list[bytes]:
        """Have the replicas of an LLM load it, also whenever one has died; return what each says."""
        lines = self._lines[replicated.key]
        said = await asyncio.gather(*(line.load(setup) for line in lines))
        tending = [_tend(replicated.name, line, setup) for line in lines]
        self._tending += [asyncio.get_running_loop().create_task(one) for one in tending]
        return said

    async def end(self) -> None:
        """End all processes."""
        for task in self._tending:
            task.cancel()
        await asyncio.gather(*self._tending, return_exceptions=True)
        actors = [actor for several in self.actors.values() for actor in several]
        unloading = [asyncio.ensure_future(_unloaded(actor)) for actor in actors]
        if unloading:
            await asyncio.wait(unloading, timeout=_UNLOADING_SECONDS)
        for actor in actors:
            ray.kill(actor)
        await asyncio.gather(*unloading, return_exceptions=True)
        self.actors.clear()


def placement(needed: Resources) -> dict[str, Any]:
    """Return what Ray reserves for a process."""
    return {
        "num_cpus": needed.cpus or 1.0,
        "num_gpus": needed.gpus,
        "resources": needed.custom or None,
    }


async def _unloaded(actor: Any) -> None:
    await actor.unload.remote()


async def _tend(name: str, line: RayReplicaLine, setup: bytes) -> None:
    """Have a replica load its LLM again whenever Ray has started its process again."""
    while True:
        reason = await line.lost()
        logger.warning("a process of %s has died, and is started again: %s", name, reason)
        await _load_again(line, setup)


async def _load_again(line: RayReplicaLine, setup: bytes) -> None:
    while True:
        try:
            # If that fails, it says so to each worker that asks.
            await line.load(setup)
            return
        except WorkerLostError:
            await asyncio.sleep(_SECONDS)
