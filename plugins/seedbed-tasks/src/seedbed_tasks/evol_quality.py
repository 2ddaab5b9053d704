"""Evolution of a row's answer towards more quality, as DEITA does before it scores."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from seedbed import Example, GenerationParameters, PromptTemplate, Row, Task
from seedbed_tasks.citations import DEITA
from seedbed_tasks.evolving import QUALITY, check_changed, draw_operators, read_evolved
from seedbed_tasks.given_texts import text_in

Operator = Literal["helpfulness", "relevance", "depth", "creativity", "details"]


class EvolQuality(Task):
    """Evolves each row's answer into better ones, step by step, and keeps them all.

    Reads `instruction` and `response`; adds `responses` (list of texts: the original one, then each
    evolution), `evolution_operators` (the operator of each evolution) and `evolved_response`, the last one.
    Have the list scored by `quality-score`. The method is that of Liu et al., 2023
    (https://arxiv.org/abs/2312.15685).

    Differences from the paper: an evolution that changes nothing or copies words of the prompt rejects the
    row; scoring is another task's.
    """

    goals = ("sft", "preference")
    keywords = ("quality", "improve answers", "DEITA", "evolution", "variants")
    citation = DEITA
    example = Example(
        {"evolutions": 2, "generation": {"max_tokens": 100}},
        rows=[{"instruction": "Name three rivers.", "response": "Nile, Rhine, Po."}],
    )

    template: str = (
        "Rewrite the answer to this instruction. {{ method }} Add 10 to 20 words at most, and keep what is "
        "right in it. Write the new answer only.\n\nInstruction: {{ instruction }}\n\nAnswer: {{ response }}"
    )
    evolutions: int = Field(default=5, ge=1, description="Evolutions of each answer, one after another.")
    operators: list[Operator] = Field(
        default=["helpfulness", "relevance", "depth", "creativity", "details"],
        min_length=1,
        description="Operators, drawn with equal probability.",
    )
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(max_tokens=2048),
        description="Sampling parameters; they override those of the LLM.",
    )

    @property
    def inputs(self) -> list[str]:
        """The columns needed."""
        return sorted({"instruction", "response", *PromptTemplate(self.template).columns} - {"method"})

    @property
    def outputs(self) -> list[str]:
        """The columns made."""
        return ["responses", "evolution_operators", "evolved_response"]

    async def generate_row(self, input: Row) -> list[Row]:
        """Evolve the answer as often as wanted."""
        instruction, responses = text_in(input, "instruction"), [text_in(input, "response")]
        drawn = draw_operators(f"{instruction}\n{responses[0]}", self.operators, self.evolutions)
        for operator in drawn:
            values = {**input, "response": responses[-1], "method": QUALITY[operator]}
            evolved = await self.ask(PromptTemplate(self.template).render(values), read=read_evolved)
            check_changed(evolved, responses[-1])
            responses.append(evolved)
        return [{"responses": responses, "evolution_operators": drawn, "evolved_response": responses[-1]}]
