"""Plots as SVG, drawn by Vega-Lite in the package vl-convert, without a browser or a network."""

# Measured on one core, with a plot of two bars:
#   vl-convert   4 ms to import, 0.45 s for the first plot, 0.03 s for each other; every mark has a label for
#                screen readers, and all colours are attributes, so a strict policy lets them through
#   pygal        0.1 s to import, 4 ms for a plot; brings a style sheet (and scripts) of its own in each
#   matplotlib   0.5 s to import; draws texts as paths, or colours by inline styles, which a policy forbids

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from html import escape
from typing import Any

from seedbed_report.shapes import Plot
from seedbed_report.values import shown

_WIDTH = 340
_HEIGHT = 160
_STEP = 24
_CHARACTERS = 28

# Names of the page's own style sheet, so that plots follow a dark theme.
_BAR, _MARK, _TEXT, _GRID = "var(--bar)", "var(--mark)", "var(--text)", "var(--grid)"
_CONFIG = {
    "background": None,
    # The browser's font may be wider than the one that texts were measured with.
    "padding": {"left": 16, "right": 10, "top": 5, "bottom": 5},
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": _TEXT,
        "titleColor": _TEXT,
        "titleFontWeight": "normal",
        "gridColor": _GRID,
        "domainColor": _GRID,
        "tickColor": _GRID,
        "labelFontSize": 12,
        "titleFontSize": 12,
        # Vega cuts texts between the halves of a character, and fails.
        "labelLimit": 0,
        "titleLimit": 0,
        "tickCount": 5,
    },
}


def svg(plot: Plot, number: int) -> str:
    """Return a plot as an SVG element, with a title and a description; `number` makes its ids unique."""
    drawn = _drawn(json.dumps(_specification(_drawable(plot))))
    ids = f"plot-{number}-title", f"plot-{number}-text"
    title = f'<title id="{ids[0]}">{escape(shown(plot.title))}</title>'
    text = f'<desc id="{ids[1]}">{escape(shown(_described(plot)))}</desc>'
    head, _, rest = drawn.partition(">")
    return f'{head} role="img" aria-labelledby="{ids[0]} {ids[1]}">{title}{text}{rest}'


def _drawable(plot: Plot) -> Plot:
    """Return a plot whose labels the converter can draw, each there once."""
    # vl-convert 1.9 aborts the whole process at a character that XML can't hold, such as an escape.
    seen: set[str] = set()
    bars = []
    for bar in plot.bars:
        label = plain = _label(bar.label)
        # Equal labels, which they may be since they were cut, would be one bar.
        while label in seen:
            label = f"{plain} ({len(seen)})"
        seen.add(label)
        bars.append(replace(bar, label=label))
    return replace(plot, bars=bars)


def _label(text: str) -> str:
    return " ".join(shown(text, _CHARACTERS).split()) or "(empty)"


def _described(plot: Plot) -> str:
    largest = max(plot.bars, key=lambda bar: bar.value)
    return f"{len(plot.bars)} bars; the largest is {largest.label}. The table after the plot has all values."


@cache
def _converter() -> Any:
    # Loading its engine for JavaScript takes half a second: only a page with plots needs it.
    import vl_convert

    return vl_convert


def _drawn(specification: str) -> str:
    drawn: str = _converter().vegalite_to_svg(specification)
    return drawn


def _specification(plot: Plot) -> dict[str, Any]:
    drawn = _histogram(plot) if plot.edges else _bars(plot)
    return {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "config": _CONFIG, **drawn}


def _bars(plot: Plot) -> dict[str, Any]:
    # Labels are data, and in no expression: Vega takes some words there for names of signals.
    values = [{"label": bar.label, "value": bar.value, "mark": bar.mark} for bar in plot.bars]
    axis = {"title": None, "grid": False, "ticks": False}
    y = {"field": "label", "type": "nominal", "axis": axis, "sort": None}
    x = {"field": "value", "type": "quantitative", "title": plot.axis, "axis": {"format": "~s"}}
    if all(float(bar.value).is_integer() for bar in plot.bars) and not plot.is_share:
        x["axis"] = {"format": "~s", "tickMinStep": 1}
    layers: list[dict[str, Any]] = [
        {"mark": {"type": "bar", "color": _BAR, "height": {"band": 0.7}}, "encoding": {"x": x, "y": y}}
    ]
    if plot.mark:
        encoding = {"x": {"field": "mark", "type": "quantitative", "title": plot.axis}, "y": y}
        mark = {"type": "tick", "color": _MARK, "thickness": 3, "size": 18}
        layers.append({"mark": mark, "encoding": encoding})
    return {
        "width": _WIDTH,
        "height": {"step": _STEP},
        "data": {"values": values},
        "layer": layers,
    }


def _histogram(plot: Plot) -> dict[str, Any]:
    edges: Sequence[float] = plot.edges
    values = [
        {"low": low, "high": high, "rows": bar.value}
        for low, high, bar in zip(edges, edges[1:], plot.bars, strict=False)
    ]
    x = {
        "field": "low",
        "type": "quantitative",
        "title": plot.axis,
        "bin": "binned",
        "axis": {"format": "~s", "grid": False},
        "scale": {"zero": False, "nice": False},
    }
    y = {
        "field": "rows",
        "type": "quantitative",
        "title": "rows",
        "axis": {"format": "~s", "tickMinStep": 1},
    }
    return {
        "width": _WIDTH,
        "height": _HEIGHT,
        "data": {"values": values},
        "mark": {"type": "bar", "color": _BAR},
        "encoding": {"x": x, "x2": {"field": "high"}, "y": y},
    }
