"""Rows that pass a step many at a time, by its `process_many`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from seedbed.engine.segments.passage import Passage
from seedbed.engine.segments.repeatable_line import LineStep
from seedbed.engine.segments.row_lines import RowLines
from seedbed.engine.sources.stretches import MOST_BYTES, MOST_SECONDS
from seedbed.errors import Reject, UsageError
from seedbed.llm.calling.scope import CallScope, current_scope
from seedbed.tasks.rows import Row

_AT_A_TIME = 64
"""Rows that a step gets at a time: after so many, the time and the bytes are looked at."""


class Together(NamedTuple):
    """What a step made of the rows before number `end`: their lines, and why it rejected some."""

    lines: RowLines
    reasons: dict[int, Reject]
    end: int


def passed_together(step: LineStep, passage: Passage) -> Together | None:
    """Take rows through a step many at a time; None if they have to pass one by one."""
    if step.many is None:
        return None
    lines, reasons, count = RowLines(), dict[int, Reject](), 0
    end = time.monotonic() + MOST_SECONDS
    # What asks for the row, as `row_id` and `random` do, raises: such rows pass one by one.
    token = current_scope.set(_NoRow(0, step.name, ""))
    try:
        for start in range(0, len(passage.rows), _AT_A_TIME):
            here = slice(start, start + _AT_A_TIME)
            numbers = passage.going[here]
            made = [*step.many(passage.rows[here])]
            if len(made) != len(numbers) or not _are_rows(made, step.promised, numbers, reasons):
                return None
            lines.add_all(_spread(made, numbers, count))
            count = numbers[-1] + 1
            if time.monotonic() > end or lines.size > MOST_BYTES:
                return Together(lines, reasons, count)
    except Exception:  # noqa: BLE001 - the row that is to blame raises it again
        return None
    finally:
        current_scope.reset(token)
    lines.skip(len(passage) - count)
    return Together(lines, reasons, len(passage))


def _are_rows(
    made: list[Any], promised: frozenset[str], numbers: Sequence[int], reasons: dict[int, Reject]
) -> bool:
    """Whether there's a row or a `Reject` for each number; replace the latter by `{}`, and note them.

    Each row is a dictionary of its own: one that's there twice holds what it became last.
    """
    kinds = {*map(type, made)}
    rows = made if kinds == {dict} else [one for one in made if type(one) is dict]
    if len({*map(id, rows)}) < len(rows):
        return False
    if kinds != {dict}:
        for place, (number, one) in enumerate(zip(numbers, made, strict=True)):
            if isinstance(one, Reject):
                reasons[number], made[place] = one, {}
            elif type(one) is not dict or not one:
                return False
    elif not all(made):
        return False
    return not promised or all(not row or row.keys() >= promised for row in made)


def _spread(made: list[Row], numbers: Sequence[int], first: int) -> list[Row]:
    """Return rows with `{}` for each number from `first` on that none of them has."""
    if numbers[-1] + 1 - first == len(made):
        return made
    spread: list[Row] = [{}] * (numbers[-1] + 1 - first)
    for number, row in zip(numbers, made, strict=True):
        spread[number - first] = row
    return spread


class _NoRow(CallScope):
    """The scope of a step that gets many rows at once, in which nothing can be that of a single row.

    Whatever asks for the row raises UsageError: its id, a call, a template with something random.
    """

    __slots__ = ()

    @property
    def row(self) -> str:
        """There's none."""
        raise UsageError("many rows are processed at once", "take them one by one, in `process`")

    @row.setter
    def row(self, value: str) -> None:
        """Have none."""
