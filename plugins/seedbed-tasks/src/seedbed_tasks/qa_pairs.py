"""Question and answer pairs, spread over topics, difficulties and kinds of question."""

from __future__ import annotations

import random
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field

from seedbed import Example, GenerationParameters, GeneratorTask, Reject, Row
from seedbed_tasks.topics import TOPICS


def _present(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return text.strip()


# Checked here instead of in the schema, since not every provider's strict mode has `minLength`.
Text = Annotated[str, AfterValidator(_present)]

EXAMPLE = "Why does a steel ship float although steel is heavier than water?"
EXAMPLE_ANSWER = "Its hull pushes aside as much water as the ship weighs, and that water presses it up."

QUESTION_TYPES = {
    "factual": "asks for a fact",
    "explanation": "asks why or how something is so",
    "comparison": "asks how two things differ",
    "procedure": "asks how something is done, step by step",
    "definition": "asks what a word or an idea means",
    "example": "asks for an example and what makes it one",
}


class QAPairs(GeneratorTask):
    """Questions with their answers, for fine-tuning and for retrieval tests.

    Topic, difficulty and type of question are sampled for each row, so that the rows are spread evenly, and
    row 7 is the same in every run with the same seed.
    """

    explains_output = True
    goals = ("sft", "retrieval")
    keywords = ("question answering", "instruction pairs", "quiz", "knowledge")
    example = Example({"topics": ["ocean tides"], "difficulties": ["easy"]})
    sampled = ("topic", "difficulty", "question_type")

    class Output(BaseModel):
        """The part of a row that the model writes."""

        question: Text = Field(description="One question, complete in itself.")
        answer: Text = Field(description="The answer, correct and complete.")

    template: str = (
        "Write a question and its answer as JSON. The question stands on its own; the answer is correct "
        "and takes one to three sentences.\n\n"
        "On how boats float; easy; it asks why or how something is so:\n"
        f'{{"question": "{EXAMPLE}", '
        f'"answer": "{EXAMPLE_ANSWER}"}}\n\n'
        "On {{ topic }}; {{ difficulty }}; it {{ _type_hint }}:"
    )
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(max_tokens=512),
        description="Sampling parameters; they override those of the LLM.",
    )
    topics: list[str] = Field(default=list(TOPICS), min_length=1, description="What the questions are about.")
    difficulties: list[str] = Field(
        default=["easy", "moderately hard", "hard"], min_length=1, description="How hard the questions are."
    )
    question_types: dict[str, str] = Field(
        default=QUESTION_TYPES, min_length=1, description="Kinds of question, and what each asks."
    )

    @property
    def outputs(self) -> list[str]:
        """The columns made."""
        return ["topic", "difficulty", "question_type", "question", "answer"]

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Sample topic, difficulty and type of question of one row."""
        kind = rng.choice(list(self.question_types))
        return {
            "topic": rng.choice(self.topics),
            "difficulty": rng.choice(self.difficulties),
            "question_type": kind,
            "_type_hint": self.question_types[kind],
        }

    def format_output(self, output: str | None, input: Row | None) -> Any:
        """Return question and answer; reject the prompt's example, which small models repeat."""
        row = super().format_output(output, input)
        if row["question"] == EXAMPLE or row["answer"] == EXAMPLE_ANSWER:
            raise Reject("a copy of the example")
        return row
