"""Why a run has fewer rows than it was asked for, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Protocol

from seedbed.counts import count_or_no


class _Run(Protocol):
    """The part of a run that this module reads."""

    wanted: int | None
    accepted: int
    failed: int
    tried: int | None
    gathered: int | None
    missing: list[str]
    dropped: Counter[str]


def dropped_lines(run: _Run) -> Iterator[str]:
    """Yield for each step how many rows it dropped."""
    for step, count in run.dropped.most_common():
        yield f"{count:,} dropped by '{step}', which returned nothing for {'it' if count == 1 else 'them'}"


def short_lines(run: _Run) -> Iterator[str]:
    """Yield why no more rows came to a run that wasn't interrupted or stopped."""
    if run.gathered is not None:
        yield f"{count_or_no(run.gathered, 'row')} came to the step over all rows, fewer than n asks for"
    yield from run.missing
    is_short = run.wanted is not None and run.accepted + run.failed < run.wanted
    if run.tried or run.missing or is_short or (run.gathered is not None and not run.failed):
        yield _end_line(run.tried)


def _end_line(tried: int | None) -> str:
    if tried is None:
        return "there were no more rows: the source ended, or no step could use more"
    indices = "the only index" if tried == 1 else f"all {tried:,} indices"
    more = "a larger --max-attempts N (max_attempts=N in Python) tries more"
    return f"there were no more rows from {indices} that may be tried: {more}"
