"""How one step is applied to one row: on the loop, or in threads."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, NamedTuple, cast

from seedbed.engine.backend_fields import backends_in
from seedbed.errors import InvalidRowError, UsageError
from seedbed.llm.calling.coroutine import awaitable
from seedbed.llm.calling.scope import CallScope, current_scope
from seedbed.llm.files_read import current_files
from seedbed.suggestions import did_you_mean
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.base_task import BaseTask
from seedbed.tasks.columns.asked_for import note_columns
from seedbed.tasks.columns.promised import check_promised, promised_columns
from seedbed.tasks.generator_task import GeneratorTask
from seedbed.tasks.normalise import plain_rows
from seedbed.tasks.rows import Row, encode_row
from seedbed.tasks.steps import Step
from seedbed.tasks.task import Task

# How long rows in one thread hop may take before the finished ones go back. A hop costs 0.1 ms, so 20 ms
# makes that half a percent, while a slow row doesn't hold back those before it for longer.
_HOP_SECONDS = 0.02


class StepRunner(ABC):
    """One step of a run, applied to one row at a time.

    `noted` is called with the position of an item when the step has taken a row of it, in its thread.
    """

    queues: ClassVar[bool] = False
    """Whether rows are processed one by one, in the order of the calls of `apply`."""

    waits: ClassVar[bool] = True
    """Whether the step may wait for a model."""

    def __init__(self, step: BaseStep) -> None:
        self.step = step
        self.promised = promised_columns(step)
        self.noted: Callable[[int], None] | None = None

    def encoded(self, rows: Iterable[Row]) -> list[bytes]:
        """Return rows of the step as JSON; raise MissingColumnError for one without a promised column."""
        encoded = []
        for row in rows:
            check_promised(self.promised, row, self.step.name)
            encoded.append(encode_row(row))
        return encoded

    @abstractmethod
    async def apply(self, row: Row, scope: CallScope) -> list[bytes]:
        """Return the rows that replace `row`, as JSON; raise what the step raises.

        Its calls belong to `scope`.
        """

    def close(self) -> None:
        """Release what the runner holds."""


class TaskRunner(StepRunner):
    """A task whose calls run on the loop."""

    async def apply(self, row: Row, scope: CallScope) -> list[bytes]:
        """Return the rows that the task makes."""
        task = self.step
        assert isinstance(task, BaseTask)
        # Each row is an asyncio task with its own context, so rows can't see each other's scope. It's reset
        # afterwards: tasks that the engine starts later in this context would count as branches of this step.
        token = current_scope.set(scope)
        current_files.set(task._noted_by)
        try:
            return self.encoded(await task.unchecked_rows(row))
        finally:
            current_scope.reset(token)


class _Waiting(NamedTuple):
    row: Row
    scope: CallScope
    result: asyncio.Future[list[bytes]]
    prepared: tuple[Any, ...]


class ThreadRunner(StepRunner):
    """A blocking step: rows that wait go to a thread together, and are processed there one by one.

    A hop into a thread costs 0.1 ms, so quick rows share one; slow rows come back as soon as they're done.
    """

    queues: ClassVar[bool] = True
    waits: ClassVar[bool] = False

    def __init__(self, step: Step) -> None:
        super().__init__(step)
        self._waiting: list[_Waiting] = []
        self._worker: asyncio.Task[None] | None = None

    async def apply(self, row: Row, scope: CallScope) -> list[bytes]:
        """Return the rows that the step makes, once it's the row's turn."""
        return await self._processed(row, scope)

    async def _processed(self, row: Row, scope: CallScope, *prepared: Any) -> list[bytes]:
        result: asyncio.Future[list[bytes]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(row, scope, result, prepared))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await result

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            outcomes = await asyncio.to_thread(self._process, batch)
            # Those that the hop had no time for come first next time, or later rows would overtake them
            # again.
            self._waiting[:0] = batch[len(outcomes) :]
            for waiting, outcome in zip(batch, outcomes, strict=False):
                if waiting.result.cancelled():
                    # Its row was cut off meanwhile; setting a result would raise and end this worker.
                    continue
                if isinstance(outcome, BaseException):
                    waiting.result.set_exception(outcome)
                else:
                    waiting.result.set_result(outcome)

    def _process(self, batch: list[_Waiting]) -> list[list[bytes] | BaseException]:
        end = time.monotonic() + _HOP_SECONDS
        outcomes = []
        for waiting in batch:
            outcomes.append(self._process_one(waiting))
            if time.monotonic() > end:
                break
        return outcomes

    def _process_one(self, waiting: _Waiting) -> list[bytes] | BaseException:
        if waiting.result.cancelled():
            return []
        try:
            return process_now(self, waiting.row, waiting.scope, *waiting.prepared)
        except BaseException as error:  # noqa: BLE001 - raised again in the row that waits for it
            return error


class PreparingRunner(ThreadRunner):
    """A blocking step whose models are asked on the loop, for many rows at once, before its turn comes."""

    waits: ClassVar[bool] = True

    async def apply(self, row: Row, scope: CallScope) -> list[bytes]:
        """Return the rows that the step makes, once its models have answered."""
        return await self._processed(row, scope, await self.prepare(row, scope))

    async def prepare(self, row: Row, scope: CallScope) -> Any:
        """Return what `apply_prepared` needs."""
        step = cast(Step, self.step)
        token = current_scope.set(scope)
        current_files.set(step._noted_by)
        try:
            return await awaitable(step.prepare(row), step, "prepare")
        except KeyError as error:
            if (lacking := _lacking(step, row, error)) is not None:
                raise lacking from error
            note_columns(error, row)
            raise
        finally:
            current_scope.reset(token)

    async def apply_prepared(self, row: Row, scope: CallScope, prepared: Any) -> list[bytes]:
        """Return the rows that the step makes; rows are processed in the order of these calls."""
        return await self._processed(row, scope, prepared)


class PooledRunner(StepRunner):
    """A blocking step that calls an LLM: as many threads as calls may be in flight."""

    # In one thread its calls would be sent one after the other. The loop's default pool is too small, and is
    # shared with everything that waits for the disk.

    def __init__(self, step: Step, threads: int) -> None:
        super().__init__(step)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"seedbed-{step.name}")

    async def apply(self, row: Row, scope: CallScope) -> list[bytes]:
        """Return the rows that the step makes in one of the threads."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, process_now, self, row, scope)

    def close(self) -> None:
        """End the threads as soon as they're idle."""
        # Not waiting: a step that never returns must not keep the run from ending.
        self._pool.shutdown(wait=False, cancel_futures=True)


