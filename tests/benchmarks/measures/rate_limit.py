"""A server that allows 100 requests a second: its limit is used in full, and seldom overstepped."""

from __future__ import annotations

from importlib import import_module

from tests.benchmarks.finding import Finding, median
from tests.benchmarks.nginx import Missing


def measure(rounds: int) -> list[Finding]:
    """Compare the time with the ideal, and count the refused requests."""
    try:
        rate_limit = import_module("tests.benchmarks.rate_limit")
    except ModuleNotFoundError as error:
        raise Missing("tests/benchmarks/rate_limit.py is missing") from error
    found = [rate_limit.measure() for _ in range(rounds)]
    return [
        Finding(
            what="1000 rows at 100 requests/s, time over the ideal",
            unit="ratio",
            found=median(ratio for ratio, _ in found),
            required=1.05,
            at_most=True,
        ),
        Finding(
            what="share of requests refused meanwhile",
            unit="",
            found=median(share for _, share in found),
            required=0.02,
            at_most=True,
        ),
    ]
