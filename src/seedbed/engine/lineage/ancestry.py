"""Finds the rows that a step of a run got: made by the steps before it, or read from the input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

from seedbed.engine.lineage.changes import differ
from seedbed.engine.lineage.chapters import ParentRow
from seedbed.engine.segments.segments import INPUT
from seedbed.engine.sources.content_ids import row_digest
from seedbed.engine.sources.input_lookup import InputLookup
from seedbed.store import Result
from seedbed.store.run_queries import RunQueries
from seedbed.store.stored_json import row_of_step, stored_object, stored_rows
from seedbed.tasks.rows import Row

_JOIN = "seedbed.tasks.join_steps.Join"
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


class Ancestry:
    """The steps of a run, and which rows each of them got."""

    def __init__(self, queries: RunQueries) -> None:
        self._queries = queries
        session = queries.last_working_session()
        self.manifest: dict[str, Any] = session.manifest if session else {}
        self.steps: list[str] = [step["name"] for step in self.manifest.get("steps", ())]
        self._described = {step["name"]: step for step in self.manifest.get("steps", ())}
        self._above: dict[str, list[str]] = {}
        for parent, child, *_ in self.manifest.get("ways", ()):
            self._above.setdefault(child, []).append(parent)
        self._by_content: dict[tuple[str, str], Result | None] = {}
        self.over_all = {name for name in self.steps if queries.get_mark(f"all rows: {name}") is not None}

    @cached_property
    def input(self) -> InputLookup | None:
        """The file of the run's input; None if there's none."""
        return InputLookup.of(self.manifest)

    def parents_of(self, step: str, row: str) -> list[ParentRow]:
        """Return the rows that a step got as the row of this id, or joined to it."""
        found = (self.made_by(parent, row) for parent in self._above.get(step, ()))
        return [parent for parent in found if parent is not None]

    def read_by(self, step: str) -> str:
        """Return the step that reads all rows of this one, or of the input if that's empty; else nothing."""
        below = (name for name in self.steps if name in self.over_all)
        return next((name for name in below if step in (self._above.get(name) or [INPUT])), "")

    def is_first(self, step: str) -> bool:
        """Whether a step gets no rows of another one."""
        return not self._above.get(step)

    def made_by(self, step: str, row: str) -> ParentRow | None:
        """Return the row of a step that has this id, or that the row of this id was made from."""
        root = row.partition("/")[0]
        if step in self.over_all or (self.is_first(step) and self._queries.find_result(step, root) is None):
            result = self.result_by_content(step, row)
            return None if result is None else ParentRow(step, row, _rows(result)[0])
        # The rows of joined branches have one id, that of the branch that made several: the other branches
        # know the row by a shorter one.
        for known in reversed([*ancestors_of(row)]):
            if (data := self._made(step, known)) is not None:
                return ParentRow(step, known, data)
        return None

    def _made(self, step: str, row: str) -> Row | None:
        rows = self._rows_of(step, row)
        if len(rows) == 1:
            return rows[0]
        before, _, number = row.rpartition("/")
        rows = self._rows_of(step, before) if before else []
        return rows[int(number)] if len(rows) > 1 and int(number) < len(rows) else None

    def _rows_of(self, step: str, row: str) -> list[Row]:
        result = self._queries.find_result(step, row)
        return _rows(result) if result else []

    def variables_of(self, step: str, row: Row) -> Row | None:
        """Return the variables that a generator sampled for a row: the columns that it doesn't fill."""
        described = self._described.get(step, {})
        if self.manifest.get("input") is not None or not described.get("llms") or "columns" not in described:
            return None
        return {name: value for name, value in row.items() if name not in described["columns"]}

    def path_of(self, step: str) -> str:
        """Return the files that a source reads; empty if it reads none, or if a step isn't a source."""
        paths = self._described.get(step, {}).get("fields", {}).get("path")
        named = paths if isinstance(paths, list) else [paths]
        return ", ".join(str(path) for path in named if path) if self.is_first(step) else ""

    def result_by_content(self, step: str, row: str) -> Result | None:
        """Return the result with a row known by its content, as those of sources and of all rows are."""
        root = row.partition("/")[0]
        if (step, root) not in self._by_content:
            self._by_content[step, root] = self._found_by_content(step, root)
        return self._by_content[step, root]

    def id_by_content(self, step: str, number: str) -> str | None:
        """Return the id of a row that such a step keeps under a number; None if there's none."""
        result = self._queries.result_of(step, number)
        if result is None:
            return None
        earlier = (one for one in self._queries.results_of(step) if int(one.row) < int(number))
        alike = sum(one.data == result.data for one in earlier)
        return f"{row_digest(result.data[1:-1]).hex()}.{alike}"

    def _found_by_content(self, step: str, row: str) -> Result | None:
        # Such a step's results are kept by number, and the row's id has a digest of it.
        digest, _, number = row.partition(".")
        if not number.isdecimal():
            return None
        alike = [
            result
            for result in self._queries.results_of(step)
            if row_digest(result.data[1:-1]).hex() == digest
        ]
        alike.sort(key=lambda result: int(result.row))
        return alike[int(number)] if int(number) < len(alike) else None

    def gathered_by(self, step: str, row: Row) -> Iterator[Gathering]:
        """Yield the rows, of each parent of a step over all rows, that one of its rows agrees with."""
        on = self._described[step].get("fields", {}).get("on", ())
        columns = tuple(on) if self._described[step]["class"] == _JOIN else ()
        for parent in self._above.get(step) or [INPUT]:
            rows: list[str] = []
            for known, data in self._accepted(parent):
                if _agree(row, data, columns):
                    rows.append(known)
                if len(rows) > _MOST_FOUND:
                    break
            yield Gathering(parent, tuple(rows[:_MOST_FOUND]), columns, len(rows) > _MOST_FOUND)

    def _accepted(self, step: str) -> Iterator[tuple[str, Row]]:
        verdicts = (one.row for one in self._queries.verdicts(step) if one.verdict == "accepted")
        rows = (stored_object(encoded, f"a row of the step '{step}'") for encoded in self._queries.rows(step))
        return zip(verdicts, rows, strict=False)


def _rows(result: Result) -> list[Row]:
    return stored_rows(result.data, row_of_step(result.step, result.row))


def ancestors_of(row: str) -> Iterator[str]:
    """Yield the ids that a row had upstream, the first one first: `7`, `7/1` and `7/1/0`."""
    return accumulate(row.split("/"), "{}/{}".format)


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
