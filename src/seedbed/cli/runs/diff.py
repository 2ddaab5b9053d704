"""What differs between two runs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from seedbed.cli.failures import ExitStatus
from seedbed.cli.runs.kept_runs import kept_run
from seedbed.cli.terminal.output import write_json
from seedbed.cli.terminal.printing import Painted, echo
from seedbed.engine.comparison.diff_text import Part
from seedbed.engine.comparison.run_diff import diff_runs

_PAINTS: Mapping[str, str] = MappingProxyType({"-": "red", "+": "green"})


def diff_kept_runs(first: str, second: str, rows: int, leaf: str | None, *, machine: bool) -> ExitStatus:
    """Write what differs between two runs; raises UsageError."""
    diff = diff_runs(kept_run(first), kept_run(second), rows=rows, leaf=leaf)
    if machine:
        write_json(diff.as_json())
    else:
        for line in diff.lines():
            echo(*map(_painted, line))
    return ExitStatus.COMPLETE


def _painted(part: Part) -> str | Painted:
    if not part.kind:
        return part.text
    return Painted(part.text, _PAINTS.get(part.kind), bold=part.kind == "#")
