"""The options that `run`, `preview` and `runs retry` share."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar

import click

from seedbed.cli.policy import policy_options
from seedbed.cli.terminal.duration import DURATION, SIZE

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])


llm_option = click.option("--llm", metavar="REF", help="The LLM: BACKEND/MODEL, or PATH.py:CLASS/MODEL.")

set_option = click.option(
    "--set",
    "settings",
    metavar="NAME=VALUE",
    multiple=True,
    help="Set a parameter of the task, llm.NAME of the LLM; STEP[.llm].NAME with a FILE (repeatable).",
)

allow_host_option = click.option(
    "--allow-host",
    "allow_hosts",
    metavar="HOST",
    multiple=True,
    help="Let keys of the environment go to this host, where a FILE names it (repeatable).",
)

csv_safe_option = click.option(
    "--csv-safe",
    is_flag=True,
    help="In a .csv, put ' before text that a spreadsheet would run as a formula.",
)

allow_code_option = click.option(
    "--allow-code",
    "allow_code",
    type=click.Path(path_type=Path),
    metavar="FILE.py",
    multiple=True,
    help="Let a pipeline file name classes of this Python file (repeatable).",
)

concurrency_option = click.option(
    "--concurrency",
    type=int,
    metavar="N",
    help="Calls in flight, from the start and at most; 16 and adapting if unset.",
)


plugin_option = click.option(
    "--plugin",
    "plugins",
    metavar="NAME",
    multiple=True,
    help="Tell this observer of calls and rows: a name, or PATH.py:CLASS (repeatable).",
)


engine_option = click.option(
    "--engine", metavar="NAME", help="What makes the rows: a name, or PATH.py:CLASS; built in if left out."
)


def bound_options(command: _Decorated) -> _Decorated:
    """Add what says where a run stops by itself, and how fast it may go."""
    options = (
        click.option(
            "--max-attempts", type=int, metavar="N", help="Indices to try at most; 10 for each row if unset."
        ),
        click.option("--max-failures", metavar="N|P%", help="Stop when more rows than that have failed."),
        click.option(
            "--give-up-after",
            type=int,
            metavar="N",
            help="Stop when the first N rows come to nothing for one reason; 50 if unset, 0: never.",
        ),
        click.option("--max-cost", type=float, metavar="DOLLARS", help="Stop before the run costs more."),
        click.option(
            "--max-tokens-total",
            "max_tokens",
            type=int,
            metavar="N",
            help="Stop before the run uses more, input and output.",
        ),
        click.option(
            "--max-time",
            "max_seconds",
            type=DURATION,
            metavar="TIME",
            help="Stop after that long: 90s, 20m or 2h.",
        ),
        click.option(
            "--max-bytes-in-flight",
            type=SIZE,
            metavar="SIZE",
            help="Memory for rows under way, as 64MB or 1GB; 256MB if unset.",
        ),
        click.option(
            "--requests-per-minute", type=float, metavar="N", help="Requests sent a minute at most."
        ),
        click.option(
            "--tokens-per-minute",
            type=float,
            metavar="N",
            help="Tokens used a minute at most, input and output.",
        ),
        click.option(
            "--price-input",
            type=float,
            metavar="DOLLARS",
            help="Price of a million input tokens, where none is listed.",
        ),
        click.option(
            "--price-output", type=float, metavar="DOLLARS", help="Price of a million output tokens."
        ),
    )
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)


def order_options(command: _Decorated) -> _Decorated:
    """Add what says which rows are to be made: TASK|FILE, --llm, --input, --set, --seed, --concurrency."""
    options = (
        click.argument("what", metavar="TASK|FILE", required=False),
        llm_option,
        click.option(
            "--input",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Rows to read: .jsonl, .csv, .parquet or .arrow.",
        ),
        click.option(
            "--columns", metavar="A,B", help="Columns of the input that rows have; all if left out."
        ),
        click.option(
            "--drop", metavar="COLUMN", multiple=True, help="Leave a column of the input out (repeatable)."
        ),
        click.option(
            "--encoding", metavar="NAME", help="Encoding of the input, if text in another one than UTF-8."
        ),
        set_option,
        click.option("--seed", type=int, default=0, metavar="N", help="Seed of the run; 0 unless given."),
        concurrency_option,
        allow_host_option,
        allow_code_option,
        click.option("--leaf", metavar="STEP", help="Step whose rows are the dataset."),
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
