"""Cancellation: whether it means this task, or comes from an author's code."""

from __future__ import annotations

import asyncio
import concurrent.futures

CANCELLED = (asyncio.CancelledError, concurrent.futures.CancelledError)
"""What a cancelled task raises, and a cancelled future of a thread, which alone is an `Exception`."""


def is_cancelled() -> bool:
    """Whether this task itself is cancelled, and not just an author's code raised CancelledError."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
