"""What the databases of `sql` have in common: the columns of a result, and how their errors are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from seedbed import DatasetError, UsageError

AT_A_TIME = 1000
"""Rows that are fetched together: a query may return more than memory holds."""

NOT_ONE_SELECT = ("the query is not one SELECT", "only reading is allowed")
"""The lines of the error for a query that may write."""


def column_names(description: Sequence[Sequence[Any]] | None) -> list[str]:
    """Return the columns of a result; raise UsageError if two have one name."""
    names = [str(column[0]) for column in description or ()]
    doubled = next((name for name, count in Counter(names).items() if count > 1), None)
    if doubled is not None:
        raise UsageError(f"the query returns two columns named {doubled!r}", "rename one of them with AS")
    return names


@contextmanager
def explained(who: str) -> Iterator[None]:
    """Raise an error of a database's library as DatasetError."""
    try:
        yield
    except Exception as error:
        # By the module, as none of these packages need be installed.
        if type(error).__module__.partition(".")[0] not in ("duckdb", "_duckdb", "sqlite3", "psycopg"):
            raise
        said = str(error).strip()
        named = ["name the files that it reads, and select from the names: tables: {rows: data.csv}"]
        advice = named if "file system operations are disabled" in said else []
        raise DatasetError(f"{who} cannot answer the query: {said}", *advice) from error
