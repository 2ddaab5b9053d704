"""Where rows come from: an index, a generator, a file, or an earlier segment of the run."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from seedbed.engine.failure import Failure
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.engine.sources.content_ids import ContentIds
from seedbed.engine.sources.id_giving import RowIds
from seedbed.engine.sources.shard import Shard
from seedbed.engine.stopping.cancellation import CANCELLED, failure_of
from seedbed.engine.stopping.refused_calls import RefusedCalls
from seedbed.errors import InvalidRowError, Reject
from seedbed.llm.files_read import current_files
from seedbed.llm.json_text import compact
from seedbed.store.read_options import Placed
from seedbed.tasks.columns.mapping import renamed
from seedbed.tasks.columns.promised import check_promised, promised_columns
from seedbed.tasks.generator_task import GeneratorTask
from seedbed.tasks.rows import Row, encode_row
from seedbed.tasks.steps import GeneratorStep


class Item(NamedTuple):
    """What a source yields at a time: an id, the same in every run, and a row or variables.

    `failure` is set if the source couldn't make the row. If this is the first row of a list that a generator
    yielded, `begins` is the length of the list.
    """

    id: str
    in_flight: InFlight
    failure: Failure | None = None
    begins: int = 0

    @classmethod
    def failed(cls, id: str, step: str, error: Exception, place: str = "") -> Item:
        """Return the item of a row that couldn't be made, or that isn't wanted (`Reject`)."""
        rejected = isinstance(error, Reject)
        failure = Failure.of(id, step, error, rejected=rejected, kept_as=step, source=place)
        return cls(id, InFlight(id, b"{}", place=place), failure)


class Source(ABC):
    """Yields items one after the other: one is there, will be there, or the source has ended."""

    ended = False
    error: BaseException | None = None
    """What made the source end, if it didn't end by itself."""

    on_news: Callable[[], None] = staticmethod(lambda: None)
    """Called on the loop when `take` may have something new."""

    @abstractmethod
    def take(self) -> Item | None:
        """Return the next item; None if there's none yet, or no more (`ended`)."""

    def close(self) -> None:
        """Stop making items."""


class AcceptedRows(ABC):
    """What a source with `feedback` must know of the rows accepted so far."""

    @abstractmethod
    def decided(self) -> int:
        """Return how many items have a verdict."""

    @abstractmethod
    def below(self, index: int) -> Sequence[Row]:
        """Return the accepted rows of all items below an index."""


class IndexedSource(Source):
    """The variables of each index of a generator task, in order.

    With `feedback`, an index is sampled once the rows that it may read are decided; `pinned` returns the
    variables that an index had before, and keeps new ones.
    """

    def __init__(
        self,
        task: GeneratorTask,
        seed: int,
        earlier: AcceptedRows,
        pinned: Callable[[int, Callable[[], Any]], Any],
        shard: Shard | None = None,
    ) -> None:
        self._task = task
        self._seed = seed
        self._earlier = earlier
        self._pinned = pinned
        self._index, self._step = (shard.number - 1, shard.of) if shard is not None else (0, 1)

    def take(self) -> Item | None:
        """Return the variables of the next index."""
        index = self._index
        # Whole blocks earlier, not the latest rows: those depend on how many answers are in.
        if self._task.feedback and self._earlier.decided() < self._task.feedback_limit(index):
            return None
        self._index += self._step
        token = current_files.set(self._task._noted_by)
        try:
            variables = self._variables(index)
            if variables is None:
                self.ended = True
                return None
            return Item(str(index), InFlight(str(index), _known_by(variables), given=variables))
        except (Exception, *CANCELLED) as error:  # noqa: BLE001 - one index fails alone, whatever it raises
            return Item.failed(str(index), self._task.name, failure_of(error, "the step"))
        finally:
            current_files.reset(token)

    def _variables(self, index: int) -> dict[str, Any] | None:
        task = self._task
        if not task.feedback:
            return task.variables(index, self._seed)
        accepted = self._earlier.below(task.feedback_limit(index))
        variables: dict[str, Any] | None = self._pinned(
            index, lambda: task.variables(index, self._seed, accepted)
        )
        return variables


