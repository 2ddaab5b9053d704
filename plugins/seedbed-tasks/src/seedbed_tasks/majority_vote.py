"""Self-consistency: several solutions, and the final answer that most of them reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from pydantic import Field, field_validator

from seedbed import (
    Citation,
    ContentFilteredError,
    Example,
    GenerationParameters,
    InvalidOutputError,
    Reject,
    Row,
    Task,
)
from seedbed_tasks.final_answers import Kind, final_answer, normalised
from seedbed_tasks.math_values import comparable
from seedbed_tasks.parallel_calls import together

NO_ANSWER = "no solution has a final answer that can be read"
NO_MAJORITY = "no majority"


class MajorityVote(Task):
    """Several solutions to each problem, and the final answer that most of them reach.

    Reads `instruction`; adds `generations` (list of texts), `answers` (list: the final answer of each, None
    if it has none), `answer` (the one with the most votes), `votes` (integer), `share` (its votes divided by
    `samples`, 0 to 1) and `generation` (the first solution that reaches it). Self-consistency of Wang et
    al., 2022 (https://arxiv.org/abs/2203.11171).

    Differences from the paper: no examples in the prompt, 5 solutions instead of 40, and rows can be rejected
    by the share of the votes.
    """

    goals = ("math", "sft", "reward")
    keywords = ("self-consistency", "chain of thought", "voting", "sampling", "pseudo-labels")
    citation = Citation(
        "Self-Consistency Improves Chain of Thought Reasoning in Language Models",
        authors=("Xuezhi Wang", "Jason Wei", "Dale Schuurmans", "Quoc Le", "others"),
        year=2022,
        arxiv="2203.11171",
    )
    example = Example(
        rows=[{"instruction": "I have 3 apples and buy 2 more. How many apples do I have?"}],
        parameters={"samples": 3, "generation": {"max_tokens": 80}},
    )

    template: str = (
        "{{ instruction }}\n\nThink step by step. "
        "Then end with one line: 'The answer is', and the answer alone."
    )
    num_generations: int = Field(default=1, ge=1, le=1, description="One: `samples` says how many solutions.")
    samples: int = Field(default=5, ge=2, le=1000, description="Solutions of each problem.")
    final: Kind = Field(
        default="number",
        description="The final answer: the number after 'the answer is' or the last one, what is in "
        "\\boxed{}, one of `choices`, the `field` of JSON, or the text after 'the answer is'.",
    )
    choices: list[str] = Field(default=list("ABCDE"), min_length=2, description="Answers to choose from.")
    field: str = Field(default="answer", min_length=1, description="Field of JSON with the answer.")
    ties: Literal["first", "reject"] = Field(
        default="first", description="Of answers with equally many votes, take the first, or reject the row."
    )
    at_least: float = Field(
        default=0, ge=0, le=1, description="Reject rows whose answer has a smaller share of the votes."
    )
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(temperature=0.7, max_tokens=2048),
        description="Sampling parameters; they override those of the LLM.",
    )

    @field_validator("choices")
    @classmethod
    def _check_choices(cls, value: list[str]) -> list[str]:
        if len({choice.strip().casefold() for choice in value} - {""}) < len(value):
            raise ValueError("are different texts, and none is empty")
        return value

    @property
    def outputs(self) -> list[str]:
        """The columns made."""
        return ["generations", "answers", "answer", "votes", "share", "generation"]

    async def generate_row(self, input: Row) -> Row:
        """Return the solutions and the answer that most of them reach."""
        messages = self.format_input(input)

        async def solution() -> str | None:
            try:
                return await self.ask(messages)
            except (InvalidOutputError, ContentFilteredError):
                return None

        texts = await together(*(solution() for _ in range(self.samples)))
        return self.voted([text for text in texts if text is not None])

    def voted(self, generations: Sequence[str]) -> Row:
        """Return the columns of a row from its solutions; raise Reject if no answer has the votes for it."""
        answers = [
            final_answer(text, self.final, choices=self.choices, field=self.field) for text in generations
        ]
        places: dict[str, list[int]] = {}
        for place, answer in enumerate(answers):
            if answer is not None:
                places.setdefault(self._comparable(answer), []).append(place)
        if not places:
            raise Reject(NO_ANSWER)
        counts = Counter({answer: len(found) for answer, found in places.items()})
        # Equal counts stay in the order in which they were added: the first answer is the first of a tie.
        (best, votes), *others = counts.most_common(2)
        share = votes / self.samples
        is_tie = bool(others) and others[0][1] == votes
        if share < self.at_least or (is_tie and self.ties == "reject"):
            raise Reject(NO_MAJORITY)
        return {
            "generations": list(generations),
            "answers": answers,
            "answer": best if self.final == "number" else answers[places[best][0]],
            "votes": votes,
            "share": share,
            "generation": generations[places[best][0]],
        }

    def _comparable(self, answer: str) -> str:
        return comparable(answer) if self.final == "boxed" else normalised(answer)
