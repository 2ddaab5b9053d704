"""The difference between two runs as text, in parts that a terminal can colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from seedbed.counts import count_or_no
from seedbed.durations import duration
from seedbed.engine.comparison.changed_settings import ChangedSetting
from seedbed.engine.comparison.compared_run import ComparedRun
from seedbed.engine.comparison.row_changes import LoneRow, RowsDiff
from seedbed.engine.comparison.words import Piece, word_diff
from seedbed.engine.lineage.changes import Change
from seedbed.engine.lineage.story_text import value_text
from seedbed.llm.budget.money import dollars
from seedbed.tasks.rows import encode_value

_AROUND = 5
"""Words that are shown before and after those that differ."""
_LONGEST = 200
"""Characters of a value that are shown."""
_COLUMNS = 12
"""Columns whose counts are shown."""


class Part(NamedTuple):
    """A part of a line: `-` for what only the first run has, `+` for the second, `#` for a title."""

    text: str
    kind: str = ""


Line = Sequence[Part]


def plain(line: Line) -> str:
    """Return a line as text."""
    return "".join(part.text for part in line)


def total_lines(first: ComparedRun, second: ComparedRun) -> Iterator[Line]:
    """Yield the names of two runs, their counts, and what they have spent."""
    yield [Part(f"{first.name} → {second.name}", "#")]
    for title, text in _totals(first, second):
        yield [Part(f"  {title.ljust(9)}{text}")]
    for run in (first, second):
        if run.is_going_on:
            yield [Part(f"  a process is working on '{run.name}': these are its rows so far")]


def settings_lines(title: str, settings: Sequence[ChangedSetting]) -> Iterator[Line]:
    """Yield a title, and what two runs were made with; nothing if they don't differ."""
    if settings:
        yield from _titled(title)
        yield from (_setting_line(one) for one in settings)


def _totals(first: ComparedRun, second: ComparedRun) -> Iterator[tuple[str, str]]:
    for word in ("accepted", "rejected", "failed"):
        if word == "accepted" or first.counts[word] or second.counts[word]:
            yield word.capitalize(), _from_to(f"{first.counts[word]:,}", f"{second.counts[word]:,}")
    one, other = first.spent, second.spent
    yield "Calls", _from_to(f"{one.calls:,}", f"{other.calls:,}")
    tokens = [f"{spent.input_tokens:,} input + {spent.output_tokens:,} output" for spent in (one, other)]
    yield "Tokens", _from_to(*tokens)
    if one.cost or other.cost:
        yield "Cost", _from_to(*(_cost(spent.cost, spent.unpriced) for spent in (one, other)))
    yield "Time", _from_to(*(duration(spent.seconds) for spent in (one, other)))


def _cost(amount: float, unpriced: int) -> str:
    rest = f" and {count_or_no(unpriced, 'call')} without a price" if unpriced else ""
    return f"{dollars(amount)}{rest}"


def _from_to(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"


def _titled(title: str) -> Iterator[Line]:
    yield []
    yield [Part(f"{title}:", "#")]


def _setting_line(setting: ChangedSetting) -> Line:
    if setting.name.endswith(".code") and setting.before and setting.after:
        return [Part(f"  {setting.name}: changed")]
    return _change_line(f"  {setting.name}: ", setting.before, setting.after)


def _change_line(title: str, before: Any, after: Any) -> Line:
    """Return a line that shows what has changed in a value: its words, or the value before and after."""
    parts = [Part(title)]
    if isinstance(before, str) and isinstance(after, str) and " " in before + after:
        return [*parts, *_words(word_diff(before, after))]
    return [*parts, Part(_short(before), "-"), Part(" → "), Part(_short(after), "+")]


def _words(pieces: Sequence[Piece]) -> Iterator[Part]:
    marks = {"-": ("[-", "-]"), "+": ("{+", "+}")}
    for at, piece in enumerate(pieces):
        text = piece.text.replace("\n", "⏎")
        if piece.kind == "=":
            yield Part(_shortened(text, is_first=not at, is_last=at == len(pieces) - 1))
        else:
            # The space before a word is kept outside of the mark, once for a word and the one in its place.
            blank = " " * (len(text) - len(text.lstrip(" ")))
            if not at or pieces[at - 1].kind == "=":
                yield Part(blank)
            yield Part(_cut(text[len(blank) :]).join(marks[piece.kind]), piece.kind)


def _shortened(text: str, *, is_first: bool, is_last: bool) -> str:
    """Return a text that both have, without what is far from a difference."""
    words = text.split(" ")
    before, after = [] if is_first else words[:_AROUND], [] if is_last else words[-_AROUND:]
    return text if len(before) + len(after) >= len(words) else " ".join([*before, "…", *after])


def row_lines(rows: RowsDiff, first: str, second: str) -> Iterator[Line]:
    """Yield how many rows differ between two runs of these names, and some of them."""
    yield from _titled("Rows")
    counts = (
        f"{rows.same:,} the same",
        f"{rows.changed:,} changed",
        f"{rows.only_first:,} only in '{first}'",
        f"{rows.only_second:,} only in '{second}'",
    )
    yield [Part(f"  {', '.join(counts)}")]
    if rows.columns:
        columns = [f"{name} ({count:,})" for name, count in rows.columns.items()]
        more = f" and {len(columns) - _COLUMNS:,} others" if len(columns) > _COLUMNS else ""
        yield [Part(f"  columns that differ: {', '.join(columns[:_COLUMNS])}{more}")]
    for row in rows.changed_rows:
        yield [Part(row.name, "#")]
        yield from _changed_lines(row.change)
    yield from _more(rows.changed - len(rows.changed_rows), "changed")
    yield from _lone_lines(rows.first_rows, "-", first, second, rows.only_first)
    yield from _lone_lines(rows.second_rows, "+", second, first, rows.only_second)


def _changed_lines(change: Change) -> Iterator[Line]:
    for name, (before, after) in change.changed.items():
        yield _change_line(f"  ~ {name}: ", before, after)
    yield from ([Part(f"  - {name}: {_short(value)}", "-")] for name, value in change.removed.items())
    yield from ([Part(f"  + {name}: {_short(value)}", "+")] for name, value in change.added.items())


def _lone_lines(rows: Sequence[LoneRow], mark: str, own: str, other: str, count: int) -> Iterator[Line]:
    for row in rows:
        ending = f"; {row.verdict} in '{other}' at '{row.step}': {row.reason}" if row.verdict else ""
        yield [Part(row.name, "#"), Part(f", only in '{own}'{ending}")]
        yield [Part(f"  {mark} {_cut(str(encode_value(row.data)))}", mark)]
    yield from _more(count - len(rows), f"only in '{own}'")


def _more(count: int, what: str) -> Iterator[Line]:
    if count:
        yield [Part(f"and {count:,} more {what}: --rows shows more, --rows 0 none")]


def _short(value: Any) -> str:
    return "(not set)" if value is None else _cut(value_text(value))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text):,} characters)"
