"""A row as text to read."""

from __future__ import annotations

from seedbed.tasks.rows import Row, encode_value


def row_text(row: Row) -> str:
    """Return a row as lines of `column: value`; a value that is no text is JSON."""
    return "\n".join(
        f"{name}: {value if isinstance(value, str) else encode_value(value)}" for name, value in row.items()
    )
