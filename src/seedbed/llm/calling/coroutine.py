"""The check that an author's method is a coroutine, made where it's awaited."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable
from types import CoroutineType
from typing import TypeVar, cast

from seedbed.errors import UsageError
from seedbed.plugins.owner import line_of

T = TypeVar("T")


def awaitable(given: Awaitable[T], owner: object, method: str) -> Awaitable[T]:
    """Return what `owner`'s method returned; raise UsageError if it can't be awaited.

    A plain method that returns another method's coroutine is fine.
    """
    # The type first: `inspect.isawaitable` asks an abstract class, which costs more, and this is every call.
    if type(given) is CoroutineType or inspect.isawaitable(given):
        return given
    kind = type(cast(object, given)).__name__
    raise UsageError(
        f"{method} of '{type(owner).__name__}' must be `async def`",
        *line_of(getattr(type(owner), method, None)),
        f"write `async def {method}(...)`, with `return` and no `yield`: its {kind} can't be awaited",
    )
