"""The verdicts of a run in its store: only those that differ from the stored ones are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from seedbed.engine.failure import Failure
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.store import Result, RunStore, Verdict
from seedbed.store.run_operations import BlockVerdicts

RefusedAs = Literal["failed", "rejected"]

_OF_NO_STEP = bytes(16)


class VerdictLog:
    """The verdicts on the rows of one step, in order; those that are stored already aren't written again.

    Verdicts follow from results, so a resumed run comes to the same ones. The first that differs voids those
    after it. The verdicts before number `first` stand. With `has_blocks`, they point to blocks, which go
    with them.
    """

    # Writing all of them again would be a write for each row whenever a run is resumed, and a crash halfway
    # would leave fewer rows accepted than there were before.

    def __init__(self, store: RunStore, leaf: str, first: int = 0, *, has_blocks: bool = False) -> None:
        self._store = store
        self._leaf = leaf
        self._stored = store.verdicts(leaf, first)
        self._agrees = True
        self._seq = first
        self._has_blocks = has_blocks

    @property
    def count(self) -> int:
        """How many verdicts this session has, including those that were stored already."""
        return self._seq

    @property
    def agrees(self) -> bool:
        """Whether all verdicts so far are those that were stored already."""
        return self._agrees

    def accept(self, rows: list[InFlight]) -> None:
        """Accept rows."""
        for in_flight in rows:
            self._add(
                Verdict(
                    self._leaf,
                    self._seq,
                    in_flight.id,
                    "accepted",
                    in_flight.node,
                    in_flight.source,
                    in_flight.k,
                )
            )

    def refuse(self, failure: Failure, verdict: RefusedAs) -> None:
        """Note a row that failed or was rejected, and the reason if no result has it."""
        step, row = failure.kept_as or failure.step, failure.row
        is_new = self._add(Verdict(self._leaf, self._seq, row, verdict, step, row, 0))
        # Also for a known verdict: the row may have moved to another line of its file.
        if failure.kept_as and (is_new or failure.source):
            why = b"[" + failure.encoded() + b"]"
            self._store.add_result(Result(step, row, _OF_NO_STEP, 0, verdict, b"[]", why))

    def stands(self, is_same: Callable[[Verdict], bool]) -> bool:
        """Take the next stored verdict if it's the one that comes next; return whether it is."""
        known = next(self._stored, None) if self._agrees else None
        if known is not None and is_same(known):
            self._seq += 1
            return True
        if self._agrees:
            self._forget(known)
        return False

    def add_block(self, block: BlockVerdicts) -> None:
        """Add the verdicts on the rows of a block, none of which is stored: they come next."""
        self._store.add_block_verdicts(block)
        self._seq += len(block.rows)

    def end(self) -> None:
        """Remove the stored verdicts after those of this session.

        Called when no more follow, or before results change that later verdicts point to.
        """
        if self._agrees:
            self._forget(next(self._stored, None))

    def _add(self, verdict: Verdict) -> bool:
        """Add a verdict; return whether it's new."""
        known = next(self._stored, None) if self._agrees else None
        is_new = known != verdict
        if is_new and self._agrees:
            # All of them, not only this one: each was decided based on those before it.
            self._forget(known)
        if is_new:
            self._store.add_verdict(verdict)
        self._seq += 1
        return is_new

    def _forget(self, known: Verdict | None) -> None:
        self._agrees = False
        if known is not None:
            self._store.truncate_verdicts(self._leaf, self._seq)
            if self._has_blocks:
                self._store.forget_blocks(self._seq)
