"""What one step made of a row: its calls, the rows that it made, and what it changed in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from seedbed.engine.lineage.changes import Change
from seedbed.engine.lineage.shared import parts_of_key
from seedbed.engine.lineage.told_call import ToldCall
from seedbed.store import Result
from seedbed.store.stored_json import row_of_step, stored_reasons, stored_rows
from seedbed.tasks.rows import Row


class ParentRow(NamedTuple):
    """A row that a step got: the step that made it (empty for a row of the input), and its id there."""

    step: str
    row: str
    data: Row | None


class Chapter(NamedTuple):
    """What one step did with the row, with a row that it was made from, or with one that it became.

    `result` is None if the step hasn't finished with the row. `parents` are the rows that it was made from,
    several if branches were joined. `input` is the row that the step got, or the variables of a generator, if
    the run has it. `source_row` is the row of the input that this one was made from, if the row was refused.
    `is_old` says that the chapter is outdated: upstream steps drop the row now, or make none by this id, so
    it hasn't come here since. `is_over_all` says that the step read all rows at once. `path` names the files
    that a source read. `shared` are calls whose answers the row has in common with others.
    """

    step: str
    row: str
    calls: Sequence[ToldCall]
    result: Result | None
    parents: Sequence[ParentRow] = ()
    input: Row | None = None
    source_row: Row | None = None
    is_old: bool = False
    is_over_all: bool = False
    path: str = ""
    shared: Sequence[ToldCall] = ()

    @property
    def rows(self) -> list[Row]:
        """The rows that the step made."""
        return stored_rows(self.result.data, self._whose) if self.result else []

    @property
    def children(self) -> list[str]:
        """The ids of the rows that the step made, if it made several."""
        count = len(self.rows)
        return [f"{self.row}/{number}" for number in range(count)] if count > 1 else []

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """Why the step made fewer rows than it should have."""
        return stored_reasons(self.result.reasons, self._whose) if self.result else []

    @property
    def _whose(self) -> str:
        return row_of_step(self.step, self.row)

    @property
    def is_dropped(self) -> bool:
        """Whether the step returned nothing for the row, and gave no reason."""
        return self.result is not None and not self.rows and not self.reasons

    @property
    def status(self) -> str:
        """What became of the row at this step, in a word or two."""
        if self.result is None:
            return "not ended"
        return "dropped" if self.is_dropped else self.result.status

    @property
    def changes(self) -> list[Change] | None:
        """What the step changed in each row that it made; None if the row before isn't known."""
        before = self.input
        return None if before is None else [Change.between(before, row) for row in self.rows]

    def as_json(self) -> dict[str, Any]:
        """Return the chapter as JSON values."""
        changes = self.changes
        return {
            "step": self.step,
            "row": self.row,
            "status": self.result.status if self.result else None,
            "old": self.is_old,
            "attempt": self.result.attempt if self.result else 0,
            "parents": [{"step": one.step or None, "row": one.row} for one in self.parents],
            "input": self.input,
            "source_row": self.source_row,
            "path": self.path or None,
            "shared": [
                {"key": parts_of_key(told.shared_key), **told.as_json()} for told in self.shared if told.call
            ],
            "calls": [told.as_json() for told in self.calls],
            "rows": self.rows,
            "children": self.children,
            "changes": None if changes is None else [change.as_json() for change in changes],
            "dropped": self.is_dropped,
            "reasons": self.reasons,
        }
