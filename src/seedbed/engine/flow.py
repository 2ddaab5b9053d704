"""The way of one item through the stages: rows multiply, fail and are rejected each on their own."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

from seedbed.engine.run import Failure
from seedbed.engine.sources import Item
from seedbed.engine.stages import Stage
from seedbed.engine.window import Settled
from seedbed.errors import GenerationError, LLMError, PartialRowsError, Reject, StopRun, UsageError
from seedbed.tasks.rows import Row


class Flow:
    """Takes items through stages; an error that every row would meet is raised, all others are settled."""

    def __init__(
        self, stages: Sequence[Stage], source_name: str, is_interrupted: Callable[[], bool] = lambda: False
    ) -> None:
        self._stages = stages
        self._source_name = source_name
        self._is_interrupted = is_interrupted

    async def settle(self, item: Item) -> Settled:
        """Return what became of an item."""
        settled = Settled()
        if item.error is not None:
            _record(settled, item.id, self._source_name, item.error)
        else:
            await self._apply(0, item.id, item.row, settled)
        return settled

    async def _apply(self, number: int, row_id: str, row: Row, settled: Settled) -> None:
        if number == len(self._stages):
            settled.rows.append((row_id, row))
            return
        stage = self._stages[number]
        try:
            made = await stage.apply(row_id, row)
        except (asyncio.CancelledError, concurrent.futures.CancelledError) as error:
            task = asyncio.current_task()
            if self._is_interrupted() or (task is not None and task.cancelling()):
                raise asyncio.CancelledError from None
            # Nobody has cancelled this row: the author's code raised it.
            _record(settled, row_id, stage.step.name, RuntimeError(f"the step raised {type(error).__name__}"))
            return
        except PartialRowsError as error:
            made = error.rows
            for part in error.errors:
                _record(settled, row_id, stage.step.name, part)
        except Exception as error:  # noqa: BLE001 - a row fails alone, whatever its author's code raises
            _record(settled, row_id, stage.step.name, error)
            return
        if len(made) == 1:
            await self._apply(number + 1, row_id, made[0], settled)
            return
        children = [Settled() for _ in made]
        await _none_left(
            self._apply(number + 1, f"{row_id}/{k}", child, into)
            for k, (child, into) in enumerate(zip(made, children, strict=True))
        )
        for child in children:
            settled.rows += child.rows
            settled.failures += child.failures
            settled.rejections += child.rejections


async def _none_left(coroutines: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Await all; where one raises, cancel the others before it is raised."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def concerns_all(error: BaseException) -> bool:
    """Whether every other row would meet this error too."""
    if isinstance(error, GenerationError):
        return any(concerns_all(part) for part in error.errors.values())
    if isinstance(error, BaseExceptionGroup):
        return any(concerns_all(part) for part in error.exceptions)
    return isinstance(error, UsageError | StopRun) or (isinstance(error, LLMError) and error.fatal)


def _record(settled: Settled, row_id: str, step: str, error: Exception) -> None:
    if concerns_all(error):
        raise error
    failure = Failure(row_id, step, error)
    if isinstance(error, Reject):
        settled.rejections.append(failure)
    else:
        settled.failures.append(failure)
