"""Opening a session in a thread of its own, so that whoever waits for it may be interrupted at any moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context

from seedbed.engine.run import Run
from seedbed.engine.session import Session
from seedbed.llm.calling.loop import loop_thread


def executed(opening: Callable[[], Session]) -> Run:
    """Open a session, execute it, and return its run; blocks the calling thread.

    Only the main thread gets Ctrl-C, between any two instructions. So it does nothing but wait: between the
    opening of a store and whatever closes it again, the run would stay locked by this process.
    """
    return loop_thread().run(_executed(opening), twin="arun(...)")


async def opened(opening: Callable[[], Session]) -> Session:
    """Open a session in a thread, since opening imports plugins and waits for the disk.

    If it's cancelled meanwhile, however often, it waits for the thread, and discards the session.
    """
    loop = asyncio.get_running_loop()
    # No task: `asyncio.run` cancels all tasks when it ends, and a thread can't be cancelled.
    opening_now = loop.run_in_executor(loop_thread().threads, copy_context().run, opening)
    try:
        return await asyncio.shield(opening_now)
    except asyncio.CancelledError:
        while not opening_now.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([opening_now])
        if opening_now.exception() is None:
            # A store that stays open would lock the run for everyone after.
            opening_now.result().discard()
        raise


async def _executed(opening: Callable[[], Session]) -> Run:
    session = await opened(opening)
    return await session.aexecute()
