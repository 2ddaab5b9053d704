"""Numbers as text: counts, rates, times, money."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from seedbed.counts import count_of
from seedbed.llm.budget.money import dollars

T = TypeVar("T")


def count_if_any(count: int, noun: str) -> str:
    """Return '1 call', '12 calls', or nothing for none."""
    return count_of(count, noun) if count else ""


def first_few(items: Sequence[T], few: int) -> tuple[Sequence[T], Sequence[T]]:
    """Return the items to show and those to count only: never just one, whose line would be as long."""
    shown = few if len(items) > few + 1 else len(items)
    return items[:shown], items[shown:]


def rate_text(rate: float) -> str:
    """Return rows per second or, if that's less than one, per minute; nothing if there are none."""
    if rate <= 0:
        return ""
    return f"{rate:.1f} rows/s" if rate >= 1 else f"{rate * 60:.1f} rows/min"


def tries_text(retried: int, refused: int = 0) -> str:
    """Return '1 try failed', '12 tries failed, 5 at a rate limit', or nothing for none.

    The `refused` ones are those that the server refused with a 429 or the like.
    """
    limits = f"{', ' if retried else ''}{refused:,} at a rate limit" if refused else ""
    return f"{retried:,} {'try' if retried == 1 else 'tries'} failed{limits}" if retried else limits


def cost_text(amount: float | None) -> str:
    """Return an amount of money: '$12.30', '$0.0042', '$0.000012', or nothing if it isn't known."""
    if not amount:
        return ""
    return f"${amount:,.2f}" if amount >= 0.1 else dollars(amount)


def moment(iso: str) -> str:
    """Return a time in UTC as local time, to the minute; anything else unchanged."""
    time = _time(iso)
    return str(iso) if time is None else time.strftime("%Y-%m-%d %H:%M")


def ago(iso: str, now: datetime) -> str:
    """Return a time in UTC as people say it: '5 min ago', 'yesterday 17:06', '27 Nov 17:06'.

    Anything else is returned unchanged.
    """
    then, now = _time(iso), now.astimezone()
    if then is None:
        return str(iso)
    seconds, days = (now - then).total_seconds(), (now.date() - then.date()).days
    # Clocks of two machines differ a little: what seems to come has just been.
    if -60 < seconds < 60:
        return "just now"
    if 0 < seconds < 3600:
        return f"{seconds // 60:.0f} min ago"
    if seconds > 0 and days == 0:
        return f"{seconds // 3600:.0f} h ago"
    if days == 1:
        return then.strftime("yesterday %H:%M")
    if 0 <= days < 300:
        return f"{then.day} {then.strftime('%b %H:%M')}"
    return f"{then.day} {then.strftime('%b %Y')}"


def _time(iso: str) -> datetime | None:
    try:
        return datetime.fromisoformat(iso).astimezone()
    except (ValueError, TypeError, OverflowError, OSError):
        # Of a damaged run, which mustn't take the list of all runs with it.
        return None


def brief_number(text: str) -> str:
    """Return a number to three digits: '12.3k' for '12,345'."""
    digits = text.replace(",", "")
    if not digits.isdecimal() or len(digits) < 5:
        return text
    number, unit = float(digits), ""
    for unit in ("k", "M", "G", "T"):  # noqa: B007 - used after the loop
        number /= 1000
        if number < 999.5:
            break
    return f"{number:.{2 if number < 9.995 else 1 if number < 99.95 else 0}f}{unit}"


def cut(text: str, longest: int) -> str:
    """Return a text in one line, cut to a readable length."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 4]} ..."
