"""Rows of a run as far as they can be read: a damaged one doesn't hide the others."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from seedbed import PlacedRow, RunReader, StoreError
from seedbed_view.odd_values import ODD, odd_value


class ReadRows(NamedTuple):
    """The rows that could be read, and what is wrong with the others, a line for each."""

    rows: list[PlacedRow]
    problems: list[str]


def read_rows(reader: RunReader, leaf: str, seqs: Sequence[int]) -> ReadRows:
    """Return the rows of a leaf with these numbers, in their order."""
    # If one can't be read, none is returned: then each is read alone.
    with suppress(StoreError, *ODD):
        return ReadRows(reader.rows_at(leaf, seqs), [])
    rows: list[PlacedRow] = []
    problems: list[str] = []
    for seq in seqs:
        try:
            rows += reader.rows_at(leaf, [seq])
        except StoreError as error:
            problems.append(error.fact)
        except ODD as error:
            problems.append(f"{odd_value(f'row {seq}', error).fact}: {error}"[:500])
    return ReadRows(rows, problems)
