"""The kinds of columns, and how a pipeline file's description becomes one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, get_args

from pydantic import Field

from seedbed import did_you_mean
from seedbed_tasks.table.category import Category, Subcategory
from seedbed_tasks.table.code import Code
from seedbed_tasks.table.column import Column
from seedbed_tasks.table.computed import Computed
from seedbed_tasks.table.date import Date
from seedbed_tasks.table.embedding import Embedding
from seedbed_tasks.table.from_file import From
from seedbed_tasks.table.judge import Judge
from seedbed_tasks.table.number import Number
from seedbed_tasks.table.person import Person
from seedbed_tasks.table.structured import Structured
from seedbed_tasks.table.uuid import Uuid
from seedbed_tasks.table.written import Text

AnyColumn = Annotated[
    Category
    | Subcategory
    | Number
    | Date
    | Person
    | Uuid
    | From
    | Computed
    | Text
    | Structured
    | Judge
    | Code
    | Embedding,
    Field(discriminator="kind"),
]
"""A column of any kind; `kind` says which."""

if TYPE_CHECKING:
    # A checker takes `columns = {"a": Number(...), "b": Date(...)}` for a dict of what both have in common.
    Columns = Mapping[str, Column]
else:
    Columns = dict[str, AnyColumn]

KINDS: dict[str, type[Column]] = {
    get_args(cls.model_fields["kind"].annotation)[0]: cls for cls in get_args(get_args(AnyColumn)[0])
}
"""The classes of columns, by what a pipeline file calls them."""


def check_kinds(columns: Any) -> None:
    """Raise ValueError, naming the column, for one that has no kind, or none that exists."""
    for name, given in columns.items() if isinstance(columns, Mapping) else ():
        if isinstance(given, Column):
            continue
        if not isinstance(given, Mapping):
            raise ValueError(f"column '{name}' is described by `kind` and its parameters")
        kind = given.get("kind")
        if kind not in KINDS:
            said = f"has no kind {kind!r}" if kind is not None else "says no `kind`"
            hint = did_you_mean(str(kind), KINDS) or (f"kinds are {', '.join(KINDS)}",)
            raise ValueError(f"column '{name}' {said}; {hint[0]}")
