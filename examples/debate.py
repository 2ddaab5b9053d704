"""Several calls per row: two opposing arguments, requested concurrently, then a verdict on both."""

from __future__ import annotations

import asyncio
import random
import sys
from typing import Any, ClassVar

from pydantic import Field

from seedbed import GeneratorTask, Row, run


class Debate(GeneratorTask):
    """A motion, an argument for it, one against it, and a verdict."""

    outputs: ClassVar[list[str]] = ["motion", "pro", "contra", "verdict"]
    motions: list[str] = Field(
        default=["school starts too early", "cities should ban cars", "homework does harm"],
        min_length=1,
        description="What is argued about.",
    )

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        return {"motion": rng.choice(self.motions)}

    async def generate_row(self, input: Row) -> Row:
        motion = input["motion"]
        pro, contra = await asyncio.gather(
            self.ask(f"Argue in one sentence that {motion}.", max_tokens=60),
            self.ask(f"Argue in one sentence against the claim that {motion}.", max_tokens=60),
        )
        verdict = await self.ask(f"Which is stronger, and why?\nA: {pro}\nB: {contra}", max_tokens=60)
        return {"pro": pro, "contra": contra, "verdict": verdict}


if __name__ == "__main__":
    llm = sys.argv[1] if len(sys.argv) > 1 else "llamacpp/smollm2-135m"
    for row in run(Debate(), n=2, llm=llm).rows():
        print(row["motion"], row["verdict"], sep="\n", end="\n\n")
