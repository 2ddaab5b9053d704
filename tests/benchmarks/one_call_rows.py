"""One-call rows made by Seedbed: a generator task, an HTTP backend, the journal on."""

from __future__ import annotations

import random
from typing import Any

from tests.benchmarks.child import Clock
from tests.benchmarks.nginx import MODEL
from tests.benchmarks.prompt import TEMPLATE

from seedbed import GeneratorTask, run
from seedbed_openai import OpenAILLM


class Story(GeneratorTask):
    """A row of one call."""

    template: str = TEMPLATE

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Return the number of the story."""
        return {"number": index}


def make_rows(base_url: str, rows: int, connections: int) -> dict[str, float]:
    """Make the rows, and return the seconds and the processor seconds that they took."""
    llm = OpenAILLM(model=MODEL, base_url=base_url, preset="vllm")
    clock = Clock()
    with clock.running():
        made = run(Story(), rows, llm=llm, name="stories", out="stories.jsonl", concurrency=connections)
    if made.accepted != rows:
        raise RuntimeError(str(made))
    return {"seconds": clock.wall, "cpu": clock.cpu}
