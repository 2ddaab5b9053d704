"""Where rows come from: an index, a generator in a thread, or a file."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import hashlib
import threading
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from seedbed.engine.plan import Plan, llm_fields
from seedbed.errors import InvalidRowError
from seedbed.llm.scope import current_scope
from seedbed.store.readers import read_rows
from seedbed.tasks.generator_task import GeneratorTask
from seedbed.tasks.rows import Row, encode_row
from seedbed.tasks.steps import BaseStep

_READ_AHEAD = 64
_CANCELLED = (asyncio.CancelledError, concurrent.futures.CancelledError)


class Item(NamedTuple):
    """What a source gives at a time: an id, the same in every run of it, and a row or variables.

    `error` is set where the source could not make the row.
    """

    id: str
    row: dict[str, Any]
    error: Exception | None = None


class Source(ABC):
    """Gives items one after the other: one is there, or will be, or the source has ended."""

    ended = False
    error: BaseException | None = None
    """What made the source end, where it did not end by itself."""

    @abstractmethod
    def take(self) -> Item | None:
        """Return the next item; None where there is none yet, or none any more (`ended`)."""

    async def ready(self) -> None:
        """Wait until `take` has something to say."""

    def close(self) -> None:
        """Stop what makes the items."""


class IndexedSource(Source):
    """The variables of each index of a generator task, in order."""

    def __init__(self, task: GeneratorTask, seed: int) -> None:
        self._task = task
        self._seed = seed
        self._index = 0

    def take(self) -> Item | None:
        """Return the variables of the next index."""
        index = self._index
        self._index += 1
        try:
            variables = self._task.variables(index, self._seed)
        except Exception as error:  # noqa: BLE001 - one index fails alone, whatever its author's code raises
            return Item(str(index), {}, error)
        if variables is None:
            self.ended = True
            return None
        return Item(str(index), variables)


class ThreadedSource(Source):
    """The items of a blocking iterator, which runs in a thread of its own, `ahead` items in advance.

    With 0 it makes an item when it is asked for one: each may cost a call.
    """

    def __init__(self, items: Callable[[], Iterator[Item]], ahead: int = _READ_AHEAD) -> None:
        self._loop = asyncio.get_running_loop()
        self._items: deque[Item] = deque()
        self._news = asyncio.Event()
        self._ahead = ahead
        self._asked = False
        self._room = threading.Semaphore(ahead)
        self._closed = False
        self._exhausted = False
        context = contextvars.copy_context()
        # Calls that a generator makes belong to its whole step, as its LLM knows.
        context.run(current_scope.set, None)
        # A daemon: an iterator that waits for ever must not keep the process from ending.
        threading.Thread(target=context.run, args=(self._iterate, items), daemon=True).start()

    def take(self) -> Item | None:
        """Return the next item that the thread has made."""
        if self._items:
            if self._ahead:
                self._room.release()
            return self._items.popleft()
        if not self._ahead and not self._asked:
            self._asked = True
            self._room.release()
        self.ended = self._exhausted
        self._news.clear()
        return None

    async def ready(self) -> None:
        """Wait for the thread."""
        await self._news.wait()

    def close(self) -> None:
        """Let the thread end at its next item."""
        self._closed = True
        self._room.release()

    def _iterate(self, items: Callable[[], Iterator[Item]]) -> None:
        error: BaseException | None = None
        try:
            iterator = items()
            while True:
                self._room.acquire()
                if self._closed:
                    return
                item = next(iterator, None)
                if item is None:
                    break
                self._tell(self._add, item)
        except _CANCELLED:
            self._closed = True
        except BaseException as raised:  # noqa: BLE001 - reported with the run
            error = raised
        self._tell(self._end, error)

    def _tell(self, receive: Callable[[Any], None], news: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(receive, news)

    def _add(self, item: Item) -> None:
        self._items.append(item)
        self._asked = False
        self._news.set()

    def _end(self, error: BaseException | None) -> None:
        self._exhausted = True
        self.error = error
        self._news.set()


def numbered(yielded: Iterator[list[Row]]) -> Iterator[Item]:
    """Yield the rows of a generator step as items, one row each, numbered in order."""
    number = 0
    for rows in yielded:
        for row in rows:
            yield Item(str(number), row)
            number += 1


def digested(rows: Iterator[Row]) -> Iterator[Item]:
    """Yield the rows of an input as items, known by content and occurrence and not by their line."""
    seen: Counter[bytes] = Counter()
    for number, row in enumerate(rows):
        try:
            digest = hashlib.blake2b(encode_row(row), digest_size=8).digest()
        except InvalidRowError as error:
            yield Item(f"invalid.{number}", {}, error)
            continue
        # A copy: a step may change its row, which the caller may have given twice.
        yield Item(f"{digest.hex()}.{seen[digest]}", dict(row))
        seen[digest] += 1


def source_of(plan: Plan) -> tuple[Source, tuple[BaseStep, ...]]:
    """Return where the rows of a plan come from, and the steps that they go through.

    A generator task that makes rows by index stays among the steps: its source gives the variables.
    """
    generator = plan.generator
    if generator is None:
        assert plan.input is not None
        rows = read_rows(Path(plan.input)) if isinstance(plan.input, str | Path) else iter(plan.input)
        return ThreadedSource(lambda: digested(rows)), plan.steps
    if isinstance(generator, GeneratorTask) and generator.is_indexed:
        return IndexedSource(generator, plan.seed), plan.steps
    ahead = 0 if llm_fields(generator) else _READ_AHEAD
    return ThreadedSource(lambda: numbered(generator.process()), ahead), plan.steps[1:]
