"""A pipeline's graph as a Mermaid flowchart: https://mermaid.js.org/syntax/flowchart.html."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from seedbed.llm.visible_text import visible
from seedbed.pipeline.drawing.drawn import Drawn, DrawnStep, Kind

_SHAPES: Mapping[Kind, str] = MappingProxyType(
    {"source": '(["{}"])', "step": '["{}"]', "all rows": '[["{}"]]'}
)

# What Mermaid doesn't take literally inside of quotes; the colon, since it takes the semicolon away after
# `style x:#`; and the start of a line that it would take for a list.
_SPECIAL = re.compile(r"[^\w .,()/=+-]|^[-+](?=\s)|(?<=^\d)\.|(?<=^\d\d)\.")


def mermaid(graph: Drawn) -> str:
    """Return the drawing as a Mermaid flowchart, from top to bottom."""
    ids = {step.name: f"s{number}" for number, step in enumerate(graph.steps)}
    lines = [f"    {ids[step.name]}{_SHAPES[step.kind].format(_label(step))}" for step in graph.steps]
    for arrow in graph.arrows:
        condition = f'|"{_escaped(arrow.condition)}"|' if arrow.condition else ""
        lines.append(f"    {ids[arrow.start]} -->{condition} {ids[arrow.end]}")
    return "\n".join(["flowchart TD", *lines])


def _label(step: DrawnStep) -> str:
    return "<br/>".join(_escaped(text) for text in (step.name, step.use, step.model) if text)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: f"#{ord(found[0])};", visible(" ".join(text.split())))
