"""The one thread and event loop on which all network and model work happens.

Callers may be scripts, threads, notebooks or coroutines of other loops. Sessions, permits and servers live on
this loop, whoever calls.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from typing import Any, Generic, TypeVar

from seedbed.errors import LoopThreadError
from seedbed.llm.calling.scope import calling_scope, current_scope
from seedbed.llm.calling.threads import Threads

T = TypeVar("T")

# A task that ignores its cancellation must not keep the process from ending.
_CLOSING_SECONDS = 10.0


class LoopThread:
    """An event loop in its own daemon thread, closed in order when the process ends."""

    def __init__(self) -> None:
        self.loop = _new_loop()
        self.loop.set_task_factory(task_of_scope)
        self.threads = Threads()
        self.loop.set_default_executor(self.threads)
        self._closers: list[Callable[[], Awaitable[None]]] = []
        self._stopping = False
        # A daemon, since the interpreter joins other threads before it runs `atexit`: it would wait for a
        # loop that nobody has told to stop. `close` ends the calls in flight and their connections in order.
        self._thread = threading.Thread(target=self._serve, name="seedbed-loop", daemon=True)
        self._thread.start()
        # `ident` of a thread is a property in Python, and every call asks twice.
        self._ident = self._thread.ident
        atexit.register(self._close_at_exit)

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        while not self._stopping:
            try:
                self.loop.run_forever()
            except (KeyboardInterrupt, SystemExit):
                # Raised by an author's code in a task. asyncio lets these two stop the loop, but only the
                # task's caller should get them: all other calls are still in flight.
                continue
        self.loop.close()

    @property
    def native_id(self) -> int | None:
        """The number that the system has for the thread."""
        return self._thread.native_id

    @property
    def ident(self) -> int | None:
        """The number of the thread."""
        return self._ident

    def is_current(self) -> bool:
        """Whether the calling code runs on this loop's thread."""
        return threading.get_ident() == self._ident

    def run(self, coroutine: Coroutine[Any, Any, T], twin: str) -> T:
        """Run a coroutine and return its result; Ctrl-C cancels it.

        Raises LoopThreadError, which names the asynchronous `twin`, on this loop's own thread.
        """
        if self.is_current():
            coroutine.close()
            raise LoopThreadError(
                "a blocking call on the thread that answers it would wait forever",
                f"await {twin} here instead",
            )
        errand = _Errand(coroutine)
        try:
            # An errand, because Ctrl-C may also come inside of this line, when the coroutine already runs.
            # Nothing could cancel it if a future were only returned here: the call went on, and the process
            # ended with an error of the closing loop.
            self.loop.call_soon_threadsafe(errand.begin)
            return errand.future.result()
        except BaseException:
            # Wait until the call has ended, so that its connection and its permit are free when the caller
            # gets the exception.
            if not errand.ended.is_set():
                self.loop.call_soon_threadsafe(errand.cancel)
                errand.ended.wait(_CLOSING_SECONDS)
            if not threading.main_thread().is_alive():
                # The process is ending, and this thread with it: its cancelled call is no error that anyone
                # could handle, and Python would show a traceback of it. This one error ends a thread quietly.
                raise SystemExit from None
            raise
        finally:
            # It holds the error, whose traceback holds this frame: a cycle.
            del errand

    def arun(self, coroutine: Coroutine[Any, Any, T]) -> Awaitable[T]:
        """Return what a coroutine of any loop can await to run `coroutine` on this loop."""
        # Nearly all calls of a run: no task and no turn of the loop in between.
        if self.is_current():
            return coroutine
        return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, self.loop))

    def on_close(self, closer: Callable[[], Awaitable[None]]) -> None:
        """Have the loop await `closer` before it ends."""
        self._closers.append(closer)

    def close(self) -> None:
        """Cancel what is in flight, run the closers, and end the loop and its thread."""
        # In a forked child the thread doesn't exist, and waiting for it would never end.
        if not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._wind_up(), self.loop).result(_CLOSING_SECONDS)
        self._stopping = True
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(_CLOSING_SECONDS)
        atexit.unregister(self._close_at_exit)

    def _close_at_exit(self) -> None:
        # A task that ignores its cancellation ends with the process, and needs no traceback either.
        with suppress(TimeoutError):
            self.close()

    async def _wind_up(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        # Tasks first, closers after them: a call needs its connection to end in order.
        await asyncio.gather(*others, return_exceptions=True)
        for closer in self._closers:
            await closer()
        await self.loop.shutdown_asyncgens()


def _new_loop() -> asyncio.AbstractEventLoop:
    """Return a new event loop: uvloop's, unless the application has chosen another or it isn't there."""
    loop = asyncio.new_event_loop()
    if type(loop) is asyncio.SelectorEventLoop:
        # With asyncio's own, a row takes a tenth more of the processor time.
        with suppress(ImportError):
            from uvloop import new_event_loop

            loop.close()
            return new_event_loop()
    return loop


class _Errand(Generic[T]):
    """A coroutine that a thread waits for; `cancel` reaches it even before it has started."""

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self.future: Future[T] = Future()
        self.ended = threading.Event()
        self._coroutine = coroutine
        self._task: asyncio.Task[Any] | None = None

    def begin(self) -> None:
        """Start the coroutine; called on its loop."""
        self._task = asyncio.get_running_loop().create_task(self._coroutine)
        self._task.add_done_callback(self._end)

    def cancel(self) -> None:
        """Cancel the coroutine; called on its loop, after `begin` if that's called at all."""
        if self._task is not None:
            self._task.cancel()
            return
        # Closed, or Python warns that it was never awaited.
        self._coroutine.close()
        self.ended.set()

    def _end(self, task: asyncio.Task[T]) -> None:
        self.ended.set()
        if task.cancelled():
            self.future.cancel()
        elif (error := task.exception()) is not None:
            self.future.set_exception(error)
        else:
            self.future.set_result(task.result())


def task_of_scope(
    loop: asyncio.AbstractEventLoop,
    coroutine: Coroutine[Any, Any, T] | Generator[Any, None, T],
    **options: Any,
) -> asyncio.Task[T]:
    """Return a new task, whose calls are distinguished from those of the task that starts it.

    Its number is taken here, when it's started: how long it takes until its first call depends on timing, and
    a replayed call takes no time at all. Counted at their calls, 18 to 21 of 60 rows of three generations
    each came out differently when only the delays differed.
    """
    # Most tasks are the engine's own, at least one for each row, so every check here costs every row.
    if current_scope.get() is None or options.get("context") is not None:
        return asyncio.Task(coroutine, loop=loop, **options)
    scope = calling_scope()
    # A task that a call starts isn't an author's; aiohttp starts one for each request.
    if scope is not None and not scope.asking and asyncio.current_task(loop) is not None:
        own = scope.of_task()
        if own is not scope:
            options["context"] = context = copy_context()
            context.run(current_scope.set, own)
            task: asyncio.Task[T] = asyncio.Task(coroutine, loop=loop, **options)
            own.note_branch(task)
            return task
    return asyncio.Task(coroutine, loop=loop, **options)


_starting = threading.Lock()
_started: list[LoopThread] = []


def loop_thread() -> LoopThread:
    """Return the process's loop thread, started on first use."""
    # Every call asks for it several times: only the first needs the lock.
    if _started:
        return _started[0]
    with _starting:
        if not _started:
            _started.append(LoopThread())
        return _started[0]


def call_soon(loop: asyncio.AbstractEventLoop, call: Callable[..., object], *args: object) -> None:
    """Have a loop call something soon, from any thread; do nothing if the loop has ended."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(call, *args)


async def off_loop(call: Callable[[], T]) -> T:
    """Run a blocking function in a thread; here if the process is ending, when no thread can be started."""
    if threading.main_thread().is_alive():
        return await asyncio.to_thread(call)
    return call()


def _forget() -> None:
    _started.clear()
    _starting.release()


if hasattr(os, "register_at_fork"):
    # Threads don't survive a fork: a child starts its own loop when it needs one. The lock is held during the
    # fork, or the child could inherit it locked by a thread that it doesn't have.
    os.register_at_fork(before=_starting.acquire, after_in_parent=_starting.release, after_in_child=_forget)
