"""The sections of a report, which the pages write in HTML and in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seedbed_report import figures, words
from seedbed_report.shapes import Bar, Plot, Section, Table
from seedbed_report.words import cost_text, number, percent, rows

_MOST_CAUSES = 20
"""Causes that a page has."""
_WIDEST_LABEL = 40
"""Characters of a label next to a bar."""


def sections(report: figures.Report) -> Iterator[Section]:
    """Yield the sections of a report, without those that there's nothing to say in."""
    yield _rows(report)
    if report.causes:
        yield _causes(report.causes)
    yield Section("Columns", table=_columns(report.columns))
    yield from map(_column, filter(_has_more, report.columns))
    if report.duplicates:
        yield _duplicates(report.duplicates)
    if report.balance:
        yield from _balance(report.balance)
    if report.agreement:
        yield _agreement(report.agreement)
    if report.languages:
        yield _languages(report.languages)
    if report.spending:
        yield _spending(report.spending)
    yield _sessions(report.sessions)
    if len(report.times) > 1:
        yield _times(report.times)
    if report.likeness:
        yield from _likeness(report.likeness)
    if report.notes:
        yield Section("Notes", says=report.notes)


def _rows(report: figures.Report) -> Section:
    counts = report.counts
    verdicts = {"accepted": counts.accepted, "rejected": counts.rejected, "failed": counts.failed}
    bars = [Bar(verdict, count) for verdict, count in verdicts.items()]
    of = f" of {counts.wanted:,}" if counts.wanted is not None else ""
    says = [f"{counts.accepted:,}{of} rows are in the dataset. The run is {report.outcome}."]
    return Section("Rows", says=says, plots=[Plot("Rows by verdict", "rows", bars)])


def _causes(causes: Sequence[figures.Cause]) -> Section:
    lines = [
        (one.verdict, f"{one.rows:,}", one.step, one.reason, ", ".join(one.examples))
        for one in causes[:_MOST_CAUSES]
    ]
    more = [f"{len(causes) - _MOST_CAUSES:,} other causes are in the JSON."] if causes[_MOST_CAUSES:] else []
    heads = ("verdict", "rows", "step", "reason", "for example")
    return Section("Rows that aren't in the dataset", says=more, table=Table(heads, lines))


def _columns(columns: Sequence[figures.Column]) -> Table:
    lines = [
        (
            one.name,
            one.kind,
            f"{one.rows:,}",
            f"{one.missing:,}",
            f"{one.odd:,}",
            _described(one),
        )
        for one in columns
    ]
    return Table(("column", "kind", "rows", "missing", "of another kind", "values"), lines)


def _described(column: figures.Column) -> str:
    if column.lengths:
        length = column.lengths.words
        refused = f", {rows(column.refusals)} refuse" if column.refusals else ""
        return f"{number(length.median)} words ({number(length.p5)} to {number(length.p95)}){refused}"
    if column.values:
        return ", ".join(f"{one.value[:20]} {percent(one.share)}" for one in column.values[:3])
    if column.numbers:
        one = column.numbers
        return f"{number(one.min)} to {number(one.max)}, mean {number(one.mean)}"
    return ""


def _has_more(column: figures.Column) -> bool:
    """Whether a column has more to show than its line in the table."""
    return bool(column.lengths or column.numbers) or len(column.values or ()) > 1


def _column(column: figures.Column) -> Section:
    title = f"Column {column.name}"
    if column.lengths:
        return _text(title, column, column.lengths)
    if column.numbers:
        plot = _histogram(f"{column.name}: rows by number", "number", column.numbers)
        return Section(title, 3, table=_spreads({column.name: column.numbers}), plots=[plot])
    shares = column.values or []
    return Section(title, 3, plots=[_shares_plot(f"{column.name}: rows by value", shares)])


def _text(title: str, column: figures.Column, lengths: figures.Lengths) -> Section:
    tokens = "tokens (estimated)" if lengths.tokenizer == "estimate" else f"tokens ({lengths.tokenizer})"
    spreads = {"characters": lengths.characters, "words": lengths.words, tokens: lengths.tokens}
    return Section(
        title,
        3,
        says=list(_diversity(column)),
        table=_spreads(spreads),
        plots=[_histogram(f"{column.name}: rows by length", "words", lengths.words)],
    )


def _diversity(column: figures.Column) -> Iterator[str]:
    distinct = column.distinct
    if distinct:
        given = (distinct.distinct_1, distinct.distinct_2, distinct.distinct_3)
        shown = ", ".join(
            f"distinct-{length} {value:.3f}" for length, value in enumerate(given, 1) if value is not None
        )
        yield f"{shown or 'No words'}, over the first {distinct.words:,} words."
    yield f"{rows(column.refusals or 0)} read{'s' if column.refusals == 1 else ''} like a refusal."


def _spreads(spreads: dict[str, figures.Spread]) -> Table:
    names = ("mean", "std", "min", "p5", "median", "p95", "max")
    lines = [(title, *(number(getattr(spread, name)) for name in names)) for title, spread in spreads.items()]
    heads = ("", "mean", "standard deviation", "min", "5 %", "median", "95 %", "max")
    return Table(heads, lines)


def _histogram(title: str, axis: str, spread: figures.Spread) -> Plot:
    # A bin of one whole number, such as a score, is called by it.
    is_single = all(one.low == int(one.low) and one.high == one.low + 1 for one in spread.bins)
    bars = [
        Bar(number(one.low) if is_single else f"{number(one.low)} to {number(one.high)}", one.rows)
        for one in spread.bins
    ]
    edges = [*(one.low for one in spread.bins), spread.bins[-1].high]
    if len(bars) == 1 and edges[0] == edges[1]:
        return Plot(title, "rows", [Bar(number(edges[0]), bars[0].value)])
    return Plot(title, axis, bars, edges)


