"""The smallest type that holds every value of a column.

    NULL < BOOL, TEXT, Number, ListOf, Struct < MIXED

NULL is the type of a column that has been None so far. Numbers become fractional with the first
float, unless an integer would lose its last digits. Lists widen by item, dictionaries by key; a missing
key is None. Values with no other type in common are MIXED, and so is everything that contains them: such a
column is written as JSON text, so that no value is changed or lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import islice
from typing import Any, TypeAlias

from seedbed.store.row_chunks import present_values
from seedbed.tasks.rows import Row

# Dictionaries with ids as keys would become a struct with a field for each id: beyond this they're JSON text.
MAX_KEYS = 200
# Levels of lists and structs. Arrow refuses to read more than 64; JSON text is easier to use long before.
MAX_NESTING = 16
# Above this a float64 skips integers.
EXACT_IN_FLOAT = 2**53
_CHUNK = 500
_MAX_SIGNED = 2**63 - 1


class Plain(Enum):
    """The types that contain no other types."""

    NULL = auto()
    BOOL = auto()
    TEXT = auto()
    MIXED = auto()


NULL, BOOL, TEXT, MIXED = Plain.NULL, Plain.BOOL, Plain.TEXT, Plain.MIXED


@dataclass(frozen=True, slots=True)
class Number:
    """Integers between `low` and `high` (both include 0), and floats if `fractional`."""

    low: int = 0
    high: int = 0
    fractional: bool = False

    @property
    def representable(self) -> bool:
        """Whether one column of 64-bit numbers can hold all of them exactly."""
        if self.fractional:
            return self.low >= -EXACT_IN_FLOAT and self.high <= EXACT_IN_FLOAT
        return self.low == 0 or self.high <= _MAX_SIGNED

    @property
    def unsigned(self) -> bool:
        """Whether the integers need the 64th bit."""
        return self.high > _MAX_SIGNED


@dataclass(frozen=True, slots=True)
class ListOf:
    """Lists whose items have the type `item`."""

    item: Kind


@dataclass(frozen=True, slots=True)
class Struct:
    """Dictionaries with the union of all keys seen, in order of first appearance."""

    fields: Mapping[str, Kind]


Kind: TypeAlias = Plain | Number | ListOf | Struct


def infer_columns(rows: Iterable[Row]) -> dict[str, Kind]:
    """Return the type of each column that any row has, in the order in which they first appear."""
    kinds: dict[str, Kind] = {}
    left = iter(rows)
    while chunk := list(islice(left, _CHUNK)):
        widen_columns(kinds, chunk)
    return writable_kinds(kinds)


def widen_columns(kinds: dict[str, Kind], rows: Sequence[Row]) -> None:
    """Widen the types found so far to those of some more rows, and add columns that come first there."""
    # In the order of the rows: a column is where its first row has it.
    for name, values in present_values(rows).items():
        kinds[name] = _widen_by_all(kinds.get(name, NULL), values)


def writable_kinds(kinds: Mapping[str, Kind]) -> dict[str, Kind]:
    """Return the types, with MIXED for those that a columnar file can't have."""
    return {name: kind if _is_writable(kind) else MIXED for name, kind in kinds.items()}


def _widen_by_all(kind: Kind, values: Sequence[Any]) -> Kind:
    """Return the smallest type that holds everything `kind` holds, and all values too."""
    # Most columns hold values of one type, of which the extreme ones tell as much as all of them.
    types = set(map(type, values))
    if types == {str} or types == {bool} or types == {float}:
        values = values[:1]
    elif types == {int}:
        values = (min(values), max(values))
    for value in values:
        kind = widen(kind, value)
    return kind


def widen(kind: Kind, value: Any) -> Kind:
    """Return the smallest type that holds everything `kind` holds, and `value` too."""
    if value is None or kind is MIXED:
        return kind
    if isinstance(value, str):
        return TEXT if kind is NULL or kind is TEXT else MIXED
    # Before the numbers, as a bool is an int in Python.
    if isinstance(value, bool):
        return BOOL if kind is NULL or kind is BOOL else MIXED
    if isinstance(value, (int, float)):
        return _widen_number(kind, value)
    return _widen_list(kind, value) if isinstance(value, list) else _widen_struct(kind, value)


def _widen_number(kind: Kind, value: int | float) -> Kind:
    number = Number() if kind is NULL else kind
    if not isinstance(number, Number):
        return MIXED
    if isinstance(value, float):
        wider = number if number.fractional else replace(number, fractional=True)
    elif number.low <= value <= number.high:
        return number
    else:
        wider = replace(number, low=min(number.low, value), high=max(number.high, value))
    return wider if wider.representable else MIXED


def _widen_list(kind: Kind, items: list[Any]) -> Kind:
    known = ListOf(NULL) if kind is NULL else kind
    if not isinstance(known, ListOf):
        return MIXED
    item = known.item
    for value in items:
        item = widen(item, value)
    if item is MIXED:
        return MIXED
    # The same object if nothing changed, here and below: this runs for every value of a dataset, and almost
    # all of them fit the type found by then.
    return known if item is known.item else ListOf(item)


def _widen_struct(kind: Kind, values: dict[str, Any]) -> Kind:
    known = Struct({}) if kind is NULL else kind
    if not isinstance(known, Struct):
        return MIXED
    changes: dict[str, Kind] = {}
    for key, value in values.items():
        before = known.fields.get(key)
        after = widen(before or NULL, value)
        if after is not before:
            changes[key] = after
    if MIXED in changes.values():
        return MIXED
    wider = Struct({**known.fields, **changes}) if changes else known
    return wider if len(wider.fields) <= MAX_KEYS else MIXED


def _is_writable(kind: Kind) -> bool:
    """Whether the type is small enough for a columnar file, and has no dictionary without keys."""
    # Parquet has no struct without fields.
    return _count_keys(kind) <= MAX_KEYS and _fits(kind, MAX_NESTING)


def _count_keys(kind: Kind) -> int:
    if isinstance(kind, ListOf):
        return _count_keys(kind.item)
    if isinstance(kind, Struct):
        return sum(1 + _count_keys(field) for field in kind.fields.values())
    return 0


def _fits(kind: Kind, levels: int) -> bool:
    if isinstance(kind, ListOf):
        return levels > 0 and _fits(kind.item, levels - 1)
    if isinstance(kind, Struct):
        return levels > 0 and bool(kind.fields) and all(_fits(f, levels - 1) for f in kind.fields.values())
    return True
