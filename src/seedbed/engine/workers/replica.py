"""A replica of an LLM or a step: loads it in a process of its own, and answers the workers of a run."""

from __future__ import annotations

import asyncio

from seedbed.engine.workers.installed import lacking
from seedbed.engine.workers.message_bytes import decoded, encoded
from seedbed.engine.workers.replica_messages import ReplicaAnswer, ReplicaSetup
from seedbed.engine.workers.replica_parts import ReplicaPart, part_of
from seedbed.engine.workers.sent_errors import sendable
from seedbed.errors import PluginError, SeedbedError
from seedbed.llm.calling.loop import loop_thread


class Replica:
    """Loads an LLM or a step once, and asks it for any number of workers.

        replica = Replica()
        error = await replica.load(message)      # of `WorkerEngine.replica_setup`
        answer = await replica.answer(message)   # of a worker's `ReplicaLine`

    Messages are bytes that only Seedbed reads. That of `load` holds keys: a transport to other machines has
    to encrypt it. All methods may be called from any loop; `answer` waits for `load`.
    """

    def __init__(self) -> None:
        self._failed: BaseException | None = None
        self._loaded: asyncio.Future[ReplicaPart | None] = loop_thread().loop.create_future()

    async def load(self, message: bytes) -> bytes:
        """Load it; return b'', or the error as bytes for `WorkerEngine.check_replica`."""
        answer: bytes = await loop_thread().arun(self._load(message))
        return answer

    async def answer(self, message: bytes) -> bytes:
        """Return what it answers to a worker, or its error; cancelling cancels the request."""
        answer: bytes = await loop_thread().arun(self._answer(message))
        return answer

    async def unload(self) -> None:
        """Unload it, if it was loaded: no more requests follow."""
        if self._loaded.done() and (part := self._loaded.result()) is not None:
            await loop_thread().arun(part.unload())

    async def _load(self, message: bytes) -> bytes:
        try:
            setup: ReplicaSetup = decoded(message)
            part = _part(setup)
            await asyncio.to_thread(part.load)
        except Exception as error:  # noqa: BLE001 - whatever it is, the run has to hear of it
            # If it was loaded before, and has been started again, workers wait for it.
            self._failed = sendable(error)
            self._loaded.set_result(None)
            return encoded(self._failed)
        self._loaded.set_result(part)
        return b""

    async def _answer(self, message: bytes) -> bytes:
        part = await asyncio.shield(self._loaded)
        if part is None:
            return encoded(ReplicaAnswer(error=self._failed))
        try:
            return encoded(await part.answer(decoded(message)))
        except Exception as error:  # noqa: BLE001 - an answer that can't be pickled
            odd = SeedbedError(f"an answer can't be sent: {type(error).__name__}: {error}")
            return encoded(ReplicaAnswer(error=odd))


def _part(setup: ReplicaSetup) -> ReplicaPart:
    if lines := lacking(setup.needs):
        raise PluginError(
            f"a process of {setup.name} lacks what this run needs",
            *lines,
            "install the same versions there",
        )
    setup.surroundings.enter()
    return part_of(decoded(setup.part))
