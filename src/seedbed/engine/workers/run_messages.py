"""What a run tells its workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from seedbed.engine.stopping.bounds import Bounds
from seedbed.engine.workers.surroundings import Surroundings
from seedbed.errors import BudgetExhaustedError
from seedbed.store import Result
from seedbed.tasks.rows import Row


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
