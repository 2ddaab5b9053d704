"""What a measure finds, beside what is required, and how findings are shown."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import NamedTuple

from rich.console import Console
from rich.table import Table


class Finding(NamedTuple):
    """One line of the table: `found` against `reference`, and what the ratio of the two must reach.

    Without a reference the figure itself is judged. `remark` says what the figure does not show.
    """

    what: str
    unit: str
    found: float
    required: float
    aim: float | None = None
    reference: float | None = None
    at_most: bool = False
    remark: str = ""

    @property
    def judged(self) -> float:
        """The ratio, or the figure where it has no reference."""
        return self.found if self.reference is None else self.found / self.reference

    def reaches(self, bound: float) -> bool:
        """Whether what is judged is as good as `bound`."""
        return self.judged <= bound if self.at_most else self.judged >= bound

    @property
    def verdict(self) -> str:
        """`aim`, `yes` or `no`; `?` where the figure does not count."""
        if self.remark:
            return "?"
        if self.aim is not None and self.reaches(self.aim):
            return "aim"
        return "yes" if self.reaches(self.required) else "no"


def median(values: Iterable[float]) -> float:
    """Return the median of the rounds."""
    return statistics.median(list(values))


def show(findings: Iterable[Finding], missing: Iterable[tuple[str, str]]) -> None:
    """Print the table, and why measures are missing from it."""
    table = Table("measure", "unit", "found", "reference", "ratio", "required", "aim", "reached")
    remarks = [(name, f"not measured: {why}") for name, why in missing]
    for finding in findings:
        table.add_row(*_cells(finding))
        remarks += [(finding.what, finding.remark)] if finding.remark else []
    console = Console(width=140)
    console.print(table)
    for name, remark in remarks:
        console.print(f"{name}: {remark}", markup=False, highlight=False)


def _cells(finding: Finding) -> list[str]:
    sign = "<=" if finding.at_most else ">="
    with_reference = finding.reference is not None
    return [
        finding.what,
        finding.unit,
        _figure(finding.found),
        _figure(finding.reference) if finding.reference is not None else "",
        f"{finding.judged:.3f}" if with_reference else "",
        f"{sign} {finding.required:g}",
        f"{sign} {finding.aim:g}" if finding.aim is not None else "",
        finding.verdict,
    ]


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3f}"
