"""A server that allows 100 requests a second: its limit is used in full, and seldom overstepped."""

from __future__ import annotations

from importlib import import_module

from tests.benchmarks.finding import Finding, median
from tests.benchmarks.nginx import Missing

LATENCY = 0.05


def measure(rounds: int) -> list[Finding]:
    """Compare the time with the ideal, and count the refused requests; with the default settings."""
    try:
        rate_limit = import_module("tests.benchmarks.rate_limit")
    except ModuleNotFoundError as error:
        raise Missing("tests/benchmarks/rate_limit.py is missing") from error
    seen = [rate_limit.measure(rate_limit.Settings(latency=LATENCY), None) for _ in range(rounds)]
    return [
        Finding(
            what="1000 rows at 100 requests/s, time over the ideal",
            unit="s",
            found=median(one.seconds for one in seen),
            reference=(rate_limit.ROWS - rate_limit.BURST) / rate_limit.RATE,
            required=1.05,
            at_most=True,
        ),
        Finding(
            what="share of requests refused meanwhile",
            unit="share",
            found=median(one.refused / (one.refused + one.admitted) for one in seen),
            required=0.01,
            at_most=True,
        ),
    ]
