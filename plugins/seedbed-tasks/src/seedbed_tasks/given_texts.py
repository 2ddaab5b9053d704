"""Texts that users give a task: those of a list or a file, and the one in a row's column."""

from __future__ import annotations

from pathlib import Path

from seedbed import Reject, Row, UsageError, did_you_mean, read_rows


def texts_of_file(path: Path, column: str) -> list[str]:
    """Return the texts in a column of a file, without empty ones; raise UsageError if there are none."""
    texts = []
    for number, row in enumerate(read_rows(path), start=1):
        if column not in row:
            raise UsageError(
                f"row {number} of '{path}' has no column '{column}'",
                *did_you_mean(column, row),
                f"columns of the row: {', '.join(row) or 'none'}",
            )
        if isinstance(row[column], str) and row[column].strip():
            texts.append(row[column].strip())
    if not texts:
        raise UsageError(f"the column '{column}' of '{path}' has no text", "give a file with texts in it")
    return texts


def text_in(row: Row, column: str) -> str:
    """Return the text in a column of a row; reject a row that has none there."""
    value = row[column]
    if not isinstance(value, str) or not value.strip():
        raise Reject(f"the column '{column}' has no text")
    return value.strip()
