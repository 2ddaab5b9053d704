"""Reports on runs: what the rows are like, what became of the others, and what it all took.

    from seedbed import RunReader
    from seedbed_report import html_page, report_of

    with RunReader.open(Path("runs/qa")) as reader:
        Path("report.html").write_text(html_page(report_of(reader, "qa")))

`Report` is a pydantic model, so `Report.model_json_schema()` describes the JSON.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedbed_report.figures import Report as Report
    from seedbed_report.markdown import markdown_page as markdown_page
    from seedbed_report.measuring import report_of as report_of
    from seedbed_report.page import html_page as html_page
    from seedbed_report.summary import summary_lines as summary_lines

_HOMES = {
    "Report": "figures",
    "html_page": "page",
    "markdown_page": "markdown",
    "report_of": "measuring",
    "summary_lines": "summary",
}

__all__ = ["Report", "html_page", "markdown_page", "report_of", "summary_lines"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'seedbed_report' has no attribute {name!r}")
    return getattr(import_module(f"seedbed_report.{_HOMES[name]}"), name)
