"""Numbers and times in words."""

from __future__ import annotations

from datetime import UTC, datetime

from seedbed import dollars, visible

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def moment(text: str | None) -> str:
    """Return a time of the store (ISO 8601, UTC) in local time, `2026-01-31 12:00`; other text as it is."""
    time = _time(text)
    return time.strftime("%Y-%m-%d %H:%M") if time is not None else _as_it_is(text)


def ago(text: str | None, now: datetime | None = None) -> str:
    """Return how long ago a time was: `3 minutes ago`, `just now`; what isn't a time, as it is."""
    time = _time(text)
    if time is None:
        return _as_it_is(text)
    seconds = int(((now or datetime.now(UTC)) - time).total_seconds())
    for size, unit in _UNITS:
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


def duration(seconds: float) -> str:
    """Return a time in two units at most: `1 h 12 min`, `4.2 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def cost_text(cost: float | None) -> str:
    """Return a cost, with more digits if it's small: `$12.30`, `$0.000021`; nothing if it isn't known."""
    if cost is None:
        return ""
    return f"${cost:,.2f}" if cost >= 1 or not cost else dollars(cost)


def _time(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone() if text else None
    except (ValueError, TypeError, OverflowError, OSError):
        # Of a damaged run, which mustn't take the list of all runs with it.
        return None


def _as_it_is(text: object) -> str:
    return visible(str(text)) if text else ""
