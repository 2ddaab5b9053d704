"""Several calls at once, none of which is left running."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def all_or_first_error(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Return the results in order; raise the first error in order, after all have ended."""
    waiting = list(coroutines)
    if len(waiting) == 1:
        return [await waiting[0]]
    results: list[T] = []
    for result in await asyncio.gather(*waiting, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
        results.append(result)
    return results
