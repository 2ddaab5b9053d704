"""Several calls at once, with none left running."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def all_or_first_error(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Return the results in order; raise the first error in order, after all have ended."""
    waiting = list(coroutines)
    # Without a task, which would cost a turn of the loop: usually there's one.
    if len(waiting) == 1:
        return [await waiting[0]]
    results: list[T] = []
    # Not a TaskGroup: it cancels the others at the first error, which throws away answers that are paid for,
    # and which error is the first would depend on timing.
    for result in await asyncio.gather(*waiting, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
        results.append(result)
    return results
