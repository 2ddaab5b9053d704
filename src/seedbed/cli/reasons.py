"""Why rows of a run failed or were rejected: alike reasons together, with examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from seedbed.cli.counting import cut
from seedbed.cli.printing import Painted, echo
from seedbed.store import Refused, RunReader
from seedbed.store.row_names import row_names

_MOST_KINDS = 1000
_IDS = 5
_TEXTS = 3


@dataclass
class Reason:
    """What rows were refused for: the verdict, the step, the reason, how many, and some of them."""

    verdict: str
    step: str
    reason: str
    count: int = 0
    rows: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def add(self, refused: Refused) -> None:
        """Count one more row."""
        self.count += 1
        if len(self.rows) < _IDS:
            self.rows.append(refused.row)
            self.sources.append(refused.source)
        if refused.text and len(self.texts) < _TEXTS:
            self.texts.append(refused.text)


def reasons_of(reader: RunReader) -> list[Reason]:
    """Return why rows were refused, those that failed first, the most frequent first."""
    found: dict[tuple[str, str, str], Reason] = {}
    for refused in _each_once(reader):
        key = (refused.verdict, refused.step, refused.reason.partition("\n")[0])
        if key not in found and len(found) >= _MOST_KINDS:
            key = (refused.verdict, "", "other reasons")
        if key not in found:
            found[key] = Reason(*key[:2], refused.reason if key[1] else key[2])
        found[key].add(refused)
    return sorted(found.values(), key=lambda reason: (reason.verdict, -reason.count))


def _each_once(reader: RunReader) -> Iterator[Refused]:
    """Yield the refused rows; one that was on its way to several leaves has a verdict at each."""
    known: set[tuple[str, str, str]] = set()
    for leaf in reader.leaves():
        here = set()
        for refused in reader.refused(leaf):
            row = (refused.verdict, refused.step, refused.row)
            if row not in known:
                here.add(row)
                yield refused
        known |= here


def as_json(reasons: Sequence[Reason]) -> list[dict[str, Any]]:
    """Return the reasons as values that JSON can hold."""
    return [{**vars(reason), "sources": [source or None for source in reason.sources]} for reason in reasons]


def write_reasons(reasons: Sequence[Reason], *, most: int, longest: int) -> None:
    """Write the first reasons, each with rows that it holds for and answers cut to `longest` characters."""
    for reason in reasons[:most]:
        for parts in _lines(reason, longest):
            echo(*parts)
    if len(reasons) > most:
        echo(f"  {len(reasons) - most:,} other reasons: --json has them all")


def _lines(reason: Reason, longest: int) -> Iterator[tuple[str | Painted, ...]]:
    first, *rest = reason.reason.splitlines() or [""]
    paint = "red" if reason.verdict == "failed" else "yellow"
    count = Painted(f"{reason.count:,} {reason.verdict}", paint)
    names = row_names(zip(reason.rows, reason.sources, strict=True))
    more = " ..." if reason.count > len(reason.rows) else ""
    yield "  ", count, f" at {reason.step}: {first}" if reason.step else f": {first}"
    yield from ((f"    {line.strip()}",) for line in rest)
    yield (f"    {names}{more}",)
    yield from ((f"    answered: {cut(text, longest)}",) for text in reason.texts)
