"""A row as text for people."""

from __future__ import annotations

from seedbed.tasks.rows import Row, encode_value


def row_text(row: Row) -> str:
    """Return a row as lines of `column: value`; values other than text are written as JSON."""
    return "\n".join(
        f"{name}: {value if isinstance(value, str) else encode_value(value)}" for name, value in row.items()
    )
