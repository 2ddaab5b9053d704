"""Repeatable steps one after the other, in a run that has no results yet: rows pass them as dictionaries."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from seedbed.engine.backend_fields import backends_in
from seedbed.engine.resume.fingerprint import SIZE
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.engine.segments.step_results import Applied, StepResults
from seedbed.llm.calling.scope import current_scope
from seedbed.store import Result, RunStore
from seedbed.tasks.columns.final_columns import many_of, process_of
from seedbed.tasks.rows import Row, encode_row, is_flat
from seedbed.tasks.steps import Step


class LineStep(NamedTuple):
    """A step whose results needn't be found again: it's applied again in each session, and calls no model.

    Either it's repeatable, and may be applied to a row any number of times, or it's `ordered`, and gets each
    row once, after those before it.
    """

    step: Step
    name: str
    process: Callable[[Row], Any]
    promised: frozenset[str]
    fingerprint: bytes
    ordered: bool
    many: Callable[[Sequence[Row]], Iterable[Any]] | None = None


class RepeatableLine:
    """Takes rows through the repeatable steps among those of a line; all else is left to the steps' runners.

    `applied` are all steps of the line. What the rows became is kept in `store` and counted with `results`.
    """

    # For a short row, the scope that no call needs, decoding what the step before has just encoded, and a
    # lock for each result took as long as the steps.

    def __init__(self, applied: Sequence[Applied], store: RunStore, results: StepResults) -> None:
        steps_in_line = map(line_step, applied)
        self._line = [None if step is None or step.ordered else step for step in steps_in_line]
        self._scopes = [step and results.scope_of_step(step.name) for step in self._line]
        self._store = store
        self._tally = results.tally

    def take(self, number: int, in_flight: InFlight, results: list[Any]) -> tuple[int, InFlight]:
        """Take a row through the steps from `number` on, as far as each makes one flat row of it.

        Return the number of the next step and the row that it gets, and add what the steps made to `results`.
        """
        row: Row | None = None
        while number < len(self._line) and (step := self._line[number]) is not None:
            scope = self._scopes[number]
            assert scope is not None
            scope.row = in_flight.id
            current_scope.set(scope)
            try:
                made = one_row(step, in_flight.row() if row is None else row)
            except BaseException:  # noqa: BLE001 - the step's runner meets it again
                made = None
            if made is None:
                # Its runner does it again, and decides what it means.
                break
            encoded, row = made
            key = hashlib.blake2b(in_flight.encoded, digest_size=SIZE, key=step.fingerprint).digest()
            row_id = in_flight.id
            results.append(Result(step.name, row_id, key, 0, "done", b"[" + encoded + b"]"))
            in_flight = InFlight(row_id, encoded, step.name, in_flight, row_id, 0, None, in_flight.place)
            number += 1
        current_scope.set(None)
        return number, in_flight

    def keep(self, results: Sequence[Result]) -> None:
        """Keep and count what steps made of rows."""
        self._store.add_results(results)
        for result in results:
            counts = self._tally[result.step]
            counts.taken += 1
            counts.made += 1
            counts.passed += 1


def one_row(step: LineStep, row: Row) -> tuple[bytes, Row | None] | None:
    """Return the JSON of the one row that a repeatable step makes; None if it makes anything else.

    Also returns a copy for the next step, as what one step may keep isn't what the next one may change; None
    if that has to be decoded. Raises what the step raises.
    """
    made = step.process(row)
    if type(made) is not dict or not made.keys() >= step.promised:
        return None
    return encode_row(made), made.copy() if is_flat(made) else None


def line_step(applied: Applied) -> LineStep | None:
    """Return a step for this; None if its results may be needed again."""
    step = applied.runner.step
    if not isinstance(step, Step) or not (step.repeatable or applied.ordered) or backends_in(step):
        return None
    promised = frozenset(applied.runner.promised)
    ordered = applied.ordered or step.ordered
    # An ordered step gets each row once: it couldn't be applied again, one by one.
    many = None if ordered else many_of(step)
    return LineStep(step, step.name, process_of(step), promised, applied.fingerprint, ordered, many)
