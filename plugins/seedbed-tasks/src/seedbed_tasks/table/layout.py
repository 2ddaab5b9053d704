"""How the columns of a table depend on each other: which are drawn first, and which wait for a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from seedbed import Expression, did_you_mean
from seedbed_tasks.table.category import Category, Subcategory
from seedbed_tasks.table.column import Column, Drawn
from seedbed_tasks.table.computed import Computed
from seedbed_tasks.table.constraints import Constraints
from seedbed_tasks.table.embedding import Embedding
from seedbed_tasks.table.graph import above, in_order
from seedbed_tasks.table.written import Written

Needs = dict[str, frozenset[str]]


@dataclass(frozen=True)
class Layout:
    """The columns of a table with what they need; `check` raises ValueError if they don't fit together.

    `late` columns wait for a model; all others are there before.
    """

    columns: Mapping[str, Column]
    texts: tuple[str, ...] = ()
    pairwise: tuple[str, ...] = field(default=())

    def check(self) -> None:
        """Raise ValueError, naming columns, for what doesn't fit together."""
        _ = self.order
        self._check_drawn()
        self._check_subcategories()
        self._check_pairwise()
        for text in self.texts:
            self._check_constraint(text)
        for name in self.compared:
            if self.columns[name].drop:
                raise ValueError(f"column '{name}' is dropped, so rows can't be compared for `unique`")
        _ = self.constraints.groups

    @cached_property
    def needs(self) -> Needs:
        """The columns that each column needs."""
        return {name: column.needs for name, column in self.columns.items()}

    @cached_property
    def order(self) -> list[str]:
        """All columns, each after those that it needs."""
        return in_order(self.needs)

    @cached_property
    def late(self) -> list[str]:
        """The columns that wait for a model, in order."""
        return [name for name in self.order if self._waits(name)]

    @cached_property
    def early(self) -> dict[str, Column]:
        """The columns that are there before a model is asked, in their own order."""
        return {name: column for name, column in self.columns.items() if name not in self.late}

    @cached_property
    def constraints(self) -> Constraints:
        """The constraints over columns that are drawn."""
        early = tuple(text for text in self.texts if not self._is_late(text))
        needs = {name: self.needs[name] for name in self.early}
        return Constraints(early, self.early, needs, frozenset(self.pairwise))

    @cached_property
    def late_checks(self) -> list[Expression]:
        """The constraints over columns that wait for a model."""
        return [Expression(text) for text in self.texts if self._is_late(text)]

    @cached_property
    def compared(self) -> list[str]:
        """The unique columns whose values have to be compared with those of earlier rows."""
        return [name for name, one in self.columns.items() if one.unique and not one.draws_unique]

    @property
    def balances(self) -> bool:
        """Whether values are spread over a number of rows."""
        return any(isinstance(column, Drawn) and column.balance for column in self.columns.values())

    @property
    def needs_llm(self) -> bool:
        """Whether any column is written by the table's own LLM."""
        return any(isinstance(column, Written) and column.llm is None for column in self.columns.values())

    def _waits(self, name: str) -> bool:
        makers = (self.columns.get(other) for other in above(frozenset({name}), self.needs))
        return any(isinstance(maker, Written | Embedding) for maker in makers)

    def _is_late(self, text: str) -> bool:
        return bool(Expression(text).columns & frozenset(self.late))

    def _check_drawn(self) -> None:
        for name in self.late:
            if isinstance(self.columns[name], Written | Embedding | Computed):
                continue
            other = next(one for one in sorted(self.needs[name]) if one in self.late)
            raise ValueError(f"column '{name}' is drawn before a model has written '{other}', which it reads")

    def _check_subcategories(self) -> None:
        for name, column in self.columns.items():
            for one in column.variants:
                decides = self.columns[one.of] if isinstance(one, Subcategory) else None
                # With conditions, other values may come with each of them.
                if isinstance(decides, Category) and not decides.when and not column.when:
                    assert isinstance(one, Subcategory)
                    try:
                        one.check_covers(decides.values)
                    except ValueError as error:
                        raise ValueError(f"column '{name}': {error}") from error

    def _check_constraint(self, text: str) -> None:
        for name in sorted(Expression(text).columns - self.columns.keys()):
            hint = "".join(f"; {line}" for line in did_you_mean(name, self.columns))
            raise ValueError(f"the constraint {text!r} reads '{name}', but there is no such column{hint}")

    def _check_pairwise(self) -> None:
        for name in self.pairwise:
            column = self.columns.get(name)
            if column is None:
                hint = "".join(f"; {line}" for line in did_you_mean(name, self.columns))
                raise ValueError(f"`pairwise` names '{name}', but there is no such column{hint}")
            if not isinstance(column, Category) or column.when or column.balance or column.unique:
                raise ValueError(
                    f"`pairwise` covers the values of categories without `when`, `balance` and `unique`; "
                    f"'{name}' is none"
                )
        if len(self.pairwise) == 1 or len(set(self.pairwise)) < len(self.pairwise):
            raise ValueError("`pairwise` names two or more different columns")
