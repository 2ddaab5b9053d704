"""One of two runs that are compared: its totals, and how it's opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from seedbed.errors import UsageError
from seedbed.store import SessionRecord, TotalSpent
from seedbed.store.leaves_upstream import count_up_to
from seedbed.store.run_queries import RunQueries


class ComparedRun(NamedTuple):
    """The totals of one of the two runs: its counts of rows, and what it has spent.

    `leaf` is the step whose rows are compared. `is_going_on` says that a process is working on the run, so
    these are its rows so far.
    """

    name: str
    task: str
    leaf: str
    counts: Mapping[str, int]
    spent: TotalSpent
    is_going_on: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values; the cost is null if the price of a call isn't known."""
        cost = None if self.spent.unpriced else self.spent.cost
        return {**self._asdict(), "spent": {**self.spent._asdict(), "cost": cost}}


class OpenedRun(NamedTuple):
    """A run that is open for reading, and its last session that did something."""

    name: str
    queries: RunQueries
    session: SessionRecord
    is_going_on: bool

    @classmethod
    def of(cls, name: str, queries: RunQueries, *, is_going_on: bool) -> OpenedRun:
        """Return the run; raise UsageError if it has no session."""
        session = queries.last_working_session()
        if session is None:
            raise UsageError(f"the run '{name}' has made nothing yet", "compare it once it has rows")
        return cls(name, queries, session, is_going_on)

    def compared(self, leaf: str | None) -> ComparedRun:
        """Return the run's totals, for the rows of `leaf` (None: of the first step that it ends in).

        Raises UsageError if it doesn't end in that step.
        """
        manifest, queries = self.session.manifest, self.queries
        leaves = dict.fromkeys((str(manifest.get("leaf", "")), *queries.leaves()))
        if leaf is not None and leaf not in leaves:
            fact = f"the run '{self.name}' doesn't end in '{leaf}'"
            raise UsageError(fact, f"it ends in {', '.join(leaves)}")
        chosen = next(iter(leaves)) if leaf is None else leaf
        counts, spent = count_up_to(queries, manifest, chosen), queries.spent()
        task = str(manifest.get("task") or "")
        return ComparedRun(self.name, task, chosen, counts, spent, self.is_going_on)
