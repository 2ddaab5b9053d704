"""Guards properties and methods that authors override: if one fails, the error names its plugin and line.

The class itself checks the value, so that code that reads it doesn't have to.
"""

from __future__ import annotations

from collections.abc import Callable, KeysView, Mapping
from functools import cached_property, wraps
from types import FunctionType
from typing import Any, NamedTuple

from pydantic_core import PydanticUndefined

from seedbed.errors import BrokenPluginError, SeedbedError, UsageError
from seedbed.plugins.authoring.class_errors import told
from seedbed.plugins.owner import broken_class, line_of
from seedbed.tracebacks import where

_GUARDED = "__seedbed_guarded__"

_Function = Callable[..., Any]
Showable = Callable[[Any, Exception], Exception | None]
"""Returns the exception that an object raised if it may be shown, or None if it has a secret."""


class Wanted(NamedTuple):
    """What a property or method must return: in words, as code, and as a check."""

    words: str
    example: str
    fits: Callable[[object], bool]
    is_method: bool = False


def is_names(value: object) -> bool:
    """Whether a value is a list of names, each a non-empty str."""
    return isinstance(value, list | tuple | KeysView) and all(isinstance(one, str) and one for one in value)


def is_text(value: object) -> bool:
    """Whether a value is a non-empty str."""
    return isinstance(value, str) and bool(value)


def is_text_or_none(value: object) -> bool:
    """Whether a value is a str, or None."""
    return value is None or isinstance(value, str)


def is_flag(value: object) -> bool:
    """Whether a value is True or False."""
    return isinstance(value, bool)


def guard(cls: type, wanted: Mapping[str, Wanted], showable: Showable = lambda owner, error: error) -> None:
    """Guard what `cls` itself overrides of `wanted`, by name; its base classes are already guarded.

    From then on, reading it raises BrokenPluginError if the author's code raises or returns something else.
    Raises UsageError for mistakes that show already.
    """
    if cls.__module__.startswith("seedbed."):
        return
    for name, one in wanted.items():
        if name in getattr(cls, "model_fields", {}):
            _check_field(cls, name, one)
        elif name in vars(cls):
            _guard_one(cls, name, one, vars(cls)[name], showable)


def _guard_one(cls: type, name: str, one: Wanted, given: Any, showable: Showable) -> None:
    def guarded(function: _Function) -> _Function:
        return _guarded(function, name, one, showable)

    if isinstance(given, property) and given.fget is not None and not one.is_method:
        setattr(cls, name, property(guarded(given.fget), given.fset, given.fdel, given.__doc__))
    elif isinstance(given, cached_property) and not one.is_method:
        given.func = guarded(given.func)
    elif one.is_method:
        _guard_method(cls, name, given, guarded)
    elif isinstance(given, FunctionType | classmethod | staticmethod):
        raise _is_method(cls, name, one, given)
    elif not one.fits(given):
        raise _odd_value(cls, name, one, given)


def _guard_method(cls: type, name: str, given: Any, guarded: Callable[[_Function], _Function]) -> None:
    if isinstance(given, classmethod):
        setattr(cls, name, classmethod(guarded(given.__func__)))
    elif isinstance(given, FunctionType):
        setattr(cls, name, guarded(given))


def _guarded(function: _Function, name: str, one: Wanted, showable: Showable) -> _Function:
    @wraps(function)
    def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            value = function(self, *args, **kwargs)
        except SeedbedError:
            raise
        except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything
            cause = showable(self, error)
            raise _raised(self, name, one, error, is_shown=cause is not None) from cause
        if not one.fits(value):
            raise broken_class(
                _class_of(self),
                f"its `{name}` returned {_described(value)}, not {one.words}",
                *line_of(function),
                f"return {_returned(value, one)}",
            )
        return value

    setattr(guarded, _GUARDED, True)
    return guarded


def is_guarded(function: object) -> bool:
    """Whether a function is the guard of an author's function."""
    return hasattr(function, _GUARDED)


def _raised(owner: Any, name: str, one: Wanted, error: Exception, *, is_shown: bool) -> BrokenPluginError:
    fact, advice = told(error)
    place = where(error)
    return broken_class(
        _class_of(owner),
        f"its `{name}` raised {fact if is_shown else type(error).__name__}",
        *((f"raised in {place}",) if place else ()),
        *(advice if is_shown else ()),
        f"it must return {one.words}: {one.example}, for example",
    )


def _check_field(cls: Any, name: str, one: Wanted) -> None:
    """Refuse a parameter with the name of a property or method, since it would never be read.

    A parameter may replace a class variable, which is read in the same way.
    """
    above = next((vars(base)[name] for base in cls.__mro__[1:] if name in vars(base)), None)
    if isinstance(above, property | cached_property | FunctionType | classmethod):
        raise _hidden(cls, name, one)
    default = cls.model_fields[name].default
    if default is not PydanticUndefined and not one.fits(default):
        raise _odd_value(cls, name, one, default)


def _hidden(cls: type, name: str, one: Wanted) -> UsageError:
    return UsageError(
        f"the parameter '{name}' of {cls.__name__!r} has the name of something that the framework reads",
        f"give the parameter another name; to say what `{name}` is, write {_written(name, one)}",
    )


def _odd_value(cls: type, name: str, one: Wanted, given: object) -> UsageError:
    return UsageError(
        f"`{name}` of {cls.__name__!r} is {_described(given)}, but must be {one.words}",
        f"write {_written(name, one)}",
    )


def _is_method(cls: type, name: str, one: Wanted, given: Any) -> UsageError:
    return UsageError(
        f"`{name}` of {cls.__name__!r} is a method, but is read as a property",
        *line_of(getattr(given, "__func__", given)),
        f"write @property above it; it returns {one.words}",
    )


def _written(name: str, one: Wanted) -> str:
    if one.is_method:
        return f"a method that returns {one.words}: {one.example}"
    return f"a property that returns {one.words}, or `{name}: ClassVar = {one.example}`"


def _returned(value: object, one: Wanted) -> str:
    """Return what to write instead of a value: a single name becomes a list with that name."""
    return (
        repr([value])
        if isinstance(value, str) and one.example.startswith(("[", "("))
        else f"{one.example}, for example"
    )


def _described(value: object) -> str:
    """Describe a value without showing it, since it may be a secret."""
    if value is None:
        return "None"
    if isinstance(value, list | tuple):
        # Where a name may be empty, that isn't what's wrong.
        odd = next((one for one in value if not isinstance(one, str)), "")
        return f"a {type(value).__name__} with {_described(odd)} in it" if value else "an empty list"
    if value == "":
        return "an empty str"
    kind = value.__qualname__ if isinstance(value, type) else type(value).__qualname__
    word = "the class" if isinstance(value, type) else ("an" if kind[0].lower() in "aeio" else "a")
    return f"{word} {kind}"


def _class_of(owner: Any) -> type:
    return owner if isinstance(owner, type) else type(owner)
