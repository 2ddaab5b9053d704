"""Evolution of a row's instruction towards more complexity, as DEITA does before it scores."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from seedbed import Example, GenerationParameters, PromptTemplate, Row, Task
from seedbed_tasks.citations import DEITA
from seedbed_tasks.evolving import IN_DEPTH, check_changed, draw_operators, read_evolved
from seedbed_tasks.given_texts import text_in

Operator = Literal["constraints", "deepening", "concretizing", "reasoning"]


class EvolComplexity(Task):
    """Evolves each row's instruction into more complex ones, step by step, and keeps them all.

    Reads `instruction`; adds `instructions` (list of texts: the original one, then each evolution),
    `evolution_operators` (the operator of each evolution) and `evolved_instruction`, the last one. Have the
    list scored by `complexity-score`. The method is that of Liu et al., 2023
    (https://arxiv.org/abs/2312.15685).

    Differences from the paper: an evolution that changes nothing or copies words of the prompt rejects the
    row; scoring is another task's.
    """

    goals = ("sft",)
    keywords = ("complexity", "difficulty", "DEITA", "evolution", "variants")
    citation = DEITA
    example = Example(
        {"evolutions": 2, "generation": {"max_tokens": 80}}, rows=[{"instruction": "Name three rivers."}]
    )

    template: str = (
        "Rewrite this instruction for an assistant so that it's somewhat more complex, but still makes sense "
        "to people and can be answered with text. {{ method }} Add 10 to 20 words at most, and keep all that "
        "is in it. Write the new instruction only; don't answer it.\n\nInstruction: {{ instruction }}"
    )
    evolutions: int = Field(default=5, ge=1, description="Evolutions of each instruction, one after another.")
    operators: list[Operator] = Field(
        default=["constraints", "deepening", "concretizing", "reasoning"],
        min_length=1,
        description="Operators, drawn with equal probability.",
    )
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(max_tokens=1024),
        description="Sampling parameters; they override those of the LLM.",
    )

    @property
    def inputs(self) -> list[str]:
        """The columns needed."""
        return sorted({"instruction", *PromptTemplate(self.template).columns} - {"method"})

    @property
    def outputs(self) -> list[str]:
        """The columns made."""
        return ["instructions", "evolution_operators", "evolved_instruction"]

    async def generate_row(self, input: Row) -> list[Row]:
        """Evolve the instruction as often as wanted."""
        instructions = [text_in(input, "instruction")]
        drawn = draw_operators(instructions[0], self.operators, self.evolutions)
        for operator in drawn:
            values = {**input, "instruction": instructions[-1], "method": IN_DEPTH[operator]}
            evolved = await self.ask(PromptTemplate(self.template).render(values), read=read_evolved)
            check_changed(evolved, instructions[-1])
            instructions.append(evolved)
        return [
            {
                "instructions": instructions,
                "evolution_operators": drawn,
                "evolved_instruction": instructions[-1],
            }
        ]
