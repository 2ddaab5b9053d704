"""Stops a run that comes to nothing, before all of it is paid for."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from seedbed.engine.failure import Failure
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.errors import StopRun

# Two wanted rows used to try 20 indices, and cost 60 calls, before anything was said. Four for each row are
# enough to tell a filter that keeps little from one that keeps nothing; five, so that one unlucky row ends no
# small run.
_PER_ROW = 4
_FEWEST = 5
_AT_ONCE = frozenset({"MissingColumnError"})
"""Kinds of failure that are a fault of the step's code: every row would fail like the first."""
_OWN_TO_A_ROW = re.compile(r"\d+(\.\d+)?|'[^']*'|\"[^\"]*\"")


class _Reason(NamedTuple):
    """Why an item came to nothing; reasons that differ only in a number or a quoted word are the same."""

    what: str
    step: str
    kind: str
    words: str


class GivingUp:
    """Raises StopRun if the first `after` items decided all came to nothing for the same reason.

    Items are decided in order, so timing and resuming don't change where that is. For a run of a few rows,
    four items for each row wanted are enough (at least five), since a generator tries at most ten. With 0 it
    never gives up.

    What the steps `at_no_cost` reject or drop doesn't count: a file that's sorted may begin with a million
    rows that a filter rejects.
    """

    def __init__(self, after: int, wanted: int | None, at_no_cost: Collection[str] = ()) -> None:
        few = max(_FEWEST, _PER_ROW * wanted) if wanted is not None else after
        self._after = min(after, few)
        self._reason: _Reason | None = None
        self._count = 0
        self._is_over = after == 0
        self._at_no_cost = at_no_cost

    @property
    def is_over(self) -> bool:
        """Whether it never gives up from now on."""
        return self._is_over

    def end(self) -> None:
        """Never give up from now on: a row was made."""
        self._is_over = True

    def is_at_no_cost(self, failure: Failure) -> bool:
        """Whether a row was rejected at so little cost that it doesn't count."""
        return failure.rejected and failure.step in self._at_no_cost

    def note(self, settled: ItemOutcome, run: str) -> None:
        """Take the verdict on the next item; raise StopRun if it's time to give up."""
        if self._is_over:
            return
        told = [*settled.failures, *settled.rejections]
        if not any(settled.made.values()) and self._is_all_at_no_cost(told, settled.dropped):
            return
        reasons = {_reason_of(failure) for failure in told} or {
            _Reason("dropped", step, "", "") for step in settled.dropped
        }
        one = next(iter(reasons), None)
        # One row made, or two different reasons, and the run isn't hopeless: from then on nothing is
        # counted.
        if any(settled.made.values()) or one is None or len(reasons) > 1 or self._reason not in (None, one):
            self._is_over = True
            return
        self._reason = one
        self._count += 1
        if self._count >= (1 if one.kind in _AT_ONCE else self._after):
            raise self._stop(one, told[0].reason if told else "", run)

    def _is_all_at_no_cost(self, told: Collection[Failure], dropped: Collection[str]) -> bool:
        return (
            bool(told or dropped)
            and all(map(self.is_at_no_cost, told))
            and all(step in self._at_no_cost for step in dropped)
        )

    def _stop(self, reason: _Reason, said: str, run: str) -> StopRun:
        rows = "the first row was" if self._count == 1 else f"the first {self._count:,} rows were all"
        verdict = {"failed": "lost"}.get(reason.what, reason.what)
        first, *rest = said.splitlines() or [""]
        why = f": {first}" if first else ", which returned nothing for them"
        return StopRun(
            f"{rows} {verdict} at '{reason.step}'{why}",
            *(line.strip() for line in rest),
            "look at one with `seedbed preview`, or continue anyway "
            "with --give-up-after 0 (give_up_after=0 in Python)",
        )


def _reason_of(failure: Failure) -> _Reason:
    words = failure.reason.partition("\n")[0]
    what = "rejected" if failure.rejected else "failed"
    return _Reason(what, failure.step, failure.kind, _OWN_TO_A_ROW.sub("", words))
