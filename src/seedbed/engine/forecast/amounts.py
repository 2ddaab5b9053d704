"""Amounts as a forecast writes them: money, durations, counts, intervals."""

from __future__ import annotations

from collections.abc import Callable

from seedbed.engine.forecast.probe_figures import Estimate
from seedbed.llm.budget.money import rough_dollars


def dollars(amount: float) -> str:
    """Return an amount of money: `$12.30`, `$0.0042`, `$0.000012`, `$0`."""
    if not amount:
        return "$0"
    return f"${amount:,.2f}" if amount >= 0.0995 else rough_dollars(amount)


def duration_text(seconds: float) -> str:
    """Return a duration: `4.2 s`, `80 s`, `10 min`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    return f"{whole // 60} min" if whole < 7200 else f"{whole // 3600} h {whole % 3600 // 60} min"


def number_text(number: int | None) -> str:
    """Return a number, or a question mark if nobody knows it."""
    return "?" if number is None else f"{number:,}"


def interval_text(estimate: Estimate, text: Callable[[float], str]) -> str:
    """Return an estimate with its interval, its numbers written by `text`: `$12.30 ($9.10 to $15.50)`."""
    if estimate.low is None and estimate.high is None:
        return f"{text(estimate.value)} (nothing says how sure that is)"
    low = "?" if estimate.low is None else text(estimate.low)
    high = "?" if estimate.high is None else text(estimate.high)
    return f"{text(estimate.value)} ({low} to {high})"
