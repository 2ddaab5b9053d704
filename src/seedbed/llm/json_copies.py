"""Copies of JSON values, for code of authors, which may change what it gets."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T")

_FIXED = frozenset({str, int, float, bool, type(None)})
_are_fixed = _FIXED.issuperset


def json_copy(value: T) -> T:
    """Return a copy that has no list, tuple or dictionary in common with `value`; all else is shared.

    What JSON lacks, such as an object among private variables, is the same object, and so is what contains
    itself.
    """
    # Most have nothing inside that can be changed. Each row and each call pays for this.
    if type(value) is dict and _are_fixed(map(type, value.values())):  # type: ignore[attr-defined]
        return value.copy()  # type: ignore[attr-defined,no-any-return]
    try:
        return _copy(value)
    except RecursionError:
        return value


def _copy(value: T) -> T:
    copied: Any = value
    kind = type(value)
    # By type and not `isinstance`: a Counter, for example, wouldn't be one any more.
    if kind is dict:
        if _are_fixed(map(type, copied.values())):
            return copied.copy()  # type: ignore[no-any-return]
        return {name: _copy(item) for name, item in copied.items()}  # type: ignore[return-value]
    if kind is list:
        if _are_fixed(map(type, copied)):
            return copied.copy()  # type: ignore[no-any-return]
        return [*map(_copy, copied)]  # type: ignore[return-value]
    return tuple(map(_copy, copied)) if kind is tuple else value  # type: ignore[return-value]
