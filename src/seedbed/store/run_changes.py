"""What has been added to a run since an observer last looked: durable calls and verdicts only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import orjson

from seedbed.store.answer_packing import unpack
from seedbed.store.paged_reads import PAGE
from seedbed.store.refusal_reasons import Reasons
from seedbed.store.row_blocks import reasons_at
from seedbed.store.run_reader import RunReader
from seedbed.store.run_values import Call, Decision
from seedbed.store.stored_json import row_of_step

_CALLS = f"SELECT rowid, {', '.join(Call._fields)} FROM calls WHERE rowid > ? AND rowid <= ? ORDER BY rowid"
_NUMBERED = (
    f"SELECT rowid, {', '.join(Call._fields)} FROM calls WHERE rowid IN (SELECT value FROM json_each(?))"
)
_DECIDED = (
    "SELECT v.seq, v.row, v.verdict, v.step, v.source_row, v.k, "
    "CASE v.verdict WHEN 'accepted' THEN CAST(json_extract(r.data, '$[' || v.k || ']') AS BLOB) END, "
    "r.reasons "
    "FROM verdicts AS v LEFT JOIN results AS r ON r.step = v.step AND r.row = v.source_row "
    "WHERE v.leaf = ? AND v.seq >= ? AND v.seq < ? AND (v.seq >= ? OR r.rowid > ?) ORDER BY v.seq"
)


class Known(NamedTuple):
    """What a leaf had before: so many verdicts, and results up to a number."""

    verdicts: int = 0
    results: int = 0


class Decided(NamedTuple):
    """A verdict with the row as JSON if it was accepted, or with the reason if it wasn't."""

    seq: int
    row: str
    verdict: Decision
    step: str
    data: bytes | None
    reason: str | None
    kind: str | None
    source: str | None = None


class RunChanges(RunReader):
    """Reads what is new in a run.

    Calls and results are numbered in the order in which they are written, by SQLite's rowid. One that
    replaces another gets a new number, so observers see a retried row again.
    """

    def last_call(self) -> int:
        """Return the number of the last call, 0 before the first."""
        return int(self._one("SELECT ifnull(max(rowid), 0) FROM calls")[0])

    def known(self, leaf: str) -> Known:
        """Return what a leaf has now."""
        verdicts = int(self._one("SELECT ifnull(max(seq) + 1, 0) FROM verdicts WHERE leaf = ?", leaf)[0])
        return Known(verdicts, int(self._one("SELECT ifnull(max(rowid), 0) FROM results")[0]))

    def calls_between(self, after: int, last: int) -> Iterator[Call]:
        """Yield the calls after number `after` and up to number `last`, in the order they were written."""
        while page := self._all(f"{_CALLS} LIMIT {PAGE}", after, last):
            for _, *call in page:
                yield Call._make((*call[:-1], unpack(call[-1])))
            after = page[-1][0]

    def calls_numbered(self, numbers: Sequence[int]) -> Iterator[Call]:
        """Yield the calls with these numbers, in their order; not those that have been replaced."""
        for first in range(0, len(numbers), PAGE):
            page = list(numbers[first : first + PAGE])
            found = {number: call for number, *call in self._all(_NUMBERED, orjson.dumps(page).decode())}
            for number in page:
                if (call := found.get(number)) is not None:
                    yield Call._make((*call[:-1], unpack(call[-1])))

    def decided(self, leaf: str, first: int, end: int, known: Known) -> Iterator[Decided]:
        """Yield the verdicts from `first` on and before `end`, in order.

        A verdict that was `known` before is left out, unless its result is new.
        """
        reasons = Reasons()
        while page := self._all(f"{_DECIDED} LIMIT {PAGE}", leaf, first, end, *known):
            for seq, row, verdict, step, source_row, k, data, why in page:
                reason, kind, source = None, None, None
                if verdict != "accepted":
                    own = reasons_at(why, source_row, k, row_of_step(step, row))
                    reason, kind, *_, source = reasons.of(row, verdict, step, own)
                yield Decided(seq, row, verdict, step, data, reason, kind, source or None)
            first = page[-1][0] + 1
