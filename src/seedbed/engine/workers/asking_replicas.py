"""A worker's calls to LLMs and steps that replicas have loaded: the least busy one answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, TypeAlias

from seedbed.engine.segments.step_runners import StepRunner
from seedbed.engine.workers.message_bytes import decoded, encoded
from seedbed.engine.workers.replica_line import ReplicaLine
from seedbed.engine.workers.replica_messages import ReplicaAnswer, ReplicaRequest, StepRequest
from seedbed.engine.workers.worker_link import WorkerLostError
from seedbed.errors import LLMConnectionError, PluginError
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.calling.scope import CallScope
from seedbed.llm.request import Request
from seedbed.llm.response import Response
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.rows import Row

Lines: TypeAlias = Mapping[str, Sequence[ReplicaLine]]
"""The lines to the replicas of each LLM and step that has some, by its key."""

_DEATHS = 3
"""Replicas that may die with a request in their hands; then the call counts as failed."""
# All calls in flight meet a death at once. If each failed then, the endpoint would be taken for down.


class AskingReplicas:
    """Asks the replicas of one LLM or step for a worker: that which has the fewest of this worker's calls.

    `number` is the worker's: workers that have one call each in flight begin at different replicas.
    """

    def __init__(self, name: str, lines: Sequence[ReplicaLine], number: int) -> None:
        first = number % len(lines)
        self.name = name
        self._lines = [*lines[first:], *lines[:first]]
        self._calls = [0] * len(lines)

    async def ask(self, request: ReplicaRequest | StepRequest) -> ReplicaAnswer:
        """Return the answer of a replica; raise WorkerLostError if three have died with this request."""
        message, place = encoded(request), -1
        for number in range(1, _DEATHS + 1):
            place = self._least_busy(but=place)
            self._calls[place] += 1
            try:
                answer: ReplicaAnswer = decoded(await self._lines[place].ask(message))
                return answer
            except WorkerLostError:
                if number == _DEATHS:
                    raise
            finally:
                self._calls[place] -= 1
        raise AssertionError

    def _least_busy(self, but: int) -> int:
        """Return the place of the line with the fewest calls; that of a lost one only if it's alone."""
        return min(range(len(self._lines)), key=lambda place: (place == but, self._calls[place]))


class ElsewhereModel:
    """An LLM or embedder that replicas have loaded: stands for `respond` of the worker's own copy."""

    def __init__(self, replicas: AskingReplicas) -> None:
        self._replicas = replicas

    def take_over(self, llm: BaseBackend) -> None:
        """Have an LLM be asked there, and not be loaded here."""
        llm._elsewhere = self.respond
        llm._loading.done = True
        # It counts from the model's turn, in the replica: many workers may wait for the few that there are.
        llm.timeout = math.inf

    async def respond(self, request: Request) -> Response:
        """Return the answer of a replica; raise the typed error that it raised."""
        # The default of `extra`, a read-only view, can't be pickled.
        asked = ReplicaRequest(request._replace(extra=dict(request.extra)))
        try:
            answer = await self._replicas.ask(asked)
        except WorkerLostError as error:
            raise LLMConnectionError(
                f"{_DEATHS} processes of {self._replicas.name} have died with this request: {error}",
                "the LLM ends the process, or takes more memory than there is",
            ) from error
        if answer.error is not None:
            raise answer.error
        assert answer.response is not None
        return answer.response


class ElsewhereRunner(StepRunner):
    """A step that replicas have loaded; `on_read` is told each file that it has read."""

    waits: ClassVar[bool] = False

    def __init__(self, step: BaseStep, replicas: AskingReplicas, on_read: Callable[[str], object]) -> None:
        super().__init__(step)
        self._replicas = replicas
        self._on_read = on_read
        self._files: set[str] = set()

    async def apply(self, row: Row, scope: CallScope) -> list[bytes]:
        """Return the rows that a replica's step makes."""
        try:
            answer = await self._replicas.ask(StepRequest(row, scope.row, scope.seed, scope.attempt))
        except WorkerLostError as error:
            raise PluginError(
                f"{_DEATHS} processes of {self._replicas.name} have died with row '{scope.row}': {error}",
                "the step ends the process, or takes more memory than there is",
            ) from error
        for path in answer.files:
            if path not in self._files:
                self._files.add(path)
                self._on_read(path)
        if answer.error is not None:
            raise answer.error
        assert answer.rows is not None
        return [*answer.rows]
