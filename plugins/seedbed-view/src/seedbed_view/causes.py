"""Why rows of a run are missing: refused rows, grouped by verdict, step and reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from seedbed import Row, RunReader, UsageError, find_story, row_name

_EXAMPLES = 5
_SHOWN = 20
"""Causes whose examples are shown with the rows that the step got, which takes some queries for each."""
_MOST = 1000
"""Different causes that are told apart; rows of others are counted together."""


@dataclass
class Cause:
    """One reason why rows are missing: how many, and the first of them."""

    verdict: str
    step: str
    reason: str
    count: int = 0
    examples: list[Example] = field(default_factory=list)


@dataclass(frozen=True)
class Example:
    """A refused row: its id, its name, and the text that was refused, or the row that the step got."""

    row: str
    name: str
    text: str | None
    given: Row | None = None


def causes_of(reader: RunReader) -> list[Cause]:
    """Return the causes, the most frequent one first; one row on its way to several leaves counts once."""
    causes: dict[tuple[str, str, str], Cause] = {}
    known: set[tuple[str, str, str]] = set()
    for leaf in reader.leaves():
        here = set()
        for one in reader.refused(leaf):
            if (row := (one.verdict, one.step, one.row)) in known:
                continue
            here.add(row)
            key = (one.verdict, one.step, one.reason.partition("\n")[0])
            if key not in causes and len(causes) >= _MOST:
                key = (one.verdict, one.step, "other reasons")
            cause = causes.setdefault(key, Cause(*key))
            cause.count += 1
            if len(cause.examples) < _EXAMPLES:
                cause.examples.append(Example(one.row, row_name(one.row, one.source), one.text))
        known |= here
    return sorted(causes.values(), key=lambda cause: -cause.count)


def with_rows(reader: RunReader, causes: Iterable[Cause]) -> list[Cause]:
    """Return causes whose examples without a text have the row that the step got, if the run has it."""
    return [
        replace(cause, examples=[_with_row(reader, cause.step, one) for one in cause.examples])
        if number < _SHOWN
        else cause
        for number, cause in enumerate(causes)
    ]


def _with_row(reader: RunReader, step: str, example: Example) -> Example:
    if example.text:
        return example
    try:
        story = find_story(reader, "", example.row)
    except UsageError:
        return example
    given = next((one.input for one in story.chapters if one.step == step and one.input), None)
    return replace(example, given=given)
