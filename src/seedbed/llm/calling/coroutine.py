"""The check that a method of an author is a coroutine, made where it is awaited."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable
from types import CoroutineType
from typing import TypeVar, cast

from seedbed.errors import UsageError
from seedbed.plugins.owner import line_of

T = TypeVar("T")


def awaitable(given: Awaitable[T], owner: object, method: str) -> Awaitable[T]:
    """Return what `owner`'s method gave when it was called; raise UsageError where it cannot be awaited.

    A plain method that returns a coroutine of another one is as good.
    """
    if type(given) is CoroutineType or inspect.isawaitable(given):
        return given
    kind = type(cast(object, given)).__name__
    raise UsageError(
        f"{method} of '{type(owner).__name__}' must be `async def`",
        *line_of(getattr(type(owner), method, None)),
        f"write `async def {method}(...)`, with `return` and no `yield`: its {kind} is nothing to await",
    )
