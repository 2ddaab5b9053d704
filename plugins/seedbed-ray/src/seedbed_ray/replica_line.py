"""A sealed line to a replica, from the run or from a worker; Ray may start the replica again meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import ray
from ray.exceptions import ActorUnavailableError, RayError

from seedbed import ReplicaLine, WorkerLostError
from seedbed_ray.sealing import KeyPair, Seal

_SECONDS = 0.2
"""Seconds between two looks at a replica that is being started again."""


class RayReplicaLine(ReplicaLine):
    """A sealed line to a `ReplicaActor`."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor
        self._pair = KeyPair()
        self._seal: Seal | None = None

    async def ask(self, message: bytes) -> bytes:
        """Return what the replica answers; raise WorkerLostError if it dies meanwhile."""
        return await self._call(self._actor.answer, message)

    async def load(self, message: bytes) -> bytes:
        """Have the replica load its LLM; return what it says."""
        # It may be another process than before.
        self._seal = None
        return await self._call(self._actor.load, message)

    async def meet(self) -> None:
        """Wait until the replica has been started, and agree on a secret.

        Raises WorkerLostError if it's gone for good.
        """
        while True:
            try:
                self._seal = self._pair.seal_with(await self._actor.introduce.remote())
                return
            except ActorUnavailableError:
                await asyncio.sleep(_SECONDS)
            except RayError as error:
                raise WorkerLostError(str(error).partition("\n")[0]) from error

    async def lost(self) -> str:
        """Return why the replica's process has ended, as soon as it has."""
        try:
            await self._actor.stay.remote()
        except RayError as error:
            return str(error).partition("\n")[0]
        return "it has stopped"

    async def _call(self, method: Any, message: bytes) -> bytes:
        if self._seal is None:
            await self.meet()
        seal = self._seal
        assert seal is not None
        try:
            reference = method.remote(self._pair.public, seal.close(message))
            try:
                return seal.open(await reference)
            except asyncio.CancelledError:
                ray.cancel(reference)
                raise
        except RayError as error:
            # Also if it was started again, and can't read what was sealed for the process before.
            self._seal = None
            raise WorkerLostError(str(error).partition("\n")[0]) from error
