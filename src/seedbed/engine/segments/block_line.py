"""Steps in a line that fill blocks of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import orjson

from seedbed.engine.failure import Failure
from seedbed.engine.segments.repeatable_line import LineStep, one_row
from seedbed.engine.segments.row_block import Refusal, RowBlock
from seedbed.engine.segments.rows_in_flight import InFlight, children
from seedbed.engine.segments.step_outcome import Attempted, StepOutcome
from seedbed.engine.segments.step_results import StepResults
from seedbed.errors import Reject
from seedbed.store.row_blocks import NOTHING
from seedbed.tasks.rows import Row


class Unfit(NamedTuple):
    """An item that doesn't fit into a block: what ordered steps made of it, by name, and what one raised.

    `error` is one that every other item would meet.
    """

    applied: Mapping[str, Attempted] = {}
    error: BaseException | None = None


class BlockLine:
    """Takes items through steps in a line, and adds those that fit to a block.

    An item fits if each step makes one row of it, or if one rejects it. All else is left to the steps'
    runners, which apply repeatable steps again, but no ordered one.
    """

    def __init__(self, line: Sequence[LineStep], results: StepResults) -> None:
        self._line = line
        self._names = [step.name for step in line]
        self._results = results

    def add(self, in_flight: InFlight, position: int, block: RowBlock) -> Unfit | None:
        """Add an item to a block; return what's known of it if it doesn't fit."""
        item = _Passing(in_flight)
        applied: dict[str, Attempted] = {}
        for step in self._line:
            if step.ordered:
                try:
                    attempt = self._results.apply_now(step.name, self._given(item), position)
                except BaseException as error:  # noqa: BLE001 - raised again at the item's turn
                    return Unfit(applied, error)
                applied[step.name] = attempt
                fits = item.follow(attempt.outcome)
            else:
                fits = item.go_through(step)
            if not fits:
                return Unfit(applied)
            if item.failure is not None:
                break
        block.add(in_flight.id, item.made, item.refusal(), item.size())
        return None

    def _given(self, item: _Passing) -> InFlight:
        """Return the row in flight that the next step gets."""
        in_flight = item.in_flight
        for name, encoded in zip(self._names, item.made, strict=False):
            (in_flight,) = children(in_flight, name, [encoded])
        return in_flight


class _Passing:
    """An item on its way: the rows made of it so far, and why it was rejected, if it was."""

    __slots__ = ("_row", "failure", "in_flight", "made")

    def __init__(self, in_flight: InFlight) -> None:
        self.in_flight = in_flight
        self.made: list[bytes] = []
        self.failure: Failure | None = None
        self._row: Row | None = None

    def go_through(self, step: LineStep) -> bool:
        """Take it through a repeatable step; return False if that makes anything else than one row of it."""
        try:
            new = one_row(step, orjson.loads(self._encoded()) if self._row is None else self._row)
        except Reject as reason:
            place = self.in_flight.place
            self.failure = Failure.of(self.in_flight.id, step.name, reason, rejected=True, source=place)
            return True
        except BaseException:  # noqa: BLE001 - the step's runner meets it again
            return False
        if new is None or new[0] == NOTHING:
            return False
        encoded, self._row = new
        self.made.append(encoded)
        return True

    def follow(self, outcome: StepOutcome) -> bool:
        """Take what an ordered step made of it; return False if that's anything else than one row."""
        rows, reasons = outcome
        if reasons:
            self.failure = reasons[0]
            return not rows and len(reasons) == 1 and reasons[0].rejected
        self._row = None
        self.made += rows
        return len(rows) == 1 and rows[0] != NOTHING

    def refusal(self) -> Refusal | None:
        """Return why it was rejected, with the evidence; None if it passed all steps."""
        if self.failure is None:
            return None
        source = b'{"row":' + self.in_flight.encoded + b"}" if self.made else b"null"
        evidence = b'{"input":{"row":' + self._encoded() + b'},"source_row":' + source + b',"asked":[]}'
        return Refusal(len(self.made), self.failure, evidence)

    def _encoded(self) -> bytes:
        """Return the row that the next step gets."""
        return self.made[-1] if self.made else self.in_flight.encoded

    def size(self) -> int:
        """Return the bytes of the item and of the rows made of it."""
        return len(self.in_flight.encoded) + sum(map(len, self.made))
