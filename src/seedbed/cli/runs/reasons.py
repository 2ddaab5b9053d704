"""Why rows of a run failed or were rejected: equal reasons together, with examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from seedbed.cli.terminal.counting import cut, first_few
from seedbed.cli.terminal.printing import Painted, echo
from seedbed.llm.conversation import message_text
from seedbed.store import Refused, RunReader
from seedbed.store.refused_rows import Origins, RefusedRow, each_once
from seedbed.store.row_names import row_name, row_names
from seedbed.tasks.row_text import row_text

_MOST_KINDS = 1000
"""Reasons that are told apart: one may have the words of a model in it."""
_IDS = 5
"""Rows that are named for each reason."""
_TEXTS = 3
"""Answers that are kept for each reason."""


@dataclass
class Reason:
    """One reason for refused rows: verdict, step and text, how many rows, and some of them."""

    verdict: str
    step: str
    reason: str
    count: int = 0
    rows: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    examples: list[Refused] = field(default_factory=list)

    def add(self, refused: Refused) -> None:
        """Count one more row."""
        self.count += 1
        if len(self.rows) < _IDS:
            self.rows.append(refused.row)
            self.sources.append(refused.source)
        if len(self.examples) < _TEXTS:
            self.examples.append(refused)
        if refused.text and len(self.texts) < _TEXTS:
            self.texts.append(refused.text)


def reasons_of(reader: RunReader, most: int | None = None) -> list[Reason]:
    """Return the reasons for refused rows: failures first, then by how many rows they have.

    With `most`, only the first rows are looked at.
    """
    found: dict[tuple[str, str, str], Reason] = {}
    for refused in islice(each_once(reader), most):
        key = (refused.verdict, refused.step, refused.reason.partition("\n")[0])
        if key not in found and len(found) >= _MOST_KINDS:
            key = (refused.verdict, "", "other reasons")
        if key not in found:
            found[key] = Reason(*key[:2], refused.reason if key[1] else key[2])
        found[key].add(refused)
        if refused.verdict == "rejected" and found[key].reason not in (refused.reason, key[2]):
            # The further lines are about one row each, such as the earlier one that a copy is like.
            found[key].reason = key[2]
    return sorted(found.values(), key=lambda reason: (reason.verdict, -reason.count))


def as_json(reasons: Sequence[Reason], origins: Origins | None = None) -> list[dict[str, Any]]:
    """Return the reasons as JSON values; with `origins`, each has the inputs and calls of some rows."""
    return [_reason_json(reason, origins) for reason in reasons]


def _reason_json(reason: Reason, origins: Origins | None) -> dict[str, Any]:
    facts = {**vars(reason), "sources": [source or None for source in reason.sources]}
    examples = facts.pop("examples")
    return (
        facts if origins is None else {**facts, "examples": [origins.of(one).as_json() for one in examples]}
    )


def write_reasons(
    reasons: Sequence[Reason], *, most: int, longest: int, origins: Origins | None = None
) -> None:
    """Write the first reasons, each with some of its rows, and answers cut to `longest` characters.

    With `origins`, show the input, prompts and answers of the first row instead.
    """
    shown, others = first_few(reasons, most)
    for reason in shown:
        for parts in _lines(reason, longest, with_answers=origins is None):
            echo(*parts)
        if origins is not None and reason.examples:
            for line in _origin_lines(origins.of(reason.examples[0]), longest):
                echo(f"    {line}")
    if others:
        rows = sum(reason.count for reason in others)
        echo(f"  {rows:,} more for {len(others):,} other reasons: --json has them all")


def _lines(reason: Reason, longest: int, with_answers: bool) -> Iterator[tuple[str | Painted, ...]]:
    first, *rest = reason.reason.splitlines() or [""]
    paint = "red" if reason.verdict == "failed" else "yellow"
    count = Painted(f"{reason.count:,} {reason.verdict}", paint)
    names = row_names(zip(reason.rows, reason.sources, strict=True))
    more = " ..." if reason.count > len(reason.rows) else ""
    yield "  ", count, f" at {reason.step}: {first}" if reason.step else f": {first}"
    yield from ((f"    {line.strip()}",) for line in rest)
    yield (f"    {names}{more}",)
    if with_answers:
        yield from ((f"    answered: {cut(text, longest)}",) for text in reason.texts)


def _origin_lines(row: RefusedRow, longest: int) -> Iterator[str]:
    """Yield a row's input, prompts and answers, each in one line."""
    yield f"{row_name(row.row, row.source)} was made from"
    known = {"source row": row.source_row, "input": row.input}
    yield from (f"  {name}: {cut(row_text(value), longest)}" for name, value in known.items() if value)
    for call in row.calls:
        for message in call.messages or ():
            yield f"  {call.step}, {message['role']}: {cut(message_text(message), longest)}"
        for answer in call.answers:
            text = answer["text"] or answer["reasoning"] or "(no text)"
            yield f"  {call.step}, answer: {cut(text, longest)}"
        if not call.answers:
            yield f"  {call.step}: no answer came"
