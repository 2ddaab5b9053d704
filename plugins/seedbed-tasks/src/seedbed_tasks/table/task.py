"""The task `table`: rows of columns that are drawn, computed or written, as a pipeline file declares them."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from pydantic import ConfigDict, Field, PrivateAttr, field_validator, model_validator

from seedbed import Embedder, Example, Expression, GeneratorTask, Reject, Row, UsageError
from seedbed_tasks.table.category import Category
from seedbed_tasks.table.computed import Computed
from seedbed_tasks.table.embedding import Embedding
from seedbed_tasks.table.kinds import Columns, check_kinds
from seedbed_tasks.table.layout import Layout
from seedbed_tasks.table.pairwise import covering_rows
from seedbed_tasks.table.sheet import Sheet, Sheets
from seedbed_tasks.table.writing import fill
from seedbed_tasks.table.written import Written

_DRAWN = "_drawn"
_NOT_FOR_TABLES = ("template", "system_prompt", "raw_prompt", "num_generations")


class Table(GeneratorTask):
    """Rows of columns that are drawn at random, computed from others, or written by a model.

        Table(columns={"age": Number(min=18, max=90), "plan": Category(values=["free", "paid"])})

    Columns may stand in any order. Each value is drawn from the seed, the column's name and the row alone, so
    adding a column changes no other. A table without columns that a model writes needs no LLM.
    """

    model_config = ConfigDict(populate_by_name=True)

    goals = ("tables",)
    keywords = ("columns", "sampling", "tabular", "distribution", "faker", "mock data", "schema", "csv")
    example = Example(
        n=3,
        parameters={
            "columns": {
                "plan": {"kind": "category", "values": ["free", "team"], "weights": [3, 1]},
                "seats": {
                    "kind": "number",
                    "min": 1,
                    "max": 1,
                    "integer": True,
                    "when": {"plan == 'team'": {"min": 2, "max": 40}},
                },
                "since": {"kind": "date", "start": "2024-01-01", "end": "2025-12-31"},
                "price": {"kind": "expression", "expression": "9 * seats"},
            }
        },
    )
    sampled = ()

    declared: Columns = Field(
        alias="columns", min_length=1, description="The columns: {name: {kind: ..., its parameters}}."
    )
    constraints: list[str] = Field(
        default_factory=list, description="Expressions over columns that are true for each row."
    )
    pairwise: list[str] = Field(
        default_factory=list,
        description="Category columns of which the first rows have all pairs of values, then as drawn.",
    )
    rows: int | None = Field(
        default=None, ge=1, description="Rows that `balance` spreads values over; those of the run if unset."
    )
    max_redraws: int = Field(
        default=1000, ge=0, description="How often a row is drawn again until the constraints hold."
    )

    _wanted: int | None = PrivateAttr(default=None)
    _seen: dict[str, set[str]] = PrivateAttr(default_factory=dict)
    _known: int = PrivateAttr(default=0)

    @field_validator("declared", mode="before")
    @classmethod
    def _check_kinds(cls, given: object) -> object:
        check_kinds(given)
        for name in given if isinstance(given, Mapping) else ():
            if not isinstance(name, str) or not name or name.startswith("_"):
                raise ValueError(f"{name!r} can't name a column: names are text and don't begin with _")
        return given

    @field_validator("constraints")
    @classmethod
    def _check_expressions(cls, texts: list[str]) -> list[str]:
        for text in texts:
            try:
                Expression(text)
            except UsageError as error:
                raise ValueError(error.fact) from error
        return texts

    @model_validator(mode="after")
    def _check_table(self) -> Table:
        for name in _NOT_FOR_TABLES:
            if getattr(self, name) != type(self).model_fields[name].get_default(call_default_factory=True):
                raise ValueError(f"a table has no `{name}`: its columns have parameters of their own")
        self.__dict__.pop("_layout", None)
        self._layout.check()
        return self

    # Cached properties, and no private attributes: pydantic takes 5 us to read one, and each row reads these.
    @cached_property
    def _layout(self) -> Layout:
        return Layout(self.declared, tuple(self.constraints), tuple(self.pairwise))

    @cached_property
    def _sheets(self) -> Sheets:
        return Sheets(self._sheet)

    @property
    def needs_llm(self) -> bool:
        """Whether a model writes any column without an LLM of its own."""
        return self._layout.needs_llm

    @property
    def only_samples(self) -> bool:
        """Whether no column waits for a model."""
        return not self._layout.late

    @property
    def outputs(self) -> list[str]:
        """The columns of the rows: all that aren't dropped."""
        return [name for name, column in self.declared.items() if not column.drop]

    @property
    def is_admitting(self) -> bool:
        """Whether rows are compared with earlier ones, as `unique` needs for columns that a model writes."""
        return bool(self._layout.compared)

    def plan_for(self, rows: int | None) -> None:
        """Spread values with `balance` over the rows of the run."""
        self._wanted = rows
        # Only then: it changes what rows are made of, and a larger table would be made from the beginning.
        if self.rows is None and self._layout.balances:
            self.rows = rows

    def load(self) -> None:
        """Read the files, and check that there are values enough."""
        super().load()
        # The columns of a run have other LLMs than those that the table was made with.
        for name in ("_layout", "_sheets"):
            self.__dict__.pop(name, None)
        self._seen, self._known = {name: set() for name in self._layout.compared}, 0
        for name, column in self.declared.items():
            for one in column.variants:
                try:
                    one.prepare(self._wanted)
                except UsageError as error:
                    raise UsageError(f"column '{name}': {error.fact}", *error.advice) from error

    def variables(self, index: int, seed: int = 0, accepted: Sequence[Row] = ()) -> Row:
        """Return the drawn columns of a row, under a private name if a model writes others.

        Raises RowError if one has no value, and Reject if no values drawn meet the constraints.
        """
        row = self._sheets.of(seed).row(index)
        return {_DRAWN: row} if self._layout.late else dict(row)

    def sample(self, index: int, rng: random.Random) -> Row:
        """Return `variables` for a seed that `rng` draws."""
        return self.variables(index, rng.getrandbits(63))

    async def generate_row(self, input: Row) -> Row:
        """Return the columns; raise Reject for values that don't meet the constraints."""
        layout = self._layout
        if not layout.late:
            return {}
        row = dict(input[_DRAWN])
        await fill(row, layout.late, layout.needs, lambda name: self._made(name, row))
        for check in layout.late_checks:
            if not check.holds(row):
                raise Reject(f"not {check.text}")
        return {name: row[name] for name in self.outputs}

    def admit(self, row: Row, accepted: Sequence[Row]) -> None:
        """Reject a row that has a value of an earlier one in a unique column."""
        for known in accepted[self._known :]:
            for name, seen in self._seen.items():
                seen.add(_key(known[self._final(name)]))
        self._known = len(accepted)
        for name, seen in self._seen.items():
            if _key(row[self._final(name)]) in seen:
                raise Reject(f"'{name}' has the value of an earlier row")

    async def _made(self, name: str, row: Row) -> Any:
        """Return the value of a column that waits for a model."""
        column = self.declared[name]
        chosen = column.variant(row) if column.when else column
        if isinstance(chosen, Computed):
            return chosen.value(row)
        # A variant was made before the run bound LLMs and embedders to itself: only the column's own are.
        if isinstance(chosen, Embedding) and isinstance(column, Embedding):
            assert isinstance(column.embedder, Embedder)
            return await chosen.vector(row, column.embedder)
        assert isinstance(chosen, Written)
        assert isinstance(column, Written)
        return await chosen.write(row, partial(self.ask, llm=column.llm, **chosen.generation.given()))

    def _final(self, name: str) -> str:
        return self.output_mappings.get(name, name)

    def _sheet(self, seed: int) -> Sheet:
        layout = self._layout
        if layout.balances and self.rows is None:
            raise UsageError(
                f"the table '{self.name}' doesn't know over how many rows to spread its values",
                "set `rows`; a run sets it to its number of rows",
            )
        # A model may still have to see a column that is dropped from the rows.
        shown = [name for name in layout.early if layout.late or not self.declared[name].drop]
        return Sheet(
            layout.early, layout.constraints, seed, self.rows, self.max_redraws, shown, self._covering()
        )

    def _covering(self) -> dict[str, list[Any]]:
        """Return the values of the first rows, which cover all pairs."""
        columns = [self.declared[name] for name in self.pairwise]
        rows = covering_rows([column.size for column in columns if isinstance(column, Category)])
        return {
            name: [column.values[row[place]] for row in rows]
            for place, (name, column) in enumerate(zip(self.pairwise, columns, strict=True))
            if isinstance(column, Category)
        }


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
