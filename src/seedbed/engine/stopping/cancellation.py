"""Whether a CancelledError means that the task itself is cancelled."""

from __future__ import annotations

import asyncio


def is_cancelled() -> bool:
    """Whether this task itself is cancelled, and not just an author's code raised CancelledError."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
