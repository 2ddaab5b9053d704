"""Operations of direct expressions that check the types and sizes of their values first.

They answer only where the sandbox would answer the same. Otherwise they raise `GaveUp`, and the sandbox
evaluates the whole expression.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NoReturn

MAX_CHARACTERS = 100_000
"""The longest text that is worked on directly: a thousand steps of the sandbox, which allows two million."""

# Integers and powers that are far below the 8192 bits that the sandbox allows: (2**31) ** 64 has 1,985.
_MAX_INTEGER = 2**63
_MAX_BASE = 2**31
_MAX_EXPONENT = 64
# `int` takes quadratic time for a text of digits, and the sandbox refuses more than 8192 bits.
_MAX_DIGITS = 100
_ATOMS = frozenset((bool, float, type(None)))
_NUMBERS = frozenset((bool, int, float))


class GaveUp(Exception):
    """The sandbox has to evaluate this expression for this row."""


def give_up() -> NoReturn:
    """Raise GaveUp, where Python's grammar wants an expression."""
    raise GaveUp


def small(value: Any) -> Any:
    """Return a text, number, bool or None for which no bound of the sandbox needs to be checked."""
    if type(value) is str:
        if len(value) <= MAX_CHARACTERS:
            return value
    elif type(value) in _ATOMS or (type(value) is int and -_MAX_INTEGER <= value <= _MAX_INTEGER):
        return value
    raise GaveUp


def plus(left: Any, right: Any) -> Any:
    """Return `left + right` of two numbers or two short texts."""
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        return left + right
    if type(left) is str and type(right) is str and len(left) + len(right) <= MAX_CHARACTERS:
        return left + right
    raise GaveUp


def times(left: Any, right: Any) -> Any:
    """Return `left * right` of two numbers; integers only if the product has 126 bits at most."""
    if not (type(left) in _NUMBERS and type(right) in _NUMBERS):
        raise GaveUp
    if -_MAX_INTEGER <= left <= _MAX_INTEGER and -_MAX_INTEGER <= right <= _MAX_INTEGER:
        return left * right
    raise GaveUp


def modulo(left: Any, right: Any) -> Any:
    """Return `left % right` of a number: with a text on the left it would be a format."""
    if type(left) in _NUMBERS:
        return left % right
    raise GaveUp


def power(left: Any, right: Any) -> Any:
    """Return `left ** right` of small numbers."""
    if not (type(left) in _NUMBERS and type(right) in _NUMBERS):
        raise GaveUp
    if -_MAX_BASE <= left <= _MAX_BASE and -_MAX_EXPONENT <= right <= _MAX_EXPONENT:
        return left**right
    raise GaveUp


def joined(*parts: Any) -> str:
    """Return `a ~ b`: the texts of small values, one after the other."""
    texts = [part if type(part) is str else str(small(part)) for part in parts]
    if sum(map(len, texts)) > MAX_CHARACTERS:
        raise GaveUp
    return "".join(texts)


def literal(values: Any) -> Any:
    """Return a list or tuple that the expression makes, if it holds only small values."""
    if sum(len(value) for value in values if type(small(value)) is str) > MAX_CHARACTERS:
        raise GaveUp
    return values


def text_of(value: Any) -> str:
    """Return `value | string` of a small value."""
    return str(small(value))


def integer(value: Any) -> int:
    """Return `value | int` of a number, or of a text of a few digits."""
    if type(value) in _NUMBERS or (type(value) is str and len(value) <= _MAX_DIGITS):
        return int(value)
    raise GaveUp


def magnitude(value: Any) -> Any:
    """Return `value | abs` of a number that isn't large."""
    return small(abs(value))


def first(values: Any) -> Any:
    """Return `values | first` of a list or a text, if the item is small."""
    if type(values) is list or type(values) is str:
        return small(values[0])
    raise GaveUp


def last(values: Any) -> Any:
    """Return `values | last` of a list or a text, if the item is small."""
    if type(values) is list or type(values) is str:
        return small(values[-1])
    raise GaveUp


def texts_joined(values: Any, separator: str = "") -> str:
    """Return `values | join(separator)` of a list of texts that aren't long together."""
    if type(values) is not list or len(values) > MAX_CHARACTERS:
        raise GaveUp
    # Of items that aren't texts, `len` or `join` raises an error.
    if sum(map(len, values)) + len(separator) * len(values) > MAX_CHARACTERS:
        raise GaveUp
    return separator.join(values)


def rounded(value: Any, precision: int = 0) -> Any:
    """Return `value | round(precision)` of a number that isn't large."""
    return round(small(value), precision)


OPERATIONS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        made.__name__: made
        for made in (
            first,
            give_up,
            integer,
            joined,
            last,
            literal,
            magnitude,
            modulo,
            plus,
            power,
            rounded,
            small,
            text_of,
            texts_joined,
            times,
        )
    }
)
"""The operations by the names under which the code of direct expressions calls them."""
