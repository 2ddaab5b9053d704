"""Calls of one row that are made at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def together(*asked: Awaitable[T]) -> list[T]:
    """Return the results in order; raise the first error, in that order, once all have ended.

    Answers that come after an error are kept with the run, so the row can be retried without paying for them.
    """
    given = await asyncio.gather(*asked, return_exceptions=True)
    for one in given:
        if isinstance(one, BaseException):
            raise one
    return [one for one in given if not isinstance(one, BaseException)]
