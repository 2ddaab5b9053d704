"""Joins the branches of one row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from seedbed.errors import InvalidRowError
from seedbed.pipeline.topology import Merge
from seedbed.tasks.rows import Row


def join_rows(merge: Merge, fork_row: Row, branches: Mapping[str, Sequence[Row]]) -> list[Row]:
    """Return the joined rows of one row at the fork; `branches` has each branch's rows, by its last step.

    One branch may have several rows; then there are as many joined rows, in its order. If a branch has none,
    there are none. Raises InvalidRowError if two branches have several rows, or both change one column.
    """
    several = [end for end, rows in branches.items() if len(rows) > 1]
    if len(several) > 1:
        raise InvalidRowError(
            f"'{several[0]}' and '{several[1]}' both made several rows from one row, so they can't be joined",
            "let at most one branch make several rows, or use Join(on=[...])",
        )
    return [
        _joined(merge, fork_row, dict(zip(branches, rows, strict=True)))
        for rows in product(*branches.values())
    ]


def _joined(merge: Merge, fork_row: Row, rows: Mapping[str, Row]) -> Row:
    joined: Row = {}
    changed_by: dict[str, str] = {}
    for end, row in rows.items():
        for column, value in _renamed(row, merge.renames.get(end, {}), fork_row).items():
            if column in fork_row and _is_same(value, fork_row[column]):
                joined.setdefault(column, value)
                continue
            if column in changed_by and not _is_same(value, joined[column]):
                raise InvalidRowError(
                    f"'{changed_by[column]}' and '{end}' gave column '{column}' different values",
                    f"give one another name: output_mappings={{'{column}': ...}}",
                )
            joined[column] = value
            changed_by[column] = end
    return joined


def _renamed(row: Row, names: Mapping[str, str], fork_row: Row) -> Row:
    """Return the row with columns renamed, and with the fork's values of these columns.

    A column that the branch didn't change keeps its name: the branch didn't make it.
    """
    renamed: Row = {}
    for column, value in row.items():
        if column in names and column in fork_row:
            renamed[column] = fork_row[column]
            if _is_same(value, fork_row[column]):
                continue
        renamed[names.get(column, column)] = value
    return renamed


def _is_same(one: object, other: object) -> bool:
    # In Python True == 1, but they are different values in a dataset.
    return one is other or (type(one) is type(other) and one == other)
