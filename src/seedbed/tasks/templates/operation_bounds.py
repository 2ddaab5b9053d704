"""Computes how large the result of a template's operator or method would be, before running it.

Most of them run in C, where neither a signal nor a step count can stop them. If the result would be too
large, they aren't started.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from string import Formatter
from types import MappingProxyType
from typing import Any

from seedbed.tasks.templates.render_bounds import (
    MAX_SIZE,
    BoundError,
    check_bits,
    check_size,
    counted,
    shallow_size,
    text_size,
)

_CONVERSION = re.compile(r"%(?:\([^)]*\))?[-+ #0]*(\*|\d+)?(?:\.(\*|\d+))?")
_NUMBER = re.compile(r"\d+")


def check_operator(operator: str, left: Any, right: Any) -> None:
    """Raise BoundError if `left OPERATOR right` would be too large."""
    match operator:
        case "**" if isinstance(left, int) and isinstance(right, int):
            # Powers of 0, 1 and -1 don't grow.
            check_bits(left.bit_length() * max(right, 0) if abs(left) > 1 else 1)
        case "*" if isinstance(left, int) and isinstance(right, int):
            check_bits(left.bit_length() + right.bit_length())
        case "*" if isinstance(right, int):
            check_size(shallow_size(left) * max(right, 0))
        case "*" if isinstance(left, int):
            check_size(shallow_size(right) * max(left, 0))
        case "+":
            check_size(shallow_size(left) + shallow_size(right))
        case "%" if isinstance(left, str | bytes):
            check_percent(left, right)


def check_percent(text: str | bytes, values: Any) -> None:
    """Raise BoundError if `text % values` would be too large."""
    shown = text if isinstance(text, str) else text.decode("latin-1")
    parts = values if isinstance(values, tuple) else (values,)
    numbers = [abs(value) for value in parts if isinstance(value, int)]
    size, conversions = len(shown), 0
    for found in _CONVERSION.finditer(shown):
        conversions += 1
        for width in found.groups():
            size += max(numbers, default=0) if width == "*" else _size_in(width or "0")
    named = isinstance(values, Mapping)
    check_size(size + text_size(values) * (conversions if named else 1))


def check_format(text: str, args: Iterable[Any], kwargs: Mapping[str, Any]) -> None:
    """Raise BoundError if `text.format(*args, **kwargs)` would be too large."""
    values = [*args, *kwargs.values()]
    numbers = [abs(value) for value in values if isinstance(value, int)]
    size, fields = len(text), 0
    for _, name, spec, _ in Formatter().parse(text):
        if name is None:
            continue
        fields += 1
        size += sum(map(_size_in, _NUMBER.findall(spec or "")))
        if "{" in (spec or ""):
            size += max([*numbers, text_size(values)], default=0)
            if any(not isinstance(value, int | float | str) for value in values):
                raise BoundError("it formats to a width that is a part of a value")
    check_size(size + fields * text_size(values))


def check_method(method: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the arguments to call a built-in value's method with; raise BoundError if it makes too much."""
    owner = getattr(method, "__self__", None)
    if not isinstance(owner, str | bytes | int):
        return args
    name = getattr(method, "__name__", "")
    if name == "join" and args and not isinstance(owner, int):
        return (_joinable(owner, args[0]), *args[1:])
    if size := _METHODS.get(name):
        check_size(size(owner, *args, *kwargs.values()))
    return args


def _joinable(separator: str | bytes, values: Any) -> Any:
    kept = list(counted(values))
    check_size(sum(map(shallow_size, kept)) + len(separator) * len(kept))
    return kept


def _size_in(digits: str) -> int:
    return int(digits) if len(digits) < 18 else MAX_SIZE + 1


def whole_size(value: Any) -> int:
    """Return how many characters a width adds at most; 0 for what isn't a number."""
    return abs(value) if isinstance(value, int) else 0


def _padded(owner: Any, width: Any = 0, *_: Any) -> int:
    return shallow_size(owner) + whole_size(width)


def _with_tabs(owner: Any, width: Any = 8, *_: Any) -> int:
    tabs: int = owner.count("\t" if isinstance(owner, str) else b"\t")
    return shallow_size(owner) + tabs * whole_size(width)


def replaced_size(owner: Any, old: Any = "", new: Any = "", *_: Any) -> int:
    """Return how many characters `owner.replace(old, new)` has at most."""
    try:
        found: int = owner.count(old)
    except (TypeError, AttributeError):
        # Python refuses this too.
        found = 0
    return shallow_size(owner) + found * shallow_size(new)


def _translated(owner: Any, table: Any = None, *_: Any) -> int:
    values = table.values() if isinstance(table, Mapping) else ()
    return len(owner) * max([1, *(shallow_size(value) for value in values)])


def _as_bytes(owner: Any, length: Any = 0, *_: Any) -> int:
    return whole_size(length)


_METHODS: Mapping[str, Callable[..., int]] = MappingProxyType(
    {
        "center": _padded,
        "ljust": _padded,
        "rjust": _padded,
        "zfill": _padded,
        "expandtabs": _with_tabs,
        "replace": replaced_size,
        "translate": _translated,
        "to_bytes": _as_bytes,
    }
)
