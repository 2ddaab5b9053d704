"""Cancellation: whether it means this task, or comes from an author's code."""

from __future__ import annotations

import asyncio
import concurrent.futures

CANCELLED = (asyncio.CancelledError, concurrent.futures.CancelledError)
"""What a cancelled task raises, and a cancelled future of a thread, which alone is an `Exception`."""


def failure_of(error: BaseException, what: str) -> Exception:
    """Return what a row fails by if `what`, an author's code, raised an error though nobody cancelled it.

    A CancelledError would be taken for a cancellation by whoever awaits the row, and would end the run.
    """
    if isinstance(error, Exception) and not isinstance(error, CANCELLED):
        return error
    return RuntimeError(f"{what} raised {type(error).__name__}").with_traceback(error.__traceback__)


def is_cancelled() -> bool:
    """Whether this task itself is cancelled, and not just an author's code raised CancelledError."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        # There's no loop here, and nobody cancels a thread.
        return False
    return task is not None and task.cancelling() > 0
