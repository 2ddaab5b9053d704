"""Rows of several branches joined into one, or collected where routes meet again."""

from __future__ import annotations

from collections.abc import Sequence

from seedbed.engine.segments.rows_in_flight import InFlight, row_order
from seedbed.pipeline.joins.join_rows import join_rows
from seedbed.pipeline.topology import Merge, Parent
from seedbed.tasks.rows import encode_row

ByFork = list[tuple[InFlight, list[list[InFlight]]]]


def united(merge: Merge, branches: Sequence[Sequence[InFlight]]) -> list[InFlight]:
    """Return the rows of all routes, ordered by their row at the fork."""
    return [in_flight for _, parts in by_fork(merge, branches) for part in parts for in_flight in part]


def by_fork(merge: Merge, branches: Sequence[Sequence[InFlight]]) -> ByFork:
    """Return each row at the fork that became any rows, in order, with its rows in each branch."""
    found: dict[int, tuple[InFlight, list[list[InFlight]]]] = {}
    for number, branch in enumerate(branches):
        for in_flight in branch:
            fork = in_flight.origin(merge.fork)
            found.setdefault(id(fork), (fork, [[] for _ in branches]))[1][number].append(in_flight)
    return sorted(found.values(), key=lambda one: row_order(one[0].id))


def joined(
    fork: InFlight, branches: Sequence[list[InFlight]], parents: Sequence[Parent], merge: Merge
) -> list[InFlight]:
    """Return the rows that the branches of one row at the fork make together; none if a branch has none.

    They take their ids from the branch that has the most rows. Raises InvalidRowError if they can't be
    joined.
    """
    named = {
        parent.step: [in_flight.row() for in_flight in rows]
        for parent, rows in zip(parents, branches, strict=True)
    }
    rows = join_rows(merge, fork.row(), named)
    leading = max(branches, key=lambda rows: (len(rows), *(len(in_flight.id) for in_flight in rows[:1])))
    # Only the branch with the most rows has an id for each; between equals, the one with the longer ids.
    return [
        InFlight(lead.id, encode_row(row), "", fork, lead.source, lead.k, None, fork.place)
        for lead, row in zip(leading, rows, strict=False)
    ]
