"""What the tests run on Ray, and kill.

    python program.py OUT ROWS FOLDER

The address of the server and a key come with OPENAI_BASE_URL and OPENAI_API_KEY; a second key is a field.
"""

from __future__ import annotations

import sys
from typing import Any, ClassVar

from seedbed import GeneratorTask, Pipeline, Reject, Step, Task
from seedbed_openai import OpenAILLM
from seedbed_ray import RayEngine

FIELD_KEY = "sk-field-0123456789abcdef"
CONCURRENCY = 8


class Word(GeneratorTask):
    template: str = "A word about {{ n }}."

    def sample(self, index: int, rng: Any) -> dict[str, Any]:
        return {"n": index}


class Longer(Task):
    outputs: ClassVar[list[str]] = ["longer"]

    async def generate_row(self, input: dict[str, Any]) -> dict[str, Any]:
        first = await self.ask(f"More about {input['generation']}.")
        return {"longer": await self.ask(f"And more about {first}.")}


class Some(Step):
    keeps: ClassVar[bool] = True

    def process(self, row: dict[str, Any]) -> Any:
        if row["n"] % 7 == 3:
            raise Reject("one of seven")
        return [row, {**row, "twice": True}] if row["n"] % 5 == 0 else row


def pipeline() -> Pipeline:
    other = OpenAILLM(model="other", api_key=FIELD_KEY)
    return Pipeline([Word(llm=OpenAILLM(model="m")), Longer(llm=other), Some()], name="words")


if __name__ == "__main__":
    out, rows, folder = sys.argv[1:]
    engine = RayEngine.with_options(cpus=2, workers=2, object_store=80, folder=folder)
    made = pipeline().run(int(rows), out=out, name="words", engine=engine, concurrency=CONCURRENCY)
    sys.exit(made.outcome != "complete")
