"""Finds the rows that a row after a step over all rows may come from: those with its values.

Such a step reads all rows and makes others, and a run can't keep which of them a row was made from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from seedbed.engine.lineage.changes import differ
from seedbed.engine.lineage.run_steps import RunSteps
from seedbed.engine.segments.segments import INPUT
from seedbed.store.run_queries import RunQueries
from seedbed.store.stored_json import stored_object
from seedbed.tasks.rows import Row

_MOST_FOUND = 3
"""Rows shown of those that a step over all rows may have made a row from."""


class Gathering(NamedTuple):
    """Rows that a step over all rows read, and that one of its rows may come from.

    `step` made them (empty for the input). They agree with the row in `columns`, or in all columns that they
    have in common if that's empty. `has_more` says that there are more than `rows`.
    """

    step: str
    rows: tuple[str, ...]
    columns: tuple[str, ...] = ()
    has_more: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the rows as JSON values."""
        return {**self._asdict(), "step": self.step or None, "rows": [*self.rows], "columns": [*self.columns]}


def gathered_by(queries: RunQueries, steps: RunSteps, step: str, row: Row) -> Iterator[Gathering]:
    """Yield, for each parent of a step over all rows, the rows that one of the step's rows agrees with."""
    columns = steps.join_columns(step)
    for parent in steps.parents(step) or [INPUT]:
        found: list[str] = []
        for known, data in _accepted(queries, parent):
            if _agree(row, data, columns):
                found.append(known)
            if len(found) > _MOST_FOUND:
                break
        yield Gathering(parent, tuple(found[:_MOST_FOUND]), columns, len(found) > _MOST_FOUND)


def _accepted(queries: RunQueries, step: str) -> Iterator[tuple[str, Row]]:
    verdicts = (one.row for one in queries.verdicts(step) if one.verdict == "accepted")
    rows = (stored_object(encoded, f"a row of the step '{step}'") for encoded in queries.rows(step))
    return zip(verdicts, rows, strict=False)


def _agree(row: Row, other: Row, columns: Sequence[str]) -> bool:
    shared = columns or [name for name in other if name in row]
    return bool(shared) and all(
        name in row and name in other and _holds(row[name], other[name]) for name in shared
    )


def _holds(value: Any, other: Any) -> bool:
    """Whether a value is another one, or a list of them, as a step that groups rows makes."""
    if not differ(value, other):
        return True
    return isinstance(value, list) and any(not differ(one, other) for one in value)
