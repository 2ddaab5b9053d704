"""Blocks: what a step made of a stretch of rows, kept as one result.

A result by a name such as `512+1` is a block: that of the rows whose verdicts begin with number 512, written
by session 1. Its data is a list of the rows, its reasons a list of why rows were refused. Both have an entry
for each row of the stretch, on a line of its own; an entry that says nothing is `{}`. The verdict on a row
names the block and the number of its entry.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from seedbed.store.run_values import Result
from seedbed.store.stored_json import entry_at, row_of_step, stored_rows

BLOCKS = "blocks"
"""The mark of a run that has blocks: the leaf whose verdicts name them."""

NOTHING = b"{}"
"""The entry of a row that a step made nothing of, or didn't refuse."""

# Counted without parsing them: each begins a line with `{"`, and a line end is no part of a value of JSON. As
# blobs, since SQLite knows their length, and would count the characters of texts.
_COUNTED = "(length(CAST({0} AS BLOB)) - length(CAST(replace({0}, char(10, 123, 34), char(10, 34)) AS BLOB)))"

ROWS_IN = _COUNTED.format("data")
"""How many rows a step made that are in a block, in SQL."""

REFUSED_IN = f"ifnull({_COUNTED.format('reasons')}, 0)"
"""How many rows a step refused that are in a block, in SQL."""

IS_BLOCK = "instr(row, '+')"
"""Whether a result is a block, in SQL."""

IS_BLOCK_FROM = "row GLOB '[0-9]*+*' AND CAST(row AS INTEGER) >= ?"
"""Whether a result is a block of verdicts from some number on, in SQL."""


def block_name(first: int, session: int) -> str:
    """Return the name of the block of rows whose verdicts begin with number `first`."""
    return f"{first}+{session}"


def is_block(name: str) -> bool:
    """Whether the row of a result is the name of a block; no id of a row has a plus."""
    # Of a damaged run, it may be anything.
    return isinstance(name, str) and "+" in name


def block_data(found: Sequence[bytes]) -> bytes:
    """Return the data of a block with these entries, or these stretches of them."""
    return b"[\n" + b",\n".join(found) + b"\n]"


def entries(data: bytes, whose: str) -> list[bytes]:
    """Return the entries of a block's data; raise StoreError if they aren't a list of objects."""
    if data.startswith(b"[\n{") and data.endswith(b"}\n]"):
        return data[2:-2].split(b",\n")
    # Another program has written it in another way.
    return [orjson.dumps(row) for row in stored_rows(data, whose)]


def entry_of(block: Result, k: int, row: str) -> Result | None:
    """Return what a block says of a row, by the number of its entry, as a result; None if nothing."""
    whose = row_of_step(block.step, row)
    made = _entry(block.data, k, whose)
    if made is not None:
        return Result(block.step, row, block.key, 0, "done", b"[" + made + b"]")
    why = _entry(block.reasons, k, whose) if block.reasons is not None else None
    if why is None:
        return None
    return Result(block.step, row, block.key, 0, "rejected", b"[]", b"[" + why + b"]")


def reasons_at(encoded: bytes | str | None, source_row: str, k: int, whose: str) -> bytes | str | None:
    """Return the reasons (JSON) of one refused row, of those that its result has."""
    if encoded is None or not is_block(source_row):
        return encoded
    why = _entry(encoded.encode() if isinstance(encoded, str) else encoded, k, whose)
    return None if why is None else b"[" + why + b"]"


def _entry(data: bytes, k: int, whose: str) -> bytes | None:
    found = entry_at(entries(data, whose), k)
    return None if found == NOTHING else found
