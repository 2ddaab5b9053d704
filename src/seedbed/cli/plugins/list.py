"""The list of installed plugins, by kind and purpose."""

from __future__ import annotations

import sys
from typing import Any

from seedbed.cli.failures import ExitStatus
from seedbed.cli.plugins.groups import write_groups
from seedbed.cli.terminal.output import write_json_list
from seedbed.cli.terminal.printing import echo
from seedbed.errors import UnknownPluginError
from seedbed.plugins.catalogue import Listed, catalogue
from seedbed.plugins.eligibility import Entry
from seedbed.plugins.failures import misplaced
from seedbed.plugins.registry import Registry
from seedbed.plugins.scan import strays
from seedbed.suggestions import did_you_mean


def list_plugins(registry: Registry, as_json: bool) -> ExitStatus:
    """Write every plugin with its purpose and package, in groups; imports none of them."""
    known = known_plugins(registry)
    if as_json:
        write_json_list([entry_as_json(entry, listed) for entry, listed in known.items()])
    elif known:
        write_groups(known)
    else:
        echo(f"no plugins are installed for {sys.executable}", err=True)
        echo("  pip install seedbed-tasks seedbed-openai", err=True)
    for stray in strays():
        echo(f"{stray}", err=True)
    return ExitStatus.COMPLETE


def known_plugins(registry: Registry) -> dict[Entry, Listed]:
    """Return every plugin and what is known of it, by kind and name."""
    entries = sorted(registry.entries(), key=lambda entry: (entry.installed.kind.noun, entry.installed.name))
    listed = catalogue(entry.installed for entry in entries)
    return {entry: listed[entry.installed] for entry in entries}


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


def entry_as_json(entry: Entry, listed: Listed | None = None) -> dict[str, Any]:
    """Return a plugin as values that JSON can hold, with what is known of its purpose."""
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
        **(_purpose(listed) if listed else {}),
    }


def _purpose(listed: Listed) -> dict[str, Any]:
    return {
        "description": listed.description or None,
        "goals": list(listed.goals),
        "keywords": list(listed.keywords),
        "takes_rows": listed.takes_rows,
    }
