"""Checks that the framework can call the methods that authors write, when their class is defined."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, Literal, NamedTuple

from seedbed.errors import UsageError
from seedbed.plugins.owner import line_of


class Called(NamedTuple):
    """How a method is called: with these arguments by position, awaited or not.

    `head` is the line to write; `instead` says where code belongs that the author may have wanted here.
    """

    arguments: tuple[str, ...]
    head: str
    kind: Literal["plain", "async", "may yield"] = "plain"
    instead: str = ""


def check_methods(cls: type, calls: Mapping[str, Called]) -> None:
    """Raise UsageError if a method of `cls` itself can't be called as `calls` says; `calls` is by name."""
    if cls.__module__.startswith("seedbed."):
        return
    for name, called in calls.items():
        given = vars(cls).get(name)
        if isinstance(given, FunctionType | classmethod | staticmethod):
            _check(cls, name, called, given)
        elif name in getattr(cls, "model_fields", {}):
            raise UsageError(
                f"the parameter '{name}' of {cls.__name__!r} has the name of a method",
                "give the parameter another name",
            )


def _check(cls: type, name: str, called: Called, given: Any) -> None:
    function = given if isinstance(given, FunctionType) else given.__func__
    own = () if isinstance(given, staticmethod) else (None,)
    if fault := fault_of(function, called, own):
        raise UsageError(
            f"`{name}` of {cls.__name__!r} {fault}",
            *line_of(function),
            f"write `{called.head}`",
            *((called.instead,) if called.instead else ()),
        )


def fault_of(function: Callable[..., Any], called: Called, own: tuple[None, ...] = ()) -> str:
    """Return why a function can't be called so; empty if it can. `own` stands for `self`."""
    return _wrong_arguments(function, own, called) or _wrong_kind(function, called)


def _wrong_arguments(function: Callable[..., Any], own: tuple[None, ...], called: Called) -> str:
    try:
        signature = inspect.signature(function)
        signature.bind(*own, *called.arguments)
    except ValueError:
        # A function that isn't written in Python may have no signature.
        return ""
    except TypeError:
        return f"takes {signature}, and is called with ({', '.join(called.arguments)})"
    return ""


def _wrong_kind(function: Callable[..., Any], called: Called) -> str:
    inner = inspect.unwrap(function)
    yields = inspect.isgeneratorfunction(inner) or inspect.isasyncgenfunction(inner)
    if called.kind == "async":
        # A plain function may return another function's coroutine; that shows when it's called.
        return "yields, and has to return" if yields else ""
    if inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner):
        return "is `async def`, and is not awaited"
    return "yields, and has to return" if yields and called.kind == "plain" else ""