def _known_by(variables: Any) -> bytes:
    """Return the bytes that identify variables; a private one may hold what JSON lacks."""
    try:
        return compact(orjson.dumps(variables, default=repr, option=orjson.OPT_NON_STR_KEYS))
    except TypeError:
        return repr(variables).encode(errors="backslashreplace")


def numbered(
    yielded: Iterable[list[Row]],
    generator: GeneratorStep,
    first: int = 0,
    begin: Callable[[int], object] = lambda number: None,
    ids: RowIds | None = None,
) -> Iterator[Item]:
    """Yield the rows of a generator step as items, one row each, numbered in order.

    With `ids`, which have seen the rows before `first`, an item is identified by those, and its number only
    says where its row is kept. `begin` is called with the number of the row that comes next.
    """
    number, step = first, generator.name
    promised, refused = promised_columns(generator), RefusedCalls(generator)
    begin(number)
    for rows in yielded:
        refused.check()
        for place, row in enumerate(rows):
            check_promised(promised, row, step)
            yield numbered_item(encode_row(row), generator, number, ids, begins=0 if place else len(rows))
            number += 1
        if rows:
            begin(number)
    # A generator that caught the error may end, as if it had made all rows.
    refused.check()


def sampled_items(task: GeneratorTask, seed: int) -> Iterator[Item]:
    """Yield the items of a task whose rows are what it samples, one for each index."""
    promised, step = promised_columns(task), task.name
    known: list[str] = []
    private: list[str] = []
    current_files.set(task._noted_by)
    for index in itertools.count():
        number = str(index)
        try:
            variables = task.variables(index, seed)
            if variables is None:
                return
            if (names := [*variables]) != known:
                known, private = names, [name for name in names if name.startswith("_")]
            # Most tasks have none, and looking at each name of each row takes as long as encoding it.
            if private:
                variables = {name: value for name, value in variables.items() if name not in private}
            row = renamed(variables, task.output_mappings)
            check_promised(promised, row, step)
            item = Item(number, InFlight(number, encode_row(row), step, None, number))
        except (Exception, *CANCELLED) as error:  # noqa: BLE001 - one index fails alone, whatever it raises
            item = Item.failed(number, step, failure_of(error, "the step"))
        yield item


def numbered_item(
    encoded: bytes, generator: GeneratorStep, number: int, ids: RowIds | None, *, begins: int = 0
) -> Item:
    """Return the item of a generator's row; raise DatasetError if it can't have an id."""
    step = generator.name
    place = generator.place_of(number) if ids is None else place_of_row(generator, number)
    row_id = str(number) if ids is None else ids.of(encoded, place)
    return Item(row_id, InFlight(row_id, encoded, step, None, str(number), place=place), begins=begins)


def place_of_row(generator: GeneratorStep, number: int) -> str:
    """Return what people call a row of a generator, whose number is counted from 0."""
    return generator.place_of(number) or numbered_place(generator.name, number)


def numbered_place(step: str, number: int) -> str:
    """Return what people call a row of a generator that doesn't say it."""
    return f"row {number + 1} of '{step}'"


def digested(
    rows: Iterable[Placed],
    step: str,
    name_of: Callable[[int], str],
    first: int = 0,
    ids: RowIds | None = None,
) -> Iterator[Item]:
    """Yield the rows of an input as items, identified by `ids`, or by content; their line is only their name.

    They begin with number `first`, counted from 0; `ids` have seen those before. Raises DatasetError for a
    row that can't have an id.
    """
    ids = ids or ContentIds()
    for count, (number, row) in enumerate(rows, start=first):
        place = name_of(number)
        try:
            encoded = encode_row(row)
        except InvalidRowError as error:
            yield Item.failed(ids.of_invalid(row, count, place), step, error, place)
            continue
        row_id = ids.of(encoded, place, row if type(row) is dict else None)
        yield Item(row_id, InFlight(row_id, encoded, "", None, row_id, place=place))
