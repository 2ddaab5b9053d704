"""Rows made on Ray's workers over the built-in engine's: calls that take 200 ms, and a step of 20 ms.

Ray's start isn't counted: it takes ten seconds, however many rows follow.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

from tests.benchmarks.child import in_child
from tests.benchmarks.finding import Finding, median
from tests.benchmarks.nginx import MODEL, nginx
from tests.benchmarks.processes import seconds_of_all
from tests.benchmarks.row_kinds import KINDS

from seedbed import GeneratorStep, Pipeline, Step, run
from seedbed.engine.local import LocalEngine
from seedbed_openai import OpenAILLM
from seedbed_ray import RayEngine

CALLS = 12_800
CONNECTIONS = 256
SPINS = 600
SPIN_SECONDS = 0.02
WORKERS = 2


class Spent(NamedTuple):
    """Seconds from the first row to the last, and processor seconds of this process and all it started."""

    wall: float
    processor: float


class Timed(LocalEngine):
    """Any engine; `spent` is what the rows took."""

    spent: ClassVar[Spent]

    async def _go_through_segments(self) -> None:
        before, begun = seconds_of_all(os.getpid()), time.perf_counter()
        await super()._go_through_segments()
        wall, after = time.perf_counter() - begun, seconds_of_all(os.getpid())
        Timed.spent = Spent(wall, sum(now - before.get(pid, 0.0) for pid, now in after.items()))


class TimedRay(Timed, RayEngine):
    """The same with Ray's workers."""


class Numbers(GeneratorStep):
    """Rows with a number."""

    outputs: ClassVar[list[str]] = ["number"]

    def process(self, offset: int = 0) -> Iterator[dict[str, Any]]:
        """Yield the rows."""
        yield from ({"number": number} for number in range(SPINS))


class Spin(Step):
    """Takes a fixed time of a processor for each row, and says when it began and ended."""

    outputs: ClassVar[list[str]] = ["begun", "ended"]
    keeps: ClassVar[bool] = True

    def process(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return the row, later."""
        begun, end = time.monotonic(), time.thread_time() + SPIN_SECONDS
        while time.thread_time() < end:
            pass
        return {**row, "begun": begun, "ended": time.monotonic()}


def measure(rounds: int) -> list[Finding]:
    """Compare rows per second."""
    rates: dict[tuple[str, bool], list[float]] = {}
    paid: dict[bool, list[float]] = {False: [], True: []}
    shares = []
    with nginx() as server:
        for _ in range(rounds):
            for on_ray in (False, True):
                asked = in_child("measures.on_ray", "ask", base_url=server.late, on_ray=on_ray)
                spun = in_child("measures.on_ray", "spin", on_ray=on_ray)
                rates.setdefault(("ask", on_ray), []).append(CALLS / asked)
                rates.setdefault(("spin", on_ray), []).append(SPINS / spun["seconds"])
                paid[on_ray].append((WORKERS if on_ray else 1) * SPINS / spun["processor"])
                shares += [spun["busy"] / spun["span"]] * on_ray
    return [
        Finding(
            what="rows/s on Ray, answers after 200 ms, over the built-in engine",
            unit="rows/s",
            found=median(rates["ask", True]),
            reference=median(rates["ask", False]),
            required=0.8,
        ),
        Finding(
            what="rows/s on Ray, a step of 20 ms, 2 workers, over the built-in engine",
            unit="rows/s",
            found=median(rates["spin", True]),
            reference=median(rates["spin", False]),
            required=1.7,
        ),
        Finding(
            # What two idle cores would make: everything that a row takes of Ray, the workers and the run.
            what="rows for a second of 2 processors on Ray, a step of 20 ms, over 1 of the built-in engine",
            unit="rows",
            found=median(paid[True]),
            reference=median(paid[False]),
            required=1.7,
        ),
        Finding(
            # Rows per second need two idle cores; this doesn't, and nor does it see what others take.
            what="share of the time in which each of 2 workers makes a row, a step of 20 ms",
            unit="of 1",
            found=median(shares),
            reference=1.0,
            required=0.95,
        ),
    ]


def ask(base_url: str, on_ray: bool) -> float:
    """Return the seconds that rows of one call each take."""
    llm = OpenAILLM(model=MODEL, base_url=base_url, preset="vllm")
    options: dict[str, Any] = {"concurrency": CONNECTIONS, "engine": _engine(on_ray)}
    made = run(KINDS["plain"].task(), CALLS, llm=llm, out="r.jsonl", **options)
    assert made.accepted == CALLS, made
    return Timed.spent.wall


def spin(on_ray: bool) -> dict[str, float]:
    """Return the seconds that rows through the step take, and how many of them each worker made rows."""
    made = run(Pipeline([Numbers(), Spin()]), out="r.jsonl", engine=_engine(on_ray))
    assert made.accepted == SPINS, made
    rows = list(made.rows())
    return {
        "seconds": Timed.spent.wall,
        "processor": Timed.spent.processor,
        "busy": sum(row["ended"] - row["begun"] for row in rows) / WORKERS,
        "span": max(row["ended"] for row in rows) - min(row["begun"] for row in rows),
    }


def _engine(on_ray: bool) -> Any:
    return TimedRay.with_options(cpus=WORKERS, workers=WORKERS, object_store=80) if on_ray else Timed
