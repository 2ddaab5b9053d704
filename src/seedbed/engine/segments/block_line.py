"""Steps in a line that fill blocks of rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import is_
from typing import Any, NamedTuple

import orjson

from seedbed.engine.segments.passage import Passage
from seedbed.engine.segments.repeatable_line import LineStep
from seedbed.engine.segments.row_block import RowBlock
from seedbed.engine.segments.row_lines import RowLines
from seedbed.engine.segments.rows_in_flight import children
from seedbed.engine.segments.rows_together import passed_together
from seedbed.engine.segments.rows_wanted import RowsWanted
from seedbed.engine.segments.step_outcome import Attempted
from seedbed.engine.segments.step_results import StepResults
from seedbed.engine.sources.sources import Item
from seedbed.engine.sources.stretches import MOST_BYTES, MOST_SECONDS, Stretch
from seedbed.errors import InvalidRowError, Reject
from seedbed.llm.calling.scope import CallScope, current_scope
from seedbed.llm.files_read import current_files
from seedbed.tasks.rows import SCALARS, Row


class Unfit(NamedTuple):
    """An item that doesn't fit into a block, and its number; what ordered steps made of it, by name.

    `error` is one that every other item would meet.
    """

    item: Item
    position: int
    applied: Mapping[str, Attempted] = {}
    error: BaseException | None = None


class BlockLine:
    """Takes stretches of items through steps in a line: all of them through one step before the next.

    An item fits into a block if each step makes one row of it, or if one rejects it. All else is left to the
    steps' runners, which apply repeatable steps again, but no ordered one.
    """

    def __init__(
        self, line: Sequence[LineStep], results: StepResults, rows_wanted: RowsWanted | None = None
    ) -> None:
        self._line = line
        self._results = results
        self._rows_wanted = rows_wanted

    def settled(self, stretch: Stretch, position: int) -> Iterator[RowBlock | Unfit]:
        """Yield the items of a stretch in blocks, and those that don't fit, in order.

        `position` is the number of the first one. Later items may only pass the steps after an item that
        doesn't fit, so the caller takes that one through its remaining steps before asking for the next.
        """
        waiting: list[Passage | Unfit] = [Passage(stretch, position)]
        while waiting:
            first = waiting.pop()
            if isinstance(first, Unfit):
                yield first
            elif len(first.made) == len(self._line):
                yield first.block()
            else:
                waiting += reversed(self._passed(self._line[len(first.made)], first))

    def _passed(self, step: LineStep, passage: Passage) -> list[Passage | Unfit]:
        """Take items through the next step, up to the first that doesn't fit, or as many as time allows.

        Return them, the one that doesn't fit, and those that haven't been taken.
        """
        scope = self._results.scope_of_step(step.name)
        token, files = current_scope.set(scope), current_files.set(step.step._noted_by)
        try:
            if (together := passed_together(step, passage)) is not None:
                return _split(step, passage, *together)
            if step.many is not None:
                passage.decode_again()
            return self._taken(step, passage, scope, RowLines(are_checked=step.ordered))
        except orjson.JSONEncodeError:
            # A text or an integer can't be written, and only now it's known that there's one.
            passage.decode_again()
            return self._taken(step, passage, scope, RowLines(are_checked=True))
        finally:
            current_files.reset(files)
            current_scope.reset(token)

    def _taken(
        self, step: LineStep, passage: Passage, scope: CallScope, lines: RowLines
    ) -> list[Passage | Unfit]:
        reasons: dict[int, Reject] = {}
        end, unfit = self._fill(step, passage, scope, lines, reasons)
        return _split(step, passage, lines, reasons, end, unfit)

    def _fill(
        self,
        step: LineStep,
        passage: Passage,
        scope: CallScope,
        lines: RowLines,
        reasons: dict[int, Reject],
    ) -> tuple[int, Unfit | None]:
        """Apply a step to items; return how many have their line or reason, and the one that doesn't fit."""
        noted = self._rows_wanted.noting(step.step) if self._rows_wanted is not None else None
        process = step.process if noted is None else _noting(step.process, noted, scope)
        promised, add, ids = step.promised, lines.add, passage.stretch.ids
        # Encoding and decoding a row that comes back as it was takes as long as a short step; rows that are
        # encoded together need no such care.
        given = passage.given() if step.ordered and step.step.keeps else None
        most_seconds, reached = time.monotonic() + MOST_SECONDS, 0
        for i, row in zip(passage.going, passage.rows, strict=True):
            if i > reached:
                lines.skip(i - reached)
            scope.row, scope.rank = ids[i], passage.position + i
            before = row.copy() if given is not None else row
            try:
                made = process(row)
            except Reject as reason:
                reasons[i] = reason
                lines.skip(1)
            except BaseException as error:  # noqa: BLE001 - raised again at the item's turn
                return i, self._unfit(step, passage, i, _raises(error))
            else:
                if type(made) is not dict or not made or not made.keys() >= promised:
                    return i, self._unfit(step, passage, i, _returns(made))
                try:
                    if given is not None and made is row and _is_unchanged(row, before):
                        lines.add_known(before, given[i])
                    else:
                        add(made)
                except InvalidRowError:
                    return i, self._unfit(step, passage, i, _returns(made))
            reached = i + 1
            if time.monotonic() > most_seconds or lines.size > MOST_BYTES:
                return reached, None
        lines.skip(len(passage) - reached)
        return len(passage), None

    def _unfit(self, step: LineStep, passage: Passage, i: int, process: Callable[[Row], Any]) -> Unfit:
        """Return an item that doesn't fit; `process` does what the step did with it."""
        item, position = passage.stretch.item(i), passage.position + i
        in_flight, applied = item.in_flight, {}
        try:
            for earlier, encoded in zip(self._line, passage.made_of(i), strict=False):
                if earlier.ordered:
                    again = _returns(orjson.loads(encoded))
                    applied[earlier.name] = self._results.apply_now(earlier.name, in_flight, position, again)
                (in_flight,) = children(in_flight, earlier.name, [encoded])
            if step.ordered:
                applied[step.name] = self._results.apply_now(step.name, in_flight, position, process)
        except BaseException as error:  # noqa: BLE001 - raised again at the item's turn
            return Unfit(item, position, applied, error)
        return Unfit(item, position, applied)


def _is_unchanged(row: Row, before: Row) -> bool:
    """Whether a row has the same columns with the same values, none of which anybody can change."""
    values = before.values()
    return (
        [*row] == [*before] and all(map(is_, row.values(), values)) and SCALARS.issuperset(map(type, values))
    )


def _noting(
    process: Callable[[Row], Any], noted: Callable[[int], None], scope: CallScope
) -> Callable[[Row], Any]:
    def processed(row: Row) -> Any:
        try:
            return process(row)
        finally:
            noted(scope.rank)

    return processed


def _split(
    step: LineStep,
    passage: Passage,
    lines: RowLines,
    reasons: Mapping[int, Reject],
    end: int,
    unfit: Unfit | None = None,
) -> list[Passage | Unfit]:
    """Return the items before number `end`, which have passed the step, `unfit`, and those after it."""
    if end == len(passage):
        passage.pass_step(step.name, lines, reasons)
        return [passage]
    taken, left = passage.part(0, end), passage.part(end + (unfit is not None), len(passage))
    taken.pass_step(step.name, lines, reasons)
    return [one for one in (taken, unfit, left) if one]


def _returns(made: Any) -> Callable[[Row], Any]:
    return lambda row: made


def _raises(error: BaseException) -> Callable[[Row], Any]:
    def process(row: Row) -> Any:
        raise error

    return process
