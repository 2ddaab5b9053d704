"""A replica of an LLM or a step: an actor in a process that Ray started, and starts again if it dies."""

from __future__ import annotations

import asyncio

from seedbed import Replica
from seedbed_ray.orphans import Home, end_with
from seedbed_ray.sealing import KeyPair, Seal


class ReplicaActor:
    """A `Replica` whose messages are sealed, and which ends with the run's process.

    Whoever asks brings the public half of its key pair along. A process that Ray has started again has
    another pair: what was sealed for the one before can't be read, and the sender has to ask for it.
    """

    def __init__(self, home: Home) -> None:
        end_with(home)
        self._pair = KeyPair()
        self._seals: dict[bytes, Seal] = {}
        self._replica = Replica()

    async def introduce(self) -> bytes:
        """Return the public half of the key pair."""
        return self._pair.public

    async def load(self, public: bytes, sealed: bytes) -> bytes:
        """Load the LLM or the step, as the run says."""
        seal = self._seal(public)
        return seal.close(await self._replica.load(seal.open(sealed)))

    async def answer(self, public: bytes, sealed: bytes) -> bytes:
        """Answer a worker."""
        seal = self._seal(public)
        return seal.close(await self._replica.answer(seal.open(sealed)))

    async def unload(self) -> None:
        """Unload it: the run has ended."""
        await self._replica.unload()

    async def stay(self) -> None:
        """Never return: whoever waits for this notices that the process has ended."""
        await asyncio.Event().wait()

    def _seal(self, public: bytes) -> Seal:
        if public not in self._seals:
            self._seals[public] = self._pair.seal_with(public)
        return self._seals[public]
