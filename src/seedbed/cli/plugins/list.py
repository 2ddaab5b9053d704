"""The list of installed plugins, by kind and purpose."""

from __future__ import annotations

import sys
from typing import Any

from seedbed.cli.failures import ExitStatus
from seedbed.cli.terminal.output import write_json_list
from seedbed.cli.terminal.printing import echo
from seedbed.errors import UnknownPluginError
from seedbed.plugins.catalogue.catalogue import Listed, catalogue
from seedbed.plugins.discovery.metadata import running_version
from seedbed.plugins.discovery.scan import Installed, strays
from seedbed.plugins.failures import misplaced, packages_with
from seedbed.plugins.first_party import pip_install
from seedbed.plugins.kinds import kinds
from seedbed.plugins.policy.eligibility import Entry, Status
from seedbed.plugins.registry import Registry
from seedbed.suggestions import did_you_mean


def list_plugins(registry: Registry, as_json: bool) -> ExitStatus:
    """Write every plugin with its purpose and package, in groups; imports none of them."""
    known = known_plugins(registry)
    if as_json:
        write_json_list([entry_as_json(entry, listed) for entry, listed in known.items()])
    elif registry.entries():
        from seedbed.cli.plugins.groups import write_groups

        write_groups(known)
    else:
        echo(f"no plugins are installed for {sys.executable}", err=True)
        echo(f"  {pip_install('seedbed-tasks')}", err=True)
        echo(f"  {pip_install('seedbed-openai')}", err=True)
    for stray in strays():
        echo(f"{stray}", err=True)
    return ExitStatus.COMPLETE


def known_plugins(registry: Registry) -> dict[Entry, Listed]:
    """Return every plugin and what is known of it, by kind and name."""
    entries = registry.entries()
    listed = catalogue(entry.installed for entry in entries)
    known = {**{entry: listed[entry.installed] for entry in entries}, **built_in_entries()}
    return dict(sorted(known.items(), key=lambda one: (one[0].installed.kind.noun, one[0].installed.name)))


def built_in_entries() -> dict[Entry, Listed]:
    """Return what Seedbed has itself under the names of a kind, like plugins of its own distribution."""
    version = running_version() or ""
    return {
        Entry(Installed(kind, name, own.home, "seedbed", version), Status.OK): Listed(own.description)
        for kind in kinds()
        for name, own in kind.built_in.items()
    }


def chosen(registry: Registry, name: str | None) -> tuple[Entry, ...]:
    """Return the plugins called `name`, or all if it's None; raises UnknownPluginError."""
    entries = registry.entries()
    if name is None:
        return entries
    if any(entry.installed.name == name for entry in built_in_entries()):
        raise UnknownPluginError(
            f"{name!r} is a part of Seedbed, not a plugin",
            f"`seedbed plugins show {name}` shows its parameters",
        )
    found = tuple(entry for entry in entries if entry.installed.name == name)
    if not found:
        raise UnknownPluginError(
            f"no plugin named {name!r} is installed",
            *misplaced(name),
            *packages_with(name),
            *did_you_mean(name, {entry.installed.name for entry in (*entries, *built_in_entries())}),
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
