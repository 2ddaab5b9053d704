"""Rows with their prompts and answers, as text to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from seedbed.cli.terminal.blocks import block, rule
from seedbed.engine.preview.text import parts_of, title_of
from seedbed.engine.preview.trace import PreviewedRow

_PAINTS: Mapping[str, str] = MappingProxyType(
    {
        "prompt": "cyan",
        "note": "yellow",
        "answer": "magenta",
        "row": "green",
        "failed": "red",
        "rejected": "yellow",
    }
)


def write_traces(traces: Sequence[PreviewedRow]) -> None:
    """Write each row under a rule: prompts, answers, and what came of them."""
    for trace in traces:
        rule(title_of(trace))
        for part in parts_of(trace):
            block(part.title, part.text, _PAINTS[part.kind])
