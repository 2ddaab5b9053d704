"""Typed rows, and a step after the task: support tickets, without the short ones."""

from __future__ import annotations

import random
import sys
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field

from seedbed import GeneratorTask, Reject, Row, Step


class Tickets(GeneratorTask):
    """Support tickets, with the label that a model should learn."""

    class Output(BaseModel):
        message: str
        urgency: Literal["low", "medium", "high"]

    template: str = (
        "Write a short message of a customer of {{ company }} who has a problem, and how urgent it is "
        '(low, medium or high). Answer as JSON: {"message": "...", "urgency": "..."}'
    )

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        return {"company": rng.choice(["a parcel service", "a web shop", "a bank", "a train company"])}


class LongEnough(Step):
    """Drops messages that are too short."""

    keeps: ClassVar[bool] = True
    inputs: ClassVar[list[str]] = ["message"]
    words: int = Field(default=3, description="The minimum number of words in a message.")

    def process(self, row: Row) -> Row:
        if len(row["message"].split()) < self.words:
            raise Reject(f"fewer than {self.words} words")
        return row


if __name__ == "__main__":
    llm = sys.argv[1] if len(sys.argv) > 1 else "llamacpp/smollm2-135m"
    tickets = Tickets(llm=llm, generation={"max_tokens": 150})
    for row in (tickets >> LongEnough()).run(n=3).rows():
        print(row["urgency"], row["company"], row["message"], sep=" | ")
