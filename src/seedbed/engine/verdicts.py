"""The verdicts of a run in its store: written where they differ from those that are there."""

from __future__ import annotations

from seedbed.engine.cells import Cell
from seedbed.engine.failure import Failure
from seedbed.engine.settled import Settled
from seedbed.store import RunStore, Verdict
from seedbed.store.run_values import Decision


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

    def accept(self, cells: list[Cell]) -> int:
        """Accept rows; return the number of the last operation of the store that they wait for."""
        durable = 0
        for cell in cells:
            durable = self._add(
                Verdict(self._leaf, self._seq, cell.id, "accepted", cell.node, cell.source, cell.k)
            )
        return durable

    def refuse(self, settled: Settled) -> None:
        """Note what failed and what was rejected."""
        for failure in settled.failures:
            self._add(self._refusal(failure, "failed"))
        for rejection in settled.rejections:
            self._add(self._refusal(rejection, "rejected"))

    def end(self) -> None:
        """Forget the verdicts behind the last one."""
        if self._agrees and next(self._stored, None) is not None:
            self._store.truncate_verdicts(self._leaf, self._seq)

    def _refusal(self, failure: Failure, verdict: Decision) -> Verdict:
        return Verdict(self._leaf, self._seq, failure.row, verdict, failure.step, failure.row, 0)

    def _add(self, verdict: Verdict) -> int:
        self._seq += 1
        if self._agrees:
            known = next(self._stored, None)
            if known == verdict:
                return 0
            self._agrees = False
            if known is not None:
                self._store.truncate_verdicts(self._leaf, verdict.seq)
        return self._store.add_verdict(verdict)