def _shares_plot(title: str, shares: Sequence[figures.Share], mark: str = "") -> Plot:
    bars = [
        Bar(
            one.value[:_WIDEST_LABEL] or "(empty)",
            100 * one.share,
            None if one.declared is None else 100 * one.declared,
        )
        for one in shares
    ]
    return Plot(title, "% of rows", bars, is_share=True, mark=mark)


def _duplicates(found: figures.NearDuplicates) -> Section:
    says = [
        f"{rows(found.near)} of {found.rows:,} ({percent(found.share)}) share at least "
        f"{percent(found.threshold)} of their runs of three words with an earlier row.",
        f"Compared: {', '.join(found.columns)}.",
    ]
    return Section("Near duplicates", says=says)


def _balance(balance: Sequence[figures.Balance]) -> Iterator[Section]:
    lines = [
        (
            one.column,
            one.step,
            f"{one.rows:,}",
            "" if one.distance is None else percent(one.distance),
            ", ".join(one.beyond_chance),
            f"{one.outside:,}",
        )
        for one in balance
    ]
    heads = ("column", "table", "rows", "rows to move", "off by more than chance", "not declared")
    says = ["“Rows to move” is the share of rows that would need another value for the declared shares."]
    yield Section("Balance, against what was declared", says=says, table=Table(heads, lines))
    for one in balance:
        if one.shares:
            plot = _shares_plot(f"{one.column}: made and declared shares", one.shares, "declared")
            says = ["A bar is the share that was made, a line the one that was declared."]
            yield Section(f"Balance of {one.column}", 3, says=says, plots=[plot])


def _agreement(agreement: Sequence[figures.Agreement]) -> Section:
    lines = [
        (
            one.column,
            one.rated,
            ", ".join(one.judges),
            f"{one.units:,}",
            "" if one.percent is None else percent(one.percent),
            *("" if value is None else f"{value:.3f}" for value in (one.alpha_nominal, one.alpha_ordinal)),
            "" if one.kappa is None else f"{one.kappa:.3f}",
        )
        for one in agreement
    ]
    heads = ("column", "rated", "judges", "units", "agree", "alpha, nominal", "alpha, ordinal", "kappa")
    says = ["Krippendorff's alpha and Cohen's kappa: 1 is agreement, 0 is what chance gives."]
    return Section("How far judges agree", says=says, table=Table(heads, lines))


def _languages(languages: Sequence[figures.Languages]) -> Section:
    lines = [
        (
            one.column,
            f"{one.rows:,}",
            words.languages(one, most=8),
        )
        for one in languages
    ]
    says = ["Of a line or less the language is sometimes wrong. “und” is a text without one."]
    return Section("Languages", says=says, table=Table(("column", "rows", "languages"), lines))


def _spending(spending: Sequence[figures.Spending]) -> Section:
    lines = [
        (
            one.step,
            one.model,
            *(f"{count:,}" for count in (one.calls, one.input_tokens, one.output_tokens)),
            "unknown" if one.unpriced == one.calls else cost_text(one.cost),
        )
        for one in spending
    ]
    unpriced = sum(one.unpriced for one in spending)
    priced = sum(one.calls for one in spending) - unpriced
    says = [f"{cost_text(sum(one.cost for one in spending))} in all."] if priced else []
    says += [f"The price of {unpriced:,} call{'' if unpriced == 1 else 's'} isn't known."] * bool(unpriced)
    bars = [
        Bar(f"{one.step}: {one.model}"[:_WIDEST_LABEL], one.input_tokens + one.output_tokens)
        for one in spending
    ]
    heads = ("step", "model", "calls", "input tokens", "output tokens", "cost")
    plot = Plot("Tokens by step and model", "tokens", bars)
    return Section("Calls and cost", says=says, table=Table(heads, lines), plots=[plot])


def _sessions(sessions: Sequence[figures.Session]) -> Section:
    lines = [
        (
            one.started.partition(".")[0].replace("T", " "),
            one.outcome or "killed or running",
            words.seconds(one.seconds),
            f"{one.accepted:,}",
            f"{one.calls:,}",
        )
        for one in sessions
    ]
    total = words.seconds(sum(one.seconds for one in sessions))
    heads = ("started (UTC)", "outcome", "time", "rows", "calls")
    return Section("Time", says=[f"{total} in all."], table=Table(heads, lines))


def _times(times: Sequence[figures.StepTime]) -> Section:
    lines = [(one.step, words.seconds(one.seconds), percent(one.share)) for one in times]
    says = ["How long rows waited for answers, all rows together: they wait at the same time."]
    plot = Plot("Time by step", "seconds", [Bar(one.step[:_WIDEST_LABEL], one.seconds) for one in times])
    return Section("Time by step", says=says, table=Table(("step", "time", "share"), lines), plots=[plot])


def _likeness(found: figures.Likeness) -> Iterator[Section]:
    how = "TF-IDF of runs of three characters" if found.method == "tf-idf" else f"vectors of {found.method}"
    says = [f"By the cosine similarity to the mean of {rows(found.rows)}, by {how}."]
    for title, examples in (("The most typical rows", found.typical), ("The oddest rows", found.odd)):
        quotes = [(f"line {one.line:,}, row {one.row}, {one.likeness:.3f}", one.text) for one in examples]
        yield Section(title, says=says, quotes=quotes)
