"""A graph in lanes, as `git log --graph` draws commits: one line for each step, and lines of arrows between.

● self-instruct
├─╮
● │ brief
│ ● thorough
├─╯
● pass
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

_NODE = "●"


class LaneRow(NamedTuple):
    """A line of the drawing; `step` is the step on it, whose mark is in `lane`, or None between steps."""

    text: str
    step: str | None = None
    lane: int = 0


def lane_rows(order: Sequence[str], below: Mapping[str, Sequence[str]]) -> list[LaneRow]:
    """Return the lines of a graph: its steps in `order`, parents first, with those `below` each."""
    return list(_Lanes(below).rows(order))


class _Lanes:
    """The arrows that have begun and not ended yet, by lane: each is the step that the arrow leads to."""

    def __init__(self, below: Mapping[str, Sequence[str]]) -> None:
        self._below = below
        self._ends: list[str | None] = []

    def rows(self, order: Sequence[str]) -> Iterator[LaneRow]:
        new: list[int] = []
        for number, name in enumerate(order):
            lane, others = self._arriving(name)
            if others:
                yield self._turning(lane, others, ("┴", "╯"))
                for other in others:
                    self._ends[other] = None
            elif number and not new:
                yield LaneRow(self._line())
            self._ends[lane] = name
            yield LaneRow(self._line({lane: _NODE}), name, lane)
            new = self._leaving(name, lane)
            if new:
                yield self._turning(lane, new, ("┬", "╮"))

    def _arriving(self, name: str) -> tuple[int, list[int]]:
        """Return the lane for a step, and the other lanes whose arrows lead to it."""
        found = [lane for lane, end in enumerate(self._ends) if end == name]
        return (found[0], found[1:]) if found else (self._free(0), [])

    def _leaving(self, name: str, lane: int) -> list[int]:
        """Begin the arrows to the steps below, the first in the same lane; return the lanes of the others."""
        below = self._below[name]
        self._ends[lane] = below[0] if below else None
        new: list[int] = []
        for other in below[1:]:
            new.append(self._free(lane + 1))
            self._ends[new[-1]] = other
        return new

    def _free(self, start: int) -> int:
        for lane in range(start, len(self._ends)):
            if self._ends[lane] is None:
                return lane
        self._ends.append(None)
        return len(self._ends) - 1

    def _line(self, marks: Mapping[int, str] | None = None) -> str:
        bars = ["│" if end else " " for end in self._ends]
        for lane, mark in (marks or {}).items():
            bars[lane] = mark
        return " ".join(bars).rstrip()

    def _turning(self, lane: int, others: Sequence[int], corners: tuple[str, str]) -> LaneRow:
        """Return the line that connects a lane with others on its right; arrows in between pass in front."""
        inner, last = corners
        cells = []
        for number in range(len(self._ends)):
            if number == lane:
                cells.append("├")
            elif number in others:
                cells.append(last if number == others[-1] else inner)
            elif self._ends[number]:
                cells.append("│")
            else:
                cells.append("─" if lane < number < others[-1] else " ")
        gaps = ["─" if lane <= number < others[-1] else " " for number in range(len(cells))]
        return LaneRow("".join(map("".join, zip(cells, gaps, strict=True))).rstrip())
