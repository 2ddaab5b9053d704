"""Arrow values to their JSON form; `arrow_arrays` has the way back.

The form is that of `seedbed.tasks.values`, so that a time in a Parquet file and a `datetime` in Python become
the same text. A map with text keys becomes a dictionary, any other map a list of
`{"key": ..., "value": ...}`. The months, days and nanoseconds of an interval become a list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import islice
from types import MappingProxyType
from typing import Any, TypeAlias

from seedbed.tasks.values import duration_text, instant_text, plain_value

Array: TypeAlias = Any
"""A `pyarrow.Array` of any type. Its stubs give each element type a class of its own, with other methods."""

DataType: TypeAlias = Any
"""A `pyarrow.DataType` of any kind."""

Note: TypeAlias = Callable[[str], None]
"""Gets a sentence about a value that isn't read exactly as it was written."""

PER_SECOND: Mapping[str, int] = MappingProxyType({"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9})
"""How many of each of Arrow's units of time make a second."""

NANOSECONDS = 10**9
DAY = 86_400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def values_of(array: Array, note: Note = lambda text: None) -> list[Any]:
    """Return the JSON form of each value of an array."""
    from pyarrow import types

    kind = array.type
    # Nested types first, by their parts: `to_pylist` on the whole would lose nanoseconds and NaN on the way.
    if types.is_dictionary(kind):
        return values_of(array.dictionary_decode(), note)
    if types.is_struct(kind):
        return _structs(array, note)
    if types.is_map(kind):
        return _maps(array, note)
    if is_list(kind):
        return _lists(array, note)
    if types.is_floating(kind):
        return _floats(array, note)
    if _is_text(kind):
        return _texts(array, note)
    if isinstance(kind, extension_type()):
        return values_of(array.storage, note) if kind.extension_name != "arrow.uuid" else _plain(array)
    if types.is_run_end_encoded(kind):
        import pyarrow.compute as pc

        return values_of(pc.run_end_decode(array), note)  # type: ignore[attr-defined]
    read = _reader_of(kind)
    if read is None:
        return _plain(array)
    return [None if value is None else read(value) for value in _integers(array)]


def _plain(array: Array) -> list[Any]:
    return [_deep(value) for value in array.to_pylist()]


def _deep(value: Any) -> Any:
    plain = plain_value(value)
    return [_deep(item) for item in plain] if isinstance(plain, list) else plain


def extension_type() -> type[Any]:
    """Return the class of all extension types."""
    import pyarrow as pa

    return pa.BaseExtensionType


def is_list(kind: DataType) -> bool:
    """Whether the type is one of Arrow's five kinds of lists."""
    from pyarrow import types

    checks = (types.is_list, types.is_large_list, types.is_fixed_size_list)
    views = (types.is_list_view, types.is_large_list_view)
    return any(check(kind) for check in checks + views)


def _is_text(kind: DataType) -> bool:
    from pyarrow import types

    return types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)


def _structs(array: Array, note: Note) -> list[Any]:
    names = [field.name for field in array.type]
    # `flatten` minds the offset of a slice and the nulls of the struct, `field` doesn't.
    columns = [values_of(column, note) for column in array.flatten()]
    rows = zip(*columns, strict=True) if columns else ((),) * len(array)
    valid = array.is_valid().to_pylist()
    return [
        dict(zip(names, row, strict=True)) if is_valid else None
        for row, is_valid in zip(rows, valid, strict=True)
    ]


def _lists(array: Array, note: Note) -> list[Any]:
    import pyarrow.compute as pc

    # `flatten` leaves out what is under null lists, so the items come in the order of the lengths.
    items = iter(values_of(array.flatten(), note))
    lengths = pc.list_value_length(array).to_pylist()
    return [None if length is None else list(islice(items, length)) for length in lengths]


def _maps(array: Array, note: Note) -> list[Any]:
    keys, values = values_of(array.keys, note), values_of(array.items, note)
    offsets, valid = array.offsets.to_pylist(), array.is_valid().to_pylist()
    is_named = _is_text(array.type.key_type)

    def made(start: int, end: int) -> Any:
        pairs = zip(keys[start:end], values[start:end], strict=True)
        if not is_named:
            return [{"key": key, "value": value} for key, value in pairs]
        named = dict(pairs)
        if len(named) < end - start:
            note("a map has a key twice: the last value is read")
        return named

    spans = zip(offsets, offsets[1:], valid, strict=False)
    return [made(start, end) if is_valid else None for start, end, is_valid in spans]


def _floats(array: Array, note: Note) -> list[Any]:
    import pyarrow.compute as pc

    # Older versions of pyarrow have no `is_finite` for half floats.
    if array.type.bit_width == 16:
        array = array.cast("float32")
    finite = pc.is_finite(array)
    # None if all values are null: then there's nothing to replace either.
    if pc.all(finite).as_py() is not False:
        return list(array.to_pylist())
    note("NaN or an infinity is read as null")
    listed: list[Any] = pc.if_else(finite, array, None).to_pylist()
    return listed


def _texts(array: Array, note: Note) -> list[Any]:
    # Arrow doesn't check the text that it reads: a writer may have put any bytes there.
    try:
        return list(array.to_pylist())
    except UnicodeDecodeError:
        note("text that is not valid Unicode is read with U+FFFD for the invalid bytes")
    return [
        None if value is None else value.decode(errors="replace")
        for value in array.cast("large_binary").to_pylist()
    ]


def _integers(array: Array) -> list[Any]:
    """Return times as the integers that Arrow stores, and all other values unchanged."""
    from pyarrow import types

    kind = array.type
    # `to_pylist` makes datetimes, which end at microseconds and at the year 9999.
    if not types.is_temporal(kind):
        return list(array.to_pylist())
    return list(array.view(f"int{kind.bit_width}").to_pylist())


def _reader_of(kind: DataType) -> Callable[[Any], Any] | None:
    """Return the function from a stored value to its JSON form; None if `to_pylist` reads the type well."""
    from pyarrow import types

    if types.is_timestamp(kind):
        zone, per_second = _zone(kind.tz), PER_SECOND[kind.unit]
        return lambda value: _instant(value * (NANOSECONDS // per_second), zone)
    if types.is_time(kind):
        per_second = PER_SECOND[kind.unit]
        return lambda value: _instant(value * (NANOSECONDS // per_second), None).partition("T")[2]
    if types.is_duration(kind):
        per_second = PER_SECOND[kind.unit]
        return lambda value: duration_text(value * (NANOSECONDS // per_second))
    if types.is_date(kind):
        days = 1 if kind.bit_width == 32 else DAY * 1000
        return lambda value: _day(value // days)
    return None


def _zone(name: str | None) -> tzinfo | None:
    import pyarrow as pa

    try:
        return pa.lib.string_to_tzinfo(name) if name else None
    except Exception:  # noqa: BLE001 - a zone that isn't installed here: the instant is the same in UTC
        return UTC


def _instant(nanoseconds: int, zone: tzinfo | None) -> str:
    seconds, rest = divmod(nanoseconds, NANOSECONDS)
    try:
        moment = EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        # A year that Python doesn't have: written as numpy writes it.
        return f"{_day(seconds // DAY)}T{timedelta(seconds=seconds % DAY)}"
    try:
        local = moment.astimezone(zone) if zone else moment.replace(tzinfo=None)
    except OverflowError:
        # In its zone it's a year that Python doesn't have; the instant is the same in UTC.
        local = moment
    text, offset = local.isoformat()[:19], local.isoformat()[19:]
    return text + instant_text(rest) + ("Z" if offset == "+00:00" else offset)


def _day(days: int) -> str:
    try:
        return str(date(1970, 1, 1) + timedelta(days=days))
    except OverflowError:
        return f"{days} days after 1970"
