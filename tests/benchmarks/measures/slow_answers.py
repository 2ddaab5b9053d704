"""A few slow answers among quick ones: a row that waits must keep no other from being made."""

from __future__ import annotations

import heapq
import random
from collections.abc import Sequence
from typing import Any

from tests.benchmarks.child import Clock, in_child
from tests.benchmarks.finding import Finding, median
from tests.benchmarks.nginx import MODEL, nginx

from seedbed import GeneratorTask, run
from seedbed_openai import OpenAILLM

ROWS = 500
CONNECTIONS = 50
SLOW = set(random.Random(4).sample(range(ROWS), ROWS * 4 // 100))


def seconds_of(row: int) -> float:
    """Return how long the answer of a row takes."""
    return 5.0 if row in SLOW else 0.3


class Waiting(GeneratorTask):
    """A row whose prompt says how long its answer takes."""

    template: str = "Number {{ number }}: answer after {{ seconds }} s."

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Return the number of the row and its seconds."""
        return {"number": index, "seconds": seconds_of(index)}


def measure(rounds: int) -> list[Finding]:
    """Compare the time with a list schedule of the same durations in the order of the rows."""
    with nginx() as server:
        seconds = [
            in_child("measures.slow_answers", "make_rows", base_url=server.as_asked) for _ in range(rounds)
        ]
    return [
        Finding(
            what="500 rows, 4 % taking 5 s, over a list schedule",
            unit="s",
            found=median(seconds),
            reference=list_schedule([seconds_of(row) for row in range(ROWS)], CONNECTIONS),
            required=1.10,
            at_most=True,
        )
    ]


def make_rows(base_url: str) -> float:
    """Make the rows, and return the seconds that it took."""
    clock, llm = Clock(), OpenAILLM(model=MODEL, base_url=base_url, preset="vllm")
    with clock.running():
        made = run(Waiting(), ROWS, llm=llm, name="waiting", out="waiting.jsonl", concurrency=CONNECTIONS)
    if made.accepted != ROWS:
        raise RuntimeError(str(made))
    return clock.wall


def list_schedule(durations: Sequence[float], machines: int) -> float:
    """Return when the last of the jobs ends, where each begins in turn on the first machine that is free."""
    free = [0.0] * machines
    for duration in durations:
        heapq.heapreplace(free, free[0] + duration)
    return max(free)
