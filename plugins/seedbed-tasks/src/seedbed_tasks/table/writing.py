"""The columns of a row that wait for a model: each begins as soon as those that it reads are made."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from seedbed import Row, call_label
from seedbed_tasks.parallel_calls import together

Make = Callable[[str], Awaitable[Any]]
"""Makes the value of a column by its name, when all columns that it reads are in the row."""


async def fill(row: Row, columns: Iterable[str], needs: Mapping[str, frozenset[str]], make: Make) -> None:
    """Put the columns into the row; columns that don't read each other are made at the same time.

    Raises the first error once the columns in flight have ended, whose answers are paid for; no other begins.
    """
    tasks: dict[str, asyncio.Task[None]] = {}
    failed: list[str] = []

    async def put(name: str) -> None:
        for other in sorted(needs[name] & tasks.keys()):
            await tasks[other]
        if failed:
            return
        try:
            row[name] = await make(name)
        except BaseException:
            failed.append(name)
            raise

    for name in columns:
        # Its calls are known by the column's name: those of other columns must not change its seeds, or have
        # it asked for again when a column is added.
        with call_label(f"column {name}"):
            tasks[name] = asyncio.create_task(put(name))
    await together(*tasks.values())
