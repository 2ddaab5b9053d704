"""Steps that combine several streams of rows into one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, ClassVar, Literal, NamedTuple

import orjson
from pydantic import Field

from seedbed.errors import InvalidRowError
from seedbed.plugins.authoring.signatures import check_methods
from seedbed.suggestions import did_you_mean
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.columns.final_columns import wrap_global_step
from seedbed.tasks.guarded_steps import COMBINE_STEP_CALLS
from seedbed.tasks.rows import Row


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
    """Joins rows whose columns `on` are equal; None equals nothing.

        [questions, answers] >> Join(on=["id"], how="left")

    The first pipeline is read row by row; the others are held in memory. If two pipelines have a column of
    the same name, the later one gets its pipeline's number: `text`, `text_2`.
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
    def later_name(column: str, number: int) -> str:
        """Return the name of a column of input `number` that an earlier input has too."""
        return f"{column}_{number}"

    def process(self, *inputs: Iterable[Row]) -> Iterator[Row]:
        """Yield the joined rows, in the order of the first input."""
        first, *others = inputs
        partners = [self._held(rows, number) for number, rows in enumerate(others, 2)]
        for row in first:
            joined = [row]
            key = self._key(row)
            for held in partners:
                joined = [held.joined(left, right) for left in joined for right in self._found(held, key)]
            yield from joined

    def _found(self, held: _Held, key: bytes | None) -> Sequence[Row]:
        found = held.rows.get(key, ()) if key is not None else ()
        return found or ([dict.fromkeys(held.columns)] if self.how == "left" else ())

    def _held(self, rows: Iterable[Row], number: int) -> _Held:
        held = _Held({}, {}, number)
        for row in rows:
            rest = {column: value for column, value in row.items() if column not in self.on}
            held.columns.update(dict.fromkeys(rest))
            key = self._key(row)
            if key is not None:
                held.rows.setdefault(key, []).append(rest)
        return held

    def _key(self, row: Row) -> bytes | None:
        for column in self.on:
            if column not in row:
                raise InvalidRowError(
                    f"step '{self.name}' joins on a column '{column}', but a row doesn't have it",
                    *did_you_mean(column, row),
                )
        values = [row[column] for column in self.on]
        return None if None in values else orjson.dumps(values, option=orjson.OPT_SORT_KEYS)


class _Held(NamedTuple):
    """The rows of one input by their join key, and the columns they have besides it."""

    rows: dict[bytes, list[Row]]
    columns: dict[str, None]
    number: int

    def joined(self, left: Row, right: Mapping[str, Any]) -> Row:
        return {**left, **{self._name(column, left): value for column, value in right.items()}}

    def _name(self, column: str, left: Row) -> str:
        return Join.later_name(column, self.number) if column in left else column
