"""Chance that follows from what a row holds, so that neither its place nor other rows change it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from seedbed import Row
from seedbed_data.equal_values import key_of


def deciding_part(row: Row, by: Sequence[str]) -> Row:
    """Return what decides about a row: the columns `by`, or all if there are none."""
    return {column: row[column] for column in by} if by else row


def chance(value: Any, seed: int) -> float:
    """Return a number from 0 to 1 (less than 1) that follows from the seed and a value, evenly spread.

    chance({"text": "a"}, seed=7) < 0.1  # for one in ten values
    """
    # 53 bits, as many as a float has: all 64 would round up to 1.
    return (int.from_bytes(digest(value, seed)[:8]) >> 11) / 2**53


def digest(value: Any, seed: int) -> bytes:
    """Return 16 bytes that stand for a seed and a value; equal values have the same."""
    text = key_of([seed, value])
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
