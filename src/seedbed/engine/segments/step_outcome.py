"""What a step made of a row, before and after it's stored."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from seedbed.engine.failure import Failure
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.llm.calling.scope import CallScope
from seedbed.llm.json_text import compact
from seedbed.store import Result
from seedbed.store.run_values import ResultStatus
from seedbed.tasks.rows import Row


class StepOutcome(NamedTuple):
    """What one step made from one row: rows, and the reasons for those that are missing."""

    rows: list[bytes]
    reasons: list[Failure]

    @property
    def status(self) -> ResultStatus:
        """The status in the store."""
        if not self.reasons:
            return "done"
        if self.rows:
            return "partial"
        return "rejected" if all(reason.rejected for reason in self.reasons) else "failed"

    def result(self, step: str, row: str, key: bytes, attempt: int) -> Result:
        """Return the result that the store keeps."""
        rows = b"[" + b",".join(self.rows) + b"]"
        # The common case first: this runs for every row and step.
        if not self.reasons:
            return Result(step, row, key, attempt, "done", rows)
        encoded = b",".join(reason.encoded() for reason in self.reasons)
        return Result(step, row, key, attempt, self.status, rows, b"[" + encoded + b"]")

    def of_place(self, place: str) -> StepOutcome:
        """Return it for a row that has moved to another line of its file."""
        return self._replace(reasons=[reason._replace(source=place) for reason in self.reasons])

    @classmethod
    def of(cls, result: Result) -> StepOutcome:
        """Return the outcome that a stored result was made from."""
        rows = [compact(orjson.dumps(row)) for row in orjson.loads(result.data)]
        reasons = orjson.loads(result.reasons) if result.reasons else ()
        return cls(rows, [Failure.from_data(result.row, result.step, reason) for reason in reasons])


class EarlierResult(NamedTuple):
    """The result of a row that was there before, and its outcome if that still counts."""

    key: bytes
    attempt: int
    stored: Result | None
    outcome: StepOutcome | None


class Ahead(NamedTuple):
    """A row whose models have answered, or failed with `error`, before the turn of an ordered step."""

    found: EarlierResult
    row: Row
    scope: CallScope
    value: Any = None
    error: BaseException | None = None


class Attempted(NamedTuple):
    """What a step made of a row, before it's kept.

    `stored` is the result that was there before; `is_known` says that the outcome is its own.
    """

    name: str
    in_flight: InFlight
    key: bytes
    attempt: int
    stored: Result | None
    outcome: StepOutcome
    is_known: bool
