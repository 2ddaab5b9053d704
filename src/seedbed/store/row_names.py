"""The names of rows in messages: by file and line, or by their index."""

from __future__ import annotations

from collections.abc import Iterable


def row_name(row: str, source: str) -> str:
    """Return the name of a row: `row 7`, or `questions.jsonl, line 7` if that's its `source`.

    If several rows were made from one, the name ends with the number in the id, as in `row 7/1`.
    """
    if not source:
        return f"row {row}"
    _, slash, part = row.partition("/")
    if source[-1].isdigit():
        return f"{source}{slash}{part}"
    # `row 7 of input`: the number of the part belongs after the 7.
    head, of, tail = source.partition(" of ")
    return f"{head}{slash}{part}{of}{tail}"


def row_names(named: Iterable[tuple[str, str]]) -> str:
    """Return the names of rows, given as id and source: `rows 3, 5`; `questions.jsonl, lines 7, 9`."""
    names = [row_name(row, source) for row, source in named]
    kinds = {name.rpartition(" ")[0] for name in names}
    kind = kinds.pop() if len(kinds) == 1 else ""
    # Only names that end with the number can share what's before it: `row 7 of input` doesn't.
    if len(names) < 2 or kind.rpartition(" ")[2] not in ("row", "line", "item"):
        return "; ".join(names)
    return f"{kind}s {', '.join(name.rpartition(' ')[2] for name in names)}"
