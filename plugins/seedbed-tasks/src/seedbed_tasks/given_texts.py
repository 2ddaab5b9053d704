"""Texts that users give a task: those of a list or a file, and the one in a row's column."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

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


def check_column(task: BaseModel, file: str = "file", column: str = "column") -> None:
    """Raise ValueError if a task is told the column of a file that it isn't given; for its validators."""
    default = type(task).model_fields[column].default
    if getattr(task, file) is None and getattr(task, column) != default:
        raise ValueError(f"`{column}` is the column of `{file}` to read, and no `{file}` is given")


def text_in(row: Row, column: str) -> str:
    """Return the text in a column of a row; reject a row that has none there."""
    value = row[column]
    if not isinstance(value, str) or not value.strip():
        raise Reject(f"the column '{column}' has no text")
    return value.strip()
