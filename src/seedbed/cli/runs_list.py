"""The list of the runs that are kept."""

from __future__ import annotations

from seedbed.cli.columns import write_columns
from seedbed.cli.counting import cost_text, moment
from seedbed.cli.failures import ExitStatus
from seedbed.cli.output import write_json
from seedbed.cli.printing import echo
from seedbed.cli.run_facts import RunFacts, facts_of
from seedbed.store import list_runs, runs_folder

_TITLES = ("NAME", "TASK", "OUTCOME", "ROWS", "FAILED", "REJECTED", "CALLS", "TOKENS", "COST", "STARTED")


def write_runs(as_json: bool) -> ExitStatus:
    """Write every run with what it has made and taken; one that is damaged is named, and the others go on."""
    facts = [facts_of(entry) for entry in list_runs(runs_folder())]
    if as_json:
        write_json([one.as_json() for one in facts])
    elif not facts:
        echo(f"no runs are kept in '{runs_folder()}'", err=True)
        echo("  seedbed run TASK --llm BACKEND/MODEL -n 10 -o OUT.jsonl", err=True)
    else:
        write_columns(_TITLES, [_cells(one) for one in facts], painted=2)
        for one in facts:
            _write_notes(one)
    return ExitStatus.COMPLETE


def _cells(one: RunFacts) -> tuple[str, ...]:
    if one.spent is None:
        return one.entry.name, one.task, one.outcome, *[""] * 7
    tokens = one.spent.input_tokens + one.spent.output_tokens
    return (
        one.entry.name,
        one.task,
        one.outcome,
        one.rows_text(),
        f"{one.failed:,}",
        f"{one.rejected:,}",
        f"{one.spent.calls:,}",
        f"{tokens:,}",
        cost_text(one.cost),
        moment(one.session.started) if one.session else "",
    )


def _write_notes(one: RunFacts) -> None:
    if one.error:
        first, *rest = str(one.error).splitlines()
        echo(f"{one.entry.name}: {first}")
        for line in rest:
            echo(line)
    elif one.entry.holder:
        echo(f"{one.entry.name}: {one.holder_text()} works on it")
