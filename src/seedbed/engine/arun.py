"""`seedbed.arun`: a dataset from a task, in a coroutine or the cell of a notebook."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from functools import partial, wraps
from typing import Any, ParamSpec

from seedbed.engine.api import run, session_of, told
from seedbed.engine.notebook import progress_in_notebook
from seedbed.engine.run import Run
from seedbed.engine.session import Session

P = ParamSpec("P")


def _as(blocking: Callable[P, Run]) -> Callable[[Any], Callable[P, Coroutine[Any, Any, Run]]]:
    """Give a coroutine function the parameters of a blocking one, for type checkers and for `help`."""

    def decorate(function: Any) -> Callable[P, Coroutine[Any, Any, Run]]:
        wrapped: Callable[P, Coroutine[Any, Any, Run]] = wraps(blocking, assigned=())(function)
        return wrapped

    return decorate


@_as(run)
async def arun(*args: Any, **options: Any) -> Run:
    """Make rows as `run` does, with the same parameters and errors, and hold up nobody meanwhile.

        made = await seedbed.arun("qa-pairs", n=100, llm="openai/gpt-4.1-mini", name="qa")

    For coroutines, and for notebooks, which show how far it is. To cancel it loses nothing: calls that are in
    flight have ten seconds to finish, what was made is kept, and a run with a name goes on when it is
    called again. Cancelled once more, it does not wait for them.
    """
    session = await _opened(partial(session_of, *args, **options))
    running = asyncio.ensure_future(session.aexecute())
    async with AsyncExitStack() as display:
        await display.enter_async_context(progress_in_notebook(session))
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            await _stopped(session, running)
            raise
    return told(running.result())


async def _opened(opening: Callable[[], Session]) -> Session:
    """Open a session in a thread, as that imports plugins and waits for the disk."""
    opened = asyncio.ensure_future(asyncio.to_thread(opening))
    try:
        return await asyncio.shield(opened)
    except asyncio.CancelledError:
        await asyncio.wait([opened])
        if opened.exception() is None:
            # A store that is left open would keep the run from whoever asks for it next.
            opened.result().discard()
        raise


async def _stopped(session: Session, running: asyncio.Future[Run]) -> None:
    """Stop a session, and wait until all that it has made is kept."""
    if session.is_loading:
        session.break_off()
    else:
        session.drain()
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError:
            session.cancel()
    if not running.cancelled():
        # Asked for, so that asyncio does not complain of an error that nobody has read.
        running.exception()
