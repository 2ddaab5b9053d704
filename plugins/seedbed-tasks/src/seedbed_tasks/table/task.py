"""The task `table`: rows of columns that are drawn, computed or written, as a pipeline file declares them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import cached_property

from pydantic import ConfigDict, Field, PrivateAttr, field_validator, model_validator

from seedbed import Example, Expression, GeneratorTask, Reject, Row, UsageError
from seedbed_tasks.table.category import Category, Subcategory
from seedbed_tasks.table.column import Drawn
from seedbed_tasks.table.constraints import Constraints
from seedbed_tasks.table.graph import in_order
from seedbed_tasks.table.kinds import AnyColumn, check_kinds
from seedbed_tasks.table.sheet import Sheet, Sheets

_REFUSED = "_refused"
_NOT_FOR_TABLES = ("template", "system_prompt", "raw_prompt", "num_generations")


class Table(GeneratorTask):
    """Rows of columns that are drawn at random, computed from others, or written by a model.

        Table(columns={
            "age": Number(min=18, max=90, integer=True),
            "plan": Category(values=["free", "paid"], weights=[3, 1]),
        })

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

    declared: dict[str, AnyColumn] = Field(
        alias="columns", min_length=1, description="The columns: {name: {kind: ..., its parameters}}."
    )
    constraints: list[str] = Field(
        default_factory=list, description="Expressions over columns that are true for each row."
    )
    rows: int | None = Field(
        default=None, ge=1, description="Rows that `balance` spreads values over; those of the run if unset."
    )
    max_redraws: int = Field(
        default=1000, ge=0, description="How often a row is drawn again until the constraints hold."
    )

    _wanted: int | None = PrivateAttr(default=None)

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
        in_order(self._needs)
        self._check_subcategories()
        _ = self._constraints.groups
        return self

    def _check_subcategories(self) -> None:
        for name, column in self.declared.items():
            for one in column.variants:
                if not isinstance(one, Subcategory):
                    continue
                decides = self.declared[one.of]
                if isinstance(decides, Category) and not decides.when and not column.when:
                    try:
                        one.check_covers(decides.values)
                    except ValueError as error:
                        raise ValueError(f"column '{name}': {error}") from error

    @property
    def _needs(self) -> dict[str, frozenset[str]]:
        return {name: column.needs for name, column in self.declared.items()}

    @property
    def _constraints(self) -> Constraints:
        return Constraints(tuple(self.constraints), self.declared, self._needs)

    @property
    def _balances(self) -> bool:
        return any(isinstance(column, Drawn) and column.balance for column in self.declared.values())

    @property
    def needs_llm(self) -> bool:
        """Whether a model writes any column without an LLM of its own."""
        return False

    @property
    def outputs(self) -> list[str]:
        """The columns of the rows: all that aren't dropped."""
        return [name for name, column in self.declared.items() if not column.drop]

    def plan_for(self, rows: int | None) -> None:
        """Spread values with `balance` over the rows of the run."""
        self._wanted = rows
        # Only then: it changes what rows are made of, and a larger table would be made from the beginning.
        if self.rows is None and self._balances:
            self.rows = rows

    def load(self) -> None:
        """Read the files, and check that there are values enough."""
        super().load()
        # The copy that runs may have been made of a table that has drawn rows.
        self.__dict__.pop("_sheets", None)
        for name, column in self.declared.items():
            for one in column.variants:
                try:
                    one.prepare(self._wanted)
                except UsageError as error:
                    raise UsageError(f"column '{name}': {error.fact}", *error.advice) from error

    def variables(self, index: int, seed: int = 0, accepted: Sequence[Row] = ()) -> Row:
        """Return the drawn columns of a row; raise RowError if one has no value."""
        try:
            return dict(self._sheets.of(seed).row(index))
        except Reject as reason:
            # Only while a row is made is a rejection one: the next index then replaces the row.
            return {_REFUSED: str(reason)}

    def sample(self, index: int, rng: random.Random) -> Row:
        """Return `variables` for a seed that `rng` draws."""
        return self.variables(index, rng.getrandbits(63))

    async def generate_row(self, input: Row) -> Row:
        """Return the columns that a model writes; raise Reject for values that meet no constraint."""
        if _REFUSED in input:
            raise Reject(input[_REFUSED])
        return {}

    # A cached property, and no private attribute: pydantic takes 5 us to read one, and each row reads it.
    @cached_property
    def _sheets(self) -> Sheets:
        return Sheets(self._made_sheet)

    def _made_sheet(self, seed: int) -> Sheet:
        if self._balances and self.rows is None:
            raise UsageError(
                f"the table '{self.name}' doesn't know over how many rows to spread its values",
                "set `rows`; a run sets it to its number of rows",
            )
        return Sheet(self.declared, self._constraints, seed, self.rows, self.max_redraws)
