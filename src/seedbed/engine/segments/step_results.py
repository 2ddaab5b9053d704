"""Steps applied to rows: what is known is not made again, and what is made is kept."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import orjson

from seedbed.engine.evidence import evidence_of
from seedbed.engine.failure import Failure
from seedbed.engine.resume.fingerprint import execution_key
from seedbed.engine.resume.journal import RunJournal
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.engine.segments.step_counts import StepTally
from seedbed.engine.segments.step_runners import StepRunner
from seedbed.errors import (
    GenerationError,
    InvalidOutputError,
    LLMError,
    MissingColumnError,
    PartialRowsError,
    PluginError,
    RateLimitedError,
    Reject,
    StopRun,
    UsageError,
)
from seedbed.llm.calling.retry import lifts_late
from seedbed.llm.calling.scope import CallScope
from seedbed.store import Result
from seedbed.store.run_values import ResultStatus
from seedbed.tasks.rows import Row, encode_row


class Applied(NamedTuple):
    """A step in place: how it is applied, and the digest of all that decides what it makes."""

    stage: StepRunner
    fingerprint: bytes
    ordered: bool = False


class StepOutcome(NamedTuple):
    """What one step made of one row: rows, and why some or all that it should have made are not there."""

    rows: list[bytes]
    reasons: list[Failure]

    @property
    def status(self) -> ResultStatus:
        """The word under which it is stored."""
        if not self.reasons:
            return "done"
        if self.rows:
            return "partial"
        return "rejected" if all(reason.rejected for reason in self.reasons) else "failed"

    def result(self, step: str, row: str, key: bytes, attempt: int) -> Result:
        """Return it as it is stored."""
        rows = b"[" + b",".join(self.rows) + b"]"
        encoded = b",".join(reason.encoded() for reason in self.reasons)
        reasons = b"[" + encoded + b"]" if self.reasons else None
        return Result(step, row, key, attempt, self.status, rows, reasons)

    def of_place(self, place: str) -> StepOutcome:
        """Return it for a row that stands in another place of its file than it did."""
        return self._replace(reasons=[reason._replace(source=place) for reason in self.reasons])

    @classmethod
    def of(cls, result: Result) -> StepOutcome:
        """Return what a stored result says."""
        rows = [orjson.dumps(row) for row in orjson.loads(result.data)]
        reasons = orjson.loads(result.reasons) if result.reasons else ()
        return cls(rows, [Failure.from_data(result.row, result.step, reason) for reason in reasons])


class StepResults:
    """Applies the steps of a run, each to one row at a time.

    `replaces` says that the source goes on to another row where an answer cannot be used, so that such a
    row is rejected and not failed.
    """

    def __init__(
        self,
        applied: Mapping[str, Applied],
        journal: RunJournal,
        seed: int,
        replaces: bool,
        is_interrupted: Callable[[], bool],
        steps: StepTally,
    ) -> None:
        self._applied = applied
        self._journal = journal
        self._seed = seed
        self._replaces = replaces
        self._is_interrupted = is_interrupted
        self._steps = steps

    async def apply(self, name: str, cell: InFlight, settled: ItemOutcome) -> list[bytes]:
        """Return the rows that a step makes of a row; failures and rejections go to `settled`."""
        applied, counts = self._applied[name], self._steps[name]
        counts.taken += 1
        key = execution_key(applied.fingerprint, cell.encoded)
        stored = self._journal.result(name, cell.id)
        known = stored is not None and stored.key == key and not applied.ordered
        if stored is not None and known and not self._journal.asks_anew(stored):
            outcome = StepOutcome.of(stored)
            self._journal.kept[name] += len(outcome.rows)
            if any(reason.source != cell.place for reason in outcome.reasons):
                outcome = outcome.of_place(cell.place)
                self._journal.keep_result(outcome.result(name, cell.id, key, stored.attempt), stored)
                # An earlier version has not kept the row.
                self._journal.keep_evidence(evidence_of(name, cell, settled.scopes, stored.attempt))
        else:
            attempt = self._attempt(stored)
            scope = CallScope(
                self._seed,
                name,
                cell.id,
                attempt=attempt,
                rank=settled.position,
                has_branches=self._journal.has_branches,
            )
            scope.asked = []
            settled.scopes.append(scope)
            outcome = await self._outcome(applied.stage, cell, scope)
            if outcome.reasons:
                self._journal.keep_evidence(evidence_of(name, cell, settled.scopes, attempt))
            self._journal.keep_result(outcome.result(name, cell.id, key, attempt), stored)
        counts.add(len(outcome.rows), not outcome.rows and outcome.status == "failed")
        if not outcome.rows and not outcome.reasons:
            settled.dropped.append(name)
        for reason in outcome.reasons:
            (settled.rejections if reason.rejected else settled.failures).append(reason)
        return outcome.rows

    def _attempt(self, stored: Result | None) -> int:
        """Return the number of the attempt: a new one only where an answer was to blame."""
        if stored is None:
            return 0
        blamed = self._journal.asks_anew(stored) and any(
            reason.answered for reason in StepOutcome.of(stored).reasons
        )
        return stored.attempt + blamed

    async def _outcome(self, stage: StepRunner, cell: InFlight, scope: CallScope) -> StepOutcome:
        name = stage.step.name
        try:
            return StepOutcome(await stage.apply(cell.row(), scope), [])
        except (asyncio.CancelledError, concurrent.futures.CancelledError) as error:
            task = asyncio.current_task()
            if self._is_interrupted() or (task is not None and task.cancelling()):
                # Where nothing has been interrupted, it says who has cancelled the row.
                raise asyncio.CancelledError(name) from None
            # Nobody has cancelled this row: the author's code raised it.
            return self._without(cell, name, [RuntimeError(f"the step raised {type(error).__name__}")])
        except PartialRowsError as error:
            return self._without(cell, name, error.errors, error.rows)
        except Exception as error:  # noqa: BLE001 - a row fails alone, whatever its author's code raises
            return self._without(cell, name, [error])
        finally:
            if scope.is_cut and self._is_interrupted():
                # An author's `except` may have made a row without the answer that was cancelled.
                raise asyncio.CancelledError

    def _without(
        self, cell: InFlight, name: str, errors: Sequence[Exception], rows: Sequence[Row] = ()
    ) -> StepOutcome:
        """Return the outcome of a row of which not all was made; raise what every row would meet."""
        for error in errors:
            if concerns_all(error):
                raise error
        return StepOutcome(
            [encode_row(row) for row in rows],
            [
                Failure.of(cell.id, name, error, rejected=self._is_rejection(error), source=cell.place)
                for error in errors
            ],
        )

    def _is_rejection(self, error: Exception) -> bool:
        if isinstance(error, MissingColumnError):
            # Another row would lack it as well.
            return False
        return isinstance(error, Reject) or (self._replaces and isinstance(error, InvalidOutputError))


def concerns_all(error: BaseException) -> bool:
    """Whether every other row would meet this error too."""
    if isinstance(error, GenerationError):
        return any(concerns_all(part) for part in error.errors.values())
    if isinstance(error, BaseExceptionGroup):
        return any(concerns_all(part) for part in error.exceptions)
    if isinstance(error, RateLimitedError) and lifts_late(error):
        return True
    return isinstance(error, (UsageError, PluginError, StopRun)) or (
        isinstance(error, LLMError) and error.fatal
    )
