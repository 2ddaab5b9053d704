"""Counts as text, the same in all messages: `1 row`, `12,345 rows`, `80 input + 160 output tokens`."""

from __future__ import annotations


def count_of(count: int, noun: str) -> str:
    """Return a count with its noun: `1 row`, `12,345 rows`, `0 rows`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def count_or_no(count: int, noun: str) -> str:
    """Return a count with its noun for people: `1 row`, `12,345 rows`, `no row`."""
    return count_of(count, noun) if count else f"no {noun}"


def tokens_text(given: int, made: int) -> str:
    """Return input and output tokens: '80 input + 160 output tokens', or nothing for none."""
    return f"{given:,} input + {made:,} output tokens" if given or made else ""
