"""Encoded rows decoded some at a time, and turned into columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from operator import itemgetter
from typing import Any

import orjson

from seedbed.tasks.rows import Row

# Rows with whole documents are 100 kB each: 500 of them are 50 MB in memory.
BATCH_ROWS = 500

_MOST_JOINED = 2**20
"""Bytes of rows that are copied into one list of JSON, to be decoded by one call."""


def encoded_chunks(encoded: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield the rows in lists of `BATCH_ROWS`; the last one may be shorter."""
    left = iter(encoded)
    while chunk := list(islice(left, BATCH_ROWS)):
        yield chunk


def decoded_chunks(encoded: Iterable[bytes]) -> Iterator[list[Row]]:
    """Yield the same rows, decoded."""
    return map(decoded_rows, encoded_chunks(encoded))


def decoded_rows(encoded: Sequence[bytes]) -> list[Row]:
    """Return the rows of some JSON objects; raise what `orjson.loads` raises."""
    # One call for all of them takes three quarters of the time.
    if sum(map(len, encoded)) <= _MOST_JOINED:
        try:
            rows: list[Row] = orjson.loads(b"[" + b",".join(encoded) + b"]")
        except orjson.JSONDecodeError:
            pass
        else:
            if len(rows) == len(encoded):
                return rows
    # Also for an error that counts bytes from the row's beginning.
    return [orjson.loads(row) for row in encoded]


def columns_of(rows: Sequence[Row]) -> Mapping[str, Sequence[Any]] | None:
    """Return the columns of rows that all have the same ones, as the first row orders them; else None."""
    names = [*rows[0]]
    if not names or set(map(len, rows)) != {len(names)}:
        return None
    try:
        values = [*map(itemgetter(*names), rows)]
    except KeyError:
        return None
    return dict(zip(names, zip(*values, strict=True), strict=True)) if names[1:] else {names[0]: values}


def present_values(rows: Sequence[Row]) -> Mapping[str, Sequence[Any]]:
    """Return the values of each column without those of rows that lack it, in order of first appearance."""
    even = columns_of(rows)
    if even is not None:
        return even
    names = dict.fromkeys(chain.from_iterable(rows))
    return {name: [row[name] for row in rows if name in row] for name in names}
