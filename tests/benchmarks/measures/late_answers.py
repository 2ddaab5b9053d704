"""One-call rows against a server that answers after 200 ms, 256 in flight: rate and processor time."""

from __future__ import annotations

from typing import Any

from tests.benchmarks import wrk
from tests.benchmarks.child import in_child
from tests.benchmarks.finding import Finding, median
from tests.benchmarks.nginx import nginx

ROWS = 12_800
CONNECTIONS = 256


def measure(rounds: int) -> list[Finding]:
    """Compare rows per second with what wrk gets, and processor time with the bare loop's."""
    rates, ours, bares = [], [], []
    with nginx() as server:
        arguments: dict[str, Any] = {"base_url": server.late, "rows": ROWS, "connections": CONNECTIONS}
        for _ in range(rounds):
            rates.append(wrk.requests_per_second(server.late, CONNECTIONS))
            ours.append(in_child("one_call_rows", "make_rows", **arguments))
            bares.append(in_child("bare_loop", "make_rows", **arguments))
    return [
        Finding(
            what="rows/s, answers after 200 ms, over wrk",
            unit="rows/s",
            found=ROWS / median(made["seconds"] for made in ours),
            reference=median(rates),
            required=0.80,
            aim=0.90,
        ),
        Finding(
            what="processor time of such a row, over the bare loop",
            unit="ms",
            found=1000 * median(made["cpu"] for made in ours) / ROWS,
            reference=1000 * median(made["cpu"] for made in bares) / ROWS,
            required=1.5,
            aim=1.25,
            at_most=True,
        ),
    ]
