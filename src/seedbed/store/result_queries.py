"""Queries on what the steps of a run made of their rows."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.store.kept_counts import Counts
from seedbed.store.paged_reads import ITEM, PAGE, PagedReads
from seedbed.store.row_blocks import NOTHING, entries, is_block
from seedbed.store.run_values import FailureRecord, Result
from seedbed.store.stored_json import row_of_step, stored_reasons

_RESULT = "step, row, key, attempt, status, CAST(data AS BLOB), CAST(reasons AS BLOB)"

_NEXT = (
    "SELECT seq, CAST(step AS TEXT), source_row, k FROM verdicts "
    "WHERE leaf = ? AND seq > ? AND verdict = 'accepted' ORDER BY seq LIMIT 1"
)
# How many rows with numbers between two were accepted, and how many of them are in some block.
_ACCEPTED = (
    "SELECT count(*), total(source_row = ? AND step = ? AND seq - k = ?) FROM verdicts "
    "WHERE leaf = ? AND seq >= ? AND seq < ? AND verdict = 'accepted'"
)


class ResultQueries(PagedReads):
    """Reads the results of the steps of a run."""

    def has_results(self) -> bool:
        """Whether there is any result."""
        return bool(self._all("SELECT 1 FROM results LIMIT 1"))

    def result_of(self, step: str, row: str) -> Result | None:
        """Return what a step made of a row; None if it hasn't finished with it."""
        found = self._all(f"SELECT {_RESULT} FROM results WHERE step = ? AND row = ?", step, row)
        return Result(*found[0]) if found else None

    def whole_block(self, leaf: str, after: int) -> tuple[int, list[bytes]] | None:
        """Return the accepted rows above number `after` to the end of their block, and the number there.

        None if the next row isn't in a block, or if the rows of the block aren't all accepted.
        """
        # Reading a verdict for each row takes three times as long as cutting the rows out of their block.
        found = self._all(_NEXT, leaf, after)
        if not found or not is_block(found[0][2]):
            return None
        seq, step, name, k = found[0]
        block = self.result_of(step, name)
        # In a damaged run, they may be anything.
        if block is None or type(seq) is not int or type(k) is not int or k < 0:
            return None
        made = entries(block.data, row_of_step(step, name))[k:]
        rows = [row for row in made if row != NOTHING]
        counts = self._all(_ACCEPTED, name, step, seq - k, leaf, seq, seq + len(made))
        are_whole = bool(rows) and counts == [(len(rows), len(rows))]
        return (seq + len(made) - 1, rows) if are_whole else None

    def results_of(self, step: str) -> Iterator[Result]:
        """Yield what a step made of all its rows, ordered by row id as text."""
        select = f"SELECT {_RESULT} FROM results WHERE step = ? AND row {{}} ? ORDER BY row LIMIT {PAGE}"
        page = self._page(select.format(">="), step, "")
        while page:
            yield from (Result(*found) for found in page)
            page = self._page(select.format(">"), step, page[-1][1])

    def items_of(self, step: str) -> list[str]:
        """Return the items of which a step has made rows: `7` also stands for `7/0` and `7/1`."""
        found = self._all(f"SELECT DISTINCT {ITEM} FROM results WHERE step = ?", step)
        return [item for (item,) in found]

    def count_results(self) -> dict[str, dict[str, int]]:
        """Return how many rows each step has ended with, by status."""
        with self._one_moment() as query:
            counts = Counts.kept(query)
            counts.add_results(query)
        found: dict[str, dict[str, int]] = {}
        for (step, status), (count, *_) in counts.results.items():
            if count:
                found.setdefault(step, {})[status] = int(count)
        return found

    def failures(self) -> Iterator[FailureRecord]:
        """Yield the failures of each row's latest attempt, ordered by step and row id."""
        select = (
            "SELECT step, row, attempt, reasons FROM results WHERE status IN ('failed', 'partial') "
            f"AND (step, row) > (?, ?) ORDER BY step, row LIMIT {PAGE}"
        )
        page = self._page(select, "", "")
        while page:
            for step, row, attempt, reasons in page:
                yield from (
                    FailureRecord(step, row, attempt, why["reason"], why["kind"], why["tries"], why["text"])
                    for why in stored_reasons(reasons, row_of_step(step, row))
                    if not why["rejected"]
                )
            page = self._page(select, *page[-1][:2])

    def descendants(self, step: str, row: str) -> list[Result]:
        """Return what a step made of the rows that a row became upstream of it (`7/0`, `7/1/2`)."""
        # `0` is the character after `/`, so ids that begin with `row/` are between the two. The index serves
        # such a range, but not LIKE, which ignores case.
        found = self._all(
            f"SELECT {_RESULT} FROM results WHERE step = ? AND row > ? AND row < ? ORDER BY length(row), row",
            step,
            f"{row}/",
            f"{row}0",
        )
        return [Result(*one) for one in found]
