"""The run's end of the line to an actor."""

from __future__ import annotations

from typing import Any

import ray
from ray.exceptions import RayError, RuntimeEnvSetupError

from seedbed import WorkerLink, WorkerLostError
from seedbed_ray.sealing import KeyPair


class RayLink(WorkerLink):
    """A sealed line to a `RowActor`."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor
        self._pair = KeyPair()

    async def open(self) -> None:
        """Wait until the actor has started, and agree on a secret; raise WorkerLostError if it dies."""
        name, public = await _answer(self._actor.introduce.remote())
        self.name = name
        self._seal = self._pair.seal_with(public)
        await _answer(self._actor.meet.remote(self._pair.public))

    async def send(self, message: bytes) -> None:
        """Pass a message to the worker."""
        await _answer(self._actor.receive.remote(self._seal.close(message)))

    async def news(self) -> bytes:
        """Return what the worker tells next."""
        return self._seal.open(await _answer(self._actor.news.remote()))

    async def end(self) -> None:
        """Let the worker's process end."""
        ray.kill(self._actor)


async def _answer(reference: Any) -> Any:
    try:
        return await reference
    except RayError as error:
        raise WorkerLostError(_reason(error)) from error


def _reason(error: RayError) -> str:
    first, *others = str(error).strip().splitlines() or [type(error).__name__]
    # Between its first line and the cause there are pages of tracebacks.
    return f"{first} {others[-1].strip()}" if others and isinstance(error, RuntimeEnvSetupError) else first
