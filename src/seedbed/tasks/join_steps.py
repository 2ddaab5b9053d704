"""Steps that combine several streams of rows into one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, count
from typing import Any, ClassVar, Literal, NamedTuple

import orjson
from pydantic import Field

from seedbed.errors import InvalidRowError
from seedbed.plugins.authoring.signatures import check_methods
from seedbed.suggestions import did_you_mean
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.columns.final_columns import wrap_global_step
from seedbed.tasks.guarded_steps import COMBINE_STEP_CALLS
from seedbed.tasks.rows import MAX_INTEGER, MIN_INTEGER, Row


class CombineStep(BaseStep):
    """Combines all rows of several pipelines: `[first, second] >> Concat() >> ...`.

        class Interleave(CombineStep):
            def process(self, *inputs: Iterable[Row]) -> Iterable[Row]:
                for rows in zip(*inputs):
                    yield from rows

    The rows of every pipeline must have the columns in `inputs`.
    """

    @abstractmethod
    def process(self, *inputs: Iterable[Row]) -> Iterable[Row]:
        """Return or yield the combined rows; each pipeline is one iterable, which you can read once."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        check_methods(cls, COMBINE_STEP_CALLS)
        wrap_global_step(cls)


class Concat(CombineStep):
    """The rows of the first pipeline, then those of the next.

        [english, french] >> Concat() >> Deduplicate()

    Rows keep their columns.
    """

    keeps: ClassVar[bool] = True

    def process(self, *inputs: Iterable[Row]) -> Iterable[Row]:
        """Return all rows."""
        return chain(*inputs)


class Join(CombineStep):
    """Joins rows whose columns `on` are equal; 1 and 1.0 are, and None equals nothing.

        [questions, answers] >> Join(on=["id"], how="left")

    The first pipeline is read row by row, twice; the others are held in memory. If two pipelines have a
    column of the same name, the later one gets its pipeline's number, or the next that's free: `text`,
    `text_2`.
    """

    keeps: ClassVar[bool] = True

    on: list[str] = Field(min_length=1, description="Columns that must be equal for rows to be joined.")
    how: Literal["inner", "left"] = Field(
        default="inner",
        description="Whether to drop (inner) or keep (left) rows of the first pipeline that match none.",
    )

    @property
    def inputs(self) -> list[str]:
        """The columns to join on."""
        return list(self.on)

    @staticmethod
    def later_names(columns: Iterable[str], earlier: Collection[str], number: int) -> dict[str, str]:
        """Return the names in joined rows of the columns of input `number`, next to `earlier` ones."""
        own = dict.fromkeys(columns)
        names = {}
        for column in own:
            # A column may be called `text_2` already, most of all where rows come from another join.
            free = (
                name for k in count(number) if (name := f"{column}_{k}") not in earlier and name not in own
            )
            names[column] = next(free) if column in earlier else column
        return names

    def process(self, *inputs: Iterable[Row]) -> Iterator[Row]:
        """Yield the joined rows, in the order of the first input."""
        first, *others = inputs
        # Read twice: which names are free is known once the columns of its last row are.
        first = [*first] if isinstance(first, Iterator) else first
        columns = set(chain.from_iterable(first))
        partners = [self._held(rows, columns, number) for number, rows in enumerate(others, 2)]
        for row in first:
            joined = [row]
            key = self._key(row)
            for held in partners:
                joined = [{**left, **right} for left in joined for right in self._found(held, key)]
            yield from joined

    def _found(self, held: _Held, key: bytes | None) -> Sequence[Row]:
        found = held.rows.get(key, ()) if key is not None else ()
        return found or ([dict.fromkeys(held.columns)] if self.how == "left" else ())

    def _held(self, rows: Iterable[Row], earlier: set[str], number: int) -> _Held:
        """Return the rows of an input, with columns named as in joined rows; add the names to `earlier`."""
        by_key: dict[bytes, list[Row]] = {}
        columns: dict[str, None] = {}
        for row in rows:
            rest = {column: value for column, value in row.items() if column not in self.on}
            columns.update(dict.fromkeys(rest))
            key = self._key(row)
            if key is not None:
                by_key.setdefault(key, []).append(rest)
        names = self.later_names(columns, earlier, number)
        for held in chain.from_iterable(by_key.values()):
            renamed = {names[column]: value for column, value in held.items()}
            held.clear()
            held.update(renamed)
        earlier.update(names.values())
        return _Held(by_key, names.values())

    def _key(self, row: Row) -> bytes | None:
        for column in self.on:
            if column not in row:
                raise InvalidRowError(
                    f"step '{self.name}' joins on a column '{column}', but a row doesn't have it",
                    *did_you_mean(column, row),
                )
        values = [_without_point(row[column]) for column in self.on]
        return None if None in values else orjson.dumps(values, option=orjson.OPT_SORT_KEYS)


class _Held(NamedTuple):
    """The rows of one input by their join key, and the columns they have besides it, by their final names."""

    rows: dict[bytes, list[Row]]
    columns: Collection[str]


def _without_point(value: Any) -> Any:
    """Return a value with whole numbers as integers, at any depth: 1.0 is 1."""
    # pandas writes a column of integers as floats as soon as a value is missing.
    if isinstance(value, float):
        return int(value) if value.is_integer() and MIN_INTEGER <= value <= MAX_INTEGER else value
    if isinstance(value, list):
        return [*map(_without_point, value)]
    if isinstance(value, dict):
        return {name: _without_point(item) for name, item in value.items()}
    return value
