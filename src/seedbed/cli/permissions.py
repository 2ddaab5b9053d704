"""Options that say what a pipeline file may do."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar

import click

from seedbed.cli.allowed import checked_code, checked_hosts, checked_paths, checked_variables

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])

_PERMISSIONS = (
    click.option(
        "--allow-host",
        "allow_hosts",
        callback=checked_hosts,
        metavar="HOST",
        multiple=True,
        help="Allow API keys to be sent to this host, if a FILE names it (repeatable).",
    ),
    click.option(
        "--allow-code",
        "allow_code",
        callback=checked_code,
        type=click.Path(path_type=Path),
        metavar="FILE.py",
        multiple=True,
        help="Allow a pipeline file to use classes from this Python file (repeatable).",
    ),
    click.option(
        "--allow-path",
        "allow_paths",
        callback=checked_paths,
        metavar="FOLDER",
        multiple=True,
        help="Allow a pipeline file to read and write here, besides its own folder (repeatable).",
    ),
    click.option(
        "--allow-env",
        "allow_env",
        callback=checked_variables,
        metavar="NAME",
        multiple=True,
        help="Allow a pipeline file to give this environment variable to a step (repeatable).",
    ),
)
"""Options that say what a pipeline file may do, since it may come from a stranger."""


def permission_options(command: _Decorated) -> _Decorated:
    """Add the options that allow a pipeline file more than names and data."""
    # A decorator adds its option before those that are there, so the last one goes first.
    return reduce(lambda decorated, option: option(decorated), reversed(_PERMISSIONS), command)
