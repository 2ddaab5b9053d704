"""One plugin in detail."""

from __future__ import annotations

from typing import Any, NamedTuple

import click

from seedbed.cli.failures import ExitStatus
from seedbed.cli.plugins.description import (
    Description,
    describe,
    describe_engine,
    describe_format,
    describe_observer,
    write_parameters,
    write_text,
)
from seedbed.cli.plugins.list import built_in_entries, chosen, entry_as_json
from seedbed.cli.terminal.output import kept_stdout, write_json
from seedbed.cli.terminal.printing import Painted, echo
from seedbed.engine.engine_kind import ENGINES
from seedbed.engine.observing.named import observer_named
from seedbed.engine.observing.observer_kind import OBSERVERS
from seedbed.llm.embedding.embedder_kind import EMBEDDERS
from seedbed.llm.llm_kind import LLMS
from seedbed.plugins.kinds import PluginKind
from seedbed.plugins.policy.eligibility import Entry, Status
from seedbed.plugins.registry import Registry
from seedbed.store.format_kind import FORMATS
from seedbed.tasks.task_kinds import STEPS


class _Shown(NamedTuple):
    entry: Entry
    description: Description


def show_plugin(registry: Registry, name: str, as_json: bool) -> ExitStatus:
    """Describe the plugin called `name`; if an embedder and an LLM backend have that name, describe both.

    Raises the PluginError that using the name would raise.
    """
    own = [entry for entry in built_in_entries() if entry.installed.name == name]
    entries = own or chosen(registry, name)
    kinds = {entry.installed.kind.namespace: entry.installed.kind for entry in entries}
    # Plugins are imported here, and may print.
    with kept_stdout():
        found = [_Shown(entry, describe(entry.installed.kind.built_in[name].load())) for entry in own]
        found = found or [_find(registry, kind, name) for kind in kinds.values()]
    if as_json:
        shown = [{**entry_as_json(entry), **description.as_json()} for entry, description in found]
        write_json(shown[0] if len(shown) == 1 else shown)
        return ExitStatus.COMPLETE
    for entry, description in found:
        _write(entry, description)
    return ExitStatus.COMPLETE


def _find(registry: Registry, kind: PluginKind[Any], name: str) -> _Shown:
    described = _describe(registry, kind, name)
    usable = (
        entry
        for entry in registry.entries()
        if entry.status is Status.OK
        and (entry.installed.name, entry.installed.kind.namespace) == (name, kind.namespace)
    )
    return _Shown(next(usable), described)


def _describe(registry: Registry, kind: PluginKind[Any], name: str) -> Description:
    if kind is OBSERVERS:
        return describe_observer(observer_named(name, registry))
    if kind is ENGINES:
        return describe_engine(registry.find(ENGINES, name))
    if kind is FORMATS:
        return describe_format(registry.find(FORMATS, name))
    return describe(registry.find(kind if kind in (LLMS, EMBEDDERS) else STEPS, name))


def _write(entry: Entry, description: Description) -> None:
    claim = entry.installed
    echo(Painted(claim.name, bold=True), f", {claim.kind.noun} of {claim.owner}")
    formatter = click.HelpFormatter(max_width=100)
    write_text(description, formatter)
    write_parameters(description, formatter, claim.name)
    echo(formatter.getvalue().rstrip())
