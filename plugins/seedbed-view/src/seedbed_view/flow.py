"""The steps of a run, drawn: boxes from top to bottom, and the rows that took each way or were lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from seedbed import RunReader, visible
from seedbed_view.causes import Cause
from seedbed_view.steps import StepShown

WIDTH, HEIGHT = 170, 36
"""Pixels of a box."""
_ACROSS, _DOWN = 300, 84
"""Pixels from one box to the next: next to it is room for the rows that are lost, below it for an arrow."""
_MARGIN = 8
_LONGEST = 19


class Box(NamedTuple):
    """A step: its place, its name as it fits, and the rows that are lost at it, by verdict."""

    x: int
    y: int
    name: str
    lost: Mapping[str, int]
    is_end: bool = False


class Way(NamedTuple):
    """An arrow from the bottom of one box to the top of another; its number of rows, if it's known."""

    x: int
    y: int
    to_x: int
    to_y: int
    rows: int | None


class Flow(NamedTuple):
    """A drawing and its size in pixels."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    ways: tuple[Way, ...]
    box_width: int = WIDTH
    box_height: int = HEIGHT


def flow_in(reader: RunReader, steps: Sequence[StepShown], causes: Iterable[Cause]) -> Flow | None:
    """Return the drawing of a run; None if it has one step, of which there's nothing to draw."""
    if len(steps) < 2:
        return None
    known = {step.name for step in steps}
    accepted = {leaf: len(reader.rows(leaf)) for leaf in reader.leaves() if leaf in known}
    return flow_of(steps, causes, accepted)


def flow_of(steps: Sequence[StepShown], causes: Iterable[Cause], accepted: Mapping[str, int]) -> Flow:
    """Return the drawing; `accepted` are the rows of the datasets, by the steps that they come from.

    A way's rows are those that the step at its end has settled. If several ways lead to it, only their sum is
    known, and stands on none.
    """
    places = _places(steps, accepted)
    lost: dict[str, Counter[str]] = {}
    for cause in causes:
        lost.setdefault(cause.step, Counter())[cause.verdict] += cause.count
    boxes = [Box(*places[step.name], _short(step.name), lost.get(step.name, {})) for step in steps]
    ways = [
        _way(places[parent], places[step.name], sum(step.counts.values()) if len(step.parents) == 1 else None)
        for step in steps
        for parent in step.parents
        if parent in places
    ]
    for leaf, rows in accepted.items():
        boxes.append(Box(*places[_end(leaf)], "dataset", {}, is_end=True))
        ways.append(_way(places[leaf], places[_end(leaf)], rows))
    width = max((x for x, _ in places.values()), default=0) + _ACROSS
    height = max((y for _, y in places.values()), default=0) + HEIGHT + _MARGIN
    return Flow(width, height, tuple(boxes), tuple(ways))


def _places(steps: Sequence[StepShown], leaves: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return where each box stands: below all that lead to it, and next to those on its level."""
    levels: dict[str, int] = {}
    for step in steps:
        levels[step.name] = 1 + max((levels.get(parent, -1) for parent in step.parents), default=-1)
    for leaf in leaves:
        levels[_end(leaf)] = levels[leaf] + 1
    taken: Counter[int] = Counter()
    places: dict[str, tuple[int, int]] = {}
    for name, level in levels.items():
        places[name] = (_MARGIN + taken[level] * _ACROSS, _MARGIN + level * _DOWN)
        taken[level] += 1
    return places


def _end(leaf: str) -> str:
    # No name of a step has a NUL.
    return f"{leaf}\0dataset"


def _way(start: tuple[int, int], end: tuple[int, int], rows: int | None) -> Way:
    half = WIDTH // 2
    return Way(start[0] + half, start[1] + HEIGHT, end[0] + half, end[1], rows)


def _short(name: str) -> str:
    name = visible(name)
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
