"""What a worker tells its run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from seedbed.engine.failure import Failure
from seedbed.engine.segments.step_counts import StepCounts
from seedbed.llm.budget.budget import Reservation
from seedbed.llm.calling.call_counts import CallCounts
from seedbed.llm.calling.scope import AskedCall
from seedbed.llm.calling.sent import FailedCallTry
from seedbed.store import Call, Result


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
    asked: Sequence[AskedCall]


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
