"""Values of Postgres that Python or JSON has no type for: they're read as Postgres writes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

_RANGES = tuple(
    f"{kind}{form}"
    for kind in ("int4", "int8", "num", "date", "ts", "tstz")
    for form in ("range", "multirange")
)
_INFINITE = (b"-infinity", b"infinity")


def read_all_values(adapters: Any) -> None:
    """Have a connection of psycopg, by its adapters, read every value as one that a row can hold.

    Times have the forms that DuckDB's have: an infinite one is the first or the last that Python has.
    """
    from psycopg.types import datetime as times
    from psycopg.types.string import TextLoader

    for name in ("inet", "cidr", *_RANGES):
        adapters.register_loader(name, TextLoader)
    moments = (datetime.min, datetime.max)
    for name, kind, ends in (
        ("date", times.DateLoader, (date.min, date.max)),
        ("time", times.TimeLoader, ()),
        ("timestamp", times.TimestampLoader, moments),
        ("timestamptz", times.TimestamptzLoader, [moment.replace(tzinfo=UTC) for moment in moments]),
    ):
        adapters.register_loader(name, _or_as_written(kind, dict(zip(_INFINITE, ends, strict=False))))
    adapters.register_loader("interval", _of_exact_length(_or_as_written(times.IntervalLoader, {})))


def _or_as_written(kind: Any, infinite: Mapping[bytes, Any]) -> Any:
    from psycopg import DataError

    class OrAsWritten(kind):  # type: ignore[misc]  # psycopg is imported late
        def load(self, data: Any) -> Any:
            try:
                return super().load(data)
            except (DataError, NotImplementedError):
                written = bytes(data)
                return infinite[written] if written in infinite else written.decode()

    return OrAsWritten


def _of_exact_length(kind: Any) -> Any:
    class OfExactLength(kind):  # type: ignore[misc]  # psycopg is imported late
        def load(self, data: Any) -> Any:
            written = bytes(data)
            # Python's durations have days, and psycopg takes each month for 30 of them.
            return written.decode() if b"mon" in written or b"year" in written else super().load(data)

    return OfExactLength
