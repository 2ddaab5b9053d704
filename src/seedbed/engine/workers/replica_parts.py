"""What a replica has loaded: an LLM or an embedder, or a step that asks no model."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from seedbed.engine.failure import FailedElsewhere
from seedbed.engine.run_loading import blaming
from seedbed.engine.segments.step_runners import runner_of
from seedbed.engine.stopping.cancellation import is_cancelled
from seedbed.engine.workers.replica_messages import ReplicaAnswer, ReplicaRequest, StepRequest
from seedbed.engine.workers.sent_errors import sendable
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.calling.coroutine import awaitable
from seedbed.llm.calling.loop import off_loop
from seedbed.llm.calling.scope import CallScope
from seedbed.llm.calling.typed_errors import typed_error
from seedbed.llm.keys.file_origin import made_by
from seedbed.llm.keys.key_guard import asking
from seedbed.llm.response import Response
from seedbed.tasks.base_step import BaseStep


class ReplicaPart(ABC):
    """What a replica loads, and asks for workers. Lives on the loop thread, apart from `load`."""

    @abstractmethod
    def load(self) -> None:
        """Load it; raise a SeedbedError that names it."""

    @abstractmethod
    async def answer(self, request: Any) -> ReplicaAnswer:
        """Return its answer to a worker, or its error."""

    async def unload(self) -> None:
        """Unload it."""


def part_of(made: BaseBackend | BaseStep) -> ReplicaPart:
    """Return what loads and asks an LLM, an embedder or a step."""
    return ReplicatedModel(made) if isinstance(made, BaseBackend) else ReplicatedStep(made)


class ReplicatedModel(ReplicaPart):
    """A model, which gets no more calls at once than it can serve."""

    def __init__(self, llm: BaseBackend) -> None:
        self._llm = llm
        # More than that is for a server to queue, and a model in this process may have none.
        self._turns: Any = nullcontext() if llm.slots is None else asyncio.Semaphore(llm.slots)

    def load(self) -> None:
        """Load the model."""
        with blaming(f"the {self._llm._noun} '{self._llm.reference}'", self._llm.secrets()):
            self._llm.ensure_loaded()

    async def answer(self, request: ReplicaRequest) -> ReplicaAnswer:
        """Ask the model once; its time-out begins with its turn."""
        llm, time = self._llm, asyncio.timeout(None)
        try:
            async with self._turns, time:
                time.reschedule(asyncio.get_running_loop().time() + llm.timeout)
                with asking(llm):
                    answer: Response = await awaitable(llm.respond(request.request), llm, "respond")
            return ReplicaAnswer(answer)
        except Exception as error:  # noqa: BLE001 - a stranger's backend may raise anything
            return ReplicaAnswer(error=sendable(typed_error(llm, error, is_over=time.expired())))


class ReplicatedStep(ReplicaPart):
    """A step, which processes one row after the other."""

    def __init__(self, step: BaseStep) -> None:
        self._step = step
        self._runner = runner_of(step, 1)
        self._files: dict[str, None] = {}
        step.note_reads(self._note)

    def load(self) -> None:
        """Load the step."""
        with blaming(f"step '{self._step.name}'"), made_by(self._step._origin):
            self._step.load()

    async def answer(self, request: StepRequest) -> ReplicaAnswer:
        """Return the rows that a row becomes, and the files that the step has read so far."""
        scope = CallScope(request.seed, self._step.name, request.id, attempt=request.attempt)
        try:
            rows = await self._runner.apply(request.row, scope)
            if scope.refused is not None:
                raise scope.refused
            return ReplicaAnswer(rows=rows, files=[*self._files])
        except asyncio.CancelledError as error:
            if is_cancelled():
                raise
            # The author's code raised it.
            odd = RuntimeError(f"the step raised {type(error).__name__}")
            return ReplicaAnswer(error=FailedElsewhere.of(odd), files=[*self._files])
        except Exception as error:  # noqa: BLE001 - a row fails alone, whatever its author's code raises
            return ReplicaAnswer(error=sendable(FailedElsewhere.of(error)), files=[*self._files])

    async def unload(self) -> None:
        """Unload the step."""
        self._runner.close()
        await off_loop(self._step.unload)

    def _note(self, path: Path) -> None:
        self._files[str(path)] = None
