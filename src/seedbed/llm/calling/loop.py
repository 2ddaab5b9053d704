"""The one thread and event loop on which all network and model work happens.

Callers may be scripts, threads, notebooks or coroutines of other loops; sessions, permits and
servers have one home.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import copy_context
from typing import Any, Generic, TypeVar

from seedbed.errors import LoopThreadError
from seedbed.llm.calling.scope import calling_scope, current_scope

T = TypeVar("T")

_CLOSING_SECONDS = 10.0


class LoopThread:
    """An event loop in a daemon thread of its own, closed in order when the process ends."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.set_task_factory(task_of_scope)
        self._closers: list[Callable[[], Awaitable[None]]] = []
        self._stopping = False
        self._thread = threading.Thread(target=self._serve, name="seedbed-loop", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        while not self._stopping:
            try:
                self.loop.run_forever()
            except (KeyboardInterrupt, SystemExit):
                # Raised by somebody's code in a task: its caller gets it, the others go on.
                continue
        self.loop.close()

    @property
    def ident(self) -> int | None:
        """The number of the thread."""
        return self._thread.ident

    def is_current(self) -> bool:
        """Whether the calling code runs on this loop's thread."""
        return threading.get_ident() == self._thread.ident

    def run(self, coroutine: Coroutine[Any, Any, T], twin: str) -> T:
        """Run a coroutine to its end and return its result; Ctrl-C cancels it.

        Raises LoopThreadError, which names the asynchronous `twin`, on this loop's own thread.
        """
        if self.is_current():
            coroutine.close()
            raise LoopThreadError(
                "a blocking call on the thread that answers it would wait for ever",
                f"await {twin} here instead",
            )
        errand = _Errand(coroutine)
        try:
            # Ctrl-C may come here, too, when the coroutine is under way and nobody has its future yet.
            return asyncio.run_coroutine_threadsafe(errand.execute(), self.loop).result()
        except BaseException:
            if not errand.ended.is_set():
                self.loop.call_soon_threadsafe(errand.cancel)
                errand.ended.wait(_CLOSING_SECONDS)
            raise

    def arun(self, coroutine: Coroutine[Any, Any, T]) -> Awaitable[T]:
        """Return what a coroutine of any loop awaits to have `coroutine` run on this loop."""
        if self.is_current():
            return coroutine
        return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, self.loop))

    def on_close(self, closer: Callable[[], Awaitable[None]]) -> None:
        """Have `closer` awaited on the loop before it ends."""
        self._closers.append(closer)

    def close(self) -> None:
        """Cancel what is under way, run the closers, end the loop and its thread."""
        if not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._wind_up(), self.loop).result(_CLOSING_SECONDS)
        self._stopping = True
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(_CLOSING_SECONDS)
        atexit.unregister(self.close)

    async def _wind_up(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for closer in self._closers:
            await closer()
        await self.loop.shutdown_asyncgens()


class _Errand(Generic[T]):
    """A coroutine that a thread waits for; `cancel` reaches it whether it has begun or not."""

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self._task: asyncio.Task[Any] | None = None
        self._is_cancelled = False
        self.ended = threading.Event()

    async def execute(self) -> T:
        """Return what the coroutine returns."""
        self._task = asyncio.current_task()
        try:
            if self._is_cancelled:
                self._coroutine.close()
                raise asyncio.CancelledError
            return await self._coroutine
        finally:
            self.ended.set()

    def cancel(self) -> None:
        """Cancel the coroutine; called on its loop."""
        self._is_cancelled = True
        if self._task is not None:
            self._task.cancel()


def task_of_scope(
    loop: asyncio.AbstractEventLoop,
    coroutine: Coroutine[Any, Any, T] | Generator[Any, None, T],
    **options: Any,
) -> asyncio.Task[T]:
    """Return a new task, whose calls are told apart from those of the task that starts it.

    Where it is started is the last place that knows its number: what it does until its first call may take
    any time, and a replayed call takes none.
    """
    # Most tasks are the engine's own, and a row has one at least: what they cost is a row's cost.
    if current_scope.get() is None or options.get("context") is not None:
        return asyncio.Task(coroutine, loop=loop, **options)
    scope = calling_scope()
    # What a call starts is no author's, and aiohttp starts a task for each request.
    if scope is not None and not scope.asking and asyncio.current_task(loop) is not None:
        own = scope.of_task()
        if own is not scope:
            options["context"] = context = copy_context()
            context.run(current_scope.set, own)
    return asyncio.Task(coroutine, loop=loop, **options)


_starting = threading.Lock()
_started: list[LoopThread] = []


def loop_thread() -> LoopThread:
    """Return the process's loop thread, started on first use."""
    # Every call asks for it several times: the lock is for the first alone.
    if _started:
        return _started[0]
    with _starting:
        if not _started:
            _started.append(LoopThread())
        return _started[0]


def call_soon(loop: asyncio.AbstractEventLoop, call: Callable[..., object], *args: object) -> None:
    """Have a loop call something soon, from any thread; not where the loop has ended."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(call, *args)


def _forget() -> None:
    _started.clear()
    _starting.release()


if hasattr(os, "register_at_fork"):
    # Threads do not survive a fork: a child starts a loop of its own when it needs one.
    os.register_at_fork(before=_starting.acquire, after_in_parent=_starting.release, after_in_child=_forget)
