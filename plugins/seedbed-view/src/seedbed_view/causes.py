"""Why rows of a run are missing: refused rows, grouped by verdict, step and reason."""

from __future__ import annotations

from dataclasses import dataclass, field

from seedbed import RunReader

_EXAMPLES = 5
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
    """A refused row: its id, the name of the input row that it comes from, and the text that was refused."""

    row: str
    source: str
    text: str | None


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
                cause.examples.append(Example(one.row, one.source, one.text))
        known |= here
    return sorted(causes.values(), key=lambda cause: -cause.count)
