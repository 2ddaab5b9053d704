"""The generations of one row: made together, and what stays if some of them fail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

from seedbed.errors import LLMError, PartialRowsError, RowError, UsageError
from seedbed.tasks.rows import Row


async def gather_rows(*made: Awaitable[list[Row]]) -> list[Row]:
    """Return the rows of several coroutines, which run concurrently, in order.

        return await gather_rows(*(self.pair(prompt) for prompt in prompts))

    Rows are kept if others fail: raises PartialRowsError if some of the coroutines fail, which counts each.
    Raises the error itself if none made a row, or if the error would hit every row.
    """
    if len(made) == 1:
        # Not as an asyncio task, which would be a branch of the row: its calls would be counted apart.
        return await made[0]
    results = await asyncio.gather(*made, return_exceptions=True)
    rows, raised = _apart(results)
    errors = [error for error in raised if isinstance(error, RowError | LLMError)]
    if not raised:
        return rows
    for error in raised:
        if not rows or error not in errors or (isinstance(error, LLMError) and error.fatal):
            raise error
    raise PartialRowsError(
        f"{len(errors)} of {len(results)} generations made no row", str(errors[0]), rows=rows, errors=errors
    )


def _apart(results: Sequence[list[Row] | BaseException]) -> tuple[list[Row], list[BaseException]]:
    """Return all rows and all errors; a generation that made a part of its rows has both."""
    rows: list[Row] = []
    raised: list[BaseException] = []
    for result in results:
        if isinstance(result, PartialRowsError):
            rows += result.rows
            raised += result.errors
        elif isinstance(result, BaseException):
            raised.append(result)
        else:
            rows += result
    return rows, raised


def check_uses_generations(name: str, cls: type[Any], base: type[Any]) -> None:
    """Raise UsageError for a task with its own `process` and several generations, unless it uses them.

    A class that does declares the field `num_generations` itself, anywhere below `base`.
    """
    own = cls.__mro__[: cls.__mro__.index(base)]
    if not any("num_generations" in vars(each).get("__annotations__", {}) for each in own):
        raise UsageError(
            f"task '{name}' has a `process` of its own, which makes no use of num_generations",
            "leave num_generations out; a class that does use it declares the field itself",
        )
