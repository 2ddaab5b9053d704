"""Rows of several branches made one at their join, or gathered where routes unite."""

from __future__ import annotations

from collections.abc import Sequence

from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.pipeline.joins.join_rows import join_rows
from seedbed.pipeline.topology import Merge, Parent
from seedbed.tasks.rows import encode_row

ByFork = list[tuple[InFlight, list[list[InFlight]]]]


def united(merge: Merge, branches: Sequence[Sequence[InFlight]]) -> list[InFlight]:
    """Return the rows of all routes, those of an earlier row at the fork first."""
    return [cell for _, parts in by_fork(merge, branches) for part in parts for cell in part]


def by_fork(merge: Merge, branches: Sequence[Sequence[InFlight]]) -> ByFork:
    """Return each row at the fork that has become any, in order, with what it became in each branch."""
    found: dict[int, tuple[InFlight, list[list[InFlight]]]] = {}
    for number, branch in enumerate(branches):
        for cell in branch:
            fork = cell.origin(merge.fork)
            found.setdefault(id(fork), (fork, [[] for _ in branches]))[1][number].append(cell)
    return sorted(found.values(), key=lambda one: row_order(one[0].id))


def row_order(row_id: str) -> list[int]:
    """Return what puts the rows of one item in order: the numbers behind the item's own id."""
    return [int(part) for part in row_id.split("/")[1:]]


def joined(
    fork: InFlight, branches: Sequence[list[InFlight]], parents: Sequence[Parent], merge: Merge
) -> list[InFlight]:
    """Return the rows that the branches of one row at the fork make together; none where a branch has none.

    Their ids are those of the branch that tells them apart. Raises InvalidRowError where they cannot be
    joined.
    """
    named = {
        parent.step: [cell.row() for cell in cells] for parent, cells in zip(parents, branches, strict=True)
    }
    rows = join_rows(merge, fork.row(), named)
    leading = max(branches, key=lambda cells: (len(cells), *(len(cell.id) for cell in cells[:1])))
    return [
        InFlight(lead.id, encode_row(row), "", fork, lead.source, lead.k, None, fork.place)
        for lead, row in zip(leading, rows, strict=False)
    ]
