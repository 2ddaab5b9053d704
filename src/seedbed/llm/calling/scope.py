"""Where a call belongs: the run's seed, and the step and row that make it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import orjson

from seedbed.llm.calling.prompt_texts import RowText
from seedbed.llm.messages import Message

SHARED = "shared:"
"""How the id begins under which calls are kept whose answers several rows share; no row has such an id."""


class AskedCall(NamedTuple):
    """A call of a row as it was sent: what identifies it within its scope, and its messages."""

    digest: bytes
    k: int
    messages: tuple[Message, ...]


class Branch(NamedTuple):
    """A task that an author has started, the scope of its calls, and its place among the others."""

    path: tuple[int | str, ...]
    task: asyncio.Task[Any]
    scope: CallScope

    @property
    def error(self) -> Exception | None:
        """What the task has raised."""
        task = self.task
        error = task.exception() if task.done() and not task.cancelled() else None
        return error if isinstance(error, Exception) else None


class CallScope:
    """The calls of one row in one step.

    `is_cut` says that a call was cancelled, so a row that was made without its answer must not count, and
    `refused` is the error of a call that every other call would meet, for the same reason.
    `attempt` counts how often the row was retried. Among waiting calls, the one of the lowest `rank` is sent
    first.

    A call is identified by its digest and by how many calls with that digest came before it in its scope. So
    equal prompts of one row are different calls, and calls of two rows never mix.

    Which of a row's concurrent calls comes first depends on timing. So each of the row's asyncio tasks has
    its own scope (`of_task`), identified by the order in which the tasks were started. That order is the same
    however long the calls take, and also when they're replayed. Whatever an author labels has its own scope
    too (`labelled`).

    `asked` collects what the row asks, in all its branches, if there's a list in it. `texts` are the
    values of the row that its prompts may be made from. `asking` is how many calls of this scope are under
    way. The row's own scope knows the tasks that its author starts (`branches`), and calls `on_answer`, if
    there's one, with the scope of a call of theirs that has ended.
    """

    __slots__ = (
        "_earlier",
        "_is_cut",
        "_labelled",
        "_path",
        "_reasks",
        "_refused",
        "_row_scope",
        "_tasks",
        "_writers",
        "asked",
        "asking",
        "attempt",
        "branches",
        "has_branches",
        "on_answer",
        "rank",
        "row",
        "seed",
        "step",
        "texts",
    )

    def __init__(
        self,
        seed: int,
        step: str,
        row: str,
        *,
        attempt: int = 0,
        rank: int = 0,
        has_branches: bool = True,
    ) -> None:
        self.seed = seed
        self.step = step
        self.row = row
        self.attempt = attempt
        self.rank = rank
        self.has_branches = has_branches
        self.asking = 0
        # Forgotten when the row is made: a task knows its scope by its context, and both would stay until
        # Python looks for cycles.
        self.branches: list[Branch] | None = None
        self.on_answer: Callable[[CallScope], None] | None = None
        self.asked: list[AskedCall] | None = None
        self.texts: Sequence[RowText] = ()
        self._is_cut = False
        self._refused: Exception | None = None
        self._earlier: dict[bytes, int] = {}
        self._labelled: dict[str, CallScope] = {}
        self._path: tuple[int | str, ...] = ()
        # None for the row's own scope: one that referred to itself, and with it the row's prompts, would stay
        # until Python looks for cycles, which took 10 us for each row.
        self._row_scope: CallScope | None = None
        self._tasks = 0
        self._reasks = 0
        self._writers: dict[bytes, dict[int, str]] | None = None

    @property
    def _root(self) -> CallScope:
        """The scope of the row, in any of its branches."""
        return self if self._row_scope is None else self._row_scope

    @property
    def row_branches(self) -> Sequence[Branch]:
        """The tasks that the row's author has started, in any branch of the row."""
        return self._root.branches or ()

    @property
    def reasks(self) -> int:
        """How often a model was asked again since an answer didn't fit, in all branches of the row."""
        return self._root._reasks

    def note_reask(self) -> None:
        """Count that a model is asked again."""
        self._root._reasks += 1

    @property
    def is_cut(self) -> bool:
        """Whether a call was cancelled, in any branch of the row."""
        return self._root._is_cut

    @is_cut.setter
    def is_cut(self, value: bool) -> None:
        self._root._is_cut = value

    @property
    def refused(self) -> Exception | None:
        """The error of a call that every other call would meet, in any branch of the row."""
        return self._root._refused

    @refused.setter
    def refused(self, value: Exception) -> None:
        self._root._refused = value

    def of_task(self) -> CallScope:
        """Return the scope of the asyncio task that is started next.

        That's this scope if the task isn't an author's but one that a call starts, which `asking` counts:
        aiohttp starts tasks whose number depends on the connection, and calls would get other seeds.
        """
        if self.asking or not self.has_branches:
            return self
        self._tasks += 1
        return self._branch(self._tasks)

    def end_call(self) -> None:
        """Count a call that has ended."""
        self.asking -= 1
        if self._row_scope is not None and self._row_scope.on_answer is not None:
            self._row_scope.on_answer(self)

    def all_asking(self) -> Iterator[CallScope]:
        """Yield the scopes of the calls under way: this one, and those with a label in it."""
        if self.asking:
            yield self
        for labelled in self._labelled.values():
            yield from labelled.all_asking()

    def note_branch(self, task: asyncio.Task[Any]) -> None:
        """Note the task that an author has started, and whose calls belong to this scope."""
        root = self._root
        if root.branches is None:
            root.branches = []
        root.branches.append(Branch(self._path, task, self))

    def labelled(self, label: str) -> CallScope:
        """Return the scope of the calls with a label in this one."""
        # A run of an earlier version resumes without branches: its calls were counted together.
        if not self.has_branches:
            return self
        if label not in self._labelled:
            self._labelled[label] = self._branch(label)
        return self._labelled[label]

    def _branch(self, name: int | str) -> CallScope:
        branch = CallScope(self.seed, self.step, self.row, attempt=self.attempt, rank=self.rank)
        branch._path = (*self._path, name)
        branch._row_scope = self._root
        branch.texts = self.texts
        return branch

    def digest(self, asked: bytes) -> bytes:
        """Return the digest under which a call is kept: of what is asked, and of the branch that asks."""
        # Outside of branches it's the plain one, so that answers in older runs are found.
        if not self._path:
            return asked
        return hashlib.blake2b(asked + orjson.dumps(self._path), digest_size=16).digest()

    def count(self, digest: bytes) -> int:
        """Count a call, and return how many with this digest came before."""
        earlier = self._earlier.get(digest, 0)
        self._earlier[digest] = earlier + 1
        return earlier

    def earlier(self, digest: bytes) -> int:
        """Return how many calls with this digest there have been so far."""
        return self._earlier.get(digest, 0)

    def note_writer(self, group: bytes, number: int, name: str) -> None:
        """Note that the `number`-th LLM of a group answered a call of the row, in any branch."""
        root = self._root
        if root._writers is None:
            root._writers = {}
        root._writers.setdefault(group, {})[number] = name

    def writers_of(self, group: bytes) -> list[str]:
        """Return the names of the LLMs of a group that have answered calls of the row, in their order."""
        return [name for _, name in sorted((self._root._writers or {}).get(group, {}).items())]

    def note(self, digest: bytes, k: int, messages: tuple[Message, ...]) -> None:
        """Note what is asked, if someone wants to know."""
        asked = self._root.asked
        if asked is not None:
            asked.append(AskedCall(digest, k, messages))

    def derive_seed(self, earlier: int) -> int:
        """Return the sampling seed of a call with `earlier` equal calls before it.

        31 bits, so that it also fits into a signed 32-bit integer.
        """
        text = f"{self.seed}/{self.step}/{self.row}/{earlier}"
        if self._path:
            text += f"/branch {orjson.dumps(self._path).decode()}"
        if self.attempt:
            text += f"/attempt {self.attempt}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


