"""One-call rows against a server that answers at once: the processor is all that they wait for."""

from __future__ import annotations

from typing import Any

from tests.benchmarks.child import in_child
from tests.benchmarks.finding import Finding, median
from tests.benchmarks.nginx import nginx

ROWS = 12_800
CONNECTIONS = 256


def measure(rounds: int) -> list[Finding]:
    """Compare rows per second with those of the bare loop."""
    ours, bares = [], []
    with nginx() as server:
        arguments: dict[str, Any] = {"base_url": server.at_once, "rows": ROWS, "connections": CONNECTIONS}
        for _ in range(rounds):
            ours.append(in_child("one_call_rows", "make_rows", **arguments)["seconds"])
            bares.append(in_child("bare_loop", "make_rows", **arguments)["seconds"])
    return [
        Finding(
            what="rows/s, answers at once, over the bare loop",
            unit="rows/s",
            found=ROWS / median(ours),
            reference=ROWS / median(bares),
            required=0.6,
            aim=0.8,
        )
    ]
