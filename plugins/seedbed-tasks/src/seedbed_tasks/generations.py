"""Several generations of one row, for tasks that make their rows in several calls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from seedbed import LLMError, PartialRowsError, Row, RowError


async def make_generations(count: int, make: Callable[[], Awaitable[list[Row]]]) -> list[Row]:
    """Return the rows of `count` concurrent calls of `make`, in order.

    If some of them fail, the others' rows stay: PartialRowsError has them. If all fail, or an error would hit
    every row, that error is raised.
    """
    if count == 1:
        return await make()
    results = await asyncio.gather(*(make() for _ in range(count)), return_exceptions=True)
    rows = [row for result in results if isinstance(result, list) for row in result]
    errors = [result for result in results if isinstance(result, BaseException)]
    if not errors:
        return rows
    of_rows = [error for error in errors if isinstance(error, RowError | LLMError)]
    for error in errors:
        if not rows or error not in of_rows or (isinstance(error, LLMError) and error.fatal):
            raise error
    raise PartialRowsError(
        f"{len(errors)} of {count} generations made no row", str(of_rows[0]), rows=rows, errors=of_rows
    )
