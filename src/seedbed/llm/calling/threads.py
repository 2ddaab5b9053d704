"""The threads in which blocking work is done, apart from the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

# asyncio's own pool has four threads more than processors: six steps over all rows that each wait for a run
# of their own took all of them, and the runs, which need one to begin, waited for the steps. Threads are only
# started when none is free.
_THREADS = 4096


class Threads(ThreadPoolExecutor):
    """Threads for blocking work, which never waits until other blocking work is done."""

    def __init__(self) -> None:
        super().__init__(_THREADS, thread_name_prefix="seedbed")

    def submit(self, work: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> Future[T]:
        """Have work done in a thread."""
        return super().submit(_done, work, *args, **options)


def _done(work: Callable[..., Any], *args: Any, **options: Any) -> Any:
    try:
        return work(*args, **options)
    except StopIteration as error:
        # `next(...)` of an author who was sure that there's one. No future of asyncio takes this error:
        # whoever awaits the work would wait forever. Python does the same where a coroutine raises it.
        raise RuntimeError(f"{type(error).__name__} was raised: `next` found nothing") from error
    except (CancelledError, asyncio.CancelledError) as error:
        # Nobody cancels a thread: an author's code raised it, or waited for something that was cancelled.
        # Whoever awaits the work would take it for a cancellation of its own, and the whole run would end.
        raise RuntimeError(f"{type(error).__name__} was raised") from error
