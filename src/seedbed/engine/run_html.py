"""Runs and rows as HTML for notebooks: all that comes from models, files and people is shown as text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice
from typing import Any

from seedbed.engine.run import Run
from seedbed.errors import SeedbedError
from seedbed.llm.visible_text import visible
from seedbed.store.row_names import row_names
from seedbed.tasks.rows import Row

_ROWS = 10
_LONGEST = 1000
_REASONS = 5
_NAMES = 5
_LEFT = 'style="text-align: left; vertical-align: top; white-space: pre-wrap"'


def run_html(run: Run) -> str:
    """Return what became of a run: its counts, why rows are missing, and the first rows."""
    rows = _first_rows(run)
    more = run.accepted - len(rows)
    reasons = [
        *(
            f"{count:,} failed: {_with_names(run, reason)}"
            for reason, count in run.reasons.most_common(_REASONS)
        ),
        *(f"{count:,} rejected: {reason}" for reason, count in run.rejections.most_common(_REASONS)),
    ]
    missing = "".join(f"<li>{shown(reason)}</li>" for reason in reasons)
    return "".join(
        [
            f"<p><b>{shown(run.name)}</b>, {run.outcome}: {shown(progress_text(run, run.seconds))}</p>",
            f"<p>stopped by: {shown(str(run.stopped_by))}</p>" if run.stopped_by else "",
            f"<ul>{missing}</ul>" if missing else "",
            rows_html(rows),
            f"<p>and {more:,} more: <code>run.rows()</code></p>" if more > 0 and rows else "",
        ]
    )


def _first_rows(run: Run) -> list[Row]:
    try:
        return list(islice(run.rows(), _ROWS))
    except SeedbedError:
        # The folder may have been removed since; whoever asks for the rows hears of it.
        return []


def _with_names(run: Run, reason: str) -> str:
    alike = [failure for failure in run.failures if failure.reason.partition("\n")[0] == reason]
    names = row_names((failure.row, failure.source) for failure in alike[:_NAMES])
    more = " ..." if len(alike) > _NAMES else ""
    return f"{reason} ({names}{more})" if alike else reason


def progress_html(run: Run, seconds: float, said: str = "") -> str:
    """Return a bar, where it is known how many rows there will be, and the counts."""
    settled = run.accepted + run.failed
    bar = f'<progress value="{settled}" max="{run.wanted}"></progress> ' if run.wanted else ""
    return f"<p>{bar}<b>{shown(run.name)}</b>: {shown(progress_text(run, seconds, said))}</p>"


def progress_text(run: Run, seconds: float, said: str = "") -> str:
    """Return the counts of a run in a line: '12 of 100 rows, 1 failed, 4.2 s, 13 calls, ...'."""
    of = f" of {run.wanted:,}" if run.wanted is not None else ""
    calls, usage = run.calls, run.calls.usage
    cost = f"${calls.cost:,.4f}" if calls.cost else ""
    texts = (
        said,
        f"{run.accepted:,}{of} rows",
        *(
            f"{count:,} {word}"
            for count, word in ((run.failed, "failed"), (run.rejected, "rejected"))
            if count
        ),
        f"{seconds:,.1f} s",
        f"{calls.answered:,} calls" if calls.answered else "",
        f"{usage.input_tokens:,} input + {usage.output_tokens:,} output tokens" if calls.answered else "",
        cost,
    )
    return ", ".join(text for text in texts if text)


def rows_html(rows: Sequence[Row]) -> str:
    """Return a table of rows, with the columns of all of them in order of first appearance."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if not columns:
        return ""
    return table_html(columns, ([row.get(name) for name in columns] for row in rows))


def table_html(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Return a table of values; text as it is, other values as JSON, long ones cut."""
    head = "".join(f"<th {_LEFT}>{shown(name)}</th>" for name in columns)
    body = "".join(
        f"<tr>{''.join(f'<td {_LEFT}>{shown(_text(value))}</td>' for value in row)}</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def shown(text: str) -> str:
    """Return text for a page: nothing in it is a tag, and nothing in it is unseen."""
    cut = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4]} ..."
    return escape(visible(cut))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
