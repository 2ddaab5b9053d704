"""Explains why Python or pydantic refuses a class, and what its author should write instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from seedbed.errors import SeedbedError


class Told(NamedTuple):
    """An exception in an author's code, explained: a fact, and what to do."""

    fact: str
    advice: tuple[str, ...] = ()


_Advice = Callable[[re.Match[str]], Sequence[str]]

_KNOWN: tuple[tuple[str, _Advice], ...] = (
    (
        r"'AllRows' object ",
        lambda m: ("the rows are read one by one: for row in rows", "for a list of all: rows = list(rows)"),
    ),
    (
        r"No module named 'distilabel",
        lambda m: (
            "Step, Task, GeneratorTask and others have the same names here: from seedbed import Task",
            "the page 'Coming from distilabel' has all names",
        ),
    ),
    (
        r"non-annotated attribute was detected: `(inputs|outputs|columns) = (.*)`\. All",
        lambda m: (f"write `{m[1]}: ClassVar[list[str]] = {m[2]}`, or a property of this name",),
    ),
    (
        r"non-annotated attribute was detected: `(\w+) = (.*)`\. All model",
        lambda m: (
            f"for a parameter, give its type: `{m[1]}: TYPE = {m[2]}`",
            f"for what is the same in every instance, write `{m[1]}: ClassVar[TYPE] = {m[2]}`",
        ),
    ),
    (
        r"Field '(\w+)' defined on a base class was overridden",
        lambda m: (f"repeat its type, `{m[1]}: TYPE = VALUE`: it is a parameter in the class above",),
    ),
    (
        r"must not use names with leading underscores; e\.g\., use '(\w+)' instead of '(\w+)'",
        lambda m: (
            f"for a parameter, name it '{m[1]}'",
            f"for what users don't set, write `{m[2]}: TYPE = PrivateAttr(default=...)`",
        ),
    ),
    (
        r"generate pydantic-core schema for (?:<class ')?(.+?)(?:'?>)?\. Set `arbitrary",
        lambda m: (
            f"users cannot set a parameter of type {m[1]}: give it a type such as str, or",
            "for what users don't set, write `_x: TYPE = PrivateAttr(default=None)`, and fill it in `load`",
        ),
    ),
    (
        r"`(\w+)` is not fully defined; you should define (.+?), then call",
        lambda m: (
            f"import or define {m[2].replace('`', '')} where {m[1]} is defined, at the top of the module:",
            "an annotation cannot name what is imported under `if TYPE_CHECKING:`, or defined in a function",
        ),
    ),
    (
        r'"(\w+)" object has no field "(\w+)"',
        lambda m: (
            f"declare it in the class: `{m[2]}: TYPE = ...` for a parameter,",
            f"or `_{m[2].lstrip('_')}: TYPE = PrivateAttr(default=None)` for what users don't set",
        ),
    ),
    (
        r"__init__(\(\)|`) (got an unexpected|missing|takes)",
        lambda m: (
            "leave `__init__` out: parameters are annotations, such as `count: int = 3`,",
            "and what depends on them is made in `load`",
        ),
    ),
    (
        r"^string indices must be integers|^'str' object does not support item assignment",
        lambda m: (
            "if this loops over the argument of `process`: it's one row, a dictionary, not a batch of rows",
        ),
    ),
    (
        r"Decorators defined with incorrect fields: .*\.(\w+) \(",
        lambda m: (f"the validator `{m[1]}` names a field that the class does not have",),
    ),
)
"""Messages of Python and pydantic, and what to write instead; pydantic's advice is for people who know it."""

_LONGEST = 300


def text_of(error: BaseException) -> str:
    """Return the text of an exception; an author's own exception may fail in `__str__`."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - it is an error that is being told, and must not be lost for another
        return "(its text cannot be shown)"


def told(error: BaseException) -> Told:
    """Return an exception's text in one line, with advice if it's a known one."""
    if isinstance(error, SeedbedError):
        return Told(error.fact, error.advice)
    message = text_of(error).strip().partition("\n")[0][:_LONGEST]
    kind = type(error).__name__
    return Told(f"{kind}: {message}" if message else kind, advice_on(message))


def advice_on(message: str) -> tuple[str, ...]:
    """Return what to write instead, if the message is a known one of Python's or pydantic's."""
    for pattern, advice in _KNOWN:
        if found := re.search(pattern, message):
            return tuple(advice(found))
    return ()
