"""What a run on disk already has: results and answers that the same command would use again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from seedbed.engine.plan import Plan
from seedbed.engine.resume.journal import RunJournal
from seedbed.engine.run_owner import check_owner
from seedbed.engine.segments.segments import Segment
from seedbed.llm.budget.prices import Prices
from seedbed.llm.calling.call_counts import CallCounts
from seedbed.store import Result, RunReader, RunStore, is_run, run_folder
from seedbed.store.run_queries import RunQueries
from seedbed.store.run_schema import SCHEMA
from seedbed.store.run_values import StepSpent


class RehearsalJournal(RunJournal):
    """Finds what a run has, and keeps nothing."""

    def __init__(self, queries: RunQueries) -> None:
        # A journal only reads what its store has until something is kept, which it isn't here.
        super().__init__(cast(RunStore, queries), CallCounts(), Prices())

    def keep_result(self, result: Result, stored: Result | None) -> None:
        """Keep nothing."""

    def keep_evidence(self, evidence: Result) -> None:
        """Keep nothing."""


class EarlierRun:
    """The run that a plan would resume; an empty one if there's none of this name (`name` is None then)."""

    def __init__(self, queries: RunQueries, plan: Plan, name: str | None) -> None:
        self.queries = queries
        self.name = name
        self.journal = RehearsalJournal(queries)
        self.accepted = self.accepted_of(plan.leaf)
        self._leaf = plan.leaf
        results = queries.count_results()
        self.results = {step: sum(counts.values()) for step, counts in results.items()}
        self.measured: Mapping[tuple[str, str], StepSpent] = {
            (one.step, one.model): one for one in queries.spent_by_step() if one.calls
        }

    def items_of(self, segment: Segment) -> int:
        """Return how many items of a segment the run has: results of the steps that take them as they come.

        Steps downstream of those may have several results of an item, one for each row that it became.
        """
        inside = {node.name for node in segment.nodes}
        first = [node for node in segment.nodes if all(one.step not in inside for one in node.parents)]
        return max((self.results.get(node.name, 0) for node in first), default=0)

    def accepted_of(self, leaf: str) -> int:
        """Return how many rows of a leaf, or of a step that a later one reads whole, were accepted."""
        return self.queries.count_verdicts(leaf)["accepted"]

    def accepted_ever(self, leaf: str) -> int:
        """Return how many rows of a leaf were accepted of the items that the run has."""
        accepted = self.accepted_of(leaf)
        ends = [one.summary for one in self.queries.sessions() if one.summary]
        if leaf != self._leaf or not ends or ends[-1].get("wanted") != accepted:
            return accepted
        # A smaller n cuts the dataset, but the items after the cut stay in the run.
        return max(accepted, *(end.get("accepted") or 0 for end in ends))

    def calls_per_second(self) -> float | None:
        """Return the calls that its sessions made in a second; None if none was timed."""
        timed = [one for one in self.queries.sessions() if one.summary and one.summary.get("calls")]
        seconds = sum(one.seconds for one in timed)
        calls = sum(one.summary["calls"] for one in timed if one.summary)
        return calls / seconds if seconds > 0 and calls else None


@contextmanager
def earlier_run(plan: Plan, name: str | None) -> Iterator[EarlierRun]:
    """Open the run that a plan would resume, for reading; raises UsageError if it's another task's."""
    if name is None or not is_run(run_folder(name)):
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        try:
            for statement in SCHEMA:
                connection.execute(statement)
            yield EarlierRun(RunQueries(connection, Path(":memory:")), plan, None)
        finally:
            connection.close()
        return
    with RunReader.open(run_folder(name)) as reader:
        check_owner(reader, plan, name)
        yield EarlierRun(reader, plan, name)
