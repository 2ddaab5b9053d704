"""Typed rows, rows of two calls and rows with a prompt of 4 kB, held to what plain rows must reach."""

from __future__ import annotations

from typing import Any

from tests.benchmarks import wrk
from tests.benchmarks.child import in_child
from tests.benchmarks.finding import Finding, median
from tests.benchmarks.nginx import Nginx, nginx
from tests.benchmarks.row_kinds import KINDS, Kind, asked

ROWS = 12_800
CONNECTIONS = 256
_MAKERS = ("one_call_rows", "bare_loop")
TITLES: dict[Kind, str] = {
    "plain": "plain rows",
    "typed": "typed rows",
    "dependent": "rows of 2 dependent calls",
    "long": "rows with a prompt of 4 kB",
}


def measure(rounds: int) -> list[Finding]:
    """Compare each kind with wrk, with its bare loop, and typed rows with plain ones."""
    rounds_of: dict[Kind, list[dict[str, float]]] = {kind: [] for kind in KINDS}
    with nginx() as server:
        for _ in range(rounds):
            for kind in KINDS:
                rounds_of[kind].append(_round(server, kind))
    found = {
        kind: {name: median(taken[name] for taken in all_taken) for name in all_taken[0]}
        for kind, all_taken in rounds_of.items()
    }
    findings = [finding for kind in KINDS if kind != "plain" for finding in _findings(kind, found[kind])]
    return [*findings, _typed_over_plain(found["typed"], found["plain"])]


def _round(server: Nginx, kind: Kind) -> dict[str, float]:
    late, at_once = (
        (server.typed_late, server.typed_at_once) if kind == "typed" else (server.late, server.at_once)
    )
    arguments: dict[str, Any] = {"rows": ROWS, "connections": CONNECTIONS, "kind": kind}
    ours, bare = (in_child(name, "make_rows", base_url=late, **arguments) for name in _MAKERS)
    quick, bare_quick = (in_child(name, "make_rows", base_url=at_once, **arguments) for name in _MAKERS)
    return {
        "wrk": wrk.requests_per_second(late, CONNECTIONS, seconds=5, asked=asked(kind)),
        "seconds": ours["seconds"],
        "cpu": ours["cpu"],
        "bare cpu": bare["cpu"],
        "seconds at once": quick["seconds"],
        "bare seconds at once": bare_quick["seconds"],
    }


def _findings(kind: Kind, found: dict[str, float]) -> list[Finding]:
    title = TITLES[kind]
    return [
        Finding(
            what=f"{title}: rows/s, answers after 200 ms, over wrk",
            unit="rows/s",
            found=ROWS / found["seconds"],
            reference=found["wrk"] / KINDS[kind].calls,
            required=0.80,
            aim=0.90,
        ),
        Finding(
            what=f"{title}: processor time, over the bare loop",
            unit="ms",
            found=1000 * found["cpu"] / ROWS,
            reference=1000 * found["bare cpu"] / ROWS,
            required=1.5,
            aim=1.25,
            at_most=True,
        ),
        Finding(
            what=f"{title}: rows/s, answers at once, over the bare loop",
            unit="rows/s",
            found=ROWS / found["seconds at once"],
            reference=ROWS / found["bare seconds at once"],
            required=0.6,
            aim=0.8,
        ),
    ]


def _typed_over_plain(typed: dict[str, float], plain: dict[str, float]) -> Finding:
    return Finding(
        what="processor time of a typed row, over a plain one",
        unit="ms",
        found=1000 * typed["cpu"] / ROWS,
        reference=1000 * plain["cpu"] / ROWS,
        required=1.3,
        aim=1.1,
        at_most=True,
    )
