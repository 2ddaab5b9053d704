"""A report in a few lines, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed_report.figures import Report
from seedbed_report.words import cost_text, languages, number, percent, rows, seconds

_MOST = 5
"""Causes, values or steps of one line."""


def summary_lines(report: Report) -> Iterator[tuple[str, str]]:
    """Yield the title of each line and its text: what a person looks at first.

    dict(summary_lines(report))["Rows"]    # "98 of 100, 1 rejected, 1 failed"
    """
    yield "Rows", _rows(report)
    yield from (
        (one.verdict.capitalize(), f"{one.rows:,} at {one.step}: {one.reason}")
        for one in report.causes[:_MOST]
    )
    for column in report.columns:
        if column.lengths:
            length = column.lengths.words
            refused = f", {rows(column.refusals)} refuse" if column.refusals else ""
            most = f"{number(length.p5)} to {number(length.p95)}"
            yield (
                f"Text {column.name}",
                f"{number(length.median)} words, mostly {most}{refused}{_diversity(report, column.name)}",
            )
        elif column.values:
            shown = ", ".join(f"{one.value} {percent(one.share)}" for one in column.values[:_MOST])
            yield f"Category {column.name}", shown + ", ..." * (len(column.values) > _MOST)
        elif column.numbers:
            one = column.numbers
            yield f"Number {column.name}", f"{number(one.min)} to {number(one.max)}, mean {number(one.mean)}"
    if found := report.duplicates:
        yield "Near duplicates", f"{found.near:,} of {rows(found.rows)} ({percent(found.share)})"
    yield from _more(report)


def _rows(report: Report) -> str:
    counts = report.counts
    of = f" of {counts.wanted:,}" if counts.wanted is not None and counts.wanted != counts.accepted else ""
    refused = {"rejected": counts.rejected, "failed": counts.failed}
    return ", ".join(
        [f"{counts.accepted:,}{of}", *(f"{count:,} {verdict}" for verdict, count in refused.items() if count)]
    )


def _diversity(report: Report, name: str) -> str:
    (column,) = (one for one in report.columns if one.name == name)
    value = column.distinct.distinct_2 if column.distinct else None
    return "" if value is None else f", distinct-2 {value:.2f}"


def _more(report: Report) -> Iterator[tuple[str, str]]:
    for one in report.balance:
        if one.beyond_chance or one.outside:
            off = [f"{', '.join(one.beyond_chance)} off by more than chance"] * bool(one.beyond_chance)
            off += [f"{rows(one.outside)} with a value that wasn't declared"] * bool(one.outside)
            yield f"Balance {one.column}", "; ".join(off)
    for agreed in report.agreement:
        alpha = "" if agreed.alpha_nominal is None else f", alpha {agreed.alpha_nominal:.2f}"
        yield f"Judges of {agreed.rated}", f"agree on {percent(agreed.percent or 0)}{alpha}"
    for spoken in report.languages:
        yield f"Languages of {spoken.column}", languages(spoken, most=3)
    for spent in report.spending:
        cost = "" if spent.unpriced == spent.calls else f", {cost_text(spent.cost)}"
        tokens = spent.input_tokens + spent.output_tokens
        yield f"Calls of {spent.step}", f"{spent.calls:,} to {spent.model}, {tokens:,} tokens{cost}"
    yield "Time", seconds(sum(one.seconds for one in report.sessions))
    if len(report.times) > 1:
        shares = [f"{one.step} {percent(one.share)}" for one in report.times[:_MOST]]
        yield "Time by step", ", ".join(shares)
    if report.likeness:
        yield "Oddest rows", ", ".join(f"line {one.line:,}" for one in report.likeness.odd)
    yield from (("Note", note) for note in report.notes)
