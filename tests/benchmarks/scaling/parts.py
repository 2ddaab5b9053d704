"""Measures the parts of a run with workers: what a row and a message cost, and whom.

python -m tests.benchmarks.scaling.parts
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.benchmarks.child import in_child
from tests.benchmarks.nginx import MODEL, nginx
from tests.benchmarks.row_kinds import Story
from tests.benchmarks.scaling.farm import Farm

from seedbed import LLM, Request, Response, run
from seedbed_openai import OpenAILLM


class Late(LLM):
    """Answers after some seconds, without a server: so only the engine takes processor time."""

    seconds: float = 0.2

    async def respond(self, request: Request) -> Response:
        """Return a text of 300 characters, later."""
        await asyncio.sleep(self.seconds)
        return Response.of_text("A seed fell in autumn, and nobody saw it until the snow had gone. " * 5)


def measured(
    workers: int,
    rows: int,
    slots: int = 16,
    seconds: float = 0.2,
    gathering: float = 0.01,
    base_url: str = "",
    **bounds: Any,
) -> dict[str, float]:
    """Return processor seconds per row, and messages per row, of a run with so many workers."""
    Farm.workers, Farm.gathering = workers, gathering
    llm = (
        OpenAILLM(model=MODEL, base_url=base_url, preset="vllm")
        if base_url
        else Late(model="m", seconds=seconds)
    )
    made = run(Story(), rows, llm=llm, out="r.jsonl", engine=Farm, concurrency=workers * slots, **bounds)
    assert made.accepted == rows, made
    return {name: value / rows for name, value in Farm.spent.items()}


def on_ray(workers: int, rows: int, slots: int) -> dict[str, float]:
    """Return the same of a run on Ray; `rest` is what Ray takes in the run's process."""
    from tests.benchmarks.scaling.ray_farm import RayFarm

    engine = RayFarm.with_options(cpus=workers, workers=workers, object_store=80)
    made = run(Story(), rows, llm=Late(model="m"), out="r.jsonl", engine=engine, concurrency=workers * slots)
    assert made.accepted == rows, made
    return {name: value / rows for name, value in RayFarm.spent.items()}


def main() -> None:
    """Print the figures."""
    for title, arguments in _CASES.items():
        print(title, _shown("measured", **arguments), flush=True)
    with nginx() as server:
        print("http", _shown("measured", workers=1, rows=6000, slots=128, base_url=server.late), flush=True)
    for workers in (1, 2):
        print("ray", workers, _shown("on_ray", workers=workers, rows=4000, slots=32), flush=True)


_CASES: dict[str, dict[str, Any]] = {
    "1": {"workers": 1, "rows": 6000, "slots": 128},
    "10": {"workers": 10, "rows": 6000, "slots": 16},
    "100": {"workers": 100, "rows": 6000, "slots": 2},
    "1000": {"workers": 1000, "rows": 6000, "slots": 1},
    "1 capped": {"workers": 1, "rows": 6000, "slots": 128, "max_tokens": 10**9},
    "1, messages of 100 ms": {"workers": 1, "rows": 6000, "slots": 256, "gathering": 0.1},
    "1, messages of 1 ms": {"workers": 1, "rows": 6000, "slots": 128, "gathering": 0.001},
}


def _shown(function: str, **arguments: Any) -> str:
    found = in_child("scaling.parts", function, **arguments)
    return json.dumps({name: round(value * 1000, 4) for name, value in found.items()})


if __name__ == "__main__":
    main()
