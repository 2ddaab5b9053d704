"""What a run and its workers tell each other. Messages are pickled: both sides run the same versions."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from seedbed.engine.failure import Failure
from seedbed.engine.segments.step_counts import StepCounts
from seedbed.engine.stopping.bounds import Bounds
from seedbed.engine.workers.surroundings import Surroundings
from seedbed.errors import BudgetExhaustedError
from seedbed.llm.budget.budget import Reservation
from seedbed.llm.calling.call_counts import CallCounts
from seedbed.llm.calling.scope import Asked
from seedbed.llm.calling.sent import FailedCallTry
from seedbed.llm.request import Request
from seedbed.llm.response import Response
from seedbed.store import Call, Result
from seedbed.tasks.rows import Row

Pickled: TypeAlias = Callable[[Any], bytes]
"""Pickles an object; a transport may bring one that also pickles lambdas and classes of a notebook."""


class Share(NamedTuple):
    """A worker's part of the run's limits for each endpoint and key; None: no limit, or an adaptive one."""

    concurrency: int | None = None
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None


class Setup(NamedTuple):
    """What a worker needs before its first row; `steps` is the pickled graph, with LLMs and their keys.

    `replicated` names the LLMs and steps, by their keys, that other processes have loaded, and `number` is
    the worker's.
    """

    name: str
    leaf: str
    seed: int
    bounds: Bounds
    share: Share
    fingerprints: Mapping[str, bytes]
    retrying: bool
    has_branches: bool
    is_gate_closed: bool
    hears_calls: bool
    seconds_left: float | None
    surroundings: Surroundings
    steps: bytes
    replicated: Mapping[str, str] = {}
    number: int = 0


class Need(NamedTuple):
    """A distribution that a worker must have, in this version."""

    distribution: str
    version: str


class Needs(NamedTuple):
    """What a worker must have installed; it's checked before anything is unpickled."""

    python: str
    distributions: Sequence[Need]


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


class BeginSegment(NamedTuple):
    """The next rows go through this segment; `judged` and `is_whole` say what the run needs back of each."""

    number: int
    replaces: bool
    judged: bool
    is_whole: bool


class StoredAnswer(NamedTuple):
    """An answer that the run has: its key, its number in the store, and the answer as JSON."""

    step: str
    row: str
    attempt: int
    digest: bytes
    k: int
    number: int
    answer: bytes


class ItemParcel(NamedTuple):
    """An item for a worker, with the results and answers that the run already has for it.

    `number` is its own in the whole session; positions begin again with each segment.
    """

    number: int
    position: int
    id: str
    row: str
    encoded: bytes
    node: str
    source: str
    k: int
    given: Row | None
    place: str
    results: Sequence[Result] = ()
    answers: Sequence[StoredAnswer] = ()


class Items(NamedTuple):
    """A block of items."""

    parcels: Sequence[ItemParcel]


class DropItems(NamedTuple):
    """Items that aren't wanted any more."""

    numbers: Sequence[int]


class OpenGate(NamedTuple):
    """Calls without an answer may be sent."""


class Drain(NamedTuple):
    """Send no more calls."""


class Cancel(NamedTuple):
    """Cancel the calls in flight."""


class Room(NamedTuple):
    """A worker's reservation with this number has its room in the budget, or there's none: an error."""

    number: int
    error: BudgetExhaustedError | None = None


class Rooms(NamedTuple):
    """What was decided on several reservations, in order: a message costs more than a reservation."""

    rooms: Sequence[Room]


class End(NamedTuple):
    """Unload everything: no more rows follow."""


class Mark(NamedTuple):
    """A named value for the store."""

    name: str
    value: bytes | str


class Replacing(NamedTuple):
    """The result that follows replaces other rows."""


class FileRead(NamedTuple):
    """A step is about to read a file."""

    step: str
    path: str


class Reused(NamedTuple):
    """The answer of the call with this number was there before."""

    number: int


class Reserve(NamedTuple):
    """A call wants room in the run's budget; the lowest rank gets it first."""

    number: int
    wanted: Reservation
    rank: int


class Return(NamedTuple):
    """A reservation isn't needed any more: what was taken of it; nothing if it never got its room."""

    number: int
    taken: Reservation


Addition: TypeAlias = Call | Result | Mark | Replacing | FileRead | Reused | FailedCallTry | Reserve | Return


class SentRow(NamedTuple):
    """A row that a worker made; `parent` is its place in the item's rows, -1 for the item itself."""

    id: str
    encoded: bytes
    node: str
    parent: int
    source: str
    k: int
    place: str


class SentScope(NamedTuple):
    """The prompts of one step of a row."""

    step: str
    row: str
    attempt: int
    asked: Sequence[Asked]


class Settled(NamedTuple):
    """What became of an item; `made` has places in `rows`. With an `error` it's nothing but that.

    An item without rows, reasons and error whose `is_cut` is True was cancelled.
    """

    number: int
    rows: Sequence[SentRow] = ()
    made: Mapping[str, Sequence[int]] = {}
    failures: Sequence[Failure] = ()
    rejections: Sequence[Failure] = ()
    dropped: Sequence[str] = ()
    scopes: Sequence[SentScope] = ()
    evidence: Sequence[Result] = ()
    asked: bool = False
    reasked: bool = False
    error: BaseException | None = None
    is_cut: bool = False


@dataclass
class News:
    """What a worker has to tell: additions to the store in order, then items that have settled.

    `counts`, `steps` and `kept` are totals since the worker began. `waiting` has the positions of the rows
    whose calls wait at the gate. `has_drained` says that it sends no more calls.
    """

    additions: list[Addition] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    counts: CallCounts = field(default_factory=CallCounts)
    steps: dict[str, StepCounts] = field(default_factory=dict)
    kept: Counter[str] = field(default_factory=Counter)
    waiting: frozenset[int] = frozenset()
    waiting_calls: int = 0
    has_enough: bool = False
    is_checked: bool = False
    lacking: Sequence[str] = ()
    is_ready: bool = False
    has_drained: bool = False
    has_ended: bool = False
    error: BaseException | None = None


def encoded(message: Any, pickled: Pickled = pickle.dumps) -> bytes:
    """Return a message as bytes."""
    try:
        return pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    except (TypeError, AttributeError, pickle.PicklingError):
        # Sampled variables may hold what the standard library can't pickle.
        return pickled(message)


def decoded(message: bytes) -> Any:
    """Return the message that bytes stand for."""
    return pickle.loads(message)
