"""The list of runs."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from seedbed.cli.failures import ExitStatus
from seedbed.cli.runs.facts_in_words import FactsInWords, facts_of
from seedbed.cli.terminal.cell_width import page_width
from seedbed.cli.terminal.counting import ago, brief_number, cost_text, moment
from seedbed.cli.terminal.fitting import TableColumn
from seedbed.cli.terminal.output import write_json_list
from seedbed.cli.terminal.printing import echo
from seedbed.cli.terminal.text_columns import write_columns, write_wrapped
from seedbed.store import list_runs, runs_folder

_COLUMNS = (
    TableColumn("NAME", name=True),
    TableColumn("TASK", weight=2, name=True),
    TableColumn("OUTCOME"),
    TableColumn("ROWS", right=True),
    TableColumn("FAILED", weight=7, right=True),
    TableColumn("REJECTED", weight=3, right=True),
    TableColumn("CALLS", weight=1, right=True, brief=brief_number),
    TableColumn("INPUT TOKENS", weight=4, right=True, brief=brief_number),
    TableColumn("OUTPUT TOKENS", weight=5, right=True, brief=brief_number),
    TableColumn("COST", weight=8, right=True),
    TableColumn("STARTED", weight=6),
)
_NOTHING = "-"  # Never an empty cell, so that programs find the same number of columns in each line.


def write_runs(as_json: bool) -> ExitStatus:
    """Write every run with its counts and cost, the newest first; a damaged one is listed with its error."""
    facts = sorted((facts_of(entry) for entry in list_runs(runs_folder())), key=_started, reverse=True)
    if as_json:
        write_json_list([one.as_json() for one in facts])
    elif not facts:
        echo(f"there are no runs in '{runs_folder()}'", err=True)
        echo("  seedbed run TASK --llm BACKEND/MODEL -n 10 -o OUT.jsonl", err=True)
    else:
        hidden = write_columns(_COLUMNS, [_cells(one) for one in facts], painted="OUTCOME")
        for one in facts:
            _write_notes(one)
        if hidden:
            echo(f"not shown: {', '.join(hidden)}; a wider terminal or --json has them", err=True)
    return ExitStatus.COMPLETE


def _started(one: FactsInWords) -> str:
    return str(one.session.started) if one.session else ""


def _cells(one: FactsInWords) -> tuple[str, ...]:
    made: tuple[str, ...] = ("",) * 7
    if one.spent is not None:
        made = (
            one.rows_text(),
            f"{one.failed:,}",
            f"{one.rejected:,}",
            f"{one.spent.calls:,}",
            f"{one.spent.input_tokens:,}",
            f"{one.spent.output_tokens:,}",
            cost_text(one.cost),
        )
    cells = (one.entry.name, one.task, one.outcome, *made, _moment(_started(one)))
    return tuple(cell or _NOTHING for cell in cells)


def _moment(started: str) -> str:
    if not started:
        return ""
    # Programs that read the table can sort by a date, but not by words.
    return ago(started, datetime.now(UTC)) if sys.stdout.isatty() else moment(started)


def _write_notes(one: FactsInWords) -> None:
    if one.error:
        first, *rest = str(one.error).splitlines()
        _write_note(f"{one.entry.name}: {first}")
        for line in rest:
            _write_note(line)
    elif one.entry.holder:
        _write_note(f"{one.entry.name}: {one.holder_text()} is writing it")


def _write_note(line: str) -> None:
    write_wrapped(line, page_width(), indent="  " if line.startswith(" ") else "")
