"""`seedbed.arun`: a dataset from a task, in a coroutine or a notebook."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar

from seedbed.engine.api import logged, run
from seedbed.engine.notebook import progress_in_notebook
from seedbed.engine.opening import opened
from seedbed.engine.run import Run
from seedbed.engine.run_options import RunOptions
from seedbed.engine.session import Session
from seedbed.llm.calling.loop import loop_thread
from seedbed.plugins.authoring.elsewhere import check_options

P = ParamSpec("P")
T = TypeVar("T")


def like(blocking: Callable[P, Run]) -> Callable[[Callable[..., T]], Callable[P, T]]:
    """Give a function the parameters of a blocking one, for type checkers and `help`."""

    def decorate(function: Callable[..., T]) -> Callable[P, T]:
        wrapped: Callable[P, T] = wraps(blocking, assigned=())(function)
        return wrapped

    return decorate


@like(run)
async def arun(*args: Any, **options: Any) -> Run:
    """Make rows as `run` does, with the same parameters and errors, without blocking the event loop.

        made = await seedbed.arun("qa-pairs", n=100, llm="openai/gpt-4.1-mini", name="qa")

    Use it in coroutines and in notebooks, which show its progress. Cancelling it loses nothing: calls in
    flight have ten seconds to finish, the rows made so far are kept, and the same call resumes a run with a
    name. If it's cancelled a second time, it doesn't wait for the calls.
    """
    given = by_name("arun", args, options)
    session = await opened(lambda: RunOptions(given).open_session())
    # No task of this loop: `asyncio.run` cancels those when it ends, and with it the calls in flight.
    running = asyncio.ensure_future(loop_thread().arun(session.aexecute()))
    async with AsyncExitStack() as display:
        await display.enter_async_context(progress_in_notebook(session))
        try:
            # Shielded: the caller's cancellation must drain the run, not cancel it with its calls in flight.
            await asyncio.shield(running)
        except asyncio.CancelledError:
            await stopped(session, running)
            raise
    return logged(running.result())


def by_name(function: str, args: tuple[Any, ...], options: dict[str, Any]) -> dict[str, Any]:
    """Return all parameters of `run` by their names; raise TypeError for what it doesn't take."""
    parameters = signature(run)
    check_options(function, options, parameters.parameters, args[0] if args else options.get("task"))
    try:
        given = parameters.bind(*args, **options)
    except TypeError as error:
        raise TypeError(f"{function}() {error}") from None
    given.apply_defaults()
    return given.arguments


async def stopped(session: Session, running: asyncio.Future[Run]) -> None:
    """Stop a session, and wait until everything that it made is kept."""
    if not running.done():
        session.stop()
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError:
            session.cancel()
    if not running.cancelled():
        # Reading the error keeps asyncio from logging that nobody did; the caller gets the cancellation.
        running.exception()
