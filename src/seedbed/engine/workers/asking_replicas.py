"""A worker's calls to an LLM that replicas have loaded: the least busy one answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from seedbed.engine.workers.messages import ReplicaAnswer, ReplicaRequest, decoded, encoded
from seedbed.engine.workers.replica_line import ReplicaLine
from seedbed.engine.workers.worker_link import WorkerLostError
from seedbed.errors import LLMConnectionError
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.request import Request
from seedbed.llm.response import Response

Lines: TypeAlias = Mapping[str, Sequence[ReplicaLine]]
"""The lines to the replicas of each LLM that has some, by its key."""

_DEATHS = 3
"""Replicas that may die with a request in their hands; then the call counts as failed."""
# All calls in flight meet a death at once. If each failed then, the endpoint would be taken for down.


class AskingReplicas:
    """Asks the replicas of one LLM for a worker: that which has the fewest of this worker's calls.

    `number` is the worker's: workers that have one call each in flight begin at different replicas.
    """

    def __init__(self, name: str, lines: Sequence[ReplicaLine], number: int) -> None:
        first = number % len(lines)
        self._lines = [*lines[first:], *lines[:first]]
        self._calls = [0] * len(lines)
        self._name = name

    def take_over(self, llm: BaseBackend) -> None:
        """Have an LLM be asked there, and not be loaded here."""
        llm._elsewhere = self.respond
        llm._loading.done = True
        # It counts from the model's turn, in the replica: many workers may wait for the few that there are.
        llm.timeout = math.inf

    async def respond(self, request: Request) -> Response:
        """Return the answer of a replica; raise the typed error that it raised."""
        # Its default, a read-only view, can't be pickled.
        message = encoded(ReplicaRequest(request._replace(extra=dict(request.extra))))
        place = -1
        for _ in range(_DEATHS):
            place = self._least_busy(but=place)
            self._calls[place] += 1
            try:
                answer: ReplicaAnswer = decoded(await self._lines[place].ask(message))
            except WorkerLostError as error:
                lost = error
                continue
            finally:
                self._calls[place] -= 1
            if answer.error is not None:
                raise answer.error
            assert answer.response is not None
            return answer.response
        raise LLMConnectionError(
            f"{_DEATHS} processes of {self._name} have died with this request: {lost}",
            "the LLM ends the process, or takes more memory than there is",
        ) from lost

    def _least_busy(self, but: int) -> int:
        """Return the place of the line with the fewest calls; that of a lost one only if it's alone."""
        return min(range(len(self._lines)), key=lambda place: (place == but, self._calls[place]))
