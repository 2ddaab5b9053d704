"""The list of installed plugins."""

from __future__ import annotations

import sys
from typing import Any

from seedbed.cli.failures import ExitStatus
from seedbed.cli.terminal.columns import write_columns
from seedbed.cli.terminal.fitting import Column
from seedbed.cli.terminal.output import write_json_list
from seedbed.cli.terminal.printing import echo
from seedbed.errors import UnknownPluginError
from seedbed.plugins.eligibility import Entry
from seedbed.plugins.failures import misplaced
from seedbed.plugins.registry import Registry
from seedbed.plugins.scan import strays
from seedbed.suggestions import did_you_mean

_COLUMNS = (
    Column("NAME", name=True),
    Column("KIND"),
    Column("DISTRIBUTION", name=True),
    Column("VERSION", weight=1),
    Column("STATUS"),
    Column("", flows=True),
)


def list_plugins(registry: Registry, as_json: bool) -> ExitStatus:
    """Write every plugin with its package and status; imports none of them."""
    entries = sorted(registry.entries(), key=lambda entry: (entry.installed.kind.noun, entry.installed.name))
    if as_json:
        write_json_list([entry_as_json(entry) for entry in entries])
    elif entries:
        write_columns(_COLUMNS, [_cells(entry) for entry in entries], painted="STATUS")
    else:
        echo(f"no plugins are installed for {sys.executable}", err=True)
        echo("  pip install seedbed-tasks seedbed-openai", err=True)
    for stray in strays():
        echo(f"{stray}", err=True)
    return ExitStatus.COMPLETE


def chosen(registry: Registry, name: str | None) -> tuple[Entry, ...]:
    """Return the plugins called `name`, or all if it's None; raises UnknownPluginError."""
    entries = registry.entries()
    if name is None:
        return entries
    found = tuple(entry for entry in entries if entry.installed.name == name)
    if not found:
        raise UnknownPluginError(
            f"no plugin named {name!r} is installed",
            *misplaced(name),
            *did_you_mean(name, {entry.installed.name for entry in entries}),
            "`seedbed plugins` lists what is installed",
        )
    return found


def entry_as_json(entry: Entry) -> dict[str, Any]:
    """Return a plugin as values that JSON can hold."""
    claim = entry.installed
    return {
        "name": claim.name,
        "kind": claim.kind.noun,
        "distribution": claim.distribution,
        "version": claim.version,
        "status": entry.status.value,
        "reason": entry.reason or None,
        "module": claim.value,
        "location": claim.location,
    }


def _cells(entry: Entry) -> tuple[str, ...]:
    claim = entry.installed
    return claim.name, claim.kind.noun, claim.distribution, claim.version, entry.status.value, entry.reason