def process_now(
    runner: StepRunner,
    row: Row,
    scope: CallScope,
    *prepared: Any,
    process: Callable[..., Any] | None = None,
) -> list[bytes]:
    """Return the rows that a blocking step makes, in this thread; raise what the step raises.

    `prepared` is what its `prepare` returned, if it has one. `process` is called in place of the step's own.
    """
    # Not `isinstance`: for classes of pydantic that's a call in Python, for every row.
    step = cast(Step, runner.step)
    current_scope.set(scope)
    current_files.set(step._noted_by)
    try:
        return runner.encoded(plain_rows((process or step.process)(row, *prepared), step.name))
    except KeyError as error:
        if (lacking := _lacking(step, row, error)) is not None:
            raise lacking from error
        note_columns(error, row)
        raise
    except StopIteration as error:
        # A future refuses to carry StopIteration, so the row that waits for it would wait forever.
        raise RuntimeError(f"step '{step.name}' raised StopIteration") from error
    finally:
        # Not for what it has done already: it may have taken later rows meanwhile.
        if runner.noted is not None and process is None:
            runner.noted(scope.rank)


def _lacking(step: Step, row: Row, error: KeyError) -> InvalidRowError | None:
    """Return the error for a row without a column that its step reads; None for another KeyError."""
    name = error.args[0] if error.args else None
    if not isinstance(name, str) or name in row or name not in step.inputs:
        return None
    return InvalidRowError(f"the row has no column {name!r}", *did_you_mean(name, row))


def runner_of(step: BaseStep, concurrency: int) -> StepRunner:
    """Return the runner for a step; raise UsageError for a step that takes no rows."""
    if isinstance(step, GeneratorTask):
        return TaskRunner(step)
    if isinstance(step, Task):
        if type(step).process is Task.process:
            return TaskRunner(step)
        return PooledRunner(step, concurrency)
    if isinstance(step, Step):
        if step._is_prepared and backends_in(step):
            return PreparingRunner(step)
        # An ordered step gets one row at a time, so a pool of threads would be idle, even if it calls an LLM.
        if step.ordered or not backends_in(step):
            return ThreadRunner(step)
        return PooledRunner(step, concurrency)
    raise UsageError(
        f"step '{step.name}' can't be used here: it doesn't take rows one by one",
        "a generator comes first, and only once",
    )
