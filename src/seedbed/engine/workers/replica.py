"""A replica of an LLM: loads it in a process of its own, and answers the workers of a run."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import Any

from seedbed.engine.loading import blaming
from seedbed.engine.workers.installed import lacking
from seedbed.engine.workers.messages import ReplicaAnswer, ReplicaRequest, ReplicaSetup, decoded, encoded
from seedbed.engine.workers.sent_errors import sendable
from seedbed.errors import PluginError
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.calling.coroutine import awaitable
from seedbed.llm.calling.loop import loop_thread
from seedbed.llm.calling.typed_errors import typed_error
from seedbed.llm.keys.key_guard import asking
from seedbed.llm.response import Response


class Replica:
    """Loads an LLM once, and asks it for any number of workers.

        replica = Replica()
        error = await replica.load(message)      # of `WorkerEngine.replica_setup`
        answer = await replica.answer(message)   # of a worker's `ReplicaLine`

    Messages are bytes that only Seedbed reads. That of `load` holds keys: a transport to other machines has
    to encrypt it. Both may be called from any loop; `answer` waits for `load`.
    """

    def __init__(self) -> None:
        self._failed: BaseException | None = None
        self._loaded: asyncio.Future[BaseBackend | None] = loop_thread().loop.create_future()
        self._turns: Any = nullcontext()

    async def load(self, message: bytes) -> bytes:
        """Load the LLM; return b'', or the error as bytes for `WorkerEngine.check_loaded`."""
        answer: bytes = await loop_thread().arun(self._load(message))
        return answer

    async def answer(self, message: bytes) -> bytes:
        """Return the LLM's answer to a request, or its typed error; cancelling cancels the request."""
        answer: bytes = await loop_thread().arun(self._answer(message))
        return answer

    async def _load(self, message: bytes) -> bytes:
        try:
            llm = await asyncio.to_thread(_loaded, decoded(message))
        except Exception as error:  # noqa: BLE001 - whatever it is, the run has to hear of it
            bare = sendable(error)
            # If it was loaded before, and has been started again, workers wait for it.
            self._failed = bare
            self._loaded.set_result(None)
            return encoded(bare)
        # More at once than it can serve is for a server to queue, and a model in this process may have none.
        self._turns = nullcontext() if llm.slots is None else asyncio.Semaphore(llm.slots)
        self._loaded.set_result(llm)
        return b""

    async def _answer(self, message: bytes) -> bytes:
        asked: ReplicaRequest = decoded(message)
        llm = await asyncio.shield(self._loaded)
        if llm is None:
            return encoded(ReplicaAnswer(error=self._failed))
        time = asyncio.timeout(None)
        try:
            async with self._turns, time:
                time.reschedule(asyncio.get_running_loop().time() + llm.timeout)
                with asking(llm):
                    answer: Response = await awaitable(llm.respond(asked.request), llm, "respond")
            return encoded(ReplicaAnswer(answer))
        except Exception as error:  # noqa: BLE001 - a stranger's backend may raise anything
            failure = typed_error(llm, error, is_over=time.expired())
            return encoded(ReplicaAnswer(error=sendable(failure)))


def _loaded(setup: ReplicaSetup) -> BaseBackend:
    if lines := lacking(setup.needs):
        raise PluginError(
            f"a process of {setup.name} lacks what this run needs",
            *lines,
            "install the same versions there",
        )
    setup.surroundings.enter()
    llm: BaseBackend = decoded(setup.backend)
    with blaming(setup.name, llm.secrets()):
        llm.ensure_loaded()
    return llm
