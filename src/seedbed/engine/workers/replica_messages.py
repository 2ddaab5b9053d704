"""What workers and the processes that have loaded an LLM or a step for them tell each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from seedbed.engine.workers.installed import Needs
from seedbed.engine.workers.surroundings import Surroundings
from seedbed.llm.request import Request
from seedbed.llm.response import Response
from seedbed.tasks.rows import Row


class ReplicaSetup(NamedTuple):
    """What a replica needs before its first call; `part` is the pickled LLM, with its key, or step."""

    name: str
    needs: Needs
    surroundings: Surroundings
    part: bytes


class ReplicaRequest(NamedTuple):
    """A call of a worker to an LLM that a replica has loaded."""

    request: Request


class StepRequest(NamedTuple):
    """A row for a step that a replica has loaded, and what tells it apart from others."""

    row: Row
    id: str
    seed: int
    attempt: int


class ReplicaAnswer(NamedTuple):
    """What a replica's LLM answered, or the rows that its step made, or why there's neither.

    `files` are those that the step has read so far.
    """

    response: Response | None = None
    rows: Sequence[bytes] | None = None
    error: BaseException | None = None
    files: Sequence[str] = ()
