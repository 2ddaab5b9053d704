"""The line from a worker to a replica of an LLM: what a distributed engine brings."""

from __future__ import annotations

from abc import ABC, abstractmethod


class ReplicaLine(ABC):
    """A worker's end of the line to one `Replica`, which is in another process, and may be started again.

        class Line(ReplicaLine):
            async def ask(self, message: bytes) -> bytes:
                return await self.actor.answer.remote(message)

    Messages hold prompts and answers. `ask` may be called from any loop, many times at once.
    """

    @abstractmethod
    async def ask(self, message: bytes) -> bytes:
        """Return what `Replica.answer` returns; if it's cancelled, so is that.

        Waits for a replica that is being started, and raises WorkerLostError if it dies before it answers.
        """
