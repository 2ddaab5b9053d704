"""The same command again, after a run that was finished: it finds everything there."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks.child import Clock, in_child
from tests.benchmarks.finding import Finding, median
from tests.benchmarks.nginx import ANSWER
from tests.benchmarks.prompt import TEMPLATE

from seedbed import LLM, GeneratorTask, Request, Response, Usage, run

ROWS = 20_000
CONNECTIONS = 256


class InstantLLM(LLM):
    """Answers at once, inside of the process."""

    model: str = "instant"

    async def respond(self, request: Request) -> Response:
        """Answer with the same text every time."""
        text = str(ANSWER["choices"][0]["message"]["content"])
        return Response.of_text(text, Usage(input_tokens=72, output_tokens=440))


class Story(GeneratorTask):
    """A row of one call."""

    template: str = TEMPLATE

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Return the number of the story."""
        return {"number": index}


def measure(rounds: int) -> list[Finding]:
    """Take the time of a resumed run, each round with a finished run of its own."""
    resumed = [_finished_and_resumed() for _ in range(rounds)]
    calls = max(made["calls"] for made in resumed)
    return [
        Finding(
            what="resume of a finished run of 20,000 rows",
            unit="s",
            found=median(made["seconds"] for made in resumed),
            required=1.0,
            at_most=True,
            remark=f"not resumed, {calls:,} calls were made again" if calls else "",
        )
    ]


def _finished_and_resumed() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        in_child("measures.resume", "make_rows", folder=Path(folder))
        found: dict[str, Any] = in_child("measures.resume", "make_rows", folder=Path(folder))
        return found


def make_rows() -> dict[str, float]:
    """Make the rows, or find them made; return the seconds and the calls that it took."""
    clock = Clock()
    with clock.running():
        made = run(
            Story(), ROWS, llm=InstantLLM(), name="stories", out="stories.jsonl", concurrency=CONNECTIONS
        )
    if made.accepted != ROWS:
        raise RuntimeError(str(made))
    return {"seconds": clock.wall, "calls": made.calls.answered}
