"""Uploading the rows of a run to an address, and its card."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from shlex import quote
from typing import Any

from seedbed.cli.failures import ExitStatus
from seedbed.cli.runs.export import export_run, leaf_of
from seedbed.cli.runs.kept_runs import kept_run
from seedbed.cli.terminal.printing import visible
from seedbed.errors import UsageError
from seedbed.store import RunReader, card_of
from seedbed.store.output import Output
from seedbed.store.splits import WHOLE


def push_run(
    name: str, address: str, leaf: str | None, how: Mapping[str, Any], *, csv_safe: bool
) -> ExitStatus:
    """Upload the accepted rows of a run, with a card; raises UsageError and DatasetError."""
    if not Output(address).scheme:
        raise UsageError(
            f"'{address}' isn't an address to upload to",
            "for example hf://USER/NAME",
            f"a file is written by: seedbed runs export {quote(name)} -o {quote(address)}",
        )
    return export_run(name, address, leaf, how, csv_safe=csv_safe)


def write_card(name: str, leaf: str | None, title: str | None) -> ExitStatus:
    """Print the card of a run's dataset; raises UsageError."""
    with RunReader.open(kept_run(name)) as reader:
        leaf = leaf_of(reader, name, leaf)
        rows = reader.rows(leaf)
        text = card_of(reader, leaf, title or name, rows, {WHOLE: len(rows)})
    # A file gets the bytes of the card; a terminal would obey what the rows in it say.
    sys.stdout.buffer.write((visible(text) if sys.stdout.isatty() else text).encode())
    return ExitStatus.COMPLETE
