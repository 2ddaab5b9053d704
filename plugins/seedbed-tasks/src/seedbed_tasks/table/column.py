"""What all columns of a table have in common, and those that are drawn at random."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from seedbed import Expression, Row, UsageError, did_you_mean
from seedbed_tasks.table.draws import Draws

Others = Mapping[str, Sequence[Any]]
"""Values of other columns, by name: one for each row that is drawn."""


class Column(BaseModel, ABC):
    """A column of a table; its fields are its parameters.

    `when` has other parameters for some rows: `{"age < 18": {"mean": 20}}`. The first condition that holds
    counts.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)

    fixed: ClassVar[frozenset[str]] = frozenset()
    """Parameters that are the same for all rows, besides those of every column."""

    kind: str = Field(description="What the column is made by.")
    drop: bool = Field(
        default=False, description="Leave the column out of the rows: it only serves other columns."
    )
    unique: bool = Field(default=False, description="No two rows have the same value.")
    when: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Other parameters where a condition on other columns holds."
    )

    _variants: list[tuple[Expression, Column]] = PrivateAttr(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _check_names(cls, given: object) -> object:
        for name in given if isinstance(given, Mapping) else ():
            if name not in cls.model_fields:
                hint = did_you_mean(str(name), cls.model_fields) or (f"it has {', '.join(_own(cls))}",)
                raise ValueError(f"a column of this kind has no parameter {str(name)!r}; {hint[0]}")
        return given

    @model_validator(mode="after")
    def _make_variants(self) -> Column:
        # What is set is what a pipeline file holds, and there a column says its kind.
        self.model_fields_set.add("kind")
        self._variants = [(_condition(text), self._variant(text, other)) for text, other in self.when.items()]
        return self

    @property
    def draws_unique(self) -> bool:
        """Whether `unique` is met by the way that values are drawn."""
        return False

    @property
    def reads(self) -> frozenset[str]:
        """The columns that the value is made from, besides those in the conditions of `when`."""
        return frozenset()

    @property
    def needs(self) -> frozenset[str]:
        """All columns that have to be made before this one."""
        conditions = [condition.columns for condition, _ in self._variants]
        return self.reads.union(*conditions, *(variant.reads for _, variant in self._variants))

    def variant(self, row: Row) -> Column:
        """Return the column with its parameters for a row; raise InvalidRowError as conditions do."""
        return next((column for condition, column in self._variants if condition.holds(row)), self)

    @property
    def variants(self) -> Iterator[Column]:
        """The column, and the column with each set of other parameters."""
        yield self
        yield from (column for _, column in self._variants)

    def prepare(self, rows: int | None) -> None:
        """Check what can only be checked at the start of a run that wants so many rows; raise UsageError."""

    def _variant(self, condition: str, changed: dict[str, Any]) -> Column:
        fixed = sorted(changed.keys() & ({"kind", "drop", "unique", "when"} | self.fixed))
        if fixed:
            raise ValueError(f"'{fixed[0]}' is the same for all rows, so it can't be under `when`")
        same = {name: getattr(self, name) for name in self.model_fields_set if name != "when"}
        try:
            return type(self)(**{**same, **changed})
        except ValidationError as error:
            problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
            place = ".".join(str(part) for part in problem["loc"])
            told = problem["msg"].removeprefix("Value error, ")
            raise ValueError(f"when {condition!r}: {f'{place}: ' if place else ''}{told}") from None


class Drawn(Column):
    """A column whose values are drawn at random from (seed, row, name), without a model."""

    spreads: ClassVar[bool] = False
    """Whether `balance` means something for columns of this kind."""

    balance: bool = Field(
        default=False,
        description="Spread the values over the run's rows exactly as declared, not only on average.",
    )

    @model_validator(mode="after")
    def _check_spread(self) -> Drawn:
        if self.balance and not self.spreads:
            raise ValueError("`balance` is for categories, numbers and dates")
        if self.balance and self.when:
            raise ValueError("`balance` spreads values over all rows, so it can't be combined with `when`")
        if self.balance and self.unique:
            raise ValueError("give either `balance` or `unique`")
        if self.unique and self.when and self.draws_unique:
            raise ValueError("`unique` gives each row another value, so it can't be combined with `when`")
        return self

    @abstractmethod
    def draw(self, draws: Draws, others: Others) -> list[Any]:
        """Return a value for each row of `draws`; `others` has the columns that this one reads."""

    @property
    def size(self) -> int | None:
        """How many values there are to draw without repeats; None if that can't be done."""
        return None

    def prepare(self, rows: int | None) -> None:
        """Check that there are enough values for `unique`."""
        if self.unique and self.draws_unique and rows is not None and (self.size or rows) < rows:
            raise UsageError(
                f"a unique column has {self.size:,} values, but the run wants {rows:,} rows",
                "give it more values, ask for fewer rows, or leave `unique` out",
            )


def _own(cls: type[BaseModel]) -> list[str]:
    return [name for name in cls.model_fields if name != "kind"]


def _condition(text: str) -> Expression:
    try:
        return Expression(text)
    except UsageError as error:
        raise ValueError(f"`when` has conditions over other columns: {error.fact}") from error
