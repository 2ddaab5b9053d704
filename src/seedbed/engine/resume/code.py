"""The code that a class or function runs, as bytes that are the same in every process.

It's read from compiled code, so it works in a notebook, and a comment or the rest of a script changes
nothing. What a function uses from its own module belongs to it: functions, classes, and data such as a list
of topics or a dictionary of labels.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import orjson
from pydantic import BaseModel
from pydantic.errors import PydanticUserError

from seedbed.llm.json_text import json_text
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.description.purpose import is_said

_DATA = (str, bytes, int, float, bool, type(None))
_TABLES = (list, tuple, dict, set, frozenset)
_PASSED_ON = (
    orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
)
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
    if isinstance(thing, (*_DATA, *_TABLES)):
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
        elif isinstance(used, _TABLES):
            yield name.encode()
            first = _first_seen(function, name, used)
            yield first.text
            for inner in first.functions:
                yield from _parts(inner, seen)


def _first_seen(function: FunctionType, name: str, table: Any) -> _Table:
    """Return what a list or dictionary held when this process first looked at a function that uses it."""
    # Not what it holds now: a step may collect there what it has seen, and would then be another step in the
    # next session of the process. Who edits it makes another object, in a notebook as well.
    tables = _FIRST_SEEN.setdefault(function, {})
    known = tables.get(name)
    if known is None or known.table is not table:
        tables[name] = known = _Table.of(table, function.__module__)
    return known


class _Table(NamedTuple):
    """A list or dictionary that functions use, its text, and the functions of their module in it."""

    table: Any
    text: bytes
    functions: Sequence[Any]

    @classmethod
    def of(cls, table: Any, module: str) -> _Table:
        functions: list[Any] = []

        def passed_on(value: Any) -> Any:
            if isinstance(value, (list, tuple, dict)):
                return _listed(value)
            if callable(value) and getattr(value, "__module__", None) == module:
                functions.append(value)
            return _text(value).decode("utf-8", "backslashreplace")

        try:
            # `_text` takes seconds for a million words, and this a twentieth of them.
            text = orjson.dumps(_listed(table), default=passed_on, option=_PASSED_ON)
            return cls(table, text, functions)
        except TypeError:
            # A key that's no text, a number of more than 64 bits, half of a character, or depth.
            functions.clear()
        try:
            return cls(table, _text(table), [*_functions_in(table, module)])
        except Exception:  # noqa: BLE001 - a container of an author's own class may raise anything
            # It holds itself, for example, or a thread is changing it: it's no table of data.
            return cls(table, b"", ())


def _listed(table: Any) -> Any:
    """Return a list, tuple or dictionary as lists: JSON's keys are texts, and a table's may be numbers."""
    if isinstance(table, dict):
        return [[*table], [*table.values()]]
    return [*table] if isinstance(table, (list, tuple)) else table


_FIRST_SEEN: WeakKeyDictionary[FunctionType, dict[str, _Table]] = WeakKeyDictionary()


def _functions_in(table: Any, module: str) -> Iterator[Any]:
    # Not those in sets: their order differs from process to process.
    if isinstance(table, (list, tuple, dict)):
        for item in table.values() if isinstance(table, dict) else table:
            yield from _functions_in(item, module)
    elif callable(table) and getattr(table, "__module__", None) == module:
        yield table


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
