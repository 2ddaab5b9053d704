"""Finds rows whose ids are made from their content, as those of sources and of steps over all rows are.

The run keeps the results of such a step by number: 0, 1, 2, ... The id of a row is what the user's columns of
ids hold; without those, it's the digest of its content, and after a dot the number of equal rows before it:
`9d3c6aa1f0b2e874.0`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

from seedbed.engine.lineage.run_steps import RunSteps
from seedbed.engine.sources.content_ids import row_digest
from seedbed.store import Result
from seedbed.store.run_queries import RunQueries
from seedbed.store.stored_json import row_of_step, stored_rows


class RowsByContent:
    """The results of a run that are kept by number; each lookup reads all results of its step."""

    def __init__(self, queries: RunQueries, steps: RunSteps) -> None:
        self._queries = queries
        self._steps = steps
        self._found: dict[tuple[str, str], Result | None] = {}

    def are_numbered(self, step: str, row: str) -> bool:
        """Whether the step's results are kept by number, so that the row has to be found by its content."""
        if step in self._steps.over_all or step == self._steps.id_step:
            return True
        # The first step of a run may be a source, or a task whose results are kept by the ids of the input.
        root = row.partition("/")[0]
        return self._steps.is_first(step) and self._queries.find_result(step, root) is None

    def result_of(self, step: str, row: str) -> Result | None:
        """Return the result with the row of this id, or with the one that it was made from; else None."""
        root = row.partition("/")[0]
        if (step, root) not in self._found:
            self._found[step, root] = self.find_all(step, [root]).get(root)
        return self._found[step, root]

    def id_of(self, step: str, number: int) -> str | None:
        """Return the id of the row that a step keeps under a number, from 0; None if there's none."""
        result = self._queries.result_of(step, str(number))
        if result is None:
            return None
        own = self._own_id(result)
        if own is not None and self._with_own_id(step, own) == result:
            return own
        earlier = (one for one in self._numbered(step) if int(one.row) < number)
        alike = sum(one.data == result.data for one in earlier)
        return f"{_digest(result)}.{alike}"

    def _own_id(self, result: Result) -> str | None:
        columns, step = self._steps.id_columns, result.step
        if columns is None or not (step == self._steps.id_step or step in self._steps.over_all):
            return None
        (row,) = stored_rows(result.data, row_of_step(step, result.row))
        return columns.find(row)

    def _with_own_id(self, step: str, row: str) -> Result | None:
        # If a step over all rows made several rows with one id, the first has it.
        found = (one for one in self._numbered(step) if self._own_id(one) == row)
        return min(found, key=_number, default=None)

    def find_all(self, step: str, rows: Collection[str]) -> dict[str, Result]:
        """Return the results of a step with the rows of these ids, as far as there are any."""
        wanted, digests = {*rows}, {row.partition(".")[0] for row in rows}
        own: dict[str, Result] = {}
        alike: defaultdict[str, list[Result]] = defaultdict(list)
        for one in self._numbered(step):
            if (known := self._own_id(one)) is not None and known in wanted:
                # If a step over all rows made several rows with one id, the first has it.
                own[known] = min(own.get(known, one), one, key=_number)
            if (digest := _digest(one)) in digests:
                alike[digest].append(one)
        results = {digest: sorted(found, key=_number) for digest, found in alike.items()}
        by_content = {
            f"{digest}.{i}": one for digest, those in results.items() for i, one in enumerate(those)
        }
        found = {**by_content, **own}
        return {row: found[row] for row in rows if row in found}

    def _numbered(self, step: str) -> Iterator[Result]:
        # A first step that gets the input's rows keeps its results by their ids. A step over all rows that
        # changes none, such as `sort`, makes rows that are equal to those.
        return (one for one in self._queries.results_of(step) if one.row.isdecimal())


def _number(result: Result) -> int:
    return int(result.row)


def _digest(result: Result) -> str:
    # The one row of a list: `[{...}]`.
    return row_digest(result.data[1:-1]).hex()
