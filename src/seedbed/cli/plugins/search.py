"""Finding plugins by what they're for."""

from __future__ import annotations

from collections.abc import Sequence

from seedbed.cli.failures import ExitStatus
from seedbed.cli.plugins.groups import write_lines
from seedbed.cli.plugins.list import entry_as_json, known_plugins
from seedbed.cli.terminal.output import write_json_list
from seedbed.cli.terminal.printing import echo
from seedbed.plugins.catalogue.search import nearest, search
from seedbed.plugins.discovery.metadata import installed_version
from seedbed.plugins.first_party import LIBRARIES, pip_install
from seedbed.plugins.registry import Registry


def search_plugins(registry: Registry, words: Sequence[str], as_json: bool) -> ExitStatus:
    """Write the plugins that fit `words`, the best first; imports none of them."""
    known = known_plugins(registry)
    found = [one.entry for one in search(words, known)]
    if as_json:
        write_json_list([entry_as_json(entry, known[entry]) for entry in found])
    elif found:
        write_lines({entry: known[entry] for entry in found}, found)
        echo("`seedbed plugins show NAME` shows columns and parameters", err=True)
    else:
        echo(f"no plugin is found by {' '.join(words)!r}", err=True)
        for line in (*nearest(words, known), "`seedbed plugins` lists what is installed"):
            echo(f"  {line}", err=True)
    for package in LIBRARIES:
        if installed_version(package) is None:
            echo(f"{package} isn't installed, and wasn't searched: {pip_install(package)}", err=True)
    return ExitStatus.COMPLETE if found else ExitStatus.INCOMPLETE
