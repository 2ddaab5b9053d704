"""The names of rows in messages: by id, by file and line, or by their index."""

from __future__ import annotations

import re
from collections.abc import Iterable

# What a run makes of a row's content, or of its number if it has no JSON: nobody knows a row by these.
_OF_CONTENT = re.compile(r"([0-9a-f]{16}|invalid)\.\d+(/\d+)*")

_NUMBERED = re.compile(r"(row \d+)( of .*)", re.DOTALL)
"""`row 7 of input`, and not the file `list of names.txt`."""


def row_name(row: str, source: str) -> str:
    """Return the name of a row: `row 7`, or `questions.jsonl, line 7` if that's its `source`.

    If several rows were made from one, the name ends with the number in the id, as in `row 7/1`. A row with
    an id of the user's is `row T-17 (questions.jsonl, line 7)`.
    """
    if not source:
        return f"row {row}"
    if has_own_id(row):
        return f"row {row} ({source})"
    return place_name(row, source)


def place_name(row: str, source: str) -> str:
    """Return the name of a row by its place: `questions.jsonl, line 7/1` for the second made from line 7."""
    _, slash, part = row.partition("/")
    # The number of the part belongs after the 7.
    found = _NUMBERED.fullmatch(source)
    return f"{source}{slash}{part}" if found is None else f"{found[1]}{slash}{part}{found[2]}"


def has_own_id(row: str) -> bool:
    """Whether people know a row of an input by its id: it isn't made of its content."""
    return _OF_CONTENT.fullmatch(row) is None


def row_names(named: Iterable[tuple[str, str]]) -> str:
    """Return the names of rows, given as id and source: `rows 3, 5`; `questions.jsonl, lines 7, 9`."""
    rows = list(named)
    if len(rows) > 1 and all(has_own_id(row) for row, _ in rows):
        # Their places as well would be too much for a line.
        return f"rows {', '.join(row for row, _ in rows)}"
    names = [row_name(row, source) for row, source in rows]
    kinds = {name.rpartition(" ")[0] for name in names}
    kind = kinds.pop() if len(kinds) == 1 else ""
    # Only names that end with the number can share what's before it: `row 7 of input` doesn't.
    if len(names) < 2 or kind.rpartition(" ")[2] not in ("row", "line", "item"):
        return "; ".join(names)
    return f"{kind}s {', '.join(name.rpartition(' ')[2] for name in names)}"
