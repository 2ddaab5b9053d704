"""Steps that make one stream of rows out of several."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, ClassVar, Literal, NamedTuple

import orjson
from pydantic import Field

from seedbed.errors import InvalidRowError
from seedbed.plugins.signatures import check_methods
from seedbed.suggestions import did_you_mean
from seedbed.tasks.guarded import COMBINE_STEP_CALLS
from seedbed.tasks.rows import Row
from seedbed.tasks.steps import BaseStep, renaming_all


class CombineStep(BaseStep):
    """Needs all rows of several pipelines: `[first, second] >> Concat() >> ...`.

    `inputs` names columns that the rows of each of them must have.
    """

    @abstractmethod
    def process(self, *inputs: Iterable[Row]) -> Iterable[Row]:
        """Return or yield the rows made of `inputs`: one iterable for each pipeline, read once, in order."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        check_methods(cls, COMBINE_STEP_CALLS)
        renaming_all(cls)


class Concat(CombineStep):
    """The rows of the first pipeline, then those of the next."""

    keeps: ClassVar[bool] = True

    def process(self, *inputs: Iterable[Row]) -> Iterable[Row]:
        """Return all rows."""
        return chain(*inputs)


class Join(CombineStep):
    """Joins rows whose columns `on` are equal; None equals nothing.

    The first pipeline is read row by row, the others are held in memory. A column that an earlier
    pipeline has too is named after the number of the later one: `text`, `text_2`.
    """

    keeps: ClassVar[bool] = True

    on: list[str] = Field(
        min_length=1, description="Columns whose values are equal in rows that belong together."
    )
    how: Literal["inner", "left"] = Field(
        default="inner",
        description="Whether a row of the first pipeline without partner is dropped (inner) or kept (left).",
    )

    @property
    def inputs(self) -> list[str]:
        """The columns joined on."""
        return list(self.on)

    @staticmethod
    def later_name(column: str, number: int) -> str:
        """Return what a column of input `number` is called where an earlier input has it too."""
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
                    f"step '{self.name}' joins on a column '{column}' that a row does not have",
                    *did_you_mean(column, row),
                )
        values = [row[column] for column in self.on]
        return None if None in values else orjson.dumps(values, option=orjson.OPT_SORT_KEYS)


class _Held(NamedTuple):
    """The rows of one input by what they are joined on, and the other columns that they have."""

    rows: dict[bytes, list[Row]]
    columns: dict[str, None]
    number: int

    def joined(self, left: Row, right: Mapping[str, Any]) -> Row:
        return {**left, **{self._name(column, left): value for column, value in right.items()}}

    def _name(self, column: str, left: Row) -> str:
        return Join.later_name(column, self.number) if column in left else column
