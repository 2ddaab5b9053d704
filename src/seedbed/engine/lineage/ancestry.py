"""Finds the rows that a step of a run got: made by the steps before it, or read from the input."""

from __future__ import annotations

from functools import cached_property

from seedbed.engine.lineage.chapters import ParentRow
from seedbed.engine.lineage.rows_by_content import RowsByContent
from seedbed.engine.lineage.run_steps import RunSteps
from seedbed.engine.sources.input_lookup import InputLookup
from seedbed.store import Result
from seedbed.store.row_ids import ids_upstream
from seedbed.store.run_queries import RunQueries
from seedbed.store.stored_json import row_of_step, stored_rows
from seedbed.tasks.rows import Row


class Ancestry:
    """Which rows each step of a run got: the store has no links between rows, but their ids tell."""

    def __init__(self, queries: RunQueries, steps: RunSteps, by_content: RowsByContent) -> None:
        self._queries = queries
        self._steps = steps
        self._by_content = by_content

    @cached_property
    def input(self) -> InputLookup | None:
        """The file of the run's input; None if there's none."""
        return InputLookup.of(self._steps.manifest)

    def parents_of(self, step: str, row: str) -> list[ParentRow]:
        """Return the rows that a step got as the row of this id, or joined to it."""
        found = (self._made_by(parent, row) for parent in self._steps.parents(step))
        return [parent for parent in found if parent is not None]

    def _made_by(self, step: str, row: str) -> ParentRow | None:
        """Return the row of a step that has this id, or that the row of this id was made from."""
        if self._by_content.are_numbered(step, row):
            result = self._by_content.result_of(step, row)
            return None if result is None else ParentRow(step, row, _rows(result)[0])
        # The rows of joined branches have one id, that of the branch that made several: the other branches
        # know the row by a shorter one.
        for known in reversed(ids_upstream(row)):
            if (data := self._made(step, known)) is not None:
                return ParentRow(step, known, data)
        return None

    def _made(self, step: str, row: str) -> Row | None:
        """Return the row that a step made under this id: from the row of this id, or as one of several."""
        rows = self._rows_of(step, row)
        if len(rows) == 1:
            return rows[0]
        before, _, number = row.rpartition("/")
        rows = self._rows_of(step, before) if before else []
        return rows[int(number)] if len(rows) > 1 and int(number) < len(rows) else None

    def _rows_of(self, step: str, row: str) -> list[Row]:
        result = self._queries.find_result(step, row)
        return _rows(result) if result else []


def _rows(result: Result) -> list[Row]:
    return stored_rows(result.data, row_of_step(result.step, result.row))
