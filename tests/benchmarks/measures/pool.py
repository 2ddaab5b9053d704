"""A pool of four endpoints with 64 slots each, over one of them: rows per second."""

from __future__ import annotations

import random
from typing import Any

from tests.benchmarks.child import Clock, in_child
from tests.benchmarks.finding import Finding, median
from tests.benchmarks.nginx import MODEL, nginx

from seedbed import GeneratorTask, get_llm, run

ENDPOINTS = 4
SLOTS = 64
ROUNDS_OF_SLOTS = 8
SHORTEST, LONGEST = 1.0, 3.0
"""Seconds of an answer. At 128 rows/s the processor isn't the limit; and answers that all take the same time
would come all at once, each time again."""


class Waiting(GeneratorTask):
    """A row whose prompt says how long its answer takes."""

    template: str = "Number {{ number }}: answer after {{ seconds }} s."

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Return the number of the row and its seconds."""
        return {"number": index, "seconds": round(rng.uniform(SHORTEST, LONGEST), 2)}


def measure(rounds: int) -> list[Finding]:
    """Compare the rows per second of the pool with four times those of one endpoint, in turn."""
    one, four = [], []
    with nginx() as server:
        for _ in range(rounds):
            one.append(in_child("measures.pool", "rows_per_second", base_url=server.as_asked, endpoints=1))
            four.append(
                in_child("measures.pool", "rows_per_second", base_url=server.as_asked, endpoints=ENDPOINTS)
            )
    return [
        Finding(
            what="rows/s of a pool of four endpoints with 64 slots, over four times one",
            unit="rows/s",
            found=median(four),
            reference=ENDPOINTS * median(one),
            required=0.95,
        )
    ]


def rows_per_second(base_url: str, endpoints: int) -> float:
    """Make rows with a pool of so many endpoints, and return how many a second."""
    # Other paths are other endpoints, with limits of their own.
    urls = [base_url.replace("/v1", f"/{number}/v1") for number in range(endpoints)]
    members = [{"use": f"openai/{MODEL}", "with": {"base_url": url, "preset": "vllm"}} for url in urls]
    rows = SLOTS * endpoints * ROUNDS_OF_SLOTS
    clock, llm = Clock(), get_llm("pool", of=members)
    with clock.running():
        made = run(Waiting(), rows, llm=llm, name="waiting", out="waiting.jsonl", concurrency=SLOTS)
    if made.accepted != rows:
        raise RuntimeError(str(made))
    return rows / clock.wall
