"""The code that a class or function runs, as bytes that are the same in every process.

It's read from compiled code, so it works in a notebook, and a comment or the rest of a script changes
nothing. What a function uses from its own module belongs to it.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any

import orjson
from pydantic import BaseModel
from pydantic.errors import PydanticUserError

from seedbed.llm.json_text import json_text
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.description.purpose import is_said

_DATA = (str, bytes, int, float, bool, type(None))
_ACCESSORS = (classmethod, staticmethod)


def code_parts(thing: Any) -> Iterator[bytes]:
    """Yield the code of a class and its bases, or of a function, without what belongs to Seedbed itself."""
    yield from _parts(thing, set())


def _parts(thing: Any, seen: set[int]) -> Iterator[bytes]:
    # Unwrapped layer by layer: a decorator's own type has no code, and an edit below it would go unseen.
    if isinstance(thing, (*_ACCESSORS, MethodType)):
        thing = thing.__func__
    elif isinstance(thing, property):
        for function in (thing.fget, thing.fset):
            yield from _parts(function, seen)
        return
    elif isinstance(thing, partial):
        for part in (thing.func, thing.args, thing.keywords):
            yield from _parts(part, seen)
        return
    if isinstance(thing, (*_DATA, list, tuple, dict, set, frozenset)):
        yield _text(thing)
    elif id(thing) not in seen:
        # Functions that call each other would otherwise be followed forever.
        seen.add(id(thing))
        if isinstance(thing, type):
            yield from _class_parts(thing, seen)
        elif callable(thing) and isinstance(function := inspect.unwrap(thing), FunctionType):
            yield from _function_parts(function, seen)


def _class_parts(cls: type, seen: set[int]) -> Iterator[bytes]:
    if issubclass(cls, BaseModel) and not issubclass(cls, BaseStep):
        yield _schema(cls)
    for base in cls.__mro__:
        if _is_foreign(base):
            # An upgrade of Seedbed or Python must not make every row of every run again.
            continue
        yield base.__qualname__.encode()
        for name, value in sorted(vars(base).items()):
            # What Python and ABCMeta add to a class (`__dict__`, `__doc__`, `_abc_impl`) says nothing about
            # rows, and neither does what a class says of itself.
            if name.startswith(("__", "_abc_")) or name == "model_config":
                continue
            if not (issubclass(cls, BaseStep) and is_said(cls, name)):
                yield name.encode()
                yield from _parts(value, seen)


def _function_parts(function: FunctionType, seen: set[int]) -> Iterator[bytes]:
    yield from _compiled(function.__code__)
    yield _text(function.__defaults__)
    yield _text(function.__kwdefaults__)
    for name, used in _used(function):
        # Code of other modules is left out: following imports would end in libraries, where any upgrade would
        # make all rows again. A package's version is in the manifest.
        if isinstance(used, _DATA) or getattr(used, "__module__", None) == function.__module__:
            yield name.encode()
            yield from _parts(used, seen)


def _used(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Yield the variables that a function uses from its closure and its module."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):  # an empty cell: its value isn't known yet
            yield name, cell.cell_contents
    for name in _names(function.__code__):
        yield name, function.__globals__.get(name)


def _schema(cls: type[BaseModel]) -> bytes:
    """Return the fields of a typed row, which aren't attributes of its class."""
    try:
        return json_text(cls.model_json_schema(), option=orjson.OPT_SORT_KEYS)
    except PydanticUserError:
        # A field of a type without a JSON Schema doesn't justify refusing the run.
        return _text([(name, str(field.annotation)) for name, field in cls.model_fields.items()])


def _is_foreign(cls: type) -> bool:
    """Whether a class isn't the author's: it belongs to Seedbed, pydantic or the standard library."""
    package = cls.__module__.partition(".")[0]
    if package == "__main__":
        return False
    return package in ("seedbed", "pydantic") or package in sys.stdlib_module_names


def _names(code: CodeType) -> list[str]:
    inner = (
        name for constant in code.co_consts if isinstance(constant, CodeType) for name in _names(constant)
    )
    return sorted({*code.co_names, *inner})


def _compiled(code: CodeType) -> Iterator[bytes]:
    # Not the code object as a whole: it holds line numbers and the file's path, and neither changes a row.
    yield code.co_code
    yield _text(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _compiled(constant)
        else:
            yield _text(constant)


def _text(value: Any) -> bytes:
    """Return a value as text; sets are sorted, as their order differs from process to process."""
    if isinstance(value, (set, frozenset)):
        return b"{" + b",".join(sorted(_text(item) for item in value)) + b"}"
    if isinstance(value, (list, tuple)):
        return b"[" + b",".join(_text(item) for item in value) + b"]"
    if isinstance(value, dict):
        return b"{" + b",".join(_text(key) + b":" + _text(item) for key, item in value.items()) + b"}"
    # The type alone: the repr of an object may have its address, which differs in each process.
    return repr(value).encode() if isinstance(value, _DATA) else type(value).__qualname__.encode()
