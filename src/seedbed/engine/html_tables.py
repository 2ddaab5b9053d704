"""Tables of rows as HTML for notebooks: text of models, files and people is always escaped."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from seedbed.llm.visible_text import visible
from seedbed.tasks.rows import Row

# A notebook keeps its output in the file: a thousand characters of each value are enough to look at.
_LONGEST = 1000
_LEFT = 'style="text-align: left; vertical-align: top; white-space: pre-wrap"'


def rows_html(rows: Sequence[Row]) -> str:
    """Return a table of rows, with the columns of all of them in order of first appearance."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if not columns:
        return ""
    return table_html(columns, ([row.get(name) for name in columns] for row in rows))


def table_html(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Return a table of values: text unchanged, other values as JSON, long ones cut."""
    head = "".join(f"<th {_LEFT}>{shown(name)}</th>" for name in columns)
    body = "".join(
        f"<tr>{''.join(f'<td {_LEFT}>{shown(_text(value))}</td>' for value in row)}</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def shown(text: str) -> str:
    """Return text for a page, without tags and with invisible characters made visible."""
    cut = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4]} ..."
    return escape(visible(cut))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
