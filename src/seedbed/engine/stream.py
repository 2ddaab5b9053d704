"""`seedbed.stream`: the rows of a run while it makes them."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import CancelledError, Future, wait
from contextlib import AsyncExitStack
from typing import Any, Self

import orjson

from seedbed.engine.api import logged, refuse_on_a_running_loop, run
from seedbed.engine.arun import by_name, like, stopped
from seedbed.engine.handover import Handover
from seedbed.engine.notebook import progress_in_notebook
from seedbed.engine.opening import opened
from seedbed.engine.plan import Plan
from seedbed.engine.run import Run
from seedbed.engine.run_options import RunOptions
from seedbed.engine.session import Session
from seedbed.errors import UsageError
from seedbed.llm.calling.loop import loop_thread
from seedbed.llm.calling.sender import DEFAULT_CONCURRENCY
from seedbed.tasks.rows import Row

logger = logging.getLogger(__name__)


@like(run)
def stream(*args: Any, **options: Any) -> RowStream:
    """Make rows as `run` does, with the same parameters, and iterate over them while they're made.

        for row in seedbed.stream("qa-pairs", n=100, llm="openai/gpt-4.1-mini", name="qa"):
            print(row["question"])

    In coroutines and notebooks, write `async for`. The run starts at the first row. See `RowStream`.
    """
    return RowStream(by_name("stream", args, options))


class RowStream:
    """The rows of a run, which makes them while a program iterates over them: once, by `for` or `async for`.

        with seedbed.stream("qa-pairs", n=100, llm="openai/gpt-4.1-mini", name="qa") as rows:
            for row in rows:
                if rows.run.failed > 5:
                    break

    Rows come in the order of the dataset, each once it's durable; if the run is resumed, first those that it
    had. While as many rows wait for the program as calls may be in flight (`concurrency`), no row is started.

    Leaving the loop stops the run: no more calls are sent, calls in flight have ten seconds to finish, and
    everything made so far is kept, so the same call resumes a run with a name. A `for` loop waits for that;
    after `async for`, `async with` does. A file that `out` names is written if the run comes to its end.

    After the last row, the loop raises the error that stopped the run, if one did: also StopRun at a cap.
    Otherwise it raises what `run` raises, and a run that isn't complete is logged as a warning.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        self._is_taken = False
        self._process = os.getpid()
        self._session: Session | None = None
        self._running: Future[Run] | None = None

    @property
    def run(self) -> Run:
        """The run: its counts, live, and what went wrong; raises UsageError before the loop has begun."""
        if self._session is None:
            raise UsageError("the stream hasn't begun", "iterate over it first: for row in rows")
        return self._session.run

    def __iter__(self) -> Iterator[Row]:
        refuse_on_a_running_loop(
            "a `for` loop over rows",
            "write `async for row in seedbed.stream(...)` instead, in a notebook too",
        )
        self._note_taken()
        return self._rows()

    def __aiter__(self) -> AsyncIterator[Row]:
        self._note_taken()
        return self._arows()

    def close(self) -> None:
        """Stop the run, if it isn't over, and return when everything made is kept; from any thread."""
        # A forked child has neither the run nor the thread that makes it.
        if self._session is not None and self._running is not None and self._process == os.getpid():
            _stop(self._session, self._running)

    async def aclose(self) -> None:
        """Stop the run as `close` does, without blocking the event loop."""
        if self._session is not None and self._running is not None:
            await stopped(self._session, asyncio.wrap_future(self._running))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    def _note_taken(self) -> None:
        if self._is_taken:
            raise UsageError(
                "a stream gives its rows once",
                "`rows.run.rows()` yields all that are made; call `stream` again to resume a run with a name",
            )
        self._is_taken = True

    # Generators, and not methods of this object: a loop that's left drops its generator, which stops the run,
    # though the program may still have the stream for its counts.
    def _rows(self) -> Iterator[Row]:
        handovers: list[Handover] = []
        running = self._begin(self._open(handovers), handovers[0])
        try:
            yield from map(orjson.loads, handovers[0].rows())
        finally:
            self.close()
        yield from _left(running.result())

    async def _arows(self) -> AsyncIterator[Row]:
        handovers: list[Handover] = []
        session = await opened(lambda: self._open(handovers))
        running = self._begin(session, handovers[0])
        async with AsyncExitStack() as display:
            await display.enter_async_context(progress_in_notebook(session))
            try:
                async for encoded in handovers[0].arows():
                    yield orjson.loads(encoded)
            finally:
                await self.aclose()
        for row in _left(running.result()):
            yield row

    def _open(self, handovers: list[Handover]) -> Session:
        def handover_of(plan: Plan) -> Handover:
            # A quarter, as for what waits for the disk.
            most_bytes = plan.bounds.bytes_in_flight // 4
            handovers.append(Handover(plan.concurrency or DEFAULT_CONCURRENCY, most_bytes))
            return handovers[0]

        return RunOptions(self._options).open_session(handover_of)

    def _begin(self, session: Session, handover: Handover) -> Future[Run]:
        self._session = session
        self._running = session.begin()
        self._running.add_done_callback(lambda _: handover.end())
        return self._running


def _left(run: Run) -> Iterator[Row]:
    """Yield the rows of a run that an earlier session had finished; raise what stopped a run early."""
    if run.found is not None and run.found.finished:
        yield from run.rows()
    if run.stopped_by is not None:
        raise run.stopped_by
    logged(run)


def _stop(session: Session, running: Future[Run]) -> None:
    """Stop a session, and wait until everything that it made is kept; the second Ctrl-C doesn't wait."""
    if running.done():
        return
    session.stop()
    if loop_thread().is_current():
        # A loop that was left in a cycle is freed on whichever thread looks for cycles: waiting here, where
        # the run is made, would never end.
        return
    interrupted: KeyboardInterrupt | None = None
    while not running.done():
        try:
            wait([running])
        except KeyboardInterrupt as error:
            interrupted = error
            session.cancel()
    if interrupted is not None:
        raise interrupted
    try:
        running.result()
    except (CancelledError, Exception) as error:  # noqa: BLE001 - the loop was left: nobody would get it
        logger.warning("%s", error)
