"""A report as one page of HTML that needs nothing else, and may do nothing."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from importlib.resources import files

from jinja2 import Environment
from markupsafe import Markup

from seedbed_report.figures import Report
from seedbed_report.plots import svg
from seedbed_report.sections import sections
from seedbed_report.shapes import Plot, plotted
from seedbed_report.values import shown


def html_page(report: Report) -> str:
    """Return a report as a page with plots, for a browser, a mail or a printer.

        Path("report.html").write_text(html_page(report_of(reader, "qa")))

    It holds no script, loads nothing, and its policy forbids both: what a model wrote is only text.
    """
    style = _read("page.css")
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["shown"] = shown
    template = environment.from_string(_read("page.html.j2"))
    drawn = _Drawn()
    return template.render(
        report=report,
        sections=list(sections(report)),
        style=Markup(style),
        digest=digest,
        svg=drawn.svg,
        values=plotted,
    )


class _Drawn:
    """Draws plots, and numbers them."""

    def __init__(self) -> None:
        self._count = 0

    def svg(self, plot: Plot) -> Markup:
        """Return a plot as SVG."""
        self._count += 1
        # Vega escapes the texts in it.
        return Markup(svg(plot, self._count))


def _read(name: str) -> str:
    return files("seedbed_report").joinpath(name).read_text(encoding="utf-8")
