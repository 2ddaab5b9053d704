"""The line between a run and one of its workers: what a distributed engine brings."""

from __future__ import annotations

from abc import ABC, abstractmethod


class WorkerLostError(Exception):
    """The worker is gone, with everything that it hasn't sent."""


class WorkerLink(ABC):
    """The run's end of the line to one `RowWorker`, which is in another process.

        class Link(WorkerLink):
            async def send(self, message: bytes) -> None:
                await self.actor.receive.remote(message)

            async def news(self) -> bytes:
                return await self.actor.news.remote()

            async def end(self) -> None:
                ray.kill(self.actor)

    Messages hold the keys of LLMs, so a line to another machine, or one that is logged, has to encrypt them.
    All methods are called on the loop's thread. `send` and `news` raise WorkerLostError if the worker has
    died.
    """

    name: str = "a worker"
    """What it's called in messages: the host and the process, for example."""

    @abstractmethod
    async def send(self, message: bytes) -> None:
        """Pass a message to `RowWorker.receive`; messages arrive in the order in which they're sent."""

    @abstractmethod
    async def news(self) -> bytes:
        """Return what `RowWorker.news` returns next."""

    @abstractmethod
    async def end(self) -> None:
        """Let the worker's process end; it's idle, or lost."""
