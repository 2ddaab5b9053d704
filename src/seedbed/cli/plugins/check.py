"""Trying the installed plugins, each in its own process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from seedbed.cli.failures import ExitStatus
from seedbed.cli.plugins.list import chosen, entry_as_json
from seedbed.cli.terminal.fitting import TableColumn
from seedbed.cli.terminal.output import write_json_list
from seedbed.cli.terminal.printing import Painted, echo
from seedbed.cli.terminal.text_columns import write_columns
from seedbed.counts import count_of
from seedbed.plugins.catalogue.inspection import CheckResult, Finding, Level, check_each, diagnose
from seedbed.plugins.policy.eligibility import Entry, Status
from seedbed.plugins.registry import Registry

_TRIED = (Status.OK, Status.AMBIGUOUS)
_BROKEN = "broken"
_COLUMNS = (
    TableColumn("NAME", name=True),
    TableColumn("KIND"),
    TableColumn("DISTRIBUTION", name=True),
    TableColumn("IMPORT", weight=1),
    TableColumn("CLASS", weight=2),
    TableColumn("STATUS"),
)


class _Checked(NamedTuple):
    """A plugin and the result of importing it; None if the policy doesn't allow that."""

    entry: Entry
    result: CheckResult | None

    @property
    def status(self) -> str:
        if self.result is None:
            return self.entry.status.value
        return "ok" if self.result.error is None else _BROKEN

    @property
    def note(self) -> str:
        if self.result is None:
            return f"not imported: {self.entry.reason}"
        if self.result.error is not None:
            return self.result.error.removeprefix(f"the {_subject(self.entry)} is broken: ")
        return "\n".join(_remarks(self.result))


def _remarks(result: CheckResult) -> Iterator[str]:
    """Yield remarks about a plugin that works."""
    if result.heavy_modules:
        yield f"its module imports {', '.join(result.heavy_modules)} at once; import it in the hook instead"
    if result.printed:
        yield f"it prints when it's imported: {result.printed.strip().splitlines()[0]}"
    yield from result.notes


def check_plugins(registry: Registry, name: str | None, as_json: bool) -> ExitStatus:
    """Import each plugin, or those called `name`, and write the import times and failures."""
    checked = _check(chosen(registry, name))
    if as_json:
        write_json_list([_as_json(one) for one in checked])
    else:
        write_columns(_COLUMNS, [_cells(one) for one in checked], painted="STATUS")
        for one in checked:
            if one.note:
                _write_note("", f"{_subject(one.entry)}: {one.note}")
    failed = any(one.status == _BROKEN for one in checked)
    return ExitStatus.INCOMPLETE if failed else ExitStatus.COMPLETE


def examine(registry: Registry, as_json: bool) -> ExitStatus:
    """Write the interpreter in use, problems in the metadata, and plugins that fail to import."""
    broken = (one for one in _check(registry.entries()) if one.status == _BROKEN)
    findings = [
        *diagnose(registry),
        *(Finding(Level.ERROR, _subject(one.entry), f"broken: {one.note}") for one in broken),
    ]
    problems = sum(finding.level is Level.ERROR for finding in findings)
    if as_json:
        write_json_list([finding._asdict() for finding in findings])
    else:
        for level, subject, text in findings:
            _write_note("" if level is Level.INFO else level.value, f"{subject}: {text}")
        echo(count_of(problems, "problem") if problems else "no problems")
    return ExitStatus.INCOMPLETE if problems else ExitStatus.COMPLETE


def _subject(entry: Entry) -> str:
    claim = entry.installed
    return f"{claim.kind.noun} {claim.name!r} of {claim.owner}"


def _check(entries: Sequence[Entry]) -> list[_Checked]:
    # One after the other: the times are part of the result, and others would slow them down.
    tried = [entry.installed for entry in entries if entry.status in _TRIED]
    results = iter(check_each(tried))
    return [_Checked(entry, next(results) if entry.status in _TRIED else None) for entry in entries]


def _cells(one: _Checked) -> tuple[str, ...]:
    claim, result = one.entry.installed, one.result
    seconds = (result.import_seconds, result.resolve_seconds) if result is not None else ()
    times = [f"{one_time * 1000:.0f} ms" for one_time in seconds] or ["", ""]
    return claim.name, claim.kind.noun, claim.distribution, *times, one.status


def _as_json(one: _Checked) -> dict[str, Any]:
    result = one.result
    return {
        **entry_as_json(one.entry),
        "checked": result is not None,
        **(result._asdict() if result is not None else {}),
    }


def _write_note(level: str, text: str) -> None:
    first, *rest = text.splitlines()
    paint = "red" if level == Level.ERROR else "yellow"
    echo(Painted(f"{level}: " if level else "", paint), first)
    for line in rest:
        echo(f"  {line.strip()}")
