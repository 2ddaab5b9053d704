"""Steps applied to rows: results that are stored are used again, new ones are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from seedbed.engine.evidence import evidence_of
from seedbed.engine.failure import Failure
from seedbed.engine.prompts.step_texts import StepTexts
from seedbed.engine.resume.fingerprint import execution_key
from seedbed.engine.resume.journal import RunJournal
from seedbed.engine.segments.branch_errors import first_error
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.engine.segments.step_counts import StepTally
from seedbed.engine.segments.step_outcome import Ahead, Attempted, EarlierResult, StepOutcome
from seedbed.engine.segments.step_runners import PreparingRunner, StepRunner, process_now
from seedbed.engine.stopping.cancellation import CANCELLED, is_cancelled
from seedbed.engine.stopping.concerning_all import concerns_all
from seedbed.errors import InvalidOutputError, MissingColumnError, PartialRowsError, Reject, UsageError
from seedbed.llm.calling.scope import CallScope
from seedbed.store import Result
from seedbed.tasks.rows import Row, encode_row


class Applied(NamedTuple):
    """A step as it's applied: its runner, and the digest of everything that its rows depend on.

    `texts` is None if the step has no LLM.
    """

    runner: StepRunner
    fingerprint: bytes
    ordered: bool = False
    texts: StepTexts | None = None


class StepResults:
    """Applies the steps of a run, each to one row at a time.

    `replaces` says that the source replaces a row whose answer can't be used, so such a row is rejected, not
    failed. `applied` are the steps by name, and `tally` has their counts.
    """

    def __init__(
        self,
        applied: Mapping[str, Applied],
        journal: RunJournal,
        seed: int,
        replaces: bool,
        is_interrupted: Callable[[], bool],
        tally: StepTally,
    ) -> None:
        self.applied = applied
        self.tally = tally
        self._journal = journal
        self._seed = seed
        self.replaces = replaces
        self._is_interrupted = is_interrupted

    def queues(self, name: str) -> bool:
        """Whether a step gets rows in the order in which they're applied, before earlier ones are done."""
        return self.applied[name].runner.queues

    def is_immediate(self, name: str) -> bool:
        """Whether a step waits for nothing: it blocks a thread, and calls no model."""
        return not self.applied[name].runner.waits

    def prepares(self, name: str) -> bool:
        """Whether a step's models are asked before its turn."""
        return isinstance(self.applied[name].runner, PreparingRunner)

    async def apply(self, name: str, in_flight: InFlight, settled: ItemOutcome) -> list[bytes]:
        """Return the rows that a step makes from a row; add failures and rejections to `settled`."""
        self.count_taken(name)
        found = self._found(name, in_flight)
        outcome = found.outcome
        if outcome is None:
            runner = self.applied[name].runner
            scope, row = self._begin(name, in_flight, found, settled)
            outcome = await self._outcome(runner, in_flight, runner.apply(row, scope), scope)
            self._journal.keep_calls_used(scope, found.key)
        return self._noted(name, in_flight, found, outcome, settled)

    async def prepare(self, name: str, in_flight: InFlight, settled: ItemOutcome) -> Ahead:
        """Ask a step's models for what it needs for a row; `apply_prepared` does the rest in its turn."""
        found = self._found(name, in_flight)
        scope, row = self._begin(name, in_flight, found, settled)
        runner = cast(PreparingRunner, self.applied[name].runner)
        try:
            return Ahead(found, row, scope, await runner.prepare(row, scope))
        except (Exception, *CANCELLED) as error:
            if is_cancelled():
                raise
            # Its turn comes all the same: what an error means is decided there.
            return Ahead(found, row, scope, error=error)

    async def apply_prepared(
        self, name: str, in_flight: InFlight, ahead: Ahead, settled: ItemOutcome
    ) -> list[bytes]:
        """Return the rows that a step makes from a row whose models have answered, as `apply` does."""
        self.count_taken(name)
        runner = cast(PreparingRunner, self.applied[name].runner)
        outcome = await self._outcome(runner, in_flight, _made(runner, ahead), ahead.scope)
        self._journal.keep_calls_used(ahead.scope, ahead.found.key)
        return self._noted(name, in_flight, ahead.found, outcome, settled)

    def _begin(
        self, name: str, in_flight: InFlight, found: EarlierResult, settled: ItemOutcome
    ) -> tuple[CallScope, Row]:
        scope, row = self._scope(name, in_flight, found.attempt, settled.position), in_flight.row()
        scope.asked = []
        if (texts := self.applied[name].texts) is not None:
            scope.texts = texts.of(in_flight, row)
        settled.scopes.append(scope)
        return scope, row

    def _noted(
        self, name: str, in_flight: InFlight, found: EarlierResult, outcome: StepOutcome, settled: ItemOutcome
    ) -> list[bytes]:
        is_known = found.outcome is not None
        attempted = Attempted(name, in_flight, found.key, found.attempt, found.stored, outcome, is_known)
        return self.keep(attempted, settled)

    def scope_of_step(self, name: str) -> CallScope:
        """Return a scope for rows that an immediate step gets one by one; the caller sets its `row`."""
        return CallScope(self._seed, name, "", has_branches=self._journal.has_branches)

    def apply_now(
        self, name: str, in_flight: InFlight, position: int, process: Callable[[Row], Any] | None = None
    ) -> Attempted:
        """Return what an immediate step makes from a row, in this thread; `keep` keeps it.

        `process` does what the step has done with the row already, if it has.
        """
        key, attempt, stored, outcome = self._found(name, in_flight)
        is_known = outcome is not None
        if outcome is None:
            scope = self._scope(name, in_flight, attempt, position)
            outcome = self._outcome_now(self.applied[name].runner, in_flight, scope, process)
        return Attempted(name, in_flight, key, attempt, stored, outcome, is_known)

    def count_taken(self, name: str) -> None:
        """Count a row that a step takes."""
        self.tally[name].taken += 1

    def keep(self, attempted: Attempted, settled: ItemOutcome) -> list[bytes]:
        """Keep what a step made from a row, and return it; add failures and rejections to `settled`."""
        name, in_flight, key, attempt, stored, outcome, is_known = attempted
        # The common case first: this runs for every row and step.
        if not is_known and outcome.rows and not outcome.reasons:
            self._journal.keep_result(outcome.result(name, in_flight.id, key, attempt), stored)
            self.tally[name].add(len(outcome.rows), False)
            return outcome.rows
        if is_known:
            self._journal.kept[name] += len(outcome.rows)
            if any(reason.source != in_flight.place for reason in outcome.reasons):
                outcome = outcome.of_place(in_flight.place)
                self._journal.keep_result(outcome.result(name, in_flight.id, key, attempt), stored)
                # Earlier versions didn't keep the input of a refused row.
                self._journal.keep_evidence(evidence_of(name, in_flight, settled.scopes, attempt))
        else:
            if outcome.reasons:
                # Before the result: the writer keeps the order, so a refused row never lacks its evidence.
                self._journal.keep_evidence(evidence_of(name, in_flight, settled.scopes, attempt))
            self._journal.keep_result(outcome.result(name, in_flight.id, key, attempt), stored)
        self.tally[name].add(len(outcome.rows), not outcome.rows and outcome.status == "failed")
        if not outcome.rows and not outcome.reasons:
            settled.dropped.append(name)
        for reason in outcome.reasons:
            settled.note(reason)
        return outcome.rows

    def _found(self, name: str, in_flight: InFlight) -> EarlierResult:
        """Return what a step made from a row before, if that still counts; otherwise no outcome."""
        applied = self.applied[name]
        key = execution_key(applied.fingerprint, in_flight.encoded)
        stored = self._journal.result(name, in_flight.id)
        if stored is None:
            return EarlierResult(key, 0, None, None)
        # An ordered step runs over all rows again, as its state can't be restored from its results.
        known = stored.key == key and not applied.ordered
        if known and not self._journal.is_retried(stored):
            return EarlierResult(key, stored.attempt, stored, StepOutcome.of(stored))
        return EarlierResult(key, self._attempt(stored), stored, None)

    def _scope(self, name: str, in_flight: InFlight, attempt: int, position: int) -> CallScope:
        return CallScope(
            self._seed,
            name,
            in_flight.id,
            attempt=attempt,
            rank=position,
            has_branches=self._journal.has_branches,
        )

    def _attempt(self, stored: Result) -> int:
        """Return the number of the attempt: a new one only if an answer was the cause of the failure."""
        # The attempt is part of a call's key and seeds. If a call was given up, the same attempt finds the
        # answers that the row's other calls got; under a new one they would be bought again.
        blamed = self._journal.is_retried(stored) and any(
            reason.answered for reason in StepOutcome.of(stored).reasons
        )
        return stored.attempt + blamed

    async def _outcome(
        self, runner: StepRunner, in_flight: InFlight, making: Awaitable[list[bytes]], scope: CallScope
    ) -> StepOutcome:
        name = runner.step.name
        try:
            outcome = StepOutcome(await making, [])
        except CANCELLED as error:
            if self._is_interrupted() or is_cancelled():
                # The name ends up in the error if nothing was interrupted and the step cancelled its own row.
                raise asyncio.CancelledError(name) from None
            # Nobody cancelled this row: the author's code raised it. Passed on, it would cancel the row's
            # task, and the whole run would end for one row.
            outcome = self._without(
                in_flight, name, [RuntimeError(f"the step raised {type(error).__name__}")]
            )
        except PartialRowsError as error:
            outcome = self._without(in_flight, name, error.errors, error.rows)
        except Exception as error:  # noqa: BLE001 - a row fails alone, whatever its author's code raises
            outcome = self._without(in_flight, name, [await first_error(error, scope)])
        finally:
            scope.branches = None
            if scope.is_cut and self._is_interrupted():
                # An author's `except` may have made a row without the answer that was cancelled. Stored, it
                # would count as made in the next session, and the answer would never be asked for.
                raise asyncio.CancelledError
        if scope.refused is not None:
            # The same for a cap that is reached, or a wrong key: the run stops, whatever the author caught.
            raise scope.refused
        return outcome

    def _outcome_now(
        self,
        runner: StepRunner,
        in_flight: InFlight,
        scope: CallScope,
        process: Callable[[Row], Any] | None,
    ) -> StepOutcome:
        name = runner.step.name
        try:
            return StepOutcome(process_now(runner, in_flight.row(), scope, process=process), [])
        except CANCELLED as error:
            # Nobody cancels this thread: the author's code raised it.
            return self._without(in_flight, name, [RuntimeError(f"the step raised {type(error).__name__}")])
        except PartialRowsError as error:
            return self._without(in_flight, name, error.errors, error.rows)
        except Exception as error:  # noqa: BLE001 - a row fails alone, whatever its author's code raises
            return self._without(in_flight, name, [error])

    def _without(
        self, in_flight: InFlight, name: str, errors: Sequence[Exception], rows: Sequence[Row] = ()
    ) -> StepOutcome:
        """Return the outcome of a row that is incomplete; raise an error that every row would meet."""
        for error in errors:
            if concerns_all(error):
                raise self._about_step(error, name)
        return StepOutcome(
            [encode_row(row) for row in rows],
            [
                Failure.of(
                    in_flight.id, name, error, rejected=self._is_rejection(error), source=in_flight.place
                )
                for error in errors
            ],
        )

    def _about_step(self, error: Exception, name: str) -> Exception:
        """Return an error that ends the run; of a pipeline it says at which step, as templates are alike."""
        if isinstance(error, UsageError) and error.step is None and len(self.applied) > 1:
            error.of_step(name).advice = (f"at the step '{name}'", *error.advice)
        return error

    def _is_rejection(self, error: Exception) -> bool:
        if isinstance(error, MissingColumnError):
            # The next index would lack the column as well: rejecting would try ten indices for each row
            # wanted.
            return False
        return isinstance(error, Reject) or (self.replaces and isinstance(error, InvalidOutputError))


async def _made(runner: PreparingRunner, ahead: Ahead) -> list[bytes]:
    if ahead.error is not None:
        raise ahead.error
    return await runner.apply_prepared(ahead.row, ahead.scope, ahead.value)
