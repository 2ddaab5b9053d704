"""What to say of a row to an author whose code asked it for a column that it doesn't have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedbed.suggestions import did_you_mean

_SHOWN = 20


def note_columns(error: KeyError, row: Mapping[str, Any]) -> None:
    """Add a note to an error of an author's code: the columns of the row, if it lacks what was asked for.

    The error may be of another dictionary, so it stays what it is.
    """
    name = error.args[0] if error.args else None
    # The number of a column that has none of its own is its name, as text.
    if isinstance(name, str | int) and name not in row:
        more = ", ..." if len(row) > _SHOWN else ""
        columns = ", ".join(list(row)[:_SHOWN]) or "none"
        error.add_note("\n".join((*did_you_mean(str(name), row), f"columns of the row: {columns}{more}")))
