"""The options that `run` and `preview` share."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar

import click

from seedbed.cli.policy import policy_options

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])


def order_options(command: _Decorated) -> _Decorated:
    """Add what says which rows are to be made: TASK|FILE, --llm, --input, --set, --seed, --concurrency."""
    options = (
        click.argument("what", metavar="TASK|FILE", required=False),
        click.option("--llm", metavar="REF", help="The LLM: BACKEND/MODEL, or PATH.py:CLASS/MODEL."),
        click.option(
            "--input", type=click.Path(path_type=Path), metavar="FILE", help="Rows for a task over rows."
        ),
        click.option(
            "--set",
            "settings",
            metavar="NAME=VALUE",
            multiple=True,
            help="Set a parameter of the task, llm.NAME of the LLM, STEP.NAME with a FILE (repeatable).",
        ),
        click.option("--seed", type=int, default=0, metavar="N", help="Seed of the run; 0 unless given."),
        click.option("--concurrency", type=int, metavar="N", help="Calls in flight at most."),
        policy_options,
        click.option("--json", "as_json", is_flag=True, help="Say what became of it as JSON."),
        click.option(
            "-h",
            "--help",
            "wants_help",
            is_flag=True,
            help="Show this, and with TASK or --llm their parameters.",
        ),
    )
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)
