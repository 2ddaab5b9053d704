"""Rows with cells that no spreadsheet takes for a formula.

Spreadsheets run text that begins like a formula in a CSV file, quoted or not, and a model may have written
it: `=HYPERLINK(...)` sends the contents of other cells to a server.
https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from seedbed.errors import UsageError

# Spreadsheets take the full-width forms, which Japanese keyboards type, for the ASCII ones.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - they are meant


class SafeCells:
    """Encoded rows with `'` before each text that begins like a formula; they can be iterated again.

    Spreadsheets show such a cell as text, most of them without the `'`; other programs read the `'` as well.
    Numbers stay numbers, including negative ones.
    """

    def __init__(self, rows: Iterable[bytes]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[bytes]:
        for row in map(orjson.loads, self._rows):
            yield orjson.dumps({_safe(name): _safe(value) for name, value in row.items()})


def safe_rows(rows: Iterable[bytes], csv_safe: bool) -> Iterable[bytes]:
    """Return the rows, with safe cells if `csv_safe` is set."""
    return SafeCells(rows) if csv_safe else rows


def check_csv_safe(csv_safe: bool, out: Path | None) -> None:
    """Raise UsageError if `csv_safe` is set and the dataset isn't a CSV file."""
    if csv_safe and (out is None or out.suffix.lower() != ".csv"):
        where = f"'{out}' is not one" if out else "there is none"
        raise UsageError(
            f"--csv-safe is for a .csv file, and {where}",
            "leave it out (csv_safe=... in Python), or name a .csv",
        )


def _safe(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
