"""JSON values back to arrays of an Arrow type: `array_of` is the inverse of `values_of`."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from seedbed.store.arrow_values import (
    DAY,
    EPOCH,
    NANOSECONDS,
    PER_SECOND,
    Array,
    DataType,
    extension_type,
    is_list,
)

_FRACTION = re.compile(r"\.(\d+)")
_DURATION = re.compile(r"(-?)P(?:(\d+)Y)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d+))?S)?)?")


def array_of(values: Sequence[Any], kind: DataType) -> Array:
    """Return values in their JSON form as an array of a type.

    Raises ValueError, TypeError, ArithmeticError or a pyarrow error if a value doesn't have that type.
    """
    import pyarrow as pa

    if isinstance(kind, extension_type()):
        if kind.extension_name == "arrow.uuid":
            from uuid import UUID

            stored = [None if value is None else UUID(value).bytes for value in values]
            return pa.ExtensionArray.from_storage(kind, pa.array(stored, kind.storage_type))
        return pa.ExtensionArray.from_storage(kind, array_of(values, kind.storage_type))
    if pa.types.is_run_end_encoded(kind):
        import pyarrow.compute as pc

        plain = array_of(values, kind.value_type)
        return pc.run_end_encode(plain, run_end_type=kind.run_end_type)  # type: ignore[attr-defined]
    parse = _parser_of(kind)
    return pa.array(values if parse is None else [_parsed(parse, value) for value in values], type=kind)


def _parsed(parse: Callable[[Any], Any], value: Any) -> Any:
    return None if value is None else parse(value)


def _parser_of(kind: DataType) -> Callable[[Any], Any] | None:
    """Return the function from the JSON form to what pyarrow takes for a type; None if they are the same."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return _parser_of(kind.value_type)
    if types.is_struct(kind):
        return _struct_parser(kind)
    if types.is_map(kind):
        return _map_parser(kind)
    if is_list(kind):
        parse = _parser_of(kind.value_type)
        return None if parse is None else lambda values: [_parsed(parse, value) for value in values]
    if types.is_decimal(kind):
        return Decimal
    # By name, for four types: binary, large_binary, fixed_size_binary and, in newer pyarrows, binary_view.
    if "binary" in str(kind):
        return lambda text: base64.b64decode(text, validate=True)
    return _time_parser(kind)


def _struct_parser(kind: DataType) -> Callable[[Any], Any]:
    parsers = {field.name: _parser_of(field.type) for field in kind}

    def parse(row: Any) -> Any:
        # pyarrow drops keys that the type doesn't have; here that would be lost data.
        if unknown := row.keys() - parsers.keys():
            raise ValueError(f"no such fields: {unknown}")
        return {
            name: value if (inner := parsers[name]) is None else _parsed(inner, value)
            for name, value in row.items()
        }

    return parse


def _map_parser(kind: DataType) -> Callable[[Any], Any]:
    key, item = _parser_of(kind.key_type), _parser_of(kind.item_type)

    def parse(given: Any) -> Any:
        named = isinstance(given, dict)
        pairs = given.items() if named else ((pair["key"], pair["value"]) for pair in given)
        return [
            (one if key is None else _parsed(key, one), other if item is None else _parsed(item, other))
            for one, other in pairs
        ]

    return parse


def _time_parser(kind: DataType) -> Callable[[str], int] | None:
    from pyarrow import types

    if types.is_date(kind):
        days = 1 if kind.bit_width == 32 else DAY * 1000
        return lambda text: (date.fromisoformat(text) - date(1970, 1, 1)).days * days
    if not (types.is_timestamp(kind) or types.is_time(kind) or types.is_duration(kind)):
        return None
    step = NANOSECONDS // PER_SECOND[kind.unit]
    if types.is_duration(kind):
        return lambda text: _in_units(_duration(text), step)
    day = "1970-01-01T" if types.is_time(kind) else ""
    return lambda text: _in_units(_nanoseconds_since_epoch(day + text), step)


def _in_units(nanoseconds: int, step: int) -> int:
    whole, rest = divmod(nanoseconds, step)
    # Rounding would change the value: the column is written as text instead.
    if rest:
        raise ValueError("the time is finer than the unit of the type")
    return whole


def _nanoseconds_since_epoch(text: str) -> int:
    # Nanoseconds are parsed by hand: `fromisoformat` drops all digits after the sixth.
    found = _FRACTION.search(text)
    moment = datetime.fromisoformat(_FRACTION.sub("", text))
    since = moment.replace(tzinfo=moment.tzinfo or UTC) - EPOCH
    fraction = int(found[1].ljust(9, "0")) if found else 0
    return (since.days * DAY + since.seconds) * NANOSECONDS + fraction


def _duration(text: str) -> int:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"not a duration: {text}")
    sign, *counts, fraction = found.groups()
    years, days, hours, minutes, seconds = (int(count or 0) for count in counts)
    whole = (years * 365 + days) * DAY + hours * 3600 + minutes * 60 + seconds
    total = whole * NANOSECONDS + int((fraction or "").ljust(9, "0"))
    return -total if sign else total
