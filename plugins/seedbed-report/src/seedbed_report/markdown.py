"""A report as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seedbed_report.figures import Report
from seedbed_report.sections import sections
from seedbed_report.shapes import Section, Table, plotted
from seedbed_report.values import shown

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|!~&])")
_FENCE = re.compile(r"`{3,}")


def markdown_page(report: Report) -> str:
    """Return a report as Markdown with tables; nothing that a model wrote becomes markup.

    markdown_page(report_of(reader, "qa"))
    """
    lines = [f"# Report on {escaped(report.run)}", ""]
    if report.task:
        lines += [f"A run of {escaped(report.task)}.", ""]
    for section in sections(report):
        lines += _lines(section)
    return "\n".join(lines).rstrip() + "\n"


def escaped(text: str) -> str:
    """Return a text in one line that Markdown shows as it is."""
    return _SPECIAL.sub(r"\\\1", " ".join(shown(text).split()))


def _lines(section: Section) -> Iterator[str]:
    yield from (f"{'#' * section.level} {escaped(section.title)}", "")
    for text in section.says:
        yield from (escaped(text), "")
    if section.table and section.table.rows:
        yield from _table(section.table)
    for plot in section.plots:
        yield from _table(plotted(plot))
    for title, text in section.quotes:
        fence = "`" * max([3, *(len(found) + 1 for found in _FENCE.findall(text))])
        yield from (escaped(title), "", f"{fence}text", text, fence, "")


def _table(table: Table) -> Iterator[str]:
    yield f"| {' | '.join(map(escaped, table.heads))} |"
    yield f"|{' --- |' * len(table.heads)}"
    yield from (f"| {' | '.join(map(escaped, row))} |" for row in table.rows)
    yield ""
