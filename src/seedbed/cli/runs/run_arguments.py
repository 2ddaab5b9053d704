"""What commands about one run have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from seedbed.cli.completing.offers import complete_run

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def run_name(command: _Decorated) -> _Decorated:
    """Add the argument with the name of a run."""
    return click.argument("name", shell_complete=complete_run)(command)
