"""Tasks at every level of the first API."""

from __future__ import annotations

import json
import random
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field

from seedbed import GeneratorOutput, GeneratorTask, InvalidOutputError, Message, Reject, Row, Task


class Letters(GeneratorTask):
    """Declared: variables from `sample`, a template, a typed row."""

    class Output(BaseModel):
        body: str

    unique: ClassVar[tuple[str, ...]] = ("number",)

    template: str = "A {{ tone }} letter number {{ number }} about {{ topic }}, {{ _hint }}."
    system_prompt: str = "You write letters."
    tone: Literal["calm", "wild"] = Field(default="calm", description="Tone of the letters.")

    def sample(self, index: int, rng: random.Random) -> dict[str, Any] | None:
        return {"number": index // 2, "topic": rng.choice(["tea", "rain"]), "_hint": "briefly"}


class Advice(GeneratorTask):
    """Several calls per row, columns named by hand."""

    finite: ClassVar[bool] = True
    outputs: ClassVar[list[str]] = ["advice", "short"]

    def sample(self, index: int, rng: random.Random) -> dict[str, Any] | None:
        return {"habit": f"habit {index}"} if index < 3 else None

    async def generate_row(self, input: Row) -> Row:
        advice = await self.ask(f"Advice on {input['habit']}", max_tokens=80)
        short = await self.ask([{"role": "user", "content": f"Shorter: {advice}"}])
        return {"advice": advice, "short": short}


class Chain(GeneratorTask):
    """Prompts that feed on earlier rows."""

    feedback: ClassVar[int] = 2
    template: str = "Row {{ position }} after {{ earlier }} others"

    def sample(self, index: int, rng: random.Random, accepted: list[Row]) -> dict[str, Any] | None:
        return {"position": index, "earlier": len(accepted)}


class Stream(GeneratorTask):
    """A plain generator: yields rows in every form."""

    instruction: str = "Go on."
    names: list[str] = Field(default_factory=lambda: ["a", "b"])

    @property
    def outputs(self) -> list[str]:
        return ["text"]

    def process(self, offset: int = 0) -> GeneratorOutput:
        for name in self.names:
            messages = [{"role": "user", "content": f"{self.instruction} {name}"}]
            answers = self.llm.generate(inputs=[messages], num_generations=2)[0]
            yield [{"text": answer} for answer in answers]
        yield {"text": "single"}
        yield [{"text": "last"}], True


class Answer(Task):
    """Over rows: own messages, own parsing, a rejection and a second asking."""

    style: str = "plain"

    @property
    def inputs(self) -> list[str]:
        return ["question"]

    @property
    def outputs(self) -> list[str]:
        return ["answer"]

    def format_input(self, input: Row) -> list[Message]:
        return [
            {"role": "system", "content": f"Answer in {self.style} words."},
            {"role": "user", "content": json.dumps({"question": input["question"]})},
        ]

    def format_output(self, output: str | None, input: Row | None) -> Row:
        if output is None:
            raise InvalidOutputError("no answer")
        question = json.loads(output)["question"]
        if question == "dull":
            raise Reject("a dull question")
        return {"answer": question.upper()}
