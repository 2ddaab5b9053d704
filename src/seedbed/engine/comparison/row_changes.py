"""The rows of two runs, matched by id: which only one has, and what differs in those that both have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from seedbed.engine.comparison.row_index import LonePlace, Place, RowIndex
from seedbed.engine.comparison.words import word_diff
from seedbed.engine.lineage.changes import Change
from seedbed.engine.lineage.row_places import RowPlaces
from seedbed.engine.lineage.run_steps import RunSteps
from seedbed.store.row_names import row_name
from seedbed.store.run_queries import RunQueries
from seedbed.store.stored_json import entry_at, row_of_step, stored_rows
from seedbed.tasks.rows import Row


class ChangedRow(NamedTuple):
    """A row that both runs have accepted with other data.

    `source` is the name of the input row that it comes from (`questions.jsonl, line 7`), empty if there's
    none or its file is gone.
    """

    row: str
    change: Change
    source: str = ""

    @property
    def name(self) -> str:
        """What people call it."""
        return row_name(self.row, self.source)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values; a text that changed has its words, each with `=`, `-` or `+`."""
        told = self.change.as_json()
        for name, (before, after) in self.change.changed.items():
            if isinstance(before, str) and isinstance(after, str):
                told["changed"][name]["words"] = [list(piece) for piece in word_diff(before, after)]
        return {"row": self.row, "source": self.source or None, **told}


class LoneRow(NamedTuple):
    """A row that one run has accepted and the other hasn't.

    `verdict`, `step` and `reason` are the other's; they're empty if it hasn't decided such a row. `source` is
    the name of the input row that it comes from, empty if there's none or its file is gone.
    """

    row: str
    data: Row
    verdict: str = ""
    step: str = ""
    reason: str = ""
    source: str = ""

    @property
    def name(self) -> str:
        """What people call it."""
        return row_name(self.row, self.source)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        known = {"verdict": self.verdict, "step": self.step, "source": self.source}
        return {**self._asdict(), **{name: value or None for name, value in known.items()}}


class RowsDiff(NamedTuple):
    """How many rows are the same, changed, only in the first run and only in the second, with some of them.

    `columns` counts for each column the changed rows in which it differs.
    """

    same: int
    changed: int
    only_first: int
    only_second: int
    columns: Mapping[str, int]
    changed_rows: Sequence[ChangedRow]
    first_rows: Sequence[LoneRow]
    second_rows: Sequence[LoneRow]

    def as_json(self) -> dict[str, Any]:
        """Return the difference as JSON values."""
        examples = ("changed_rows", "first_rows", "second_rows")
        return {
            **self._asdict(),
            **{name: [row.as_json() for row in getattr(self, name)] for name in examples},
        }


def rows_diff(first: tuple[RunQueries, str], second: tuple[RunQueries, str], most: int) -> RowsDiff:
    """Return the difference between the rows of two runs, each with the leaf they're from.

    It has `most` rows of each kind; all of them are counted.
    """
    with RowIndex(first, second) as index:
        same, changed = index.count_common()
        columns: Counter[str] = Counter()
        shown: list[ChangedRow] = []
        for one in _changed(index, first[0], second[0]):
            columns.update((*one.change.changed, *one.change.added, *one.change.removed))
            if len(shown) < most:
                shown.append(one)
        lone = [_lone(index.alone(most), first[0]), _lone(index.alone(most, second=True), second[0])]
        ordered = dict(columns.most_common())
        return RowsDiff(
            same, changed, *index.count_alone(), ordered, _placed(shown, second[0], first[0]), *lone
        )


def _placed(rows: Sequence[ChangedRow], *runs: RunQueries) -> list[ChangedRow]:
    """Return the rows with their places in the first of the runs that knows them."""
    places: dict[str, str] = {}
    for queries in runs:
        places |= RowPlaces(queries, RunSteps.of(queries)).of(
            one.row for one in rows if one.row not in places
        )
    return [one._replace(source=places.get(one.row, "")) for one in rows]


def _changed(index: RowIndex, first: RunQueries, second: RunQueries) -> Iterator[ChangedRow]:
    before, after = _Rows(first), _Rows(second)
    for pair in index.changed():
        yield ChangedRow(pair.row, Change.between(before.at(pair.first), after.at(pair.second)))


def _lone(found: Sequence[LonePlace], queries: RunQueries) -> list[LoneRow]:
    rows, places = _Rows(queries), RowPlaces(queries, RunSteps.of(queries)).of(one.row for one in found)
    return [
        LoneRow(one.row, rows.at(one.place), one.verdict, one.step, one.reason, places.get(one.row, ""))
        for one in found
    ]


class _Rows:
    """Reads rows of a run; the rows that a step made of one are read together."""

    def __init__(self, queries: RunQueries) -> None:
        self._queries = queries
        self._read: tuple[str, str] | None = None
        self._made: list[Row] = []

    def at(self, place: Place) -> Row:
        if self._read != place[:2]:
            result = self._queries.result_of(place.step, place.source_row)
            whose = row_of_step(place.step, place.source_row)
            self._made = stored_rows(result.data, whose) if result else []
            self._read = place[:2]
        # Empty if a process that works on the run has recomputed the row meanwhile, and made fewer of it.
        return entry_at(self._made, place.k) or {}
