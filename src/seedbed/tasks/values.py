"""Converts Python values in a row to JSON values.

A step returns what its libraries gave it: dates, decimals, numpy scalars. Each kind has one JSON form,
wherever the row comes from; `docs/reference/datasets.md` has the table. Other values are returned unchanged,
and `seedbed.tasks.rows` refuses them.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from pydantic import BaseModel

_NANOSECONDS = 10**9
_DAYS_OF_YEAR = 365
_WHOLE = (str, int, float, bool, type(None))


def plain_value(value: Any) -> Any:
    """Return the JSON form of one value; containers are copied, but their items aren't converted.

    A value that has no JSON form is returned unchanged.
    """
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str | int | float):
        return _plain_scalar(value)
    if isinstance(value, datetime | date | time | timedelta):
        return _moment(value)
    if isinstance(value, Decimal | UUID | PurePath):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(value).decode()
    # By its method, not its class: some commands read rows, and shouldn't have to load pydantic.
    if hasattr(type(value), "model_dump"):
        return dumped(value)
    if hasattr(value, "dtype"):
        return _array(value)
    return _container(value)


def dumped(model: BaseModel) -> dict[str, Any]:
    """Return a pydantic object's `model_dump(mode="json")`, with its sets sorted.

    Otherwise the order of strings in a set would differ between processes.
    """
    try:
        found: dict[str, Any] = model.model_dump(mode="json")
    except _serialization_error():
        # Bytes that aren't UTF-8, or a type that pydantic can't convert: we convert it, or raise our error.
        return model.model_dump()
    return _sorted_like(model.model_dump(), found) if _has_sets(type(model)) else found


def _serialization_error() -> type[Exception]:
    # Python asks for it only when something is raised: an import in each call takes as long as the call.
    from pydantic_core import PydanticSerializationError

    return PydanticSerializationError


def instant_text(nanoseconds: int) -> str:
    """Return the fraction of a second in ISO 8601: none, six digits, or nine if needed."""
    if not nanoseconds:
        return ""
    return f".{nanoseconds:09d}" if nanoseconds % 1000 else f".{nanoseconds // 1000:06d}"


def duration_text(nanoseconds: int) -> str:
    """Return a duration in ISO 8601, as pydantic writes it: a year has 365 days; no digit is lost."""
    sign, rest = "-" if nanoseconds < 0 else "", abs(nanoseconds)
    seconds, fraction = divmod(rest, _NANOSECONDS)
    days, seconds = divmod(seconds, 86_400)
    years, days = divmod(days, _DAYS_OF_YEAR)
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    whole = "".join(f"{count}{unit}" for count, unit in ((years, "Y"), (days, "D")) if count)
    parts = [(str(hours), "H"), (str(minutes), "M"), (_seconds(seconds, fraction), "S")]
    clock = "".join(f"{count}{unit}" for count, unit in parts if count != "0")
    if not whole and not clock:
        clock = "0S"
    return f"{sign}P{whole}{'T' if clock else ''}{clock}"


def _seconds(seconds: int, fraction: int) -> str:
    return f"{seconds}.{fraction:09d}".rstrip("0").rstrip(".") if fraction else str(seconds)


def _plain_scalar(value: str | int | float) -> Any:
    kind = type(value)
    if kind in _WHOLE:
        return value
    # `str(value)` would call the subclass's `__str__`, which may return another text.
    base = next(base for base in (str, int, float) if isinstance(value, base))
    return "".join(value) if isinstance(value, str) else base(value)


def _moment(value: Any) -> str | None:
    if isinstance(value, timedelta):
        # pandas has nanoseconds in addition to the fields of Python's class.
        return _none_of_missing(value, lambda: duration_text(_nanoseconds(value)))
    return _none_of_missing(value, lambda: _with_z(value.isoformat()))


def _nanoseconds(value: Any) -> int:
    micro = (value.days * 86_400 + value.seconds) * 10**6 + value.microseconds
    return int(micro * 1000 + getattr(value, "nanoseconds", 0))


def _none_of_missing(value: Any, text: Any) -> str | None:
    # pandas' NaT is a datetime that isn't equal to itself.
    return text() if value == value else None


def _with_z(text: str) -> str:
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def _array(value: Any) -> Any:
    """Return the values of a numpy array or scalar, or of an object with the same methods (torch, pandas)."""
    kind = getattr(value.dtype, "kind", "")
    if kind in ("m", "M"):
        return _times(value, kind)
    listed = value.tolist() if hasattr(value, "tolist") else value
    # `tolist` of a long double returns a long double.
    return float(listed) if type(listed) is type(value) and kind == "f" else listed


def _times(value: Any, kind: str) -> Any:
    """Return numpy's times one by one: `tolist` would return nanoseconds as plain integers."""
    if getattr(value, "ndim", 0):
        return list(value)
    if value != value:
        return None
    if kind == "M":
        return _numpy_instant(value)
    spelled = value.item()
    if isinstance(spelled, timedelta):
        return duration_text(_nanoseconds(spelled))
    # numpy's years and months have no fixed length, so they stay numbers.
    return (
        duration_text(int(value.astype("timedelta64[ns]").astype("int64"))) if _is_exact(value) else spelled
    )


def _is_exact(value: Any) -> bool:
    return str(value.dtype) in ("timedelta64[ns]", "timedelta64[ps]", "timedelta64[fs]", "timedelta64[as]")


def _numpy_instant(value: Any) -> str:
    text, _, fraction = str(value).partition(".")
    if "T" not in text:
        return text
    # numpy leaves out the seconds if its unit is minutes or hours.
    clock = text.partition("T")[2].split(":")
    text += ":00" * (3 - len(clock))
    return text + instant_text(int(fraction[:9].ljust(9, "0")) if fraction else 0)


def _container(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, set | frozenset):
        return _sorted([item if type(item) in _WHOLE else plain_value(item) for item in value])
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    # pandas' missing value of any type.
    return None if type(value).__name__ == "NAType" else value


def _sorted(items: Iterable[Any]) -> list[Any]:
    """Return the items of a set in an order that doesn't depend on hashes, which differ between processes."""
    listed = list(items)
    try:
        return sorted(listed)
    except TypeError:
        return sorted(listed, key=lambda item: json.dumps(item, sort_keys=True, default=repr))


def _sorted_like(original: Any, found: Any) -> Any:
    """Return the JSON form, with each list sorted that is a set in the original."""
    if isinstance(original, set | frozenset) and isinstance(found, list):
        return _sorted(found)
    if isinstance(original, dict) and isinstance(found, dict) and len(original) == len(found):
        pairs = zip(original.values(), found.items(), strict=True)
        return {key: _sorted_like(before, after) for before, (key, after) in pairs}
    if isinstance(original, list | tuple) and isinstance(found, list) and len(original) == len(found):
        return [_sorted_like(before, after) for before, after in zip(original, found, strict=True)]
    return found


@cache
def _has_sets(model: type[BaseModel]) -> bool:
    """Whether objects of the class may hold sets. Sorting them needs a second dump, so it's worth asking."""
    return "'set'" in (schema := repr(model.__pydantic_core_schema__)) or "'frozenset'" in schema
