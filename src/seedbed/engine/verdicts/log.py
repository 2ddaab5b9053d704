"""The verdicts of a run in its store: written where they differ from those that are there."""

from __future__ import annotations

from typing import Literal

from seedbed.engine.failure import Failure
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.store import Result, RunStore, Verdict

RefusedAs = Literal["failed", "rejected"]

_OF_NO_STEP = bytes(16)


class VerdictLog:
    """The verdicts on the rows of one step, in order; what is stored already is not written again.

    Verdicts follow from results, so a run that goes on comes to the same ones; the first that differs
    voids those behind it.
    """

    def __init__(self, store: RunStore, leaf: str) -> None:
        self._store = store
        self._leaf = leaf
        self._stored = store.verdicts(leaf)
        self._agrees = True
        self._seq = 0

    @property
    def count(self) -> int:
        """How many verdicts there are of this session, those among them that were there already."""
        return self._seq

    def accept(self, cells: list[InFlight]) -> None:
        """Accept rows."""
        for cell in cells:
            self._add(Verdict(self._leaf, self._seq, cell.id, "accepted", cell.node, cell.source, cell.k))

    def refuse(self, failure: Failure, verdict: RefusedAs) -> None:
        """Note a row that failed or was rejected, and why where no result says it."""
        step, row = failure.kept_as or failure.step, failure.row
        is_new = self._add(Verdict(self._leaf, self._seq, row, verdict, step, row, 0))
        # A row that is known may stand in another line of its file now.
        if failure.kept_as and (is_new or failure.source):
            why = b"[" + failure.encoded() + b"]"
            self._store.add_result(Result(step, row, _OF_NO_STEP, 0, verdict, b"[]", why))

    def end(self) -> None:
        """Forget the stored verdicts behind those of this session so far.

        They are the last ones, or what others point to is about to change.
        """
        if self._agrees:
            self._forget(next(self._stored, None))

    def _add(self, verdict: Verdict) -> bool:
        """Add a verdict; return whether it is new."""
        known = next(self._stored, None) if self._agrees else None
        is_new = known != verdict
        if is_new and self._agrees:
            self._forget(known)
        if is_new:
            self._store.add_verdict(verdict)
        self._seq += 1
        return is_new

    def _forget(self, known: Verdict | None) -> None:
        self._agrees = False
        if known is not None:
            self._store.truncate_verdicts(self._leaf, self._seq)
