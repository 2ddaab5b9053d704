"""Options that `run`, `preview` and `runs retry` have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, TypeVar

import click

from seedbed.cli.completing.offers import (
    complete_file,
    complete_form,
    complete_kind,
    complete_llm,
    complete_setting,
    complete_what,
)
from seedbed.cli.once import OTHER_OUTPUTS, OnceOption
from seedbed.cli.permissions import permission_options
from seedbed.cli.policy import policy_options
from seedbed.cli.terminal.duration import DURATION, SIZE

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])


llm_option = click.option(
    "--llm",
    metavar="REF",
    help="LLM to call: BACKEND/MODEL, or PATH.py:CLASS/MODEL.",
    shell_complete=complete_llm,
)

set_option = click.option(
    "--set",
    "settings",
    metavar="NAME=VALUE",
    multiple=True,
    shell_complete=complete_setting,
    help="Set a parameter: NAME of the task, llm.NAME of the LLM, STEP.NAME in a FILE (repeatable).",
)

csv_safe_option = click.option(
    "--csv-safe",
    is_flag=True,
    help="In a .csv, put ' before text that a spreadsheet would run as a formula.",
)

form_options = (
    click.option(
        "--form",
        "--as",
        "form",
        cls=OnceOption,
        several=OTHER_OUTPUTS,
        metavar="FORM",
        shell_complete=complete_form,
        help="Trainer's form: chat, sharegpt, alpaca, prompt-completion, preference, kto, reward, text, ...",
    ),
    click.option(
        "--column",
        "parts",
        metavar="PART=COLUMN",
        multiple=True,
        help="Column for a part of the form, such as prompt, completion or chosen (repeatable).",
    ),
    click.option(
        "--chat-template",
        metavar="FILE",
        help="Chat template for --form text: a Jinja file, or a model's tokenizer_config.json.",
    ),
)
"""Options that say in which form a trainer gets the rows."""


private_option = click.option(
    "--private/--public",
    default=None,
    help="Who may see a new dataset at an address such as hf://USER/NAME; as the server has it if unset.",
)


def output_options(command: _Decorated) -> _Decorated:
    """Add the options that say how a dataset is written: form, splits, shards, safe cells."""
    options = (
        *form_options,
        click.option(
            "--split",
            cls=OnceOption,
            several="name all splits in one: --split train=0.9,test=0.1",
            metavar="NAME=SHARE,...",
            help="Write splits to a folder OUT: train=0.9,test=0.1 (by row, seeded), or by a COLUMN.",
        ),
        click.option(
            "--shard-rows",
            type=int,
            metavar="N",
            help="Rows of a Parquet file in a folder OUT; one file for each split if unset.",
        ),
        click.option(
            "--card/--no-card",
            default=None,
            help="Write a README.md on the dataset to a folder OUT; only with splits if unset.",
        ),
        private_option,
        csv_safe_option,
    )
    return _with_options(command, options)


concurrency_option = click.option(
    "--concurrency",
    type=int,
    metavar="N",
    help="Calls in flight at most, from the start; if unset, 16 and then adaptive.",
)


plugin_option = click.option(
    "--plugin",
    "plugins",
    metavar="NAME",
    multiple=True,
    shell_complete=complete_kind("observers"),
    help="Observer to send calls and rows to: a name, or PATH.py:CLASS (repeatable).",
)


engine_option = click.option(
    "--engine",
    metavar="NAME",
    shell_complete=complete_kind("engines"),
    help="Engine to run with: a name, or PATH.py:CLASS; the built-in one if unset.",
)


_STOPPING = (
    click.option(
        "--max-attempts",
        type=int,
        metavar="N",
        help="Rows to try at most; 10 for each one asked for if unset.",
    ),
    click.option("--max-failures", metavar="N|P%", help="Stop when more rows than this have failed."),
    click.option(
        "--give-up-after",
        type=int,
        metavar="N",
        help="Stop if the first N rows are all lost for one reason; 50 if unset, 0: never.",
    ),
    click.option(
        "--max-cost", type=float, metavar="DOLLARS", help="Stop before the run costs more than this."
    ),
    click.option(
        "--max-tokens-total",
        "max_tokens",
        type=int,
        metavar="N",
        help="Stop before the run uses more tokens, input and output together.",
    ),
    click.option(
        "--max-time",
        "max_seconds",
        type=DURATION,
        metavar="TIME",
        help="Stop after this time: 90s, 20m or 2h.",
    ),
    click.option(
        "--stop-if",
        cls=OnceOption,
        several="join the conditions: --stop-if 'A or B'",
        metavar="EXPR",
        help="Stop when this holds of the rows so far: 'near_duplicates > 0.3 or refusals > 0.1'.",
    ),
    click.option(
        "--quality/--no-quality",
        default=None,
        help="Measure near duplicates, refusals and the like as rows come; measured if unset.",
    ),
    click.option(
        "--max-bytes-in-flight",
        type=SIZE,
        metavar="SIZE",
        help="Memory for rows in flight, such as 64MB or 1GB; 256MB if unset.",
    ),
)
"""Options that say when a run stops by itself."""

_RATES_AND_PRICES = (
    click.option(
        "--requests-per-minute", type=float, metavar="N", help="Requests to send per minute at most."
    ),
    click.option(
        "--tokens-per-minute",
        type=float,
        metavar="N",
        help="Tokens to use per minute at most, input and output together.",
    ),
    click.option(
        "--price-input",
        type=float,
        metavar="DOLLARS",
        help="Price of a million input tokens, if the model has no known price.",
    ),
    click.option("--price-output", type=float, metavar="DOLLARS", help="Price of a million output tokens."),
)
"""Options that say how fast a run may go, and what its tokens cost."""


def bound_options(command: _Decorated) -> _Decorated:
    """Add the options that limit a run: when it stops by itself, and how fast it may go."""
    return _with_options(command, (*_STOPPING, *_RATES_AND_PRICES))


def _with_options(command: _Decorated, options: Sequence[Callable[[_Decorated], _Decorated]]) -> _Decorated:
    # A decorator adds its option before those that are there, so the last one goes first.
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)


_INPUT = (
    click.option(
        "--input",
        cls=OnceOption,
        several="read several files by a pattern, such as --input 'rows-*.jsonl'",
        metavar="FILE",
        shell_complete=complete_file,
        help="File of input rows: .jsonl, .csv, .parquet or .arrow; or a pattern, such as 'docs/*.md'.",
    ),
    click.option(
        "--columns",
        cls=OnceOption,
        several="name all columns in one: --columns A,B",
        metavar="A,B",
        help="Columns to read from the input; all if unset.",
    ),
    click.option(
        "--drop", metavar="COLUMN", multiple=True, help="Column of the input to leave out (repeatable)."
    ),
    click.option(
        "--encoding", metavar="NAME", help="Encoding of a text input that isn't UTF-8, such as cp1252."
    ),
    click.option(
        "--id",
        metavar="COLUMN",
        multiple=True,
        help="Column of the input with the ids of the rows (repeatable); known by content if unset.",
    ),
)
"""Options for the input of a command, and how to read it."""


_JSON_AND_HELP = (
    click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
    click.option(
        "-h",
        "--help",
        "wants_help",
        is_flag=True,
        help="Show this help, with TASK or --llm their parameters too.",
    ),
)
"""Options for what a command prints."""


def order_options(command: _Decorated) -> _Decorated:
    """Add the options for which rows to make: TASK|FILE, --llm, --input, --set, --seed, --concurrency."""
    options = (
        click.argument("what", metavar="TASK|FILE", required=False, shell_complete=complete_what),
        llm_option,
        *_INPUT,
        set_option,
        click.option("--seed", type=int, metavar="N", help="Seed of everything sampled; 0 if unset."),
        concurrency_option,
        permission_options,
        click.option(
            "--leaf", metavar="STEP", help="Step whose rows are the dataset, if a FILE ends in several."
        ),
        policy_options,
        *_JSON_AND_HELP,
    )
    return _with_options(command, options)
