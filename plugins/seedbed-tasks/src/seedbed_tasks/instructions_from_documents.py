"""Instruction backtranslation: the instruction that a document would be the answer to."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from seedbed import Example, GenerationParameters, PromptTemplate, Reject, Row, Task
from seedbed.reading import is_refusal, read_rating
from seedbed_tasks.citations import BACKTRANSLATION
from seedbed_tasks.evolving import read_evolved
from seedbed_tasks.given_texts import text_in
from seedbed_tasks.prompt_text import prompt_with

_LOWEST, _HIGHEST = 1, 5


class InstructionsFromDocuments(Task):
    """Writes the instruction that each document would be a good answer to, so that people wrote the answers.

    Reads `text`; adds `instruction`, `response` (the text) and `score`, from 1 to 5: how good the text is as
    an answer to the instruction, in the model's view. Pairs below `min_score` are rejected. Begin with
    `chunk` if documents are long. The method is that of Li et al., 2023 (https://arxiv.org/abs/2308.06259).

    Differences from the paper: the model isn't fine-tuned to write instructions but asked to; it curates
    once, not in two rounds with a model trained in between.
    """

    goals = ("sft", "documents")
    keywords = ("backtranslation", "Humpback", "reverse instructions", "web corpus", "self-curation")
    citation = BACKTRANSLATION
    example = Example(
        {"min_score": 0, "generation": {"max_tokens": 60}},
        rows=[
            {"text": "Wash the jars in hot water, fill them while the jam is hot, and close them at once."}
        ],
    )

    template: str = (
        "Below is a text that someone wrote as the answer to an instruction or question. Write that "
        "instruction: it is complete in itself, doesn't mention the text, and the text answers it.\n\n"
        "Text: {{ text }}\n\nWrite the instruction only."
    )
    score_template: Annotated[str, prompt_with("instruction", "response")] = Field(
        default="Rate how good an assistant's answer to an instruction is, from 1 to 5:\n"
        "1: incomplete, vague, off topic, or full of advertisements and navigation text\n"
        "2: addresses most of what was asked, but not directly\n"
        "3: helpful and complete, but not written as an assistant would\n"
        "4: written as an assistant's answer, complete and clear, with little to improve\n"
        "5: a perfect answer: focused, expert, well written\n\n"
        "Instruction: {{ instruction }}\n\nAnswer: {{ response }}\n\nScore:",
        description="Prompt that scores a pair.",
    )
    min_score: int = Field(
        default=4, ge=0, le=_HIGHEST, description="The lowest score to keep; 0 keeps all without scoring."
    )
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(max_tokens=512),
        description="Sampling parameters; they override those of the LLM.",
    )

    @property
    def inputs(self) -> list[str]:
        """The columns needed."""
        return sorted({"text", *PromptTemplate(self.template).columns})

    @property
    def outputs(self) -> list[str]:
        """The columns made."""
        return ["instruction", "response", "score"] if self.min_score else ["instruction", "response"]

    async def generate_row(self, input: Row) -> list[Row]:
        """Write an instruction for the text, and score the pair."""
        text = text_in(input, "text")
        prompt = PromptTemplate(self.template).render({**input, "text": text})
        instruction = await self.ask(prompt, read=lambda text: read_evolved(text, "writing"))
        if is_refusal(instruction):
            raise Reject("the model refused")
        pair: Row = {"instruction": instruction, "response": text}
        return [{**pair, "score": await self._score(pair)} if self.min_score else pair]

    async def _score(self, pair: Row) -> int:
        prompt = PromptTemplate(self.score_template).render(pair)
        score: int = await self.ask(prompt, read=lambda text: round(read_rating(text, _LOWEST, _HIGHEST)))
        if score < self.min_score:
            raise Reject("a score below min_score")
        return score
