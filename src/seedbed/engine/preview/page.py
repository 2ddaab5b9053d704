"""A preview as HTML for notebooks."""

from __future__ import annotations

from collections.abc import Iterable

from seedbed.engine.html_tables import shown, table_html
from seedbed.engine.preview.text import parts_of, title_of
from seedbed.engine.preview.trace import PreviewedRow
from seedbed.engine.run import Run, progress_text


def preview_html(rows: Iterable[PreviewedRow], run: Run) -> str:
    """Return a table for each row: prompts, answers with the parameters sent, and the resulting rows."""
    tables = (
        f"<h4>{shown(title_of(row))}</h4>{table_html(('', ''), (part[1:] for part in parts_of(row)))}"
        for row in rows
    )
    stopped = f"<p>stopped by: {shown(str(run.stopped_by))}</p>" if run.stopped_by else ""
    return f"{''.join(tables)}{stopped}<p>{shown(progress_text(run, run.seconds, run.outcome))}</p>"
