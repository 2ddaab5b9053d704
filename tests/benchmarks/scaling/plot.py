"""Draws the simulated rows per second over workers, as the plot of docs/explanation/scaling.md.

python -m tests.benchmarks.scaling.plot
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.scaling.costs import RAY
from tests.benchmarks.scaling.simulation import LOADS, Load, ideal, simulated

PATH = Path(__file__).parents[3] / "docs" / "images" / "scaling.svg"
WORKERS = (1, 3, 10, 30, 100, 300, 1000)


class Curve(NamedTuple):
    """Rows per second of one kind of rows, simulated and if nothing else took time, for each of `WORKERS`."""

    name: str
    made: Sequence[float]
    ideal: Sequence[float]


class Frame(NamedTuple):
    """Where the plot's axes are in the picture, in pixels; both are logarithmic."""

    left: float = 76.0
    right: float = 480.0
    top: float = 20.0
    bottom: float = 330.0
    lowest: float = 1.0
    highest: float = 100_000.0

    def x(self, workers: float) -> float:
        """Return the place of a number of workers."""
        share = math.log10(workers / WORKERS[0]) / math.log10(WORKERS[-1] / WORKERS[0])
        return self.left + share * (self.right - self.left)

    def y(self, rows: float) -> float:
        """Return the place of a number of rows per second."""
        share = math.log10(rows / self.lowest) / math.log10(self.highest / self.lowest)
        return self.bottom - share * (self.bottom - self.top)


# Of Okabe and Ito: told apart also by the colour-blind. The dashes tell curves that lie on each other apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")


_THIN = 'stroke-width="1" stroke-dasharray="3 4"'


def curve(load: Load) -> Curve:
    """Simulate one kind of rows."""
    made = [simulated(load, workers, RAY).rows_per_second for workers in WORKERS]
    return Curve(load.name, made, [ideal(load, workers) for workers in WORKERS])


def drawn(curves: Sequence[Curve], frame: Frame = Frame()) -> str:  # noqa: B008 - a constant
    """Return the picture as SVG, whose text is text."""
    parts = [*_axes(frame)]
    for one, colour in zip(curves, COLOURS, strict=True):
        parts += _lines(one, colour, frame)
    parts += _labels(curves, frame)
    inside = "\n".join(parts)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 390" role="img" '
        'font-family="system-ui, sans-serif" font-size="13">\n'
        "<title>Simulated rows per second over workers, on Ray</title>\n"
        f'<rect width="800" height="390" fill="#ffffff"/>\n{inside}\n</svg>\n'
    )


def _axes(frame: Frame) -> Iterator[str]:
    for workers in (1, 10, 100, 1000):
        x = frame.x(workers)
        yield _line(x, frame.top, x, frame.bottom, "#dddddd")
        yield _text(x, frame.bottom + 20, f"{workers:,}", "middle")
    for power in range(6):
        y = frame.y(10**power)
        yield _line(frame.left, y, frame.right, y, "#dddddd")
        yield _text(frame.left - 8, y + 4, f"{10**power:,}", "end")
    yield _text((frame.left + frame.right) / 2, frame.bottom + 44, "workers", "middle")
    middle = (frame.top + frame.bottom) / 2
    turned = f"translate(16 {middle:.0f}) rotate(-90)"
    yield f'<text transform="{turned}" text-anchor="middle" fill="#222222">rows per second</text>'


def _lines(one: Curve, colour: str, frame: Frame) -> Iterator[str]:
    for rows, look in ((one.ideal, _THIN), (one.made, 'stroke-width="2.5"')):
        inside = [(workers, row) for workers, row in zip(WORKERS, rows, strict=True) if row <= frame.highest]
        points = " ".join(f"{frame.x(workers):.1f},{frame.y(row):.1f}" for workers, row in inside)
        yield f'<polyline points="{points}" fill="none" stroke="{colour}" {look}/>'
    for workers, row in zip(WORKERS, one.made, strict=True):
        yield f'<circle cx="{frame.x(workers):.1f}" cy="{frame.y(row):.1f}" r="3" fill="{colour}"/>'


def _labels(curves: Sequence[Curve], frame: Frame) -> Iterator[str]:
    """Name the curves."""
    x, y = frame.right + 24, frame.top + 12
    for one, colour in zip(curves, COLOURS, strict=True):
        yield _line(x, y - 4, x + 22, y - 4, colour, width=2.5)
        for line in _wrapped(one.name):
            yield _text(x + 30, y, line)
            y += 17
        y += 9
    yield f'<line x1="{x}" y1="{y - 4}" x2="{x + 22}" y2="{y - 4}" stroke="#555555" stroke-dasharray="3 4"/>'
    for line in _wrapped("if only the model and the step took time"):
        yield _text(x + 30, y, line)
        y += 17


def _wrapped(text: str, width: int = 34) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{width:g}"/>'
    )


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#222222">{escape(text)}</text>'


def main() -> None:
    """Simulate, and write the picture."""
    PATH.write_text(drawn([curve(load) for load in LOADS]), encoding="utf-8")


if __name__ == "__main__":
    main()
