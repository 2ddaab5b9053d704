"""Queries on what the steps of a run made of their rows."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.store.kept_counts import Counts
from seedbed.store.paged_reads import ITEM, PAGE, PagedReads
from seedbed.store.run_values import FailureRecord, Result
from seedbed.store.stored_json import row_of_step, stored_reasons

_RESULT = "step, row, key, attempt, status, CAST(data AS BLOB), CAST(reasons AS BLOB)"


class ResultQueries(PagedReads):
    """Reads the results of the steps of a run."""

    def has_results(self) -> bool:
        """Whether there is any result."""
        return bool(self._all("SELECT 1 FROM results LIMIT 1"))

    def result_of(self, step: str, row: str) -> Result | None:
        """Return what a step made of a row; None if it hasn't finished with it."""
        found = self._all(f"SELECT {_RESULT} FROM results WHERE step = ? AND row = ?", step, row)
        return Result(*found[0]) if found else None

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
