"""A pipeline's graph as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from seedbed.pipeline.drawing.drawn import Drawn, DrawnStep, DrawnWay, Kind
from seedbed.pipeline.drawing.lanes import lane_rows

_MARKS: Mapping[Kind, str] = MappingProxyType({"source": "○", "step": "●", "all rows": "■"})
_GAP = "  "


class GraphLine(NamedTuple):
    """A line of the drawing: its lanes, and on the line of a step the name and what else is known of it."""

    lanes: str
    name: str = ""
    details: str = ""

    def __str__(self) -> str:
        return f"{self.lanes}{self.name}{self.details}".rstrip()


def graph_text(graph: Drawn) -> str:
    """Return the drawing as text."""
    return "\n".join(map(str, graph_lines(graph)))


def graph_lines(graph: Drawn) -> list[GraphLine]:
    """Return the lines of the drawing, and below it what its marks mean."""
    steps = {step.name: step for step in graph.steps}
    below: dict[str, list[str]] = {name: [] for name in steps}
    for arrow in graph.arrows:
        below[arrow.start].append(arrow.end)
    rows = lane_rows(list(steps), below)
    width = max(len(row.text) for row in rows) + len(_GAP)
    details = _aligned({name: _cells(step, graph.arrows) for name, step in steps.items()})
    lines: list[GraphLine] = []
    for row in rows:
        if row.step is None:
            lines.append(GraphLine(row.text))
            continue
        at = 2 * row.lane
        mark = _MARKS[steps[row.step].kind]
        lanes = (row.text[:at] + mark + row.text[at + 1 :]).ljust(width)
        lines.append(GraphLine(lanes, *details[row.step]))
    return [*lines, *_legend(graph)]


def _cells(step: DrawnStep, arrows: tuple[DrawnWay, ...]) -> tuple[str, str, str, str]:
    return step.name, step.use, step.model, "; ".join(_notes(step, arrows))


def _notes(step: DrawnStep, arrows: tuple[DrawnWay, ...]) -> Iterator[str]:
    above = [arrow for arrow in arrows if arrow.end == step.name]
    if step.joins:
        yield f"joins what became of each row of {step.joins}"
    for arrow in above:
        if arrow.condition:
            yield arrow.condition if len(above) == 1 else f"from {arrow.start} {arrow.condition}"


def _aligned(cells: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, str]]:
    """Return each name, and its other cells in columns; columns without a value take no room."""
    widths = [max(map(len, column)) for column in zip(*cells.values(), strict=True)]
    found: dict[str, tuple[str, str]] = {}
    for name, (first, *others) in cells.items():
        columns = zip(others, widths[1:], strict=True)
        rest = "".join(_GAP + cell.ljust(width) for cell, width in columns if width)
        found[name] = first, " " * (widths[0] - len(first)) + rest
    return found


def _legend(graph: Drawn) -> Iterator[GraphLine]:
    if any(step.kind == "all rows" for step in graph.steps):
        yield GraphLine("")
        yield GraphLine("", "", f"{_MARKS['all rows']} waits for all rows before it")
