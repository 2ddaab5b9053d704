"""Pausing a run at a rate limit that lifts too late to wait for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from seedbed.errors import GenerationError, RateLimitedError, SeedbedError, StopRun
from seedbed.llm.calling.retry import lifts_late


def paused(error: SeedbedError) -> SeedbedError:
    """Return a StopRun for a limit that lifts late, with the time; return any other error unchanged."""
    # As failures, its rows would end up in a dataset without them; as a pause, they're pending.
    limit = _limit_in(error)
    if limit is None or limit.retry_after is None:
        return error
    lifts = datetime.now().astimezone() + timedelta(seconds=limit.retry_after)
    return StopRun(
        limit.fact,
        f"the limit lifts at {lifts:%Y-%m-%d %H:%M:%S}: the run pauses, and its rows wait",
        "the same command resumes it",
    )


def _limit_in(error: BaseException) -> RateLimitedError | None:
    if isinstance(error, RateLimitedError) and lifts_late(error):
        return error
    parts = error.errors.values() if isinstance(error, GenerationError) else ()
    return next((limit for limit in map(_limit_in, parts) if limit is not None), None)