current_scope: ContextVar[CallScope | None] = ContextVar("seedbed_scope", default=None)

_labels: ContextVar[tuple[str, ...]] = ContextVar("seedbed_labels", default=())


@contextmanager
def call_label(label: str) -> Iterator[None]:
    """Distinguish the calls inside from equal ones that the same row makes at the same time.

        with call_label("critic 1"):
            answer = self.llm.generate(...)

    asyncio tasks that `generate_row` starts are distinguished without it. An author's own threads and event
    loops aren't: with a label, their calls have their own seeds, and are found when a run resumes.
    """
    token = _labels.set((*_labels.get(), label))
    try:
        yield
    finally:
        _labels.reset(token)


def row_id() -> str | None:
    """Return the id of the row that a step is processing; None outside a run.

    The id stays the same when a run resumes. A row of a generator has its index (`7`), a row of a file a
    digest of its content and a count (`9f86d081884c7d65.0`), and the rows that a step makes of one row are
    its children (`7/0`, `7/1`).
    """
    scope = current_scope.get()
    return None if scope is None else scope.row


def calling_scope(default: CallScope | None = None) -> CallScope | None:
    """Return the scope of a call that is made here: that of the row, within the labels around it."""
    scope = current_scope.get() or default
    if scope is not None:
        for label in _labels.get():
            scope = scope.labelled(label)
    return scope
